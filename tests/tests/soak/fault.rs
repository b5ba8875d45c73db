//! What can go wrong between a client and a registry whose storage is honest.

use std::time::Duration;

use shipwheel_loopback::{Contents, Received, Reply};
use shipwheel_oci::Digest;

use crate::chance::Chance;

/// One thing that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection closes, or an error comes, in the middle of the request's body.
    BreaksRequest,
    /// The connection closes before anything was done.
    IgnoresRequest,
    /// Everything was done, but the answer never comes.
    LosesAnswer,
    /// The answer stops after some bytes, perhaps in its head.
    TearsAnswer,
    /// The answer is not HTTP.
    Garbage,
    /// Come back later, with or without when.
    Busy,
    /// A status that means something else.
    WrongStatus,
    /// The answer comes a byte at a time.
    Slow,
    /// The answer takes longer than the client waits.
    Silent,
    /// `Content-Length` is another, or is not a number.
    WrongLength,
    /// `Docker-Content-Digest` is another, is garbage, or is not there.
    WrongDigest,
    /// A byte of the answer's body is another, or there are more.
    ChangesBody,
    /// All open uploads are lost.
    LosesUploads,
    /// `Location` leads elsewhere or nowhere.
    WrongLocation,
    /// `Range` and `Content-Range` name other bytes.
    WrongRange,
    /// What is there is said not to be there.
    Hides,
    /// The request arrives twice.
    Repeats,
    /// A redirect, to anywhere.
    Redirects,
    /// The credentials are asked for once more.
    AsksAgain,
    /// What is not there is said to be there.
    Invents,
    /// Nothing was done, and the answer says that all is well.
    PretendsSuccess,
}

impl Fault {
    /// All that may happen to a whole request. The last two are lies.
    pub(crate) const ALL: [Self; 20] = [
        Self::IgnoresRequest,
        Self::LosesAnswer,
        Self::TearsAnswer,
        Self::Garbage,
        Self::Busy,
        Self::WrongStatus,
        Self::Slow,
        Self::Silent,
        Self::WrongLength,
        Self::WrongDigest,
        Self::ChangesBody,
        Self::LosesUploads,
        Self::WrongLocation,
        Self::WrongRange,
        Self::Hides,
        Self::Repeats,
        Self::Redirects,
        Self::AsksAgain,
        Self::Invents,
        Self::PretendsSuccess,
    ];

    /// How many of them are no lies.
    pub(crate) const HONEST: usize = 18;

    /// Whether a client cannot know that it was told something wrong. A registry that checks what it publishes is
    /// sound nevertheless.
    pub(crate) fn is_lie(self) -> bool {
        matches!(self, Self::Invents | Self::PretendsSuccess)
    }
}

/// A request, what it meets, and the addresses that a wrong answer may name.
pub(crate) struct Meeting<'a> {
    pub(crate) received: &'a Received,
    pub(crate) contents: &'a mut Contents,
    pub(crate) chance: &'a mut Chance,
    pub(crate) elsewhere: &'a str,
}

