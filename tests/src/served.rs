//! A container that serves HTTP on a port of the host.

use std::time::{Duration, Instant};

use crate::registry::free_port;
use crate::{Container, Podman, get};

/// A container that has answered on its port.
#[derive(Debug)]
pub struct Served<'podman> {
    container: Container<'podman>,
    port: u16,
}

impl<'podman> Served<'podman> {
    /// Starts a container on a read-only root in the host's network, and waits until `/healthz` answers on its port.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub fn start(podman: &'podman Podman, image: &str) -> Self {
        let port = free_port();
        let variable = format!("PORT={port}");
        let this = Self { container: podman.start(image, &["--network", "host", "--env", &variable]), port };
        let patience = Instant::now() + Duration::from_secs(60);
        while !matches!(this.request("/healthz"), Ok((200, _))) {
            assert!(Instant::now() < patience, "no answer on port {port}:\n{}", this.container.logs());
            std::thread::sleep(Duration::from_millis(100));
        }
        this
    }

    /// The status and the body that a path answers with.
    ///
    /// # Errors
    /// When nothing answers.
    pub fn request(&self, path: &str) -> std::io::Result<(u16, String)> {
        let (status, body) = get(&format!("127.0.0.1:{}", self.port), path)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    /// The body of a path that must answer with 200.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn body(&self, path: &str) -> String {
        let (status, body) = self.request(path).expect("the container answers");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Stops the container as an orchestrator does; gives its exit code.
    ///
    /// # Panics
    /// When podman cannot.
    pub fn stop(&self) -> String {
        self.container.stop()
    }
}
