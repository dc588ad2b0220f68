//! Whether what a whole bundle says agrees with itself. A signature proves who said it; this looks at what was said.

use std::ops::Range;

use shared::evidence::{EVIDENCE_VERSION, Evidence};

use super::archive::Part;
use super::bundle::{CONTENT, Manifest};
use crate::audit;

/// The first contradiction, as a sentence.
pub(super) fn contradiction(
    archive: &[u8],
    manifest: &Manifest,
    layout: &[(Part, Range<usize>)],
) -> Option<String> {
    let place = manifest.files.iter().position(|file| file.path == CONTENT);
    let bytes = place.and_then(|place| {
        let wanted = Part::Content(place + 2);
        let (_, range) = layout.iter().find(|(part, _)| *part == wanted)?;
        archive.get(range.clone())
    });
    let Some(bytes) = bytes else {
        return Some(format!("The manifest names no {CONTENT}."));
    };
    let evidence: Evidence = match serde_json::from_slice(bytes) {
        Ok(evidence) => evidence,
        Err(error) => return Some(format!("{CONTENT} cannot be read: {error}.")),
    };
    if evidence.version != EVIDENCE_VERSION {
        return Some(format!(
            "{CONTENT} has version {}; this program reads {EVIDENCE_VERSION}.",
            evidence.version
        ));
    }
    if evidence.system != manifest.system
        || evidence.run.number != manifest.run
        || evidence.sealed != manifest.sealed
    {
        return Some(format!("{CONTENT} is about another run than the manifest."));
    }
    let broken = evidence
        .audit
        .entries
        .iter()
        .find(|entry| audit::hash_of(entry) != entry.hash)?;
    Some(format!(
        "Entry {} of the audit log does not fit its hash: it was changed before the evidence was sealed.",
        broken.id
    ))
}
