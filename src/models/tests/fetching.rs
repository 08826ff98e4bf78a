//! What a download does when all goes well, and when it does not.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::{Entry, FetchOptions, Fetched, ModelError, State, fetch, list};
use super::server::{Answer, Server};
use super::{content, entry_of, manifest_of};

const SIZE: usize = 700_000;

fn options(dir: &Path, mirror: &str) -> FetchOptions {
    FetchOptions {
        dir: dir.to_owned(),
        mirror: Some(mirror.to_owned()),
        proxy: None,
        offline: false,
        timeout: Duration::from_secs(5),
    }
}

fn quiet(entry: &Entry, options: &FetchOptions) -> Result<Fetched, ModelError> {
    fetch(entry, options, &mut |_, _| {})
}

fn final_file(dir: &TempDir) -> std::path::PathBuf {
    dir.path().join("ggml-demo.bin")
}

fn part_file(dir: &TempDir) -> std::path::PathBuf {
    dir.path().join("ggml-demo.bin.part")
}

#[test]
fn a_whole_file_comes_with_progress_and_leaves_nothing_else() {
    let bytes = content(SIZE);
    let sent = bytes.clone();
    let server = Server::start(move |request| Answer::ranged(&sent, request));
    let dir = TempDir::new().unwrap();
    let deep = dir.path().join("new/folder");
    let mut reports = Vec::new();
    let entry = entry_of(&bytes);
    let done = fetch(&entry, &options(&deep, &server.url()), &mut |done, total| reports.push((done, total))).unwrap();
    assert_eq!(done, Fetched { path: deep.join("ggml-demo.bin"), downloaded: SIZE as u64, resumed_at: 0 });
    assert_eq!(fs::read(&done.path).unwrap(), bytes);
    assert_eq!(reports.first(), Some(&(0, SIZE as u64)));
    assert_eq!(reports.last(), Some(&(SIZE as u64, SIZE as u64)));
    assert!(reports.is_sorted());
    assert_eq!(fs::read_dir(&deep).unwrap().count(), 1);
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].head.contains("accept-encoding: identity"), "{}", seen[0].head);
    assert!(seen[0].head.contains("user-agent: fairdial"), "{}", seen[0].head);
}

#[test]
fn the_mirror_replaces_scheme_and_host_and_keeps_the_path() {
    let bytes = content(1000);
    let sent = bytes.clone();
    let server = Server::start(move |request| Answer::ranged(&sent, request));
    let dir = TempDir::new().unwrap();
    quiet(&entry_of(&bytes), &options(dir.path(), &format!("{}/hf/", server.url()))).unwrap();
    assert_eq!(server.seen()[0].target, "/hf/owner/repo/resolve/abc/ggml-demo.bin");
    for bad in ["", "ftp://host", "http://", "https:///path", "host.example", "http://host/?q="] {
        let error = quiet(&entry_of(b"x"), &options(dir.path(), bad)).unwrap_err();
        assert_eq!(error.code(), "model-mirror-invalid", "{bad}");
    }
}

#[test]
fn a_cut_download_is_continued_where_it_stopped() {
    let bytes = content(SIZE);
    let sent = bytes.clone();
    let server = Server::start(move |request| {
        let answer = Answer::ranged(&sent, request);
        if request.from.is_none() { answer.cut(300_000) } else { answer }
    });
    let dir = TempDir::new().unwrap();
    let manifest = manifest_of(&bytes);
    let entry = &manifest.models[0];
    let error = quiet(entry, &options(dir.path(), &server.url())).unwrap_err();
    assert!(matches!(error, ModelError::Interrupted { done: 300_000, total: 700_000, .. }), "{error:?}");
    assert!(error.to_string().contains("run the same command again"), "{error}");
    assert!(!final_file(&dir).exists());
    assert_eq!(list(&manifest, dir.path())[0].1, State::Partial { bytes: 300_000 });

    let done = quiet(entry, &options(dir.path(), &server.url())).unwrap();
    assert_eq!((done.downloaded, done.resumed_at), (400_000, 300_000));
    assert_eq!(fs::read(done.path).unwrap(), bytes);
    assert_eq!(server.seen()[1].from, Some(300_000));
    assert!(!part_file(&dir).exists());
    assert_eq!(list(&manifest, dir.path())[0].1, State::Present);
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let bytes = content(SIZE);
    let sent = bytes.clone();
    let server = Server::start(move |_| Answer::whole(&sent));
    let dir = TempDir::new().unwrap();
    fs::write(part_file(&dir), &bytes[..1234]).unwrap();
    let done = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap();
    assert_eq!((done.downloaded, done.resumed_at), (SIZE as u64, 0));
    assert_eq!(fs::read(done.path).unwrap(), bytes);
}

