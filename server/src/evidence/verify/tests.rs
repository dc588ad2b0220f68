//! A bundle is changed in every way there is, and the check has to name what was changed.

use std::io::{Cursor, Read as _, Write as _};

use ed25519_dalek::SigningKey;
use shared::coverage::Coverage;
use shared::evidence::{
    EVIDENCE_VERSION, Evidence, EvidenceAudit, EvidenceCounts, EvidenceHashes, EvidencePlan,
};
use shared::run::RunSummary;
use shared::state::RunState;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn evidence() -> Evidence {
    Evidence {
        version: EVIDENCE_VERSION,
        program: "1.0".into(),
        sealed: "2026-11-20T02:31:04Z".into(),
        system: "obcms".into(),
        title: "OBCMS".into(),
        run: RunSummary {
            number: 3,
            title: "OBCMS to BMMS".into(),
            state: RunState::Done,
            started_by: "amina".into(),
            started: "2026-11-20T02:00:00Z".into(),
            finished: None,
            steps_done: 1,
            steps_total: 1,
            reason: None,
        },
        plan: EvidencePlan {
            playbook: "obcms".into(),
            fingerprint: "ab".into(),
            phases: Vec::new(),
            notes: Vec::new(),
        },
        approvals: Vec::new(),
        gates: Vec::new(),
        steps: Vec::new(),
        counts: EvidenceCounts {
            measured: None,
            not_measured: None,
            rows_written: 847,
            coverage: Some(Coverage {
                assigned: 847,
                total: 847,
            }),
            groups: Vec::new(),
        },
        hashes: EvidenceHashes {
            schema_before: "00".into(),
            schema_after: None,
            tables: Vec::new(),
            backups: Vec::new(),
        },
        incidents: Vec::new(),
        rollbacks: Vec::new(),
        audit: EvidenceAudit {
            head: None,
            length: 0,
            entries: Vec::new(),
        },
    }
}

fn made() -> Vec<u8> {
    let evidence = evidence();
    let content = serde_json::to_string(&evidence).unwrap();
    super::super::bundle::make(&evidence, content, &signing_key()).unwrap()
}

/// Files of a bundle as any program unpacks them.
fn unpacked(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..archive.len())
        .map(|place| {
            let mut file = archive.by_index(place).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            (file.name().unwrap().into_owned(), content)
        })
        .collect()
}

fn packed_again(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let borrowed: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect();
    archive::write(&borrowed).unwrap()
}

fn kinds(checked: &EvidenceVerification) -> Vec<(FaultKind, Option<&str>)> {
    checked
        .faults
        .iter()
        .map(|fault| (fault.what, fault.file.as_deref()))
        .collect()
}

#[test]
fn a_bundle_that_nobody_touched_is_whole_and_made_the_same_again() {
    let archive = made();
    assert_eq!(archive, made());
    let checked = verify(&archive, Some(&signing_key().verifying_key()));
    assert!(checked.whole, "{checked:?}");
    assert_eq!(
        (checked.system.as_deref(), checked.run),
        (Some("obcms"), Some(3))
    );
    assert!(checked.key_compared);
}

#[test]
fn one_changed_byte_at_any_offset_is_found_and_its_place_named() {
    let archive = made();
    for at in 0..archive.len() {
        for mask in [0x01, 0x20, 0xff] {
            let mut changed = archive.clone();
            changed[at] ^= mask;
            let checked = verify(&changed, None);
            assert!(!checked.whole, "byte {at} ^ {mask:#x} was not found");
            assert!(
                checked
                    .faults
                    .iter()
                    .any(|fault| (fault.from..fault.to).contains(&(at as u64))),
                "byte {at} ^ {mask:#x} lies in none of {:?}",
                checked.faults
            );
        }
    }
}

