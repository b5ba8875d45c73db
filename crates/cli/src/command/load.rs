//! `load`: an image into a runtime of this machine.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use shipwheel_builder::{LoadOptions, LoadTarget, Loaded, Runtimes, Session, load};
use shipwheel_oci::{Platform, Reference};
use shipwheel_store::ImageSource;

use crate::command::init;
use crate::connection::ConnectionArguments;
use crate::failure::Failure;
use crate::open;
use crate::progress::Terminal;
use crate::shown;
use crate::subject::{Making, Subject, platform};

#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// An OCI layout folder, an archive or a reference; or an application that is built first: its folder, an
    /// image.toml, or a name in images/ [default: the only one in images/, or else `.`].
    image: Option<String>,

    /// Where to: docker, podman, containerd, kind:NAME, k3d:NAME, minikube or minikube:PROFILE
    /// [default: docker if it answers, else podman].
    #[arg(long, value_name = "TARGET")]
    to: Option<LoadTarget>,

    /// The name that the image gets there [default: the one that it has].
    #[arg(long, value_name = "REFERENCE")]
    name: Option<Reference>,

    /// The platform to load [default: this machine's].
    #[arg(long, value_name = "PLATFORM", conflicts_with = "all_platforms")]
    platform: Option<Platform>,

    /// Load the whole image with its index: containerd, and Docker with its store, keep all platforms.
    #[arg(long)]
    all_platforms: bool,

    /// containerd's namespace.
    #[arg(long, value_name = "NAMESPACE", default_value = "k8s.io")]
    namespace: String,

    /// containerd's socket, if it is not at its usual place.
    #[arg(long, value_name = "SOCKET")]
    address: Option<PathBuf>,

    /// A profile of image.toml: dev, staging, production.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Print a JSON object instead of the names.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `load`.
pub(crate) fn run(arguments: &LoadArguments) -> Result<(), Failure> {
    let (root, terminal) = (open::workspace_root(), Terminal::new());
    let subject = Subject::of(arguments.image.as_deref(), &root)?;
    let mut session = arguments.connection.session(subject.reference(), false, &terminal)?;
    // Before anything is built or packed.
    let target = Runtimes::of(&session, arguments.address.as_deref()).find(arguments.to.as_ref());
    let target = target.map_err(Failure::while_doing("load an image"))?;
    let loaded = match &subject {
        Subject::Image(image) => {
            let doing = Failure::while_doing(format!("load {image}"));
            let source = image.open(&session.registry, &session.cache, &terminal).map_err(doing)?;
            let own = image.reference().cloned().or_else(|| source.reference()?.parse().ok());
            let name = own.map_or_else(|| named(&image.to_string()), Ok)?;
            into(arguments, &*source, (name, &target), &session)?
        }
        Subject::Definition(name) => {
            let platform = platform(arguments.platform.as_ref());
            let making = Making {
                root: &root,
                name: name.as_deref(),
                profile: arguments.profile.as_deref(),
                platform: &platform,
                may_build_project: false,
            };
            let definition = making.definition()?;
            if definition.derived {
                init::show(&definition, &terminal);
            }
            let built = Making::build(&mut session, &definition)?;
            let name = named(&format!("{}:{}", definition.name, definition.spec.tag))?;
            let source = session.source(&built.image)?;
            into(arguments, &source, (name, &target), &session)?
        }
    };
    match arguments.json {
        true => println!("{}", shown::json(&json!({ "into": loaded.into, "names": loaded.names }))),
        false => loaded.names.iter().for_each(|name| println!("{}", shown::line(name))),
    }
    Ok(())
}

fn into(
    arguments: &LoadArguments,
    source: &dyn ImageSource,
    (own, target): (Reference, &LoadTarget),
    session: &Session<'_>,
) -> Result<Loaded, Failure> {
    let options = LoadOptions {
        cache: &session.cache,
        runtimes: Runtimes::of(session, arguments.address.as_deref()),
        platform: arguments.platform.clone(),
        all_platforms: arguments.all_platforms,
        name: with_tag(arguments.name.as_ref().unwrap_or(&own))?,
        namespace: arguments.namespace.clone(),
    };
    let doing = Failure::while_doing(format!("load {}", source.name()));
    load(source, target, &options).map_err(doing)
}

/// The same name without a digest, which nobody can give, and with a tag.
fn with_tag(name: &Reference) -> Result<Reference, Failure> {
    let tag = name.tag().unwrap_or("latest");
    named(&format!("{}/{}:{tag}", name.registry(), name.repository()))
}

/// The reference for a text, or for the name of a file.
fn named(text: &str) -> Result<Reference, Failure> {
    let name = text.rsplit('/').next().unwrap_or(text).trim_end_matches(".tar").to_lowercase();
    text.parse().or_else(|_| name.parse()).map_err(|error| {
        Failure::usage(format!("the image has no name, and `{text}` is none: {error}"), Some("name it with `--name`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_tag_and_no_digest() {
        let digest = shipwheel_oci::Digest::of(b"");
        for (text, expected) in [
            ("app".to_owned(), "docker.io/library/app:latest"),
            (format!("registry.example/app:1@{digest}"), "registry.example/app:1"),
            ("/tmp/My.App.tar".to_owned(), "docker.io/library/my.app:latest"),
        ] {
            assert_eq!(with_tag(&named(&text).unwrap()).unwrap().to_string(), expected, "{text}");
        }
        assert!(named("/tmp/ü").is_err());
    }
}
