//! A messenger on the loopback interface, for a bot that polls: one message for it, and what it answers.

use std::time::{Duration, Instant};

use shipwheel_loopback::{Received, Reply, Server};

/// One question, in Dutch.
const NEWS: &str = r#"{"ok": true, "result": [{"update_id": 41, "message": {"text": "/tide Delfzijl",
    "from": {"language_code": "nl"}, "chat": {"id": 7}}}]}"#;

/// A running messenger.
#[derive(Debug)]
pub struct Messenger(Server);

impl Messenger {
    /// Starts it.
    pub fn start() -> Self {
        Self(Server::start(reply))
    }

    /// Where a bot reaches it, as a variable.
    pub fn variable(&self) -> String {
        format!("BOT_API={}", self.0.url(""))
    }

    /// The first message that the bot sends; nothing if none comes within a minute.
    pub fn message(&self) -> Option<String> {
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            let log = self.0.log();
            if let Some(sent) = log.iter().find(|it| it.path() == "/botsecret/sendMessage") {
                return Some(String::from_utf8_lossy(&sent.body).into_owned());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    }
}

/// Whoever has seen the message waits in vain, as at the real one.
fn reply(received: &Received, _: usize) -> Reply {
    match (received.path(), received.query("offset").as_deref()) {
        ("/botsecret/getUpdates", Some("0")) => Reply::new(200).body(NEWS),
        ("/botsecret/getUpdates", Some("42")) => {
            Reply::new(200).body(r#"{"ok": true, "result": []}"#).after(Duration::from_secs(1))
        }
        ("/botsecret/sendMessage", _) => Reply::new(200).body(r#"{"ok": true}"#),
        _ => Reply::new(404),
    }
}