#[test]
fn the_file_that_differs_is_named() {
    let archive = made();
    for (name, content) in unpacked(&archive) {
        let place = archive
            .windows(content.len())
            .position(|window| window == content)
            .unwrap();
        let mut changed = archive.clone();
        changed[place + content.len() / 2] ^= 1;
        let checked = verify(&changed, None);
        assert!(
            checked
                .faults
                .iter()
                .any(|fault| fault.file.as_deref() == Some(name.as_str())),
            "{name}: {checked:?}"
        );
    }
}

#[test]
fn an_archive_that_was_cut_off_anywhere_is_not_whole() {
    let archive = made();
    for length in 0..archive.len() {
        let checked = verify(&archive[..length], None);
        assert!(!checked.whole, "{length} bytes passed");
    }
    let checked = verify(&archive[..archive.len() - 1], None);
    assert_eq!(kinds(&checked), [(FaultKind::Truncated, None)]);
}

#[test]
fn bytes_after_the_end_and_a_comment_are_found() {
    let mut archive = made();
    archive.extend(b"more");
    assert_eq!(
        kinds(&verify(&archive, None)),
        [(FaultKind::Appended, None)]
    );

    let mut commented = made();
    let length = commented.len();
    commented[length - 2] = 4;
    commented.extend(b"more");
    assert!(!verify(&commented, None).whole);
}

#[test]
fn files_that_are_missing_added_doubled_or_lead_out_are_named() {
    let files = unpacked(&made());
    let missing: Vec<_> = files
        .iter()
        .filter(|(name, _)| name != "evidence.md")
        .cloned()
        .collect();
    let checked = verify(&packed_again(&missing), None);
    assert!(
        kinds(&checked).contains(&(FaultKind::Missing, Some("evidence.md"))),
        "{checked:?}"
    );

    for (name, wanted) in [
        ("note.txt", FaultKind::Extra),
        ("../../etc/passwd", FaultKind::Path),
        ("/etc/passwd", FaultKind::Path),
        ("evidence.md", FaultKind::Duplicate),
    ] {
        let mut more = files.clone();
        more.push((name.to_owned(), b"planted".to_vec()));
        let checked = verify(&packed_again(&more), None);
        assert!(
            kinds(&checked).contains(&(wanted, Some(name))),
            "{name}: {checked:?}"
        );
    }
}

#[test]
fn an_archive_that_another_program_packed_again_is_refused() {
    let files = unpacked(&made());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // the same names and content, but other rights: what is unpacked is not what was packed
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    for (name, content) in &files {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    let archive = writer.finish().unwrap().into_inner();
    assert!(!verify(&archive, None).whole);
}

#[test]
fn a_bundle_of_another_key_is_told_from_a_changed_one() {
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    let checked = verify(&made(), Some(&other));
    assert_eq!(kinds(&checked), [(FaultKind::Key, Some(MANIFEST))]);
}

#[test]
fn what_is_no_bundle_at_all_is_refused_without_a_panic() {
    for bytes in [
        &b""[..],
        b"PK",
        b"PK\x03\x04",
        b"hello",
        &[0xff; 200],
        b"%PDF-1.4",
    ] {
        assert!(!verify(bytes, None).whole);
    }
}

#[test]
fn an_entry_of_the_audit_log_that_was_changed_before_sealing_is_named() {
    let mut evidence = evidence();
    evidence
        .audit
        .entries
        .push(shared::evidence::EvidenceEntry {
            id: 12,
            at: "2026-11-20T02:00:00Z".into(),
            actor: "amina".into(),
            system: Some("obcms".into()),
            action: "run.started".into(),
            object: "run 3".into(),
            text: "changed".into(),
            refused: false,
            address: None,
            previous: "0".repeat(64),
            hash: "1".repeat(64),
        });
    let content = serde_json::to_string(&evidence).unwrap();
    let archive = super::super::bundle::make(&evidence, content, &signing_key()).unwrap();
    let checked = verify(&archive, None);
    assert!(checked.faults[0].text.contains("Entry 12"), "{checked:?}");
}
