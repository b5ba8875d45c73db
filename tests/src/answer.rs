//! What a server on this machine answers to nobody's client: one GET over a plain connection.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// What a registry is asked for; other servers take it as anything.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, */*";

/// The status and the body that a path of a host and port answers with.
///
/// It speaks HTTP/1.0, so that servers neither send chunks nor wait for more.
///
/// # Errors
/// When nothing answers within 20 seconds, or what answers does not speak HTTP.
pub fn get(host: &str, path: &str) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: {ACCEPT}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let head = |end: usize| String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = |end| head(end).split_whitespace().nth(1).and_then(|word| word.parse().ok());
    match end.and_then(|end| Some((end, status(end)?))) {
        Some((end, status)) => Ok((status, answer.split_off(end + 4))),
        None => Err(std::io::Error::other(format!("no HTTP: {}", String::from_utf8_lossy(&answer)))),
    }
}
