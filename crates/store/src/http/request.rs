//! One HTTP request as a value that can be sent again, with a body that may be a part of a file.

use std::fs::File;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Client, Method, RequestBuilder, Url};

use super::url::redact;
use crate::blob_file::BlobFile;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How much of a file is read at a time.
const READ_SIZE: u64 = 256 << 10;

/// What a request carries.
#[derive(Clone)]
pub(crate) enum Payload {
    Empty,
    Bytes(Bytes),
    /// The next `size` bytes of a file, from its offset on.
    File {
        file: BlobFile,
        size: u64,
    },
}

/// A request.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// Where redirects may lead.
    pub(crate) redirects: Redirects,
}

/// Where the redirects of a request may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Redirects {
    /// Anywhere; `Authorization` does not come along to another host.
    Anywhere,
    /// To the scheme, host and port that were asked: the body or the address has a secret in it.
    SameOrigin,
}

/// Counts the bytes that left since it was last read.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(crate) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), payload: Payload::Empty, redirects: Redirects::Anywhere }
    }

    pub(crate) fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Adds a header, unless its value is not allowed in one.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds a header that never shows in debug output.
    pub(crate) fn secret_header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        if let Some(mut value) = value {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// Refuses redirects to another host.
    pub(crate) fn on_one_host(mut self) -> Self {
        self.redirects = Redirects::SameOrigin;
        self
    }

    pub(crate) fn method_name(&self) -> &'static str {
        match self.method {
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "GET",
        }
    }

    /// The request for a client; it opens a file again each time.
    pub(crate) fn builder(&self, client: &Client) -> Result<(RequestBuilder, Counter)> {
        let counter = Counter::default();
        let builder = client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        let builder = match &self.payload {
            // Without a length, some registries answer 411 to an empty POST or PUT.
            Payload::Empty if self.method != Method::GET && self.method != Method::HEAD => {
                builder.header(CONTENT_LENGTH, 0)
            }
            Payload::Empty => builder,
            Payload::Bytes(bytes) => builder.body(bytes.clone()),
            Payload::File { file, size } => {
                let file = file.open().map_err(StoreError::file(FileAction::Open, &file.path))?;
                let stream = FileStream { file, remaining: *size, counter: counter.clone() };
                // Without a length, a stream is sent chunked, which several registries refuse.
                builder.header(CONTENT_LENGTH, *size).body(Body::wrap_stream(stream))
            }
        };
        Ok((builder, counter))
    }

    /// What a failure below HTTP means; `proxied` is whether the environment sets a proxy.
    pub(super) fn transport_error(&self, cause: reqwest::Error, proxied: bool) -> StoreError {
        let (method, url) = (self.method_name(), redact(&self.url));
        let cause = cause.without_url();
        if cause.is_connect() {
            return StoreError::Unreachable { method, url, proxied, cause: cause.into() };
        }
        if cause.is_redirect() || cause.is_builder() {
            let reason = std::error::Error::source(&cause).map_or_else(|| cause.to_string(), ToString::to_string);
            return StoreError::Answer { method, url, reason };
        }
        StoreError::Broken { method, url, cause: cause.into() }
    }

    pub(crate) fn silence(&self, patience: Duration) -> StoreError {
        let cause = format!("received nothing for {} s", patience.as_secs_f32());
        StoreError::Broken { method: self.method_name(), url: redact(&self.url), cause: cause.into() }
    }

    pub(crate) fn overdue(&self, patience: Duration) -> StoreError {
        StoreError::Overdue { what: format!("{} {}", self.method_name(), redact(&self.url)), patience }
    }

    pub(crate) fn too_slow(&self) -> StoreError {
        let cause = "the body arrives too slowly".into();
        StoreError::Broken { method: self.method_name(), url: redact(&self.url), cause }
    }

    pub(crate) fn answer_error(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Answer { method: self.method_name(), url: redact(&self.url), reason: reason.into() }
    }
}

/// A part of a file, read as the connection takes it.
///
/// The reads block the network's thread. They come from the page cache or a local disk, so handing
/// each to another thread would cost more than it saves.
struct FileStream {
    file: File,
    remaining: u64,
    counter: Counter,
}

impl Stream for FileStream {
    type Item = std::io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.remaining == 0 {
            return Poll::Ready(None);
        }
        let length = this.remaining.min(READ_SIZE);
        let mut buffer = Vec::with_capacity(length as usize);
        let read = (&mut this.file).take(length).read_to_end(&mut buffer);
        Poll::Ready(Some(read.and_then(|read| {
            // The file shrank: hyper would wait for bytes that never come.
            if read as u64 != length {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            this.remaining -= length;
            this.counter.0.fetch_add(length, Ordering::Relaxed);
            Ok(Bytes::from(buffer))
        })))
    }
}
