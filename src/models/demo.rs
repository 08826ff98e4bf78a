//! The demo model: in the program itself, so that a first look needs no download.
//!
//! Out: its bytes and what to say wherever its words are shown. Only this file knows that it is there.

/// Its name on the command line and in records.
pub const NAME: &str = "demo";

/// Its file: an ordinary whisper.cpp model, made in this repository (`models/demo`).
pub static BYTES: &[u8] = include_bytes!("../../models/demo/fairdial-demo-2.bin");

/// SHA-256 of [`BYTES`].
pub const SHA256: &str = "5c2ac8d84208d41f941b383a5317b9e8b8fa16009fc2496efeac56f679b4071d";

/// What must stand wherever its words are shown.
pub const NOTICE: &str = "transcribed with the built-in demo model, which knows a few synthetic voices: for a first look, not for real calls";

#[cfg(test)]
mod tests {
    #[test]
    fn the_fingerprint_is_the_files() {
        assert_eq!(crate::hash::sha256_hex(super::BYTES), super::SHA256);
    }
}
