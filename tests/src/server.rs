//! A server for files that must arrive wrong: cut short, changed, or refused.

use std::collections::BTreeMap;

use shipwheel_loopback::{Received, Reply};

/// `user:p@ss`, as basic authentication sends it.
const LOGIN: &str = "Basic dXNlcjpwQHNz";

/// What the server says to a request for one path.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The whole file.
    Whole(Vec<u8>),
    /// The whole file, which is said to be HTML.
    Html(Vec<u8>),
    /// The length of the whole file, then only half of it.
    Half(Vec<u8>),
    /// This status and no body.
    Status(u16),
    /// The whole file for `user` with the password `p@ss`, and 401 for all others.
    Guarded(Vec<u8>),
    /// Half of the file, and the rest for a client that asks for it.
    Resumable(Vec<u8>),
}

/// A server on the loopback interface; it serves until the test process ends.
#[derive(Debug)]
pub struct Server(shipwheel_loopback::Server);

impl Server {
    /// Serves these answers by path (`/thing.whl`); everything else is 404.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(answers: impl IntoIterator<Item = (String, Answer)>) -> Self {
        let answers: BTreeMap<String, Answer> = answers.into_iter().collect();
        Self(shipwheel_loopback::Server::start(move |received, _| reply(received, &answers)))
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        self.0.url(path)
    }

    /// How many requests came in.
    pub fn requests(&self) -> usize {
        self.0.log().len()
    }
}

fn reply(received: &Received, answers: &BTreeMap<String, Answer>) -> Reply {
    match answers.get(&received.target) {
        Some(Answer::Whole(bytes)) => Reply::new(200).body(bytes.clone()),
        Some(Answer::Html(bytes)) => Reply::new(200).header("content-type", "text/html").body(bytes.clone()),
        Some(Answer::Half(bytes)) => Reply::new(200).body(bytes.clone()).cut(bytes.len() / 2),
        Some(Answer::Guarded(bytes)) if received.header("authorization") == LOGIN => {
            Reply::new(200).body(bytes.clone())
        }
        Some(Answer::Guarded(_)) => Reply::new(401),
        Some(Answer::Resumable(bytes)) if received.header("range").is_empty() => {
            Reply::new(200).body(bytes.clone()).cut(bytes.len() / 2)
        }
        Some(Answer::Resumable(bytes)) => Reply::new(200).body(bytes.clone()).from_offset(bytes.len() / 2),
        Some(Answer::Status(status)) => Reply::new(*status),
        None => Reply::new(404),
    }
}
