//! A small real HTTP server on 127.0.0.1, which is also an HTTP and SOCKS5 proxy that answers in place of any host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a client asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path with the leading slash.
    pub target: String,
    /// First byte of the range asked for.
    pub from: Option<usize>,
    /// Whole head of the request, lower case.
    pub head: String,
    /// How it came: "direct", "connect host:port" or "socks".
    pub via: String,
}

/// What the server says.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<String>,
    pub body: Vec<u8>,
    /// `content-length` claimed; `None` leaves the header out.
    pub claimed: Option<usize>,
    /// Wait before the body and never send it.
    pub stall: bool,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: Vec::new(), claimed: Some(0), stall: false }
    }

    /// The whole file, ranges ignored.
    pub fn whole(content: &[u8]) -> Answer {
        Answer { body: content.to_vec(), claimed: Some(content.len()), ..Answer::status(200) }
    }

    /// The file from the byte asked for, as a proper server does it.
    pub fn ranged(content: &[u8], request: &Request) -> Answer {
        let total = content.len();
        match request.from {
            None => Answer::whole(content),
            Some(from) if from >= total => Answer::status(416).with(&format!("content-range: bytes */{total}")),
            Some(from) => Answer {
                headers: vec![format!("content-range: bytes {from}-{}/{total}", total - 1)],
                body: content[from..].to_vec(),
                claimed: Some(total - from),
                ..Answer::status(206)
            },
        }
    }

    pub fn with(mut self, header: &str) -> Answer {
        self.headers.push(header.to_owned());
        self
    }

    /// Sends only the first `n` bytes of the body, then closes.
    pub fn cut(mut self, n: usize) -> Answer {
        self.body.truncate(n);
        self
    }
}

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let handler: Arc<Handler> = Arc::new(handler);
        let (seen_there, stop_there) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop_there.load(Ordering::SeqCst) {
                    break;
                }
                let (seen, handler) = (Arc::clone(&seen_there), Arc::clone(&handler));
                // A client that goes away early is part of the tests.
                std::thread::spawn(move || stream.and_then(|stream| serve(stream, &seen, &*handler)));
            }
        });
        Server { address, seen, stop, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Request>>, handler: &Handler) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut via = "direct".to_owned();
    let mut first = [0];
    stream.read_exact(&mut first)?;
    let mut head = if first[0] == 5 {
        let mut methods = [0];
        stream.read_exact(&mut methods)?;
        stream.read_exact(&mut vec![0; methods[0].into()])?;
        stream.write_all(&[5, 0])?;
        let mut command = [0; 5];
        stream.read_exact(&mut command)?;
        let rest = if command[3] == 3 { usize::from(command[4]) + 2 } else { 5 };
        stream.read_exact(&mut vec![0; rest])?;
        stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80])?;
        via = "socks".to_owned();
        read_head(&mut stream, Vec::new())?
    } else {
        read_head(&mut stream, first.to_vec())?
    };
    if let Some(host) = head.strip_prefix("connect ") {
        via = format!("connect {}", host.split(' ').next().unwrap_or_default());
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        head = read_head(&mut stream, Vec::new())?;
    }
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes="));
    let from = range.and_then(|range| range.split('-').next()?.parse().ok());
    let request = Request { target, from, head, via };
    seen.lock().unwrap().push(request.clone());
    let answer = handler(&request);
    let mut out = format!("HTTP/1.1 {} Status\r\nconnection: close\r\n", answer.status);
    for header in &answer.headers {
        out.push_str(&format!("{header}\r\n"));
    }
    if let Some(claimed) = answer.claimed {
        out.push_str(&format!("content-length: {claimed}\r\n"));
    }
    out.push_str("\r\n");
    stream.write_all(out.as_bytes())?;
    if answer.stall {
        // Until the client gives up.
        let _ = stream.read(&mut [0]);
        return Ok(());
    }
    stream.write_all(&answer.body)
}

/// Reads up to the empty line; lower case, because names of headers are.
fn read_head(stream: &mut TcpStream, mut head: Vec<u8>) -> std::io::Result<String> {
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).to_lowercase())
}
