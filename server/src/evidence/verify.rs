//! Checks a bundle without the console that made it: every byte is either signed, or stands where the signed manifest
//! says that it has to. Pure.

use std::ops::Range;

use ed25519_dalek::{Signature, VerifyingKey};
use shared::evidence::{EvidenceFault, EvidenceVerification, FaultKind};

use super::archive::{self, LOCAL_LENGTH, LOCAL_SIGNATURE, Part};
use super::bundle::{BLOCK, FORMAT, Listed, MANIFEST, Manifest, SIGNATURE, VERSION, sha256};
use super::{content, key, packed};

const SIGNATURE_LENGTH: usize = 64;
/// Where the manifest begins.
const BEGIN: usize = LOCAL_LENGTH + MANIFEST.len();

/// Checks a bundle. `expected` is the public key that it has to be signed with; none: whichever it names.
pub fn verify(archive: &[u8], expected: Option<&VerifyingKey>) -> EvidenceVerification {
    let mut checked = EvidenceVerification {
        whole: false,
        faults: Vec::new(),
        system: None,
        run: None,
        sealed: None,
        files: 0,
        key: None,
        key_compared: expected.is_some(),
    };
    match signed(archive) {
        Ok((manifest, signed)) => {
            checked.files = u32::try_from(manifest.files.len()).unwrap_or(u32::MAX);
            checked.faults = faults(archive, &manifest, &signed, expected);
            checked.system = Some(manifest.system);
            checked.run = Some(manifest.run);
            checked.sealed = Some(manifest.sealed);
            checked.key = Some(manifest.key);
        }
        Err(faults) => checked.faults = faults,
    }
    checked.whole = checked.faults.is_empty();
    checked
}

/// A fault in a range of the archive.
pub(super) fn fault(
    what: FaultKind,
    file: Option<&str>,
    range: Range<usize>,
    text: String,
) -> EvidenceFault {
    let place = |at| u64::try_from(at).unwrap_or(u64::MAX);
    EvidenceFault {
        what,
        file: file.map(str::to_owned),
        from: place(range.start),
        to: place(range.end),
        text,
    }
}

/// The manifest with the key and the place that it was found at.
struct Signed {
    key: VerifyingKey,
    /// Where the manifest is.
    place: Range<usize>,
}

