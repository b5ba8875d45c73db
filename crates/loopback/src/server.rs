//! A server on the loopback interface: one request for each connection, answered by the test.

use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Received, Reply};

/// What a server does with a request.
pub trait Script: Send + Sync {
    /// How much of a body is read. The request is answered then, whole or not.
    fn limit(&self, _head: &Received) -> u64 {
        u64::MAX
    }

    /// Whether [`Server::log`] has the requests: it would grow with every body.
    fn is_logged(&self) -> bool {
        true
    }

    /// The answer; `number` counts the requests before this one. `None` closes the connection without an answer.
    fn answer(&self, received: &Received, number: usize) -> Option<Reply>;
}

impl<F: Fn(&Received, usize) -> Reply + Send + Sync> Script for F {
    fn answer(&self, received: &Received, number: usize) -> Option<Reply> {
        Some(self(received, number))
    }
}

/// A server; its threads end with the test's process.
#[derive(Debug)]
pub struct Server {
    /// Host and port.
    pub address: String,
    record: Arc<Record>,
}

/// What arrived and what left.
#[derive(Debug, Default)]
struct Record {
    log: Mutex<Vec<Received>>,
    /// How many requests arrived, in the log or not.
    requests: AtomicUsize,
    received: AtomicU64,
    sent: AtomicU64,
}

impl Record {
    fn log(&self) -> MutexGuard<'_, Vec<Received>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Answers each request by a function; its second argument counts the requests before it.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(answer: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_script(answer)
    }

    /// Answers each request by a script.
    ///
    /// # Panics
    /// When no port is free.
    pub fn with_script(script: impl Script + 'static) -> Self {
        Self::listen(Self::bind(), script)
    }

    /// A port that is free, for servers that have to know each other's addresses before they start.
    ///
    /// # Panics
    /// When no port is free.
    pub fn bind() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").expect("a free port")
    }

    /// Answers each request to a listener by a script.
    ///
    /// # Panics
    /// When the listener has no address.
    pub fn listen(listener: TcpListener, script: impl Script + 'static) -> Self {
        let address = listener.local_addr().expect("a bound socket has an address").to_string();
        let record = Arc::new(Record::default());
        let (script, shared) = (Arc::new(script), record.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, record) = (script.clone(), shared.clone());
                // A client that goes away is one of the things that tests are about.
                std::thread::spawn(move || serve(stream, &record, &*script));
            }
        });
        Self { address, record }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far.
    pub fn log(&self) -> Vec<Received> {
        self.record.log().clone()
    }

    /// The requests so far as `GET /path`.
    pub fn lines(&self) -> Vec<String> {
        self.record.log().iter().map(Received::line).collect()
    }

    /// How many requests came in.
    pub fn requests(&self) -> usize {
        self.record.requests.load(Ordering::SeqCst)
    }

    /// Bytes of bodies that arrived, and that left.
    pub fn traffic(&self) -> (u64, u64) {
        (self.record.received.load(Ordering::SeqCst), self.record.sent.load(Ordering::SeqCst))
    }
}

fn serve(stream: TcpStream, record: &Record, script: &dyn Script) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(&stream);
    let mut received = Received::read_head(&mut reader)?;
    let limit = script.limit(&received);
    received.read_body(&mut reader, limit)?;
    record.received.fetch_add(received.body.len() as u64, Ordering::SeqCst);
    let number = {
        let mut log = record.log();
        if script.is_logged() {
            log.push(received.clone());
        }
        record.requests.fetch_add(1, Ordering::SeqCst)
    };
    let reply = script.answer(&received, number)?;
    let sent = |bytes| {
        record.sent.fetch_add(bytes, Ordering::SeqCst);
    };
    reply.write(&mut &stream, received.method == "HEAD", sent).ok()
}
