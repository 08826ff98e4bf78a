//! What holds for any names, any bytes and many rows.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::*;
use super::{WAV, assert_adds_up, folder};

#[test]
fn a_hundred_thousand_rows_join_quickly() {
    let candidates: Vec<Candidate> = (0..100_000)
        .map(|at| {
            let path = PathBuf::from(format!("night/{:03}/{:03}.wav", at / 1000, at % 1000));
            Candidate {
                source: show::source_of(&path),
                stem: format!("{:03}", at % 1000),
                reached: Reached::for_tests(&path),
                kind: Kind::Recording,
                document_id: None,
                trouble: None,
            }
        })
        .collect();
    let mut text = String::from("file,agent_id,agent_name,agency,started_at\n");
    for at in 0..100_000 {
        text.push_str(&format!("{:03}/{:03}.wav,0213,周敏,天诚,2026-03-03T19:12:40+08:00\n", at / 1000, at % 1000));
    }
    let started = std::time::Instant::now();
    let mut warnings = Warnings::default();
    let tables = [Table::parse(Path::new("calls.csv"), text.as_bytes(), &[], &mut warnings).unwrap()];
    let joined = join::join(&candidates, &tables, &mut warnings);
    let took = started.elapsed();
    assert!(joined.rows.iter().all(Option::is_some) && joined.unmatched_rows.is_empty());
    assert!(took.as_secs() < 10, "{took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for name in ["calls.csv", "calls.jsonl"] {
            let _ = Table::parse(Path::new(name), &bytes, &[], &mut Warnings::default());
        }
    }

    #[test]
    fn any_mess_of_quotes_is_joined_or_told(text in "file[,;]call_id\n([a-c1,;\"\r\n{}:]|\\.wav){0,120}") {
        let dir = folder(&[("a.wav", WAV), ("b.wav", WAV), ("1.wav", WAV), ("calls.csv", text.as_bytes())]);
        let listing = list(&[dir.path().to_path_buf()], &IntakeOptions::default()).unwrap();
        assert_adds_up(&listing);
        let table = Table::parse(Path::new("calls.csv"), text.as_bytes(), &[], &mut Warnings::default()).unwrap();
        let last = text.replace("\r\n", "\n").split(['\n', '\r']).count() as u64;
        prop_assert!(table.rows.windows(2).all(|pair| pair[0].line < pair[1].line));
        prop_assert!(table.rows.iter().all(|row| row.line > 1 && row.line <= last));
    }

    #[test]
    fn every_file_is_accounted_for(names in proptest::collection::btree_set("([a-cA-C]|a/|b/|\\.)?[a-bA 😀\n.]{1,3}(\\.(wav|WAV|json|txt|x))?", 0..12)) {
        let dir = tempfile::tempdir().unwrap();
        let mut visible = 0;
        for name in &names {
            let path = dir.path().join(name);
            let made = path.parent().is_some_and(|parent| fs::create_dir_all(parent).is_ok());
            if made && !path.exists() && fs::write(&path, WAV).is_ok() {
                visible += usize::from(!name.split('/').any(|part| part.starts_with('.')));
            }
        }
        let listing = list(&[dir.path().to_path_buf()], &IntakeOptions::default()).unwrap();
        assert_adds_up(&listing);
        prop_assert_eq!(listing.found, visible);
    }

    #[cfg(unix)]
    #[test]
    fn any_name_the_system_takes_is_listed(bytes in proptest::collection::vec(1u8.., 1..40)) {
        use std::os::unix::ffi::OsStrExt;
        prop_assume!(!bytes.contains(&b'/') && bytes[0] != b'.');
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(std::ffi::OsStr::from_bytes(&bytes));
        prop_assume!(fs::write(&path, WAV).is_ok());
        for paths in [[dir.path().to_path_buf()], [path.clone()]] {
            let listing = list(&paths, &IntakeOptions::default()).unwrap();
            assert_adds_up(&listing);
            prop_assert_eq!(listing.found, 1);
        }
    }
}
