//! The manifest, and finding models on this machine.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::super::{Languages, Manifest, ModelError, Role, State, list, locate, verify};
use super::{content, manifest_of};

#[test]
fn the_shipped_list_is_sound() {
    let manifest = Manifest::shipped().unwrap();
    assert_eq!(manifest.models.len(), 35);
    for entry in &manifest.models {
        assert!(entry.url.starts_with("https://huggingface.co/gg"), "{}", entry.url);
        // Pinned to a commit, so that the checksum can hold.
        let commit = entry.url.split("/resolve/").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{}", entry.url);
        assert_eq!(entry.file, format!("ggml-{}.bin", entry.name));
        assert_eq!(entry.license, "MIT");
        assert_eq!(entry.languages == Languages::English, entry.name.contains(".en"), "{}", entry.name);
        assert_eq!(entry.role == Role::Vad, entry.name.starts_with("silero"), "{}", entry.name);
        let form = entry.name.rsplit_once("-q").map_or("f16".to_owned(), |(_, form)| format!("q{form}"));
        assert_eq!(entry.quantisation, form, "{}", entry.name);
    }
    let turbo = manifest.get("large-v3-turbo-q5_0").unwrap();
    assert_eq!((turbo.bytes, &turbo.sha256[..8]), (574_041_195, "39422170"));
    assert_eq!((turbo.languages.as_str(), turbo.role.as_str()), ("multilingual", "speech"));
}

#[test]
fn misspelt_names_are_matched() {
    let manifest = Manifest::shipped().unwrap();
    let first = |name: &str| manifest.near(name).into_iter().next();
    assert_eq!(first("smal").as_deref(), Some("small"));
    assert_eq!(first("larg-v3-trubo").as_deref(), Some("large-v3-turbo"));
    assert_eq!(first("ggml-medium.bin").as_deref(), Some("medium"));
    assert_eq!(first("Medium.EN").as_deref(), Some("medium.en"));
    assert_eq!(first("turbo").as_deref(), Some("large-v3-turbo"));
    assert!(manifest.near("parakeet").is_empty() && manifest.near("").is_empty());
    let error = manifest.get("tinny").unwrap_err();
    assert!(error.to_string().contains("did you mean tiny"), "{error}");
}

#[test]
fn a_wrong_list_is_refused_with_the_reason() {
    let good = r#"[[model]]
name = "a"
url = "https://h/a.bin"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
bytes = 1
languages = "en"
license = "MIT"
role = "speech"
quantisation = "f16"
"#;
    assert!(Manifest::parse(good).is_ok());
    for (from, to, expected) in [
        ("name = \"a\"", "name = \"../a\"", "the name must"),
        ("https://h/a.bin", "http://h/a.bin", "https://"),
        ("https://h/a.bin", "https://h/", "plain file name"),
        ("https://h/a.bin", "https://h/a b", "plain file name"),
        ("https://h/a.bin", "https://h/..", "plain file name"),
        ("sha256 = \"0", "sha256 = \"G", "hexadecimal"),
        ("bytes = 1", "bytes = 0", "more than 0"),
        ("bytes = 1", "bytes = -1", "read the list"),
        ("languages = \"en\"", "languages = \"xx\"", "unknown variant"),
        ("role = \"speech\"", "rule = \"speech\"", "unknown field"),
    ] {
        let error = Manifest::parse(&good.replace(from, to)).unwrap_err();
        assert_eq!(error.code(), "model-list-invalid");
        assert!(error.to_string().contains(expected), "{to}: {error}");
    }
    let twice = format!("{good}\n{good}");
    assert!(Manifest::parse(&twice).unwrap_err().to_string().contains("twice"));
    let same_file = format!("{good}\n{}", good.replace("name = \"a\"", "name = \"b\""));
    assert!(Manifest::parse(&same_file).unwrap_err().to_string().contains("same file name"));
}

