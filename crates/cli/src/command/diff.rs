//! `diff`: how two images differ, and what a pull of the second one costs where the first one is.

use clap::Args;
use shipwheel_builder::{DescribeOptions, Description, compare, describe};
use shipwheel_oci::Platform;

use super::inspect::sound;
use crate::connection::{ConnectionArguments, Images};
use crate::described::{difference_json, difference_text};
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The image that is there: an OCI layout folder, an archive or a reference.
    before: ImageArgument,

    /// The image that takes its place.
    after: ImageArgument,

    /// Platforms to compare, such as amd64,arm64 [default: all that both have].
    #[arg(long, alias = "platform", value_delimiter = ',', value_name = "PLATFORMS")]
    platforms: Vec<Platform>,

    /// List every file that differs.
    #[arg(long, conflicts_with = "json")]
    all: bool,

    /// Print everything that differs as a JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `diff`.
pub(crate) fn run(arguments: &DiffArguments) -> Result<(), Failure> {
    let (one, other) = (&arguments.before, &arguments.after);
    let doing = format!("compare {one} with {other}");
    let images = arguments.connection.images([one, other].into_iter().filter_map(ImageArgument::reference))?;
    let side = |image: &ImageArgument| read(image, arguments, &images, &doing);
    let (before, after) = (side(one)?, side(other)?);
    let comparison = compare(&before, &after).map_err(Failure::while_doing(&doing))?;
    let names = [one.to_string(), other.to_string()];
    match arguments.json {
        true => println!("{}", shown::json(&difference_json::to_json(&names, [&before, &after], &comparison))),
        false => {
            let text = difference_text::render(&names, [&before, &after], &comparison, arguments.all);
            print!("{}", shown::lines(&text));
        }
    }
    sound(&before, &images.terminal, doing.clone())?;
    sound(&after, &images.terminal, doing)
}

fn read(
    image: &ImageArgument,
    arguments: &DiffArguments,
    images: &Images,
    doing: &str,
) -> Result<Description, Failure> {
    let source = images.open(image).map_err(Failure::while_doing(doing))?;
    let options =
        DescribeOptions { cache: &images.cache, report: &images.terminal, platforms: arguments.platforms.clone() };
    describe(&*source, &options).map_err(Failure::while_doing(doing))
}
