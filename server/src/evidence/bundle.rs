//! A bundle: the files, the manifest with the hash of each, and the signature over the manifest.

use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use shared::evidence::Evidence;

use super::archive::{self, TooLarge};
use super::{html, key, markdown};

/// The manifest, always the first file.
pub(super) const MANIFEST: &str = "manifest.json";
/// The signature over the bytes of the manifest, always the second.
pub(super) const SIGNATURE: &str = "manifest.sig";
/// The evidence for programs.
pub(super) const CONTENT: &str = "evidence.json";
/// Name of the format.
pub(super) const FORMAT: &str = "switchyard-evidence";
/// Version of the format of the bundle.
pub(super) const VERSION: u32 = 1;
/// A file is hashed as a whole and in blocks of so many bytes, so that a change can be located.
pub(super) const BLOCK: usize = 4096;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Slug of the system.
    pub system: String,
    /// Number of the run.
    pub run: i64,
    /// When the evidence was sealed.
    pub sealed: String,
    /// Public key, hexadecimal.
    pub key: String,
    /// Bytes of a block.
    pub block: usize,
    /// The files after manifest and signature, in order.
    pub files: Vec<Listed>,
}

/// A file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    /// Its name.
    pub path: String,
    /// Its bytes.
    pub bytes: usize,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// SHA-256 of each block.
    pub blocks: Vec<String>,
}

/// SHA-256, hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Makes the bundle. The same content and key give the same bytes, always.
///
/// # Errors
/// When the content is too large.
pub(super) fn make(
    evidence: &Evidence,
    content: String,
    key: &SigningKey,
) -> Result<Vec<u8>, TooLarge> {
    let public = key.verifying_key();
    let files = [
        ("evidence.html", html::page(evidence, &public)),
        ("evidence.md", markdown::text(evidence, &public)),
        (CONTENT, content),
        ("public-key.pem", key::pem(&public)),
    ];
    sign(evidence, &files, key)
}

/// Lists files in a manifest, signs it, and puts everything together.
pub(super) fn sign(
    evidence: &Evidence,
    files: &[(&str, String)],
    key: &SigningKey,
) -> Result<Vec<u8>, TooLarge> {
    let manifest = Manifest {
        format: FORMAT.into(),
        version: VERSION,
        system: evidence.system.clone(),
        run: evidence.run.number,
        sealed: evidence.sealed.clone(),
        key: key::hexadecimal(&key.verifying_key()),
        block: BLOCK,
        files: files
            .iter()
            .map(|(name, content)| Listed {
                path: (*name).to_owned(),
                bytes: content.len(),
                sha256: sha256(content.as_bytes()),
                blocks: content.as_bytes().chunks(BLOCK).map(sha256).collect(),
            })
            .collect(),
    };
    // a struct of strings and numbers is always JSON
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    let signature = key.sign(&manifest).to_bytes();
    let mut all: Vec<(&str, &[u8])> = vec![(MANIFEST, &manifest), (SIGNATURE, &signature)];
    all.extend(
        files
            .iter()
            .map(|(name, content)| (*name, content.as_bytes())),
    );
    archive::write(&all)
}