#[test]
fn a_refused_or_misplaced_range_starts_over() {
    let bytes = content(SIZE);
    for misplaced in [false, true] {
        let sent = bytes.clone();
        let server = Server::start(move |request| match request.from {
            None => Answer::whole(&sent),
            Some(_) if misplaced => Answer::whole(&sent).with("content-range: bytes 7-699999/700000").status_206(),
            Some(_) => Answer::status(416),
        });
        let dir = TempDir::new().unwrap();
        fs::write(part_file(&dir), &bytes[..1234]).unwrap();
        let done = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap();
        assert_eq!((done.downloaded, done.resumed_at), (SIZE as u64, 0));
        assert_eq!(server.seen().len(), 2);
    }
}

impl Answer {
    fn status_206(mut self) -> Answer {
        self.status = 206;
        self
    }
}

#[test]
fn a_partial_file_of_something_else_is_thrown_away_and_fetched_anew() {
    let bytes = content(SIZE);
    // Shorter, of full size, and longer than the model: none of them holds its beginning.
    for length in [1234, SIZE, SIZE + 5] {
        let sent = bytes.clone();
        let server = Server::start(move |request| Answer::ranged(&sent, request));
        let dir = TempDir::new().unwrap();
        fs::write(part_file(&dir), vec![7; length]).unwrap();
        let done = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap();
        assert_eq!(fs::read(done.path).unwrap(), bytes, "{length}");
    }
}

#[test]
fn a_full_partial_file_needs_no_network_even_offline() {
    let bytes = content(SIZE);
    let dir = TempDir::new().unwrap();
    fs::write(part_file(&dir), &bytes).unwrap();
    let offline = FetchOptions { offline: true, mirror: None, ..options(dir.path(), "") };
    let done = quiet(&entry_of(&bytes), &offline).unwrap();
    assert_eq!((done.downloaded, done.resumed_at), (0, SIZE as u64));
    assert_eq!(fs::read(done.path).unwrap(), bytes);
}

