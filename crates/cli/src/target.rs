//! Where an image goes that is made of another one: a layout or an archive, and registries.

use clap::Args;
use shipwheel_builder::Session;
use shipwheel_oci::Reference;
use shipwheel_store::ImageSource;

use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::output::{Delivery, OutputArgument};
use crate::progress::Terminal;

#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// Push to a registry; may be given several times.
    #[arg(long, value_name = "REFERENCE", required_unless_present = "output")]
    pub(crate) push: Vec<Reference>,

    /// Where to write: a folder or oci:FOLDER, oci-archive:FILE, docker-archive:FILE
    #[arg(long, value_name = "OUTPUT")]
    output: Option<OutputArgument>,
}

impl TargetArguments {
    /// The name of the image in a layout: that of the first registry, or the one that it had, or another one.
    pub(crate) fn name(&self, image: &ImageArgument, otherwise: &str) -> Reference {
        let given = self.push.first().or(image.reference()).cloned();
        given.unwrap_or_else(|| otherwise.parse().expect("a valid reference"))
    }

    /// Brings an image there; gives its references, of registries before those of files.
    ///
    /// # Errors
    /// When it cannot be read, written or pushed.
    pub(crate) fn deliver(
        &self,
        source: &dyn ImageSource,
        name: &Reference,
        (session, terminal): (&Session<'_>, &Terminal),
    ) -> Result<Vec<String>, Failure> {
        let (cache, registry) = (&session.cache, &session.registry);
        let delivery = Delivery { cache, registry, terminal, referrers: false };
        let local = name.pinned(source.root()?.digest).to_string();
        delivery.bring(source, (self.output.as_ref(), name, local), &self.push)
    }
}
