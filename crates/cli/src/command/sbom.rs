//! `sbom`: what an image is made of, in a format that scanners read.

use clap::Args;
use shipwheel_builder::{DescribeOptions, attached_sbom, created, describe, sbom};
use shipwheel_oci::Platform;
use shipwheel_plan::spec::SbomFormat;
use shipwheel_store::StoreError;

use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::open::{self};

#[derive(Debug, Args)]
pub(crate) struct SbomArguments {
    /// An OCI layout folder, an archive or a reference: FOLDER, oci:FOLDER[:TAG], oci-archive:FILE[:TAG],
    /// docker-archive:FILE[:TAG], NAME:TAG.
    image: ImageArgument,

    /// spdx (2.3) or cyclonedx (1.6).
    #[arg(long, value_name = "FORMAT", default_value = "spdx")]
    format: SbomFormat,

    /// The platform.
    #[arg(long, value_name = "PLATFORM", default_value = "amd64")]
    platform: Platform,

    /// Read the image's files also where an SBOM is attached to it.
    #[arg(long)]
    fresh: bool,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `sbom`.
pub(crate) fn run(arguments: &SbomArguments) -> Result<(), Failure> {
    let doing = || Failure::while_doing(format!("list what {} is made of", arguments.image));
    let images = arguments.connection.images(arguments.image.reference())?;
    let source = images.open(&arguments.image).map_err(Failure::while_doing("open the image"))?;
    let (platform, format) = (&arguments.platform, arguments.format);
    if !arguments.fresh
        && let Some(attached) = attached_sbom(&*source, platform, format, &images.cache).map_err(doing())?
    {
        images.terminal.line("  the SBOM that is attached to the image");
        println!("{}", String::from_utf8_lossy(&attached));
        return Ok(());
    }
    let options = DescribeOptions { cache: &images.cache, report: &images.terminal, platforms: vec![platform.clone()] };
    let description = describe(&*source, &options).map_err(doing())?;
    let missing =
        || StoreError::NoPlatform { what: arguments.image.to_string(), platform: platform.clone(), found: Vec::new() };
    let contents = description.platforms.first().ok_or_else(|| doing()(missing().into()))?;
    let name = name_of(&arguments.image);
    let document = sbom(contents, &name, &created(open::epoch()?), format).map_err(doing())?;
    println!("{}", String::from_utf8_lossy(&document));
    Ok(())
}

/// The last part of the image's name, which is the same wherever it is copied to.
fn name_of(image: &ImageArgument) -> String {
    let path = match image {
        ImageArgument::Registry(reference) => reference.repository().to_owned(),
        ImageArgument::Local(local) => local.to_string(),
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(':').next().filter(|name| !name.is_empty()).unwrap_or("image").to_owned()
}
