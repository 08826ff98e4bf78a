//! Whole files through `decode`: formats, damage, names, limits. Files are made in code, and by
//! ffmpeg where the codec needs it (those tests return early without it).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::testkit::{convert, ffmpeg, le16, noise, put, to_i16, tone, wav_bytes};
use super::{AudioError, DecodeOptions, Pcm, decode};

fn plain(path: &Path) -> Result<Pcm, AudioError> {
    decode(path, &DecodeOptions::default())
}

fn with_ffmpeg(path: &Path) -> Result<Pcm, AudioError> {
    let options = DecodeOptions { ffmpeg: ffmpeg(), time_limit: Duration::from_secs(20), ..DecodeOptions::default() };
    decode(path, &options)
}

fn codes(pcm: &Pcm) -> Vec<&str> {
    pcm.problems.iter().map(|p| p.code.as_str()).collect()
}

fn code(path: &Path) -> &'static str {
    plain(path).err().map_or("ok", |error| error.code())
}

/// Three seconds of a stereo WAV: a tone left, another one right.
fn stereo(dir: &Path) -> PathBuf {
    let left = tone(&[400.0], 0.3, 8_000, 3_000);
    let right = tone(&[1_000.0], 0.2, 8_000, 3_000);
    let both: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
    put(dir, "stereo.wav", &wav_bytes(1, 2, 8_000, 16, &le16(&to_i16(&both))))
}

fn mono_bytes(ms: u64) -> Vec<u8> {
    wav_bytes(1, 1, 8_000, 16, &le16(&to_i16(&tone(&[400.0], 0.3, 8_000, ms))))
}

#[test]
fn every_wav_coding_gives_the_same_sound() {
    let dir = tempfile::tempdir().unwrap();
    let sound = tone(&[400.0], 0.3, 8_000, 1_000);
    let pack = |scale: f64, bytes: usize, offset: i64| -> Vec<u8> {
        sound
            .iter()
            .flat_map(|s| {
                let value = (f64::from(*s) * scale) as i64 + offset;
                value.to_le_bytes().into_iter().take(bytes)
            })
            .collect()
    };
    let float: Vec<u8> = sound.iter().flat_map(|s| s.to_le_bytes()).collect();
    let double: Vec<u8> = sound.iter().flat_map(|s| f64::from(*s).to_le_bytes()).collect();
    for (tag, bits, data, name) in [
        (1, 8, pack(127.0, 1, 128), "pcm_u8"),
        (1, 16, pack(32_767.0, 2, 0), "pcm_s16le"),
        (1, 24, pack(8_388_607.0, 3, 0), "pcm_s24le"),
        (1, 32, pack(2_147_483_647.0, 4, 0), "pcm_s32le"),
        (3, 32, float, "pcm_f32le"),
        (3, 64, double, "pcm_f64le"),
    ] {
        let path = put(dir.path(), "x.wav", &wav_bytes(tag, 1, 8_000, bits, &data));
        let pcm = plain(&path).unwrap();
        assert_eq!((pcm.codec.as_str(), pcm.duration_ms), (name, 1_000));
        assert!(pcm.problems.is_empty(), "{name}: {:?}", pcm.problems);
        let level = pcm.tracks[0].level_dbfs(0, 1_000);
        assert!((level + 13.47).abs() < 0.3, "{name}: {level}");
        assert_eq!(pcm.tracks[0].rate_hz, 8_000);
    }
}