#[test]
fn a_wrong_checksum_leaves_nothing_behind_and_says_so() {
    let bytes = content(SIZE);
    let mut wrong = bytes.clone();
    wrong[SIZE / 2] ^= 1;
    let server = Server::start(move |request| Answer::ranged(&wrong, request));
    let dir = TempDir::new().unwrap();
    let error = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap_err();
    assert_eq!(error.code(), "model-checksum");
    assert!(error.to_string().contains("has been removed"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_wrong_file_already_there_is_replaced_only_by_the_right_one() {
    let bytes = content(SIZE);
    let mut old = bytes.clone();
    old[3] ^= 1;
    let dir = TempDir::new().unwrap();
    fs::write(final_file(&dir), &old).unwrap();
    let refusing = Server::start(|_| Answer::status(503));
    let error = quiet(&entry_of(&bytes), &options(dir.path(), &refusing.url())).unwrap_err();
    assert!(matches!(error, ModelError::Http { status: 503, .. }), "{error:?}");
    assert_eq!(fs::read(final_file(&dir)).unwrap(), old);
    let sent = bytes.clone();
    let server = Server::start(move |request| Answer::ranged(&sent, request));
    quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap();
    assert_eq!(fs::read(final_file(&dir)).unwrap(), bytes);
}

#[test]
fn a_file_already_there_and_right_causes_no_request() {
    let bytes = content(SIZE);
    let server = Server::start(|_| Answer::status(500));
    let dir = TempDir::new().unwrap();
    fs::write(final_file(&dir), &bytes).unwrap();
    let done = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap();
    assert_eq!(done.downloaded, 0);
    assert!(server.seen().is_empty());
    let offline = FetchOptions { offline: true, ..options(dir.path(), &server.url()) };
    assert!(quiet(&entry_of(&bytes), &offline).is_ok());
}

#[test]
fn offline_says_where_the_file_belongs_and_asks_nobody() {
    let bytes = content(10);
    let server = Server::start(|_| Answer::status(500));
    let dir = TempDir::new().unwrap();
    let offline = FetchOptions { offline: true, ..options(&dir.path().join("models"), &server.url()) };
    let error = quiet(&entry_of(&bytes), &offline).unwrap_err();
    assert_eq!(error.code(), "model-offline");
    let text = error.to_string();
    assert!(text.contains("https://models.invalid/") && text.contains("ggml-demo.bin"), "{text}");
    assert!(server.seen().is_empty());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_of_another_size_is_refused_before_it_is_read() {
    let bytes = content(SIZE);
    let server = Server::start(|_| Answer::whole(b"<html>please sign in</html>"));
    let dir = TempDir::new().unwrap();
    let error = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap_err();
    assert!(matches!(error, ModelError::WrongSize { found: 27, expected: 700_000, .. }), "{error:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    // Without a length it is noticed when too much has come.
    let longer = content(SIZE + 1);
    let server = Server::start(move |_| Answer { claimed: None, ..Answer::whole(&longer) });
    let error = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap_err();
    assert_eq!(error.code(), "model-size");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn redirects_are_followed_and_keep_the_range() {
    let bytes = content(SIZE);
    let sent = bytes.clone();
    let storage = Server::start(move |request| Answer::ranged(&sent, request));
    let place = format!("location: {}/blob/1?signature=x", storage.url());
    let front = Server::start(move |_| Answer::status(302).with(&place));
    let dir = TempDir::new().unwrap();
    fs::write(part_file(&dir), &bytes[..5000]).unwrap();
    let done = quiet(&entry_of(&bytes), &options(dir.path(), &front.url())).unwrap();
    assert_eq!(done.resumed_at, 5000);
    let seen = storage.seen();
    assert_eq!((seen[0].target.as_str(), seen[0].from), ("/blob/1?signature=x", Some(5000)));
}

#[test]
fn errors_of_the_server_and_of_the_network_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(|_| Answer::status(404));
    let error = quiet(&entry_of(b"abc"), &options(dir.path(), &server.url())).unwrap_err();
    assert!(matches!(error, ModelError::Http { status: 404, .. }), "{error:?}");
    // No TLS there: the connection fails, and with an error rather than for want of a cipher suite.
    let secure = format!("https://127.0.0.1:{}", server.port());
    let hasty = FetchOptions { timeout: Duration::from_millis(300), ..options(dir.path(), &secure) };
    let error = quiet(&entry_of(b"abc"), &hasty).unwrap_err();
    assert_eq!(error.code(), "model-network", "{error:?}");
    let nobody = server.url();
    drop(server);
    let error = quiet(&entry_of(b"abc"), &options(dir.path(), &nobody)).unwrap_err();
    assert_eq!(error.code(), "model-network");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "no empty partial file stays");
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(|_| Answer { stall: true, ..Answer::whole(b"abc") });
    let patient = FetchOptions { timeout: Duration::from_millis(300), ..options(dir.path(), &server.url()) };
    let begun = Instant::now();
    let error = quiet(&entry_of(b"abc"), &patient).unwrap_err();
    assert_eq!(error.code(), "model-interrupted", "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn http_and_socks_proxies_are_used() {
    let bytes = content(SIZE);
    let sent = bytes.clone();
    let proxy = Server::start(move |request| Answer::ranged(&sent, request));
    for scheme in ["http", "socks5"] {
        let dir = TempDir::new().unwrap();
        // Nothing listens on port 9: only the proxy can have answered.
        let mut through = options(dir.path(), "http://127.0.0.1:9");
        through.proxy = Some(format!("{scheme}://127.0.0.1:{}", proxy.port()));
        let done = quiet(&entry_of(&bytes), &through).unwrap();
        assert_eq!(fs::read(done.path).unwrap(), bytes, "{scheme}");
    }
    let seen = proxy.seen();
    assert!(seen[0].via == "connect 127.0.0.1:9" || seen[0].target.starts_with("http://127.0.0.1:9/"), "{:?}", seen[0]);
    assert_eq!(seen[1].via, "socks");
    let dir = TempDir::new().unwrap();
    let mut bad = options(dir.path(), "http://127.0.0.1:9");
    bad.proxy = Some("gopher://user:secret@host".to_owned());
    let error = quiet(&entry_of(&bytes), &bad).unwrap_err();
    assert_eq!(error.code(), "model-proxy-invalid");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_second_fetch_at_the_same_time_is_refused() {
    let bytes = content(SIZE);
    let dir = TempDir::new().unwrap();
    let results = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::new(AtomicUsize::new(0));
    let (sent, entry, place) = (bytes.clone(), entry_of(&bytes), dir.path().to_owned());
    let (results_there, calls_there) = (Arc::clone(&results), Arc::clone(&calls));
    // While the first fetch waits for its answer, the server itself tries a second one.
    let server = Server::start(move |request| {
        if calls_there.fetch_add(1, Ordering::SeqCst) == 0 {
            let second = quiet(&entry, &options(&place, "http://127.0.0.1:9"));
            results_there.lock().unwrap().push(second.map_err(|error| error.code()));
        }
        Answer::ranged(&sent, request)
    });
    quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap();
    assert_eq!(*results.lock().unwrap(), [Err("model-fetch-busy")]);
    assert_eq!(fs::read(final_file(&dir)).unwrap(), bytes);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_by_its_name() {
    let bytes = content(SIZE);
    let sent = bytes.clone();
    let server = Server::start(move |request| Answer::ranged(&sent, request));
    let dir = TempDir::new().unwrap();
    // Writing to /dev/full fails the way a full disk does.
    std::os::unix::fs::symlink("/dev/full", part_file(&dir)).unwrap();
    let error = quiet(&entry_of(&bytes), &options(dir.path(), &server.url())).unwrap_err();
    assert!(matches!(error, ModelError::DiskFull { missing: 700_000, .. }), "{error:?}");
    assert!(!final_file(&dir).exists());
}
