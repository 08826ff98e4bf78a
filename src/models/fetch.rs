//! Downloads one model file, continuing where an earlier attempt stopped.
//!
//! In: an [`Entry`] and [`FetchOptions`]. Out: the whole, checked file under its final name, or nothing there at all.
//! Bytes gather in `FILE.part`; only when its SHA-256 is the expected one does it get its final name. Only this file
//! speaks HTTP and knows about ranges, mirrors and proxies. No setting is taken from the environment.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body, Proxy};

use super::part::{Part, part_path};
use super::{Entry, ModelError};
use crate::hash::sha256_of_file;

/// Bytes read from the network and reported at a time.
const CHUNK: usize = 256 * 1024;

/// How to fetch.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Folder the file goes into; made if missing.
    pub dir: PathBuf,
    /// Replaces scheme and host of the published url, such as `https://hf-mirror.com` or `http://10.0.0.5:8080/models`;
    /// the url's path is put behind it. Plain http is safe here because the checksum decides.
    pub mirror: Option<String>,
    /// Proxy for every request: `http://host:port`, `socks4://…`, `socks4a://…`, `socks5://user:password@host:port`.
    pub proxy: Option<String>,
    /// Never use the network: succeed only if the file is already there and right.
    pub offline: bool,
    /// Longest wait for a connection, for an answer, and for the next bytes; not for the whole file.
    pub timeout: Duration,
}

/// What a fetch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The whole, checked file.
    pub path: PathBuf,
    /// Bytes that came over the network this time; 0 if the file was already there.
    pub downloaded: u64,
    /// Bytes kept from an earlier, broken attempt.
    pub resumed_at: u64,
}

/// Makes sure the model is in `options.dir`, whole and right.
///
/// `progress` is called with bytes done and bytes in total, in rising order except when a partial file turns out to be
/// unusable and the download starts over. A file already there and right causes no request. A partial file is continued.
///
/// # Errors
/// [`ModelError::Offline`], [`ModelError::Busy`], [`ModelError::BadMirror`], [`ModelError::BadProxy`],
/// [`ModelError::Http`], [`ModelError::Network`], [`ModelError::Interrupted`] (the partial file is kept),
/// [`ModelError::WrongSize`], [`ModelError::Checksum`] (the partial file is removed), [`ModelError::DiskFull`] and
/// [`ModelError::Io`]. After any error nothing new is under the final name.
pub fn fetch(entry: &Entry, options: &FetchOptions, progress: &mut dyn FnMut(u64, u64)) -> Result<Fetched, ModelError> {
    let path = options.dir.join(&entry.file);
    let part_path = part_path(&options.dir, entry);
    if is_right(&path, entry)? {
        return Ok(Fetched { path, downloaded: 0, resumed_at: 0 });
    }
    if options.offline && fs::metadata(&part_path).map_or(0, |found| found.len()) != entry.bytes {
        return Err(ModelError::Offline { name: entry.name.clone(), url: entry.url.clone(), path });
    }
    let url = address(&entry.url, options.mirror.as_deref())?;
    let agent = agent(options)?;
    fs::create_dir_all(&options.dir).map_err(|source| ModelError::io("make folder", &options.dir, source))?;
    let mut part = Part::open(&part_path)?;
    // Another fetch may have finished while this one waited for the disk.
    if is_right(&path, entry)? {
        part.remove_if_empty();
        return Ok(Fetched { path, downloaded: 0, resumed_at: 0 });
    }
    let done = complete(entry, &url, &agent, options.offline, &mut part, progress);
    if done.is_err() {
        part.remove_if_empty();
    }
    let (downloaded, resumed_at) = done?;
    part.file.sync_all().map_err(|source| part.write_error(source, 0))?;
    fs::rename(&part_path, &path).map_err(|source| ModelError::io("rename", &part_path, source))?;
    drop(part);
    #[cfg(unix)]
    File::open(&options.dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| ModelError::io("save folder", &options.dir, source))?;
    Ok(Fetched { path, downloaded, resumed_at })
}