#[test]
fn formats_are_read_whatever_their_name() {
    let dir = tempfile::tempdir().unwrap();
    let source = stereo(dir.path());
    for (index, (arguments, ending, codec)) in [
        (&["-c:a", "pcm_alaw"][..], "wav", "pcm_alaw"),
        (&["-c:a", "pcm_mulaw"], "wav", "pcm_mulaw"),
        (&["-c:a", "adpcm_ms"], "wav", "adpcm_ms"),
        (&["-c:a", "adpcm_ima_wav"], "wav", "adpcm_ima_wav"),
        (&["-c:a", "libmp3lame", "-b:a", "64k"], "wav", "mp3"),
        (&["-rf64", "always"], "wav", "pcm_s16le"),
        (&[], "mp3", "mp3"),
        (&[], "flac", "flac"),
        (&["-c:a", "libvorbis", "-ar", "16000"], "ogg", "vorbis"),
        (&["-c:a", "libopus"], "opus", "opus"),
        (&["-c:a", "aac", "-ar", "16000"], "m4a", "aac"),
        (&["-c:a", "aac", "-ar", "16000"], "aac", "aac"),
        (&[], "aiff", "pcm_s16be"),
        (&[], "caf", "pcm_s16be"),
        (&["-c:a", "libopus"], "webm", "opus"),
        (&["-c:a", "flac"], "mkv", "flac"),
    ]
    .into_iter()
    .enumerate()
    {
        let made = dir.path().join(format!("made{index}.{ending}"));
        if !convert(&source, arguments, &made) {
            continue;
        }
        let named = dir.path().join(format!("renamed{index}.txt"));
        std::fs::rename(&made, &named).unwrap();
        let pcm = plain(&named).unwrap();
        assert_eq!(pcm.codec, codec, "{arguments:?} {ending}");
        assert_eq!(pcm.channels, 2, "{codec}");
        assert!(pcm.duration_ms.abs_diff(3_000) < 200, "{codec} {ending}: {}", pcm.duration_ms);
        let louder = pcm.tracks[0].level_dbfs(500, 2_500) - pcm.tracks[1].level_dbfs(500, 2_500);
        assert!((louder - 3.5).abs() < 1.0, "{codec} {ending}: {louder} dB");
        assert!(pcm.problems.is_empty(), "{codec} {ending}: {:?}", pcm.problems);
    }
}

#[test]
fn what_only_ffmpeg_reads_is_named_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let source = put(dir.path(), "mono.wav", &mono_bytes(3_000));
    for (arguments, ending, codec) in [
        (&["-c:a", "libgsm_ms"][..], "wav", "gsm_ms"),
        (&["-c:a", "libgsm"], "gsm", "gsm"),
        (&["-c:a", "alac"], "m4a", "alac"),
        (&[], "au", "pcm_s16be"),
        (&[], "wma", "wmav2"),
    ] {
        let made = dir.path().join(format!("a b's \u{1f4de}\n-:x.{ending}"));
        if !convert(&source, arguments, &made) {
            continue;
        }
        let error = plain(&made).unwrap_err();
        assert_eq!(error.code(), "unsupported-codec", "{error}");
        assert!(error.to_string().contains("install ffmpeg"), "{error}");
        let pcm = with_ffmpeg(&made).unwrap();
        assert_eq!(pcm.codec, codec);
        assert!(pcm.duration_ms.abs_diff(3_000) < 150, "{codec}: {}", pcm.duration_ms);
    }
}

#[test]
fn amr_needs_ffmpeg_too() {
    let dir = tempfile::tempdir().unwrap();
    // Fifty frames of 12.2 kbit/s, 20 ms each.
    let mut bytes = b"#!AMR\n".to_vec();
    for _ in 0..50 {
        bytes.push(0x3c);
        bytes.extend_from_slice(&[0x55; 31]);
    }
    let path = put(dir.path(), "x.wav", &bytes);
    assert_eq!(code(&path), "unsupported-codec");
    if ffmpeg().is_some() {
        let pcm = with_ffmpeg(&path).unwrap();
        assert_eq!((pcm.codec.as_str(), pcm.duration_ms), ("amr_nb", 1_000));
    }
}

#[test]
fn a_name_can_neither_be_an_option_nor_a_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let source = put(dir.path(), "mono.wav", &mono_bytes(1_000));
    for name in ["-i.au", "http:x.au", "concat:a|b.au", "%03d.au", "a\nb.au", "pipe:0"] {
        let made = dir.path().join("plain.au");
        if !convert(&source, &[], &made) {
            return;
        }
        let odd = dir.path().join(name);
        std::fs::rename(&made, &odd).unwrap();
        assert_eq!(with_ffmpeg(&odd).unwrap().duration_ms, 1_000, "{name}");
    }
    // A playlist is no recording, even where it names one.
    let list = put(dir.path(), "list.wav", b"#EXTM3U\n#EXTINF:1,\nmono.wav\n");
    assert_eq!(with_ffmpeg(&list).unwrap_err().code(), "not-audio");
}

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
