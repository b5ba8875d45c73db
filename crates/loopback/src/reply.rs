//! An answer, as right or as wrong as a test wants it.

use std::io::Write;
use std::time::Duration;

use serde_json::json;

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    cut: Option<usize>,
    endless: bool,
    pause: Option<Duration>,
    delay: Duration,
    /// After so many bytes of head and body nothing more is sent.
    torn: Option<usize>,
    raw: Option<Vec<u8>>,
}

impl Reply {
    /// An answer with a status and nothing else.
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A registry's error: the status with a code.
    pub fn error(status: u16, code: &str) -> Self {
        let body = json!({ "errors": [{ "code": code, "message": "says the registry" }] }).to_string();
        Self::new(status).body(body)
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Sets the status, and leaves the rest as it is.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Sets a header, in place of one of that name. A `Content-Length` replaces the right one.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The value of a header; empty if it is not there.
    pub fn value(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// How long the body is.
    pub fn body_length(&self) -> usize {
        self.body.len()
    }

    /// Changes the body.
    #[must_use]
    pub fn map_body(mut self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        change(&mut self.body);
        self
    }

    /// Breaks off after this many bytes of the body.
    #[must_use]
    pub fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }

    /// Breaks off after this many bytes, those of the head counted.
    #[must_use]
    pub fn torn(mut self, after: usize) -> Self {
        self.torn = Some(after);
        self
    }

    /// Waits before the first byte.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends these bytes, whatever else was said.
    #[must_use]
    pub fn raw(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw = Some(bytes.into());
        self
    }

    /// Repeats the body until the client goes away, and says nothing of its length.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    /// Sends the body a byte at a time, with pauses.
    #[must_use]
    pub fn slowly(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// The part of the body from an offset on, for a request with `Range`.
    #[must_use]
    pub fn from_offset(mut self, offset: usize) -> Self {
        let length = self.body.len();
        self.body.drain(..offset.min(length));
        self.status = 206;
        self.header("Content-Range", format!("bytes {offset}-{}/{length}", length.saturating_sub(1)))
    }

    /// Writes the answer; `sent` hears of the bytes of the body.
    pub(crate) fn write(&self, out: &mut impl Write, is_head: bool, sent: impl Fn(u64)) -> std::io::Result<()> {
        std::thread::sleep(self.delay);
        if let Some(raw) = &self.raw {
            return out.write_all(raw);
        }
        let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let has_length = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        if !self.endless && !has_length && self.status != 204 && self.status != 304 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        if let Some(torn) = self.torn {
            let whole = [head.as_bytes(), if is_head { &[] } else { &self.body[..] }].concat();
            return out.write_all(&whole[..torn.min(whole.len())]);
        }
        out.write_all(head.as_bytes())?;
        if is_head {
            return Ok(());
        }
        let body = &self.body[..self.cut.unwrap_or(self.body.len()).min(self.body.len())];
        if let Some(pause) = self.pause {
            for byte in body {
                out.write_all(&[*byte])?;
                std::thread::sleep(pause);
            }
            return Ok(());
        }
        loop {
            out.write_all(body)?;
            sent(body.len() as u64);
            if !self.endless {
                return Ok(());
            }
        }
    }
}