impl Meeting<'_> {
    /// The answer with the fault in it; `None` closes the connection.
    pub(crate) fn answer(&mut self, fault: Fault) -> Option<Reply> {
        match fault {
            Fault::BreaksRequest | Fault::IgnoresRequest => None,
            Fault::LosesAnswer => {
                self.honest();
                None
            }
            Fault::TearsAnswer => Some(self.honest()).map(|reply| {
                let most = 200 + reply.body_length();
                reply.torn(self.chance.below(most))
            }),
            Fault::Garbage => Some(Reply::new(200).raw(self.garbage())),
            Fault::Busy => Some(self.busy()),
            Fault::WrongStatus => {
                let statuses =
                    [300, 302, 304, 400, 402, 403, 404, 405, 409, 411, 413, 415, 416, 418, 451, 501, 511, 599];
                Some(Reply::error(self.chance.pick(&statuses), "UNKNOWN"))
            }
            Fault::Slow => Some(self.slowly()),
            Fault::Silent => Some(self.honest().after(Duration::from_millis(600))),
            Fault::WrongLength => Some(self.wrong_length()),
            Fault::WrongDigest => Some(self.wrong_digest()),
            Fault::ChangesBody => Some(self.changed()),
            Fault::LosesUploads => {
                self.contents.forget_uploads();
                Some(self.honest())
            }
            Fault::WrongLocation => Some(self.wrong_location()),
            Fault::WrongRange => Some(self.wrong_range()),
            Fault::Hides => Some(Reply::error(404, "NAME_UNKNOWN")),
            Fault::Repeats => {
                self.honest();
                Some(self.honest())
            }
            Fault::Redirects => Some(self.redirect()),
            Fault::AsksAgain => Some(Reply::error(401, "UNAUTHORIZED")),
            Fault::Invents => Some(self.invented()),
            Fault::PretendsSuccess => Some(self.pretended()),
        }
    }

    fn honest(&mut self) -> Reply {
        self.contents.answer(self.received)
    }

    fn garbage(&mut self) -> Vec<u8> {
        let texts: [&[u8]; 6] = [
            b"",
            b"\0\xff\0\xff",
            b"HTTP/1.1 200",
            b"HTTP/9.9 200 OK\r\n\r\n",
            b"<html><body>Please log in</body></html>",
            b"HTTP/1.1 500 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ];
        self.chance.pick(&texts).to_vec()
    }

    fn busy(&mut self) -> Reply {
        let statuses = [408, 425, 429, 429, 500, 502, 503, 503, 504];
        let reply = Reply::error(self.chance.pick(&statuses), "TOOMANYREQUESTS");
        // A second is the shortest pause that can be asked for, so it is rare.
        let pauses =
            ["", "", "", "0", "0", "-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "99999999999999999999", "86400"];
        let pause = if self.chance.one_in(40) { "1" } else { self.chance.pick(&pauses) };
        if pause.is_empty() { reply } else { reply.header("Retry-After", pause) }
    }

    fn slowly(&mut self) -> Reply {
        let reply = self.honest();
        // Not so slow that it is silence.
        match reply.body_length() {
            ..=3000 => reply.slowly(Duration::from_micros(50)),
            _ => reply.after(Duration::from_millis(50)),
        }
    }

    fn wrong_length(&mut self) -> Reply {
        let reply = self.honest();
        let length = reply.body_length();
        let lengths = [
            format!("{}", length + 1 + self.chance.below(1000)),
            format!("{}", length / 2),
            "-1".to_owned(),
            "1e3".to_owned(),
            "18446744073709551616".to_owned(),
        ];
        reply.header("Content-Length", self.chance.pick(&lengths))
    }

    fn wrong_digest(&mut self) -> Reply {
        let digests = [
            Digest::of(b"another").to_string(),
            "sha256:".to_owned(),
            "md5:0".to_owned(),
            String::new(),
            format!("sha512:{}", "0".repeat(128)),
        ];
        self.honest().header("Docker-Content-Digest", self.chance.pick(&digests))
    }

    fn changed(&mut self) -> Reply {
        let how = self.chance.below(3);
        let at = self.chance.next();
        self.honest().map_body(|body| match how {
            0 => body.extend(b"more"),
            1 => body.clear(),
            _ if body.is_empty() => {}
            _ => {
                let at = usize::try_from(at % body.len() as u64).unwrap();
                body[at] ^= 1;
            }
        })
    }

    fn places(&self) -> Vec<String> {
        let path = self.received.path();
        vec![
            String::new(),
            "/".to_owned(),
            path.to_owned(),
            format!("{path}x"),
            format!("http://{}{path}", self.elsewhere),
            format!("http://user:word@{}{path}", self.elsewhere),
            "http://127.0.0.1:1/gone".to_owned(),
            "ftp://127.0.0.1/file".to_owned(),
            "file:///etc/hostname".to_owned(),
            "http://[::bad".to_owned(),
            "\u{7f}".to_owned(),
            "/v2/".to_owned() + &"x".repeat(9000),
        ]
    }

    fn wrong_location(&mut self) -> Reply {
        let place = self.chance.pick(&self.places());
        self.honest().header("Location", place)
    }

    fn redirect(&mut self) -> Reply {
        let place = self.chance.pick(&self.places());
        Reply::new(self.chance.pick(&[301, 302, 303, 307, 308])).header("Location", place)
    }

    fn wrong_range(&mut self) -> Reply {
        let end = self.chance.below(5000);
        let ranges = [format!("0-{end}"), format!("{end}-0"), "0-18446744073709551615".to_owned(), "x".to_owned()];
        let range = self.chance.pick(&ranges);
        self.honest().header("Range", &range).header("Content-Range", format!("bytes {range}/{end}"))
    }

    fn invented(&mut self) -> Reply {
        if self.received.method != "HEAD" {
            return self.honest();
        }
        let named = self.received.last_segment();
        let digest = if named.starts_with("sha256:") { named.to_owned() } else { Digest::of(b"another").to_string() };
        let kind = shipwheel_oci::media_type::MANIFEST;
        Reply::new(200).header("Docker-Content-Digest", digest).header("Content-Type", kind).body("{}")
    }

    fn pretended(&mut self) -> Reply {
        match self.received.method.as_str() {
            "POST" if self.received.query("mount").is_some() => Reply::new(201),
            "PUT" => Reply::new(self.chance.pick(&[200, 201, 204])),
            "PATCH" => Reply::new(202).header("Location", self.received.target.clone()),
            _ => self.honest(),
        }
    }
}