/// The manifest, when its signature fits. A damaged length in the header before it must not hide where it ends, so every
/// length that can be meant is tried.
fn signed(archive: &[u8]) -> Result<(Manifest, Signed), Vec<EvidenceFault>> {
    let number = |at: usize| -> Option<usize> {
        let bytes = archive.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let next = archive.get(BEGIN..).and_then(|rest| {
        rest.windows(LOCAL_SIGNATURE.len())
            .position(|window| window == LOCAL_SIGNATURE)
    });
    let mut read = None;
    for length in [number(18), number(22), next].into_iter().flatten() {
        let Some(end) = BEGIN.checked_add(length) else {
            continue;
        };
        let Some(manifest) = archive
            .get(BEGIN..end)
            .and_then(|bytes| serde_json::from_slice::<Manifest>(bytes).ok())
        else {
            continue;
        };
        let place = BEGIN..end;
        if manifest.format != FORMAT || manifest.version != VERSION || manifest.block != BLOCK {
            let text = format!(
                "This is {} in version {}; this program checks {FORMAT} in version {VERSION}.",
                manifest.format, manifest.version
            );
            return Err(vec![fault(FaultKind::Format, Some(MANIFEST), place, text)]);
        }
        if let Some(key) = key::parse(&manifest.key)
            && let Some(signature) = signature_after(archive, end)
            && key
                .verify_strict(&archive[place.clone()], &signature)
                .is_ok()
        {
            return Ok((manifest, Signed { key, place }));
        }
        read = Some(place);
    }
    Err(unsigned(archive, read, number(18)))
}

fn signature_place(manifest_end: usize) -> Range<usize> {
    let begin = manifest_end
        .saturating_add(LOCAL_LENGTH)
        .saturating_add(SIGNATURE.len());
    begin..begin.saturating_add(SIGNATURE_LENGTH)
}

fn signature_after(archive: &[u8], manifest_end: usize) -> Option<Signature> {
    let bytes = archive.get(signature_place(manifest_end))?;
    Signature::from_slice(bytes).ok()
}

/// Why no signed manifest was found.
fn unsigned(
    archive: &[u8],
    read: Option<Range<usize>>,
    length: Option<usize>,
) -> Vec<EvidenceFault> {
    if archive.get(..4) != Some(&LOCAL_SIGNATURE)
        && !archive
            .get(LOCAL_LENGTH..)
            .is_some_and(|rest| rest.starts_with(MANIFEST.as_bytes()))
    {
        let text = "This is no bundle of evidence: it does not begin with a manifest. It may have been packed again.";
        return vec![fault(
            FaultKind::Format,
            None,
            0..archive.len(),
            text.into(),
        )];
    }
    let place = match read {
        Some(place) => place,
        None => {
            let end = BEGIN.saturating_add(length.unwrap_or(0));
            if end > archive.len() {
                let text = format!(
                    "The archive ends at byte {}, inside {MANIFEST}.",
                    archive.len()
                );
                let range = archive.len()..end;
                return vec![fault(FaultKind::Truncated, Some(MANIFEST), range, text)];
            }
            BEGIN..end
        }
    };
    let signature = signature_place(place.end);
    if signature.end > archive.len() {
        let text = format!(
            "The archive ends at byte {}, inside {SIGNATURE}.",
            archive.len()
        );
        let range = archive.len()..signature.end;
        return vec![fault(FaultKind::Truncated, Some(SIGNATURE), range, text)];
    }
    let text = format!(
        "{MANIFEST} or {SIGNATURE} was changed: they do not fit each other. Nothing else can be trusted."
    );
    vec![
        fault(FaultKind::Signature, Some(MANIFEST), place, text.clone()),
        fault(FaultKind::Signature, Some(SIGNATURE), signature, text),
    ]
}

fn faults(
    archive: &[u8],
    manifest: &Manifest,
    signed: &Signed,
    expected: Option<&VerifyingKey>,
) -> Vec<EvidenceFault> {
    let mut faults = Vec::new();
    if let Some(expected) = expected.filter(|expected| **expected != signed.key) {
        let text = format!(
            "It was signed with the key {}, not with {}.",
            manifest.key,
            key::hexadecimal(expected)
        );
        faults.push(fault(
            FaultKind::Key,
            Some(MANIFEST),
            signed.place.clone(),
            text,
        ));
    }
    let sizes = sizes(manifest, signed.place.len());
    let layout = archive::layout(sizes.iter().map(|(name, size)| (*name, *size)));
    let end = layout.last().map_or(0, |(_, range)| range.end);
    if archive.len() == end {
        faults.extend(in_place(archive, manifest, &sizes, &layout));
    } else if archive.len() > end {
        let inside = in_place(&archive[..end], manifest, &sizes, &layout);
        if inside.is_empty() {
            let text = format!(
                "{} bytes follow the end of the archive.",
                archive.len() - end
            );
            faults.push(fault(FaultKind::Appended, None, end..archive.len(), text));
        } else {
            faults.extend(packed::compare(archive, manifest, &sizes, end));
        }
    } else {
        faults.extend(packed::compare(archive, manifest, &sizes, end));
    }
    if faults.is_empty()
        && let Some(text) = content::contradiction(archive, manifest, &layout)
    {
        faults.push(fault(
            FaultKind::Format,
            Some(super::bundle::CONTENT),
            0..end,
            text,
        ));
    }
    faults
}

/// Names and sizes of every file of the archive, in order.
fn sizes(manifest: &Manifest, length: usize) -> Vec<(&str, usize)> {
    let mut sizes = vec![(MANIFEST, length), (SIGNATURE, SIGNATURE_LENGTH)];
    let listed = |file: &'_ Listed| file.bytes;
    sizes.extend(
        manifest
            .files
            .iter()
            .map(|file| (file.path.as_str(), listed(file))),
    );
    sizes
}

/// Compares an archive of the right length with the one that the manifest describes.
fn in_place(
    archive: &[u8],
    manifest: &Manifest,
    sizes: &[(&str, usize)],
    layout: &[(Part, Range<usize>)],
) -> Vec<EvidenceFault> {
    let mut faults = Vec::new();
    let mut differs = vec![false; sizes.len()];
    let mut files: Vec<(&str, &[u8])> = Vec::with_capacity(sizes.len());
    for (part, range) in layout {
        let Part::Content(place) = *part else {
            continue;
        };
        let bytes = &archive[range.clone()];
        files.push((sizes[place].0, bytes));
        // manifest and signature are proven already
        if let Some(listed) = place.checked_sub(2).and_then(|at| manifest.files.get(at)) {
            let found = changed_blocks(listed, bytes, range.start);
            differs[place] = !found.is_empty();
            faults.extend(found);
        }
    }
    let Ok(as_written) = archive::write(&files) else {
        return faults;
    };
    for (part, range) in layout {
        let (name, checksum) = match *part {
            Part::Content(_) => continue,
            Part::Header(place) | Part::Directory(place) => (
                Some(sizes[place].0),
                // of content that differs, the checksum differs too: that is told once
                if differs[place] {
                    archive::checksum_in(*part)
                } else {
                    0..0
                },
            ),
            Part::End => (None, 0..0),
        };
        let (found, wanted) = (&archive[range.clone()], &as_written[range.clone()]);
        let mut wrong = (0..range.len())
            .filter(|at| found[*at] != wanted[*at] && !checksum.contains(at))
            .map(|at| range.start + at);
        if let Some(first) = wrong.next() {
            let last = wrong.next_back().unwrap_or(first);
            let what = match part {
                Part::Header(_) => "the header of",
                Part::Directory(_) => "the line of the directory about",
                Part::Content(_) | Part::End => "the end of the directory of",
            };
            let text = format!(
                "Byte {first} of the archive, in {what} {}, is not as Switchyard writes it.",
                name.unwrap_or("the archive")
            );
            faults.push(fault(FaultKind::Structure, name, first..last + 1, text));
        }
    }
    faults
}

/// The blocks of a file that are not as they were signed; neighbours are told together. `start` is where the file begins.
pub(super) fn changed_blocks(listed: &Listed, bytes: &[u8], start: usize) -> Vec<EvidenceFault> {
    if sha256(bytes) == listed.sha256 {
        return Vec::new();
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        if listed.blocks.get(number) == Some(&sha256(block)) {
            continue;
        }
        let range = number * BLOCK..number * BLOCK + block.len();
        match ranges.last_mut() {
            Some(before) if before.end == range.start => before.end = range.end,
            _ => ranges.push(range),
        }
    }
    if ranges.is_empty() {
        ranges.push(0..bytes.len());
    }
    ranges
        .into_iter()
        .map(|range| {
            let text = format!(
                "{} differs from what was signed between its bytes {} and {}.",
                listed.path,
                range.start,
                range.end.saturating_sub(1)
            );
            let range = start + range.start..start + range.end;
            fault(FaultKind::Content, Some(&listed.path), range, text)
        })
        .collect()
}

#[cfg(test)]
mod tests;