/// Brings the partial file to the whole, right contents. Returns bytes downloaded and bytes kept from before.
fn complete(
    entry: &Entry,
    url: &str,
    agent: &Agent,
    offline: bool,
    part: &mut Part,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(u64, u64), ModelError> {
    let mut kept = part.len()?;
    if kept > entry.bytes {
        kept = part.start_over()?;
    }
    let mut resumed = kept;
    let mut downloaded = 0;
    // Twice at most: what a continued file holds may be of another file, then all of it is fetched once more.
    for last in [false, true] {
        progress(kept, entry.bytes);
        if kept < entry.bytes {
            match download(entry, url, agent, kept, part, progress)? {
                Reply::Whole { started_at } => {
                    resumed = started_at;
                    downloaded += entry.bytes - started_at;
                }
                Reply::CannotContinue => {
                    kept = part.start_over()?;
                    continue;
                }
            }
        }
        let found = part.sha256()?;
        if found == entry.sha256 {
            return Ok((downloaded, resumed));
        }
        if last || resumed == 0 || offline {
            part.remove()?;
            let fix = "what was downloaded has been removed; fetch it again, from another mirror if that repeats";
            let expected = entry.sha256.clone();
            return Err(ModelError::Checksum { path: part.path.clone(), expected, found, fix: fix.to_owned() });
        }
        kept = part.start_over()?;
    }
    // Only reached if the server refused to send even the start of the file.
    Err(ModelError::Http { url: url.to_owned(), status: 416 })
}

enum Reply {
    /// The partial file now has the full size; its bytes before `started_at` are from earlier.
    Whole { started_at: u64 },
    /// The server cannot go on from where the partial file ends.
    CannotContinue,
}

/// One request: appends to the partial file until it has the full size.
fn download(
    entry: &Entry,
    url: &str,
    agent: &Agent,
    kept: u64,
    part: &mut Part,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reply, ModelError> {
    let mut request = agent.get(url);
    if kept > 0 {
        request = request.header("range", format!("bytes={kept}-"));
    }
    let response =
        request.call().map_err(|source| ModelError::Network { url: url.to_owned(), source: Box::new(source) })?;
    let wrong_size = |found| ModelError::WrongSize { url: url.to_owned(), found, expected: entry.bytes };
    let started_at = match response.status().as_u16() {
        200 => {
            if let Some(found) = response.body().content_length().filter(|&found| found != entry.bytes) {
                return Err(wrong_size(found));
            }
            part.start_over()?
        }
        206 => match content_range(&response) {
            Some((_, Some(total))) if total != entry.bytes => return Err(wrong_size(total)),
            Some((start, _)) if start == kept => kept,
            _ => return Ok(Reply::CannotContinue),
        },
        416 if kept > 0 => return Ok(Reply::CannotContinue),
        status => return Err(ModelError::Http { url: url.to_owned(), status }),
    };
    part.file.seek(SeekFrom::Start(started_at)).map_err(|source| ModelError::io("seek in", &part.path, source))?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; CHUNK];
    let mut done = started_at;
    while done < entry.bytes {
        let broken = |why| ModelError::Interrupted { url: url.to_owned(), done, total: entry.bytes, why };
        let n = match body.read(&mut buffer) {
            Ok(0) => return Err(broken("it ended early".to_owned())),
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error.to_string())),
        };
        if n as u64 > entry.bytes - done {
            part.start_over()?;
            return Err(wrong_size(done + n as u64));
        }
        part.file.write_all(&buffer[..n]).map_err(|source| part.write_error(source, entry.bytes - done))?;
        done += n as u64;
        progress(done, entry.bytes);
    }
    Ok(Reply::Whole { started_at })
}

/// First byte and total size from a `content-range: bytes 5-9/10` header.
fn content_range(response: &Response<Body>) -> Option<(u64, Option<u64>)> {
    let value = response.headers().get("content-range")?.to_str().ok()?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

/// The published url with scheme and host replaced by the mirror.
fn address(url: &str, mirror: Option<&str>) -> Result<String, ModelError> {
    let Some(mirror) = mirror else { return Ok(url.to_owned()) };
    let base = mirror.trim_end_matches('/');
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty() || host.starts_with('/') || host.contains(['?', '#', ' ']) {
        return Err(ModelError::BadMirror { mirror: mirror.to_owned() });
    }
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    Ok(format!("{base}/{path}"))
}

fn agent(options: &FetchOptions) -> Result<Agent, ModelError> {
    let proxy = match &options.proxy {
        None => None,
        Some(text) => Some(Proxy::new(text).map_err(|_| {
            // A password never reaches a message.
            let proxy = text.rsplit_once('@').map_or(text.clone(), |(_, host)| host.to_owned());
            ModelError::BadProxy { proxy }
        })?),
    };
    let wait = Some(options.timeout);
    let config = Agent::config_builder()
        .proxy(proxy)
        .http_status_as_error(false)
        .user_agent(concat!("fairdial/", env!("CARGO_PKG_VERSION")))
        // A packed answer would make byte ranges mean something else.
        .accept_encoding("identity")
        .timeout_resolve(wait)
        .timeout_connect(wait)
        .timeout_recv_response(wait)
        .timeout_per_read(wait)
        .build();
    Ok(config.new_agent())
}

/// True if the file is there with the right size and SHA-256.
fn is_right(path: &Path, entry: &Entry) -> Result<bool, ModelError> {
    if !fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == entry.bytes) {
        return Ok(false);
    }
    let found = sha256_of_file(path);
    Ok(found.map_err(|source| ModelError::io("read", path, source))? == entry.sha256)
}
