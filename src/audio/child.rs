//! Running a helper program that writes to its standard output, with a time limit.
//!
//! In: a command and a limit. Out: its output piece by piece, then its exit and what it complained
//! about. Only this file knows how a child that hangs is stopped without hanging ourselves.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::error::AudioFault;

/// Most of what a helper writes to stderr that is kept.
const MAX_COMPLAINT: u64 = 32 * 1024;

/// How a helper ended.
pub(crate) struct Ended {
    /// It exited with status 0.
    pub(crate) success: bool,
    /// What it wrote to stderr, lossily decoded and cut off.
    pub(crate) complaint: String,
}

/// Runs `command` with no stdin and hands its stdout to `sink` in pieces.
///
/// The reading happens on threads of their own: a helper may leave grandchildren behind that keep
/// its pipes open, and killing the helper would then not end a blocking read.
///
/// # Errors
/// `ffmpeg-failed` where it cannot be started, `ffmpeg-timeout` after `limit`, and whatever `sink`
/// returns; the child is killed and reaped in every case.
pub(crate) fn run(
    mut command: Command,
    limit: Duration,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), AudioFault>,
) -> Result<Ended, AudioFault> {
    let end = Instant::now() + limit;
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| AudioFault::FfmpegFailed { why: format!("it cannot be started: {error}") })?;
    let mut child = Reaped(child);
    let output = child.0.stdout.take();
    let complaints = child.0.stderr.take();

    let (send, pieces) = sync_channel::<Vec<u8>>(4);
    thread::spawn(move || {
        let Some(mut output) = output else { return };
        let mut buffer = vec![0u8; 64 * 1024];
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if send.send(piece).is_err() {
                return;
            }
        }
    });
    let (tell, complaint) = sync_channel::<String>(1);
    thread::spawn(move || {
        let Some(mut complaints) = complaints else {
            return;
        };
        let mut kept = Vec::new();
        let _ = complaints.by_ref().take(MAX_COMPLAINT).read_to_end(&mut kept);
        let _ = tell.send(String::from_utf8_lossy(&kept).into_owned());
        // Keep the pipe empty, or the helper would block on a long story.
        let _ = std::io::copy(&mut complaints, &mut std::io::sink());
    });

    while let Some(piece) = next(&pieces, end, limit)? {
        sink(&piece)?;
    }
    // Stdout is closed; the helper is about to exit and gets the rest of its time for that.
    let success = loop {
        match child.0.try_wait() {
            Ok(Some(status)) => break status.success(),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
            Ok(None) => return Err(timeout(limit)),
            Err(_) => break false,
        }
    };
    let complaint = complaint.recv_timeout(Duration::from_millis(500)).unwrap_or_default();
    Ok(Ended { success, complaint })
}

fn next(pieces: &Receiver<Vec<u8>>, end: Instant, limit: Duration) -> Result<Option<Vec<u8>>, AudioFault> {
    let left = end.saturating_duration_since(Instant::now());
    match pieces.recv_timeout(left) {
        Ok(piece) if Instant::now() < end => Ok(Some(piece)),
        Ok(_) | Err(RecvTimeoutError::Timeout) => Err(timeout(limit)),
        Err(RecvTimeoutError::Disconnected) => Ok(None),
    }
}

fn timeout(limit: Duration) -> AudioFault {
    AudioFault::FfmpegTimeout { seconds: limit.as_secs() }
}

/// A child that never outlives its owner.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only where the child is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit_ms: u64) -> Result<(Vec<u8>, Ended), AudioFault> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let mut got = Vec::new();
        let ended = run(command, Duration::from_millis(limit_ms), &mut |piece| {
            got.extend_from_slice(piece);
            Ok(())
        })?;
        Ok((got, ended))
    }

    #[test]
    fn output_status_and_complaint_come_back() {
        let (got, ended) = shell("printf abc; echo oh >&2; exit 3", 5_000).unwrap();
        assert_eq!(got, b"abc");
        assert!(!ended.success);
        assert_eq!(ended.complaint.trim(), "oh");
    }

    #[test]
    fn a_hanging_helper_is_stopped_even_with_grandchildren() {
        for script in ["exec sleep 20", "sleep 20 & sleep 20", "while :; do echo y; done"] {
            let start = Instant::now();
            let fault = shell(script, 300).err().unwrap();
            assert_eq!(fault.code(), "ffmpeg-timeout", "{script}");
            assert!(start.elapsed() < Duration::from_secs(5), "{script}");
        }
    }

    #[test]
    fn a_flood_of_complaints_does_not_block() {
        let flood = "i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done";
        let (_, ended) = shell(flood, 20_000).unwrap();
        assert!(ended.success);
        assert!(ended.complaint.len() <= MAX_COMPLAINT as usize);
    }

    #[test]
    fn a_missing_helper_is_named() {
        let command = Command::new("/nonexistent/ffmpeg");
        let fault = run(command, Duration::from_secs(1), &mut |_| Ok(())).err().unwrap();
        assert_eq!(fault.code(), "ffmpeg-failed");
    }
}
