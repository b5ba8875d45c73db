//! `inspect`: what is in an image, for people, for programs, or as a page.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use shipwheel_builder::{DescribeOptions, Description, ImageError, describe};
use shipwheel_oci::Platform;
use shipwheel_store::{check_output, write_output};

use crate::connection::ConnectionArguments;
use crate::described::{image_json, image_text};
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::page::document::page;
use crate::page::profile::Profile;
use crate::progress::Terminal;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// An OCI layout folder, an archive or a reference: FOLDER, oci:FOLDER[:TAG], oci-archive:FILE[:TAG],
    /// docker-archive:FILE[:TAG], NAME:TAG.
    image: ImageArgument,

    /// Platforms to look at, such as amd64,arm64 [default: all of the image].
    #[arg(long, alias = "platform", value_delimiter = ',', value_name = "PLATFORMS")]
    platforms: Vec<Platform>,

    /// List every package and every file.
    #[arg(long, conflicts_with_all = ["json", "html"])]
    all: bool,

    /// Print everything as a JSON object.
    #[arg(long)]
    json: bool,

    /// Write a page that needs no network: a map of sizes, platforms side by side, all files.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// What `startup --profile --json` printed: the page draws it.
    #[arg(long, value_name = "FILE", requires = "html")]
    profile: Option<PathBuf>,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `inspect`.
pub(crate) fn run(arguments: &InspectArguments) -> Result<(), Failure> {
    let doing = format!("inspect {}", arguments.image);
    let profile = arguments.profile.as_deref().map(Profile::read).transpose()?;
    arguments.html.as_deref().map_or(Ok(()), check_output).map_err(Failure::while_doing(&doing))?;
    let images = arguments.connection.images(arguments.image.reference())?;
    let source = images.open(&arguments.image).map_err(Failure::while_doing(&doing))?;
    let options =
        DescribeOptions { cache: &images.cache, report: &images.terminal, platforms: arguments.platforms.clone() };
    let description = describe(&*source, &options).map_err(Failure::while_doing(&doing))?;
    let name = arguments.image.to_string();
    if let Some(path) = &arguments.html {
        let page = page(&name, &description, profile.as_ref());
        write_output(path, |file| file.write_all(page.as_bytes())).map_err(Failure::while_doing(&doing))?;
    }
    match (arguments.json, &arguments.html) {
        (true, _) => println!("{}", shown::json(&image_json::to_json(&name, &description))),
        (false, Some(path)) => println!("{}", shown::path(path)),
        (false, None) => print!("{}", shown::lines(&image_text::render(&name, &description, arguments.all))),
    }
    sound(&description, &images.terminal, doing)
}

/// What was shown is not all that there is, or not what it says: that is a failure as for `verify`.
pub(super) fn sound(description: &Description, terminal: &Terminal, doing: String) -> Result<(), Failure> {
    if description.problems == 0 {
        return Ok(());
    }
    terminal.lines(image_text::problems(description).trim_end());
    Err(Failure::while_doing(doing)(ImageError::Unsound { problems: description.problems, warnings: 0 }))
}
