//! Whole files through `decode`: formats, names, what needs ffmpeg. Files are made in code, and by
//! ffmpeg where the codec needs it (those tests return early without it).

use super::testkit::{code, convert, ffmpeg, mono_bytes, plain, put, stereo, tone, wav_bytes, with_ffmpeg};

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