#[test]
fn the_state_is_told_by_size() {
    let bytes = content(100);
    let manifest = manifest_of(&bytes);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ggml-demo.bin");
    let state = || list(&manifest, dir.path()).remove(0).1;
    assert_eq!(state(), State::Absent);
    fs::write(dir.path().join("ggml-demo.bin.part"), &bytes[..40]).unwrap();
    assert_eq!(state(), State::Partial { bytes: 40 });
    fs::write(&path, &bytes[..40]).unwrap();
    assert_eq!(state(), State::Corrupt);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(state(), State::Present);
    assert_eq!(list(&manifest, dir.path())[0].2, path);
}

#[test]
fn verify_reads_the_contents() {
    let bytes = content(100);
    let manifest = manifest_of(&bytes);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ggml-demo.bin");
    let code = || verify(&manifest.models[0], dir.path()).map_err(|error| error.code());
    assert_eq!(code(), Err("model-missing"));
    fs::write(&path, &bytes[..40]).unwrap();
    assert_eq!(code(), Err("model-size"));
    fs::write(&path, [7; 100]).unwrap();
    assert_eq!(code(), Err("model-checksum"));
    assert!(path.exists(), "verify removes nothing");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(code(), Ok(()));
}

#[test]
fn names_are_looked_for_in_every_folder_in_order() {
    let bytes = content(100);
    let manifest = manifest_of(&bytes);
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let dirs: Vec<PathBuf> = vec![one.path().to_owned(), two.path().to_owned()];
    let error = locate("demo", &manifest, &dirs).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.code(), "model-missing");
    for dir in &dirs {
        assert!(text.contains(&dir.join("ggml-demo.bin").display().to_string()), "{text}");
    }
    assert!(text.contains("fairdial models fetch demo"), "{text}");

    fs::write(two.path().join("ggml-demo.bin"), &bytes).unwrap();
    let found = locate("demo", &manifest, &dirs).unwrap();
    assert_eq!((found.path, found.bytes), (two.path().join("ggml-demo.bin"), 100));
    assert_eq!((found.name.as_str(), found.known.as_ref()), ("demo", manifest.models.first()));
    assert_eq!(found.sha256, manifest.models[0].sha256);
    assert_eq!(locate("ggml-demo.bin", &manifest, &dirs).unwrap().name, "demo");

    fs::write(one.path().join("ggml-demo.bin"), [0; 100]).unwrap();
    assert_eq!(locate("demo", &manifest, &dirs).unwrap_err().code(), "model-checksum");

    fs::write(two.path().join("own-model.bin"), b"mine").unwrap();
    let own = locate("own-model", &manifest, &dirs).unwrap();
    assert_eq!((own.name.as_str(), own.known, own.bytes), ("own-model", None, 4));
    let error = locate("dmeo", &manifest, &dirs).unwrap_err();
    assert!(matches!(&error, ModelError::UnknownName { near, .. } if near == &["demo"]), "{error:?}");
    assert!(locate("", &manifest, &dirs).is_err());
    assert!(locate("demo", &manifest, &[]).unwrap_err().to_string().contains("no models folder"));
}

#[test]
fn paths_are_taken_as_they_are() {
    let bytes = content(100);
    let manifest = manifest_of(&bytes);
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("renamed.bin");
    fs::write(&path, &bytes).unwrap();
    let found = locate(path.to_str().unwrap(), &manifest, &[]).unwrap();
    assert_eq!(found.name, "demo", "known by its contents, whatever it is called");
    fs::write(&path, b"other").unwrap();
    let found = locate(path.to_str().unwrap(), &manifest, &[]).unwrap();
    assert_eq!((found.name.as_str(), found.known), ("renamed", None));
    let gone = dir.path().join("gone.bin");
    assert_eq!(locate(gone.to_str().unwrap(), &manifest, &[]).unwrap_err().code(), "model-missing");
    assert_eq!(locate(dir.path().to_str().unwrap(), &manifest, &[]).unwrap_err().code(), "model-not-a-file");
}
