//! Tests of the models room. They talk to 127.0.0.1 only.

mod fetching;
mod ggml;
mod listing;
mod server;

use super::{Entry, Manifest};
use sha2::{Digest, Sha256};

/// A manifest with one model `demo` whose file holds `content`.
fn manifest_of(content: &[u8]) -> Manifest {
    let sha256: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        r#"
        [[model]]
        name = "demo"
        url = "https://models.invalid/owner/repo/resolve/abc/ggml-demo.bin"
        sha256 = "{sha256}"
        bytes = {}
        languages = "multilingual"
        license = "MIT"
        role = "speech"
        quantisation = "q5_0"
        "#,
        content.len()
    );
    Manifest::parse(&text).unwrap()
}

fn entry_of(content: &[u8]) -> Entry {
    manifest_of(content).models.remove(0)
}

/// Bytes that differ all along, so that a piece in the wrong place is noticed.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
}
