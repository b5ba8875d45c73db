//! How a command reaches registries, as it is typed, and what reads images by that.

use clap::Args;
use shipwheel_builder::Session;
use shipwheel_oci::Reference;
use shipwheel_store::{Cache, ImageSource, Registry, StoreError};

use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::login::LoginArguments;
use crate::network::{self, NetworkArguments};
use crate::open::{self, cache_folder, workspace_root};
use crate::progress::Terminal;

#[derive(Debug, Default, Args)]
pub(crate) struct ConnectionArguments {
    #[command(flatten)]
    login: LoginArguments,

    #[command(flatten)]
    network: NetworkArguments,
}

impl ConnectionArguments {
    /// What reads images; the login is for the host of the references that are named.
    ///
    /// # Errors
    /// When the login is for no one host, or the cache or the client cannot be opened.
    pub(crate) fn images<'r>(&self, named: impl IntoIterator<Item = &'r Reference>) -> Result<Images, Failure> {
        Images::connect(&self.login, &self.network, named)
    }

    /// What builds and changes images; the login as in [`ConnectionArguments::images`].
    ///
    /// # Errors
    /// As [`ConnectionArguments::images`].
    pub(crate) fn session<'a, 'r>(
        &self,
        named: impl IntoIterator<Item = &'r Reference>,
        offline: bool,
        terminal: &'a Terminal,
    ) -> Result<Session<'a>, Failure> {
        open::session(&self.network, self.login.login(named)?, offline, terminal)
    }
}

/// What a command needs that reads images and builds none.
pub(crate) struct Images {
    pub(crate) cache: Cache,
    pub(crate) registry: Registry,
    pub(crate) terminal: Terminal,
}

impl Images {
    /// As [`ConnectionArguments::images`].
    pub(crate) fn connect<'r>(
        login: &LoginArguments,
        network: &NetworkArguments,
        named: impl IntoIterator<Item = &'r Reference>,
    ) -> Result<Self, Failure> {
        let (_, registry) = network::connect(network, login.login(named)?, &workspace_root())?;
        Ok(Self { cache: Cache::open(&cache_folder()?)?, registry, terminal: Terminal::new() })
    }

    /// Opens an image, wherever it is.
    ///
    /// # Errors
    /// As [`ImageArgument::open`].
    pub(crate) fn open(&self, image: &ImageArgument) -> Result<Box<dyn ImageSource + '_>, StoreError> {
        image.open(&self.registry, &self.cache, &self.terminal)
    }
}
