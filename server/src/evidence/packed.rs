//! What is wrong with an archive that does not have the length that its signed manifest describes: cut off, packed again,
//! files added or taken away. Only names what differs; that it differs is known already.

use std::collections::BTreeMap;

use shared::evidence::{EvidenceFault, FaultKind};

use super::archive::{LOCAL_LENGTH, LOCAL_SIGNATURE};
use super::bundle::Manifest;
use super::verify::{changed_blocks, fault};

/// Longest name that is believed.
const LONGEST_NAME: usize = 1024;

/// Compares the files of the archive with those of the manifest. `end` is where the archive should end.
pub(super) fn compare(
    archive: &[u8],
    manifest: &Manifest,
    sizes: &[(&str, usize)],
    end: usize,
) -> Vec<EvidenceFault> {
    let found = headers(archive);
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, header) in &found {
        let content = header + LOCAL_LENGTH + name.len();
        let range = *header..content;
        if leads_out(name) {
            let text = format!(
                "“{}” leads out of the directory that it is unpacked in.",
                name.escape_debug()
            );
            faults.push(fault(FaultKind::Path, Some(name), range.clone(), text));
        }
        if seen.insert(name, *header).is_some() {
            let text = format!("{name} stands in the archive twice.");
            faults.push(fault(FaultKind::Duplicate, Some(name), range, text));
        } else if !sizes.iter().any(|(known, _)| known == name) {
            let text = format!("“{}” was added: it was not signed.", name.escape_debug());
            faults.push(fault(FaultKind::Extra, Some(name), range, text));
        } else if let Some(listed) = manifest.files.iter().find(|file| file.path == *name)
            && let Some(bytes) = archive.get(content..content.saturating_add(listed.bytes))
        {
            faults.extend(changed_blocks(listed, bytes, content));
        }
    }
    for (name, _) in sizes {
        if !seen.contains_key(name) {
            let text = format!("{name} is missing.");
            faults.push(fault(
                FaultKind::Missing,
                Some(name),
                0..archive.len(),
                text,
            ));
        }
    }
    let in_order = found
        .iter()
        .zip(sizes)
        .all(|((name, _), (known, _))| name == known);
    if archive.len() < end && in_order {
        let text = format!(
            "The archive ends at byte {} and should have {end}: its end was cut off, or bytes were taken out.",
            archive.len()
        );
        faults.push(fault(FaultKind::Truncated, None, archive.len()..end, text));
    } else if faults.is_empty() {
        let text = format!(
            "The archive has {} bytes and should have {end}: it was packed again or changed between its files.",
            archive.len()
        );
        faults.push(fault(FaultKind::Structure, None, 0..archive.len(), text));
    }
    faults
}

/// Names and places of everything that looks like the header of a file. The files of a bundle are text, in which the
/// signature of a header does not occur.
fn headers(archive: &[u8]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, window) in archive.windows(LOCAL_SIGNATURE.len()).enumerate() {
        if window != LOCAL_SIGNATURE {
            continue;
        }
        let Some(length) = archive.get(at + 26..at + 28) else {
            continue;
        };
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        if (1..=LONGEST_NAME).contains(&length)
            && let Some(name) = archive.get(at + LOCAL_LENGTH..at + LOCAL_LENGTH + length)
        {
            found.push((String::from_utf8_lossy(name).into_owned(), at));
        }
    }
    found
}

fn leads_out(name: &str) -> bool {
    name.starts_with('/')
        || name.contains(['\\', ':', '\0'])
        || name.split('/').any(|part| part == "..")
}
