//! `sign`: signatures for an image that is in a registry already.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use shipwheel_builder::BuildError;
use shipwheel_oci::Reference;
use shipwheel_store::{AttachedSource, ImageSource as _, RegistrySource};

use crate::connection::{ConnectionArguments, Images};
use crate::failure::Failure;
use crate::output::Delivery;
use crate::shown;
use crate::signing;

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The image, with all its platforms.
    image: Reference,

    /// The private key: one of cosign's, or PKCS#8 in PEM; its password is in COSIGN_PASSWORD.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Print a JSON object instead of the reference.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `sign`.
pub(crate) fn run(arguments: &SignArguments) -> Result<(), Failure> {
    let key = signing::key(&arguments.key)?;
    let image = &arguments.image;
    let Images { cache, registry, terminal } = arguments.connection.images([image])?;
    let doing = || Failure::while_doing(format!("sign {image}"));
    let source = RegistrySource::new(&registry, image.clone(), &cache, &terminal);
    let digest = source.root().map_err(doing())?.digest;
    // Without its tag, which may move in the meantime: signing moves none.
    let target = format!("{}/{}@{digest}", image.registry(), image.repository());
    let target = [target.parse::<Reference>().map_err(|error| internal(image, &error))?];
    let delivery = Delivery { cache: &cache, registry: &registry, terminal: &terminal, referrers: true };
    let signatures = signing::sign(&source, &target, Some(&key), &delivery)?;
    let attached = AttachedSource::new(&source, &signatures, &cache)?;
    delivery.push(&attached, &target, false).map_err(doing())?;
    let reference = image.pinned(digest);
    match arguments.json {
        true => {
            let subjects: Vec<_> = signatures.iter().map(|signature| signature.subject()).collect();
            let bundles: Vec<_> = signatures.iter().map(|signature| signature.descriptor().digest).collect();
            let object = json!({
                "reference": reference.to_string(),
                "digest": digest,
                "signed": subjects,
                "bundles": bundles,
                "key": key.public().digest(),
            });
            println!("{}", shown::json(&object));
        }
        false => println!("{reference}"),
    }
    Ok(())
}

fn internal(image: &Reference, error: &dyn std::error::Error) -> Failure {
    Failure::while_doing(format!("sign {image}"))(BuildError::Internal(error.to_string()))
}
