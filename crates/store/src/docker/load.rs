//! `POST /images/load`: an archive goes in, and what became of it comes out line by line.
//!
//! Its status is 200 as soon as the daemon begins to read: what goes wrong then is in the lines, so they are read to
//! their end. The path has no version: a daemon answers with the one that it has.

use std::path::Path;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Response, Url};
use serde::Deserialize;

use super::host::DockerHost;
use crate::blob_file::BlobFile;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::http::{Http, Payload, Request};

/// How long the daemon may be silent: it unpacks layers meanwhile.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long it may take to answer at all.
const CONNECT: Duration = Duration::from_secs(20);

/// The most that is read of what it says.
const MAX_SAID: usize = 4 << 20;

/// What a line before a name says.
const LOADED: [&str; 2] = ["Loaded image: ", "Loaded image ID: "];

/// One line of an answer.
#[derive(Debug, Default, Deserialize)]
struct Line {
    stream: Option<String>,
    error: Option<String>,
    message: Option<String>,
    #[serde(rename = "errorDetail")]
    detail: Option<Detail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    message: Option<String>,
}

/// Loads an archive into a daemon; gives the names of the images as it says them.
///
/// # Errors
/// When nobody answers there, or the daemon refuses the archive.
pub fn load_into_docker(http: &Http, host: &DockerHost, archive: &Path) -> Result<Vec<String>> {
    let size = std::fs::metadata(archive).map_err(StoreError::file(FileAction::Open, archive))?.len();
    let (client, base) = connection(host)?;
    let url = Url::parse(&format!("{base}/images/load?quiet=1")).map_err(|error| refused(host, error.to_string()))?;
    let file = BlobFile::whole(archive.to_owned());
    let request =
        Request::new(Method::POST, url).header(CONTENT_TYPE, "application/x-tar").payload(Payload::File { file, size });
    let (builder, _) = request.builder(&client)?;
    http.block_on(async {
        let response = builder.send().await.map_err(|error| refused(host, said(&error)))?;
        let status = response.status();
        let text = read(host, response).await?;
        let failed = (!status.is_success()).then_some(status.as_u16());
        names(&text, failed).map_err(|reason| refused(host, reason))
    })
}

/// Whether a daemon answers at all.
///
/// # Errors
/// When nobody answers there.
pub fn ping_docker(http: &Http, host: &DockerHost) -> Result<()> {
    let (client, base) = connection(host)?;
    let url = Url::parse(&format!("{base}/_ping")).map_err(|error| refused(host, error.to_string()))?;
    let (builder, _) = Request::new(Method::GET, url).builder(&client)?;
    http.block_on(async {
        let sent = tokio::time::timeout(CONNECT, builder.send()).await;
        let sent = sent.map_err(|_| refused(host, format!("it said nothing for {} s", CONNECT.as_secs())))?;
        let status = sent.map_err(|error| refused(host, said(&error)))?.status();
        match status.is_success() {
            true => Ok(()),
            false => Err(refused(host, format!("it answered with status {}", status.as_u16()))),
        }
    })
}

/// A client for one daemon: nobody else's proxies, and no address but the daemon's.
fn connection(host: &DockerHost) -> Result<(Client, String)> {
    let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let builder = builder.connect_timeout(CONNECT).tls_certs_only([]);
    let (builder, base) = match host {
        DockerHost::Socket(path) => (builder.unix_socket(path.clone()), "http://localhost".to_owned()),
        DockerHost::Tcp(address) => (builder, format!("http://{address}")),
    };
    Ok((builder.build().map_err(|cause| StoreError::Client(cause.into()))?, base))
}

async fn read(host: &DockerHost, mut response: Response) -> Result<String> {
    let mut text = Vec::new();
    loop {
        let chunk = tokio::time::timeout(PATIENCE, response.chunk()).await;
        let chunk = chunk.map_err(|_| refused(host, format!("it said nothing for {} s", PATIENCE.as_secs())))?;
        match chunk.map_err(|error| refused(host, said(&error)))? {
            Some(chunk) if text.len() + chunk.len() <= MAX_SAID => text.extend_from_slice(&chunk),
            // The rest is read, so that the daemon comes to its end.
            Some(_) => {}
            None => return Ok(String::from_utf8_lossy(&text).into_owned()),
        }
    }
}

/// The names in what a daemon said; or what it refused, also where its status is an error.
fn names(text: &str, failed: Option<u16>) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Line>() {
        let Ok(line) = value else { break };
        let detail = line.detail.and_then(|detail| detail.message);
        if let Some(error) = detail.or(line.error).or_else(|| failed.and(line.message)) {
            return Err(error);
        }
        let stream = line.stream.unwrap_or_default();
        let loaded = |line: &str| LOADED.iter().find_map(|words| line.strip_prefix(words)).map(str::to_owned);
        names.extend(stream.lines().filter_map(loaded));
    }
    match failed {
        None => Ok(names),
        Some(status) => {
            let text: String = text.trim().chars().take(400).collect();
            Err(format!("it answers with status {status}: {text}"))
        }
    }
}

fn refused(host: &DockerHost, reason: String) -> StoreError {
    StoreError::Docker { host: host.to_string(), reason }
}

/// The innermost cause: the outer ones only say that a request failed.
fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_errors_are_in_the_lines_of_an_answer() {
        let loaded = "{\"stream\":\"Loaded image: app:1\\n\"}\r\n{\"stream\":\"Loaded image ID: sha256:ab\\n\"}\r\n";
        let names_of = |text: &str, failed| names(text, failed).map(|names| names.join(" "));
        for (text, failed, expected) in [
            (loaded, None, Ok("app:1 sha256:ab")),
            ("", None, Ok("")),
            ("{\"errorDetail\":{\"message\":\"no space left\"},\"error\":\"no\"}", None, Err("no space left")),
            (
                "{\"stream\":\"Loading\"}{\"error\":\"open blobs/json: no such file\"}",
                None,
                Err("open blobs/json: no such file"),
            ),
            ("{\"message\":\"client version 1.2 is too old\"}", Some(400), Err("client version 1.2 is too old")),
            ("<html>", Some(502), Err("it answers with status 502: <html>")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(names_of(text, failed), expected, "{text}");
        }
    }
}
