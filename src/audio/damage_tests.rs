//! Broken files through `decode`: codes, damage, limits. Files are made in code, and by ffmpeg where
//! the codec needs it (those tests return early without it).

use std::time::{Duration, Instant};

use super::testkit::{code, codes, convert, mono_bytes, noise, plain, put, stereo, tone, wav_bytes, with_ffmpeg};
use super::{DecodeOptions, decode};

#[test]
fn hopeless_files_have_their_codes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let short = |rate, channels| wav_bytes(1, channels, rate, 16, &[0; 2_800]);
    assert_eq!(code(&put(dir, "a", b"")), "empty-file");
    assert_eq!(code(&put(dir, "b.wav", b"this is text\n")), "not-audio");
    assert_eq!(code(&put(dir, "c.wav", &wav_bytes(1, 1, 8_000, 16, &[]))), "no-samples");
    assert_eq!(code(&put(dir, "d.wav", &short(0, 1))), "header-invalid");
    assert_eq!(code(&put(dir, "e.wav", &short(3_000_000, 1))), "header-invalid");
    assert_eq!(code(&put(dir, "f.wav", &short(8_000, 7))), "too-many-channels");
    assert_eq!(code(&put(dir, "g.wav", &short(8_000, 0))), "header-invalid");
    assert_eq!(code(dir), "unreadable");
    assert_eq!(code(&dir.join("missing.wav")), "unreadable");
    let bytes: Vec<u8> = noise(1, 1.0, 8_000, 8_000).iter().map(|s| (s * 127.0) as u8).collect();
    let random = put(dir, "h.mp3", &bytes);
    assert_eq!(code(&random), "not-audio");
    assert_eq!(with_ffmpeg(&random).unwrap_err().code(), "not-audio");
    let message = plain(&dir.join("f.wav")).unwrap_err().to_string();
    assert!(message.contains("found 7 channels, fairdial audits mono"), "{message}");
}

#[test]
fn broken_lengths_are_forgiven_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let whole = mono_bytes(2_000);
    let cut = put(dir.path(), "cut.wav", &whole[..whole.len() / 2 + 22]);
    let pcm = plain(&cut).unwrap();
    assert_eq!(codes(&pcm), ["truncated"]);
    assert_eq!((pcm.duration_ms, pcm.problems[0].at_ms), (1_000, Some(1_000)));

    let mut huge = whole.clone();
    huge[40..44].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    let pcm = plain(&put(dir.path(), "huge.wav", &huge)).unwrap();
    assert_eq!((codes(&pcm), pcm.duration_ms), (vec!["truncated"], 2_000));

    let mut open = whole;
    open[40..44].copy_from_slice(&0u32.to_le_bytes());
    let pcm = plain(&put(dir.path(), "open.wav", &open)).unwrap();
    assert_eq!((codes(&pcm), pcm.duration_ms), (vec!["header-unfinished"], 2_000));
}

#[test]
fn samples_that_are_no_numbers_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut sound = tone(&[400.0], 0.3, 8_000, 1_000);
    sound[800] = f32::NAN;
    sound[900] = f32::NEG_INFINITY;
    let data: Vec<u8> = sound.iter().flat_map(|s| s.to_le_bytes()).collect();
    let pcm = plain(&put(dir.path(), "x.wav", &wav_bytes(3, 1, 8_000, 32, &data))).unwrap();
    assert_eq!(codes(&pcm), ["invalid-samples"]);
    assert_eq!(pcm.problems[0].at_ms, Some(100));
    assert!(pcm.problems[0].message.starts_with("2 samples"));
}

#[test]
fn damage_in_the_middle_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let source = stereo(dir.path());
    for ending in ["flac", "mp3", "opus", "ogg", "m4a", "webm"] {
        let made = dir.path().join(format!("x.{ending}"));
        if !convert(&source, &["-ar", "16000"], &made) {
            continue;
        }
        let mut bytes = std::fs::read(&made).unwrap();
        let length = bytes.len();
        for byte in &mut bytes[length / 2..length / 2 + length / 10] {
            *byte ^= 0x5a;
        }
        let hurt = put(dir.path(), "hurt", &bytes);
        if let Ok(pcm) = plain(&hurt) {
            assert!(pcm.duration_ms >= 1_000, "{ending}: {pcm:?}");
        }
        let half = put(dir.path(), "half", &bytes[..length / 2]);
        let outcome = plain(&half);
        let told = outcome.map(|pcm| (pcm.duration_ms, codes(&pcm).join(",")));
        eprintln!("{ending} cut in half: {told:?}");
        if matches!(ending, "flac" | "mp3") {
            assert!(told.unwrap().1.contains("truncated"), "{ending}");
        }
    }
}

/// No byte, however wrong, may stop the program: every format with random damage.
#[test]
fn random_damage_never_panics_or_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let source = put(dir.path(), "mono.wav", &mono_bytes(1_000));
    let mut state = 0x1234_5678_9abc_def1u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let start = Instant::now();
    for ending in ["wav", "flac", "mp3", "opus", "ogg", "m4a", "aac", "aiff", "caf", "mkv"] {
        let made = dir.path().join(format!("made.{ending}"));
        if !convert(&source, &["-ar", "16000"], &made) {
            continue;
        }
        let good = std::fs::read(&made).unwrap();
        for round in 0..40 {
            let mut bad = good.clone();
            let reach = if round % 2 == 0 { 200 } else { bad.len() };
            for _ in 0..1 + round % 7 {
                let at = (random() % reach.min(bad.len()) as u64) as usize;
                bad[at] = random() as u8;
            }
            let path = put(dir.path(), "bad", &bad);
            let one = Instant::now();
            let _ = plain(&path);
            assert!(one.elapsed() < Duration::from_secs(10), "{ending} round {round}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(120));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_without_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(code(&pipe), "unreadable");
    }
}

#[cfg(unix)]
#[test]
fn a_hanging_ffmpeg_is_stopped() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let tool = put(dir.path(), "ffmpeg", b"#!/bin/sh\nsleep 30\n");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let amr = put(dir.path(), "x.amr", b"#!AMR\n\x3c\x00\x00\x00");
    let options =
        DecodeOptions { ffmpeg: Some(tool), time_limit: Duration::from_millis(400), ..DecodeOptions::default() };
    let start = Instant::now();
    assert_eq!(decode(&amr, &options).unwrap_err().code(), "ffmpeg-timeout");
    assert!(start.elapsed() < Duration::from_secs(5));
}
