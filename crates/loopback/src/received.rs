//! A request as it arrived.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

/// A request, with as much of its body as was read.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header values by name, the names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
    /// How long the body is by its `Content-Length`.
    pub announced: u64,
}

impl Received {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The last segment of the path.
    pub fn last_segment(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    /// A parameter of the query as it was sent, with `%3A` read as a colon.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.replace("%3A", ":"))
    }

    /// `GET /path`, without the query.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path())
    }

    /// Whether the whole body was read.
    pub fn is_whole(&self) -> bool {
        self.body.len() as u64 == self.announced
    }

    /// Reads the line and the headers; `None` if the client went away.
    pub(crate) fn read_head(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        assert!(!headers.contains_key("transfer-encoding"), "bodies are sent with their length, never chunked");
        let announced = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        Some(Self { method, target, headers, body: Vec::new(), announced })
    }

    /// Reads the body, up to a limit.
    pub(crate) fn read_body(&mut self, reader: &mut impl Read, limit: u64) -> Option<()> {
        let length = self.announced.min(limit);
        reader.take(length).read_to_end(&mut self.body).ok()?;
        (self.body.len() as u64 == length).then_some(())
    }
}
