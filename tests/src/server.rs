//! A small HTTP server for files that must arrive wrong: cut short, changed, or refused.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `user:p@ss` in base64.
const LOGIN: &str = "dXNlcjpwQHNz";

/// What the server says to a request for one path.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The whole file.
    Whole(Vec<u8>),
    /// The length of the whole file, then only half of it.
    Half(Vec<u8>),
    /// This status and no body.
    Status(u16),
    /// The whole file for `user` with the password `p@ss`, and 401 for all others.
    Guarded(Vec<u8>),
    /// Half of the file, and the rest for whoever asks for it.
    Resumable(Vec<u8>),
}

/// A server on the loopback interface; it serves until the test process ends.
#[derive(Debug)]
pub struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Serves these answers by path (`/thing.whl`); all else is 404.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(answers: impl IntoIterator<Item = (String, Answer)>) -> Self {
        let answers: Arc<BTreeMap<String, Answer>> = Arc::new(answers.into_iter().collect());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let answers = Arc::clone(&answers);
                // A client that hangs up early is one of the things under test.
                std::thread::spawn(move || drop(answer(stream, &answers)));
            }
        });
        Self { port, requests }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How many requests came in.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, answers: &BTreeMap<String, Answer>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let (mut login, mut rest, mut header) = (false, false, String::new());
    while reader.read_line(&mut header)? > 2 {
        // `user:p@ss`, as basic authentication has it.
        login |= header.trim_end().to_ascii_lowercase().starts_with("authorization: basic ") && header.contains(LOGIN);
        rest |= header.to_ascii_lowercase().starts_with("range: ");
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, length, body) = match answers.get(path) {
        Some(Answer::Whole(bytes)) => (200, bytes.len(), bytes.as_slice()),
        Some(Answer::Half(bytes)) => (200, bytes.len(), &bytes[..bytes.len() / 2]),
        Some(Answer::Guarded(bytes)) if login => (200, bytes.len(), bytes.as_slice()),
        Some(Answer::Guarded(_)) => (401, 0, [].as_slice()),
        Some(Answer::Resumable(bytes)) if rest => (206, bytes.len() - bytes.len() / 2, &bytes[bytes.len() / 2..]),
        Some(Answer::Resumable(bytes)) => (200, bytes.len(), &bytes[..bytes.len() / 2]),
        Some(Answer::Status(status)) => (*status, 0, [].as_slice()),
        None => (404, 0, [].as_slice()),
    };
    let range = match answers.get(path) {
        Some(Answer::Resumable(bytes)) if rest => {
            let length = bytes.len();
            format!("Content-Range: bytes {}-{}/{length}\r\n", length / 2, length - 1)
        }
        _ => String::new(),
    };
    let head = format!("HTTP/1.1 {status} Answer\r\nContent-Length: {length}\r\n{range}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}
