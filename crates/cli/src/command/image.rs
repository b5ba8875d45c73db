//! `image`: from flags to a finished image and its outputs.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use shipwheel_builder::{Built, Definition, InterpreterChoice, Locked, Session, build, plan, unbundle};
use shipwheel_bytecode::Optimization;
use shipwheel_layer::Compression;
use shipwheel_oci::{Digest, Platform, Reference, Repository};
use shipwheel_plan::Plan;
use shipwheel_plan::spec::{Base, Located, RemoveSource, SbomFormat};
use shipwheel_store::{AttachedSource, ImageSource, IndexedSource};

use crate::amount::{CacheLimit, parse_limit};
use crate::attestations;
use crate::choices::ChoiceArguments;
use crate::command::{cache, init};
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::input;
use crate::layers;
use crate::login::LoginArguments;
use crate::manner;
use crate::network::NetworkArguments;
use crate::open::{self, SandboxArguments};
use crate::output::{Delivery, OutputArgument, pushing, writing};
use crate::progress::Terminal;
use crate::shared_cache::SharedCache;
use crate::shown;
use crate::signing;

#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// A folder in images/, a path to an image.toml or its folder, or to an application's folder without
    /// one: it is derived and shown [default: the only one in images/, or else `.`].
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) choices: ChoiceArguments,

    /// One or more platforms to build for, such as amd64,arm64 [default: those of image.toml].
    #[arg(long, alias = "platform", value_delimiter = ',', value_name = "PLATFORMS")]
    pub(crate) platforms: Vec<Platform>,

    /// The same as `--platforms amd64,arm64`.
    #[arg(long, hide = true, conflicts_with = "platforms")]
    pub(crate) multi_platform: bool,

    /// A profile of image.toml: dev, staging, production.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// The one of several bases in image.toml to take: a suite of Debian, an image or a layout [default: the first].
    #[arg(long, value_name = "NAME")]
    pub(crate) base: Option<String>,

    /// The tag [default: that of image.toml, else latest].
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,

    /// Where to write: a folder or oci:FOLDER, oci-archive:FILE, docker-archive:FILE
    /// [default: target/images/NAME; none with --push].
    #[arg(long, value_name = "OUTPUT")]
    pub(crate) output: Option<OutputArgument>,

    /// Push to a registry; may be given several times.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) push: Vec<Reference>,

    /// Sign what is pushed with the private key in a file, as cosign does; its password is in COSIGN_PASSWORD.
    #[arg(long, value_name = "FILE", requires = "push")]
    pub(crate) sign_key: Option<PathBuf>,

    /// Attach SBOMs to the manifests of all platforms: spdx, cyclonedx, or both [default: `attestations.sbom` of image.toml].
    #[arg(long, value_delimiter = ',', value_name = "FORMATS")]
    pub(crate) sbom: Vec<SbomFormat>,

    /// Attach provenance to the manifests of all platforms: what each was made from, by digest.
    #[arg(long)]
    pub(crate) provenance: bool,

    /// Put an SBOM in SPDX and provenance of each platform into the image's index as BuildKit does, for tools that look
    /// there alone; the index gets another digest.
    #[arg(long, value_name = "index")]
    pub(crate) attestations: Option<AttestationsArgument>,

    /// Take what other machines found out and made from this repository [default: `cache.from` of image.toml].
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) cache_from: Option<Repository>,

    /// Give what this build found out and made to this repository [default: `cache.to` of image.toml].
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) cache_to: Option<Repository>,

    /// Leave the bytecode layers out; nothing else changes.
    #[arg(long)]
    pub(crate) no_bytecode: bool,

    /// The level of the bytecode: 0 keeps everything, 1 drops asserts, 2 docstrings too.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) optimize: Option<u8>,

    /// Remove sources and keep only bytecode, except in packages known to read their sources.
    #[arg(long)]
    pub(crate) remove_source: bool,

    /// What compiles the bytecode: base, host, qemu, or a path [default: the base's own, else this machine's].
    #[arg(long, value_name = "INTERPRETER")]
    pub(crate) bytecode_interpreter: Option<InterpreterChoice>,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,

    /// Build the project of a folder without an image.toml: its build backend runs on this machine.
    #[arg(long)]
    pub(crate) allow_project_build: bool,

    /// A module that may be imported although nothing in the image provides it; may be given several times, `*` for all.
    #[arg(long, value_name = "MODULE")]
    pub(crate) optional_import: Vec<String>,

    /// Fail where the image would differ from image.lock, and say how: in anything, or in `dependencies`, which leaves
    /// out what comes from the application's own files and settings.
    #[arg(long, value_name = "WHAT", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub(crate) locked: Option<LockedArgument>,

    /// Say of the base and of each layer whether it is reused, or what changed since the last build of this image.
    #[arg(long)]
    pub(crate) explain: bool,

    /// Print the plan and build nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print a JSON object instead of the reference.
    #[arg(long)]
    pub(crate) json: bool,

    /// Use only the cache, never the network.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Build from what `shipwheel bundle` packed, and ask nobody else: a file, a layout, or a reference to a registry.
    #[arg(long, value_name = "BUNDLE", conflicts_with_all = ["offline", "cache_from"])]
    pub(crate) bundle: Option<ImageArgument>,

    /// How layers are compressed: gzip, estargz (to be pulled lazily), or, but for those of wheels and of the base, zstd or
    /// zstd:1 to zstd:19.
    #[arg(long, value_name = "COMPRESSION")]
    pub(crate) compression: Option<Compression>,

    /// How much the cache may hold after the build, or none [default: $SHIPWHEEL_CACHE_LIMIT, else 20GB].
    #[arg(long, value_name = "SIZE", value_parser = parse_limit)]
    pub(crate) cache_limit: Option<CacheLimit>,

    #[command(flatten)]
    pub(crate) login: LoginArguments,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

/// How much of an image is held to image.lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LockedArgument {
    /// All of it.
    All,
    /// All but what comes from the application's own files and settings.
    Dependencies,
}

/// Where attestations are besides the lists of referrers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AttestationsArgument {
    /// In the image's index.
    Index,
}

/// Runs `image`.
pub(crate) fn run(arguments: &ImageArguments) -> Result<(), Failure> {
    let cache_limit = cache::limit(arguments.cache_limit)?;
    let root = open::workspace_root();
    // A key that does not open is known before anything is built.
    let key = arguments.sign_key.as_deref().map(signing::key).transpose()?;
    let mut definition = asked_for(arguments, &root)?;
    let name = local_name(&definition, arguments)?;
    let output = select_output(arguments, &definition, &root)?;
    let terminal = Terminal::new();
    if definition.derived {
        init::show(&definition, &terminal);
        definition.may_build_project = arguments.allow_project_build || asked_to_build(&definition, &terminal);
    }
    let cache = &definition.spec.cache;
    let caches = cache.from.iter().chain(&cache.to).map(Repository::reference);
    let carried = arguments.bundle.as_ref().and_then(ImageArgument::reference);
    let login = arguments.login.login(arguments.push.iter().chain(caches).chain(carried))?;
    let mut session = open::session(&arguments.network, login, arguments.offline, &terminal)?;
    session.interpreter.clone_from(&arguments.bytecode_interpreter);
    session.sandbox = arguments.sandbox.sandbox();
    take_bundle(arguments, &mut session, &definition, &terminal)?;
    let doing = Failure::while_doing(format!("build image `{}`", definition.name));
    if arguments.dry_run {
        let plan = plan(&mut session, &definition).map_err(doing)?;
        print_plan(arguments, &plan, &terminal);
        return Ok(());
    }
    let shared = SharedCache::open(&mut session, &definition);
    let built = build(&mut session, &definition).map_err(doing)?;
    let source = session.source(&built.image)?;
    let (cache, registry) = (&session.cache, &session.registry);
    let (profile, in_index) = (arguments.profile.as_deref(), arguments.attestations.is_some());
    let about = attestations::About { session: &session, definition: &definition, built: &built, profile, in_index };
    let attestations::Attested { attachments: mut attached, indexed } =
        attestations::attest(&about, &source, key.as_ref())?;
    let indexed = indexed.as_ref().map(|indexed| IndexedSource::new(&source, indexed, cache)).transpose()?;
    let source: &dyn ImageSource = indexed.as_ref().map_or(&source, |indexed| indexed);
    let delivery = Delivery { cache, registry, terminal: &terminal, referrers: !attached.is_empty() };
    if let Some(output) = &output {
        let source = AttachedSource::new(source, &attached, cache)?;
        delivery.write(&source, output, &name).map_err(writing(output))?;
    }
    tell(arguments, &definition, &built, output.as_ref(), &terminal);
    if !arguments.push.is_empty() {
        attached.extend(signing::sign(source, &arguments.push, key.as_ref(), &delivery)?);
        let source = AttachedSource::new(source, &attached, cache)?;
        let pushed = Delivery { referrers: !attached.is_empty(), ..delivery }.push(&source, &arguments.push, false);
        pushed.map_err(Failure::while_doing(pushing(&arguments.push)))?;
    }
    shared.give(&session, &definition, &built, &arguments.push)?;
    cache::sweep(&session.cache, cache_limit, &terminal);
    let digest = source.root().map_err(Failure::while_doing("name the image"))?.digest;
    print_result(arguments, &built, (&name, digest), output.as_ref());
    Ok(())
}

/// Takes what a bundle has, if one is named.
fn take_bundle(
    arguments: &ImageArguments,
    session: &mut Session<'_>,
    definition: &Definition,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let Some(bundle) = &arguments.bundle else { return Ok(()) };
    let doing = format!("take the bundle {bundle}");
    let (registry, cache) = (session.registry.clone(), session.cache.clone());
    let source = bundle.open(&registry, &cache, terminal).map_err(Failure::while_doing(&doing))?;
    unbundle(session, &*source, definition).map_err(Failure::while_doing(doing))
}

/// The definition with all that flags change of it, and the image.lock that it is held to.
fn asked_for(arguments: &ImageArguments, root: &Path) -> Result<Definition, Failure> {
    let (name, profile) = (arguments.name.as_deref(), arguments.profile.as_deref());
    let mut definition = open::definition(root, name, profile, &arguments.choices)?;
    apply(arguments, &mut definition);
    choose_base(arguments.base.as_deref(), &mut definition)?;
    definition.locked = match arguments.locked {
        None => Locked::Pins,
        Some(LockedArgument::All) => Locked::All,
        Some(LockedArgument::Dependencies) => Locked::Dependencies,
    };
    definition.read_image_lock().map_err(Failure::while_doing("read image.lock"))?;
    Ok(definition)
}

/// The plan on standard output; what it cannot say beside it.
fn print_plan(arguments: &ImageArguments, plan: &Plan, terminal: &Terminal) {
    print!("{}", shown::lines(&plan.to_string()));
    if !arguments.push.is_empty() {
        terminal
            .line("  what a push would send is known after the build: run `shipwheel push LAYOUT REFERENCE --dry-run`");
    }
}

/// Tells what was built and where it is, and what not everybody expects of it.
fn tell(
    arguments: &ImageArguments,
    definition: &Definition,
    built: &Built,
    output: Option<&OutputArgument>,
    terminal: &Terminal,
) {
    terminal.lines(layers::render(built, manner::is_verbose()).trim_end());
    if arguments.explain {
        explain(built, terminal);
    }
    if let Some(output) = output {
        terminal.line(&format!("  written to {output}"));
    }
    if matches!(definition.spec.layers.compression, Compression::Zstd(_)) {
        terminal.line(
            "  layers of zstd: Docker before 23, AWS Lambda and some scanners cannot read them (docs/layering.md#zstd)",
        );
    }
    if definition.derived && definition.spec.writable().is_empty() {
        terminal.line("  the application may write only to /tmp: name other folders in `app.writable` (docs/start.md)");
    }
}

/// Says why each part is what it is, by platform.
fn explain(built: &Built, terminal: &Terminal) {
    for platform in &built.platforms {
        match built.reasons.get(&platform.platform) {
            Some(lines) => lines.iter().for_each(|line| terminal.line(&format!("  {}: {line}", platform.platform))),
            None => terminal.line(&format!("  {}: the first build of this image in this cache", platform.platform)),
        }
    }
}

/// Whether the user says on a terminal that the project's code may run; without one nobody is asked.
fn asked_to_build(definition: &Definition, terminal: &Terminal) -> bool {
    // A project whose files say what its wheel is needs no permission.
    let Some(question) = definition.unallowed_build() else { return false };
    if manner::is_quiet() || !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return false;
    }
    terminal.line(&question.to_string());
    eprint!("build it? [y/N] ");
    input::line().is_ok_and(|answer| ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// The flags that override what image.toml says.
fn apply(arguments: &ImageArguments, definition: &mut Definition) {
    let spec = &mut definition.spec;
    let mut platforms = arguments.platforms.clone();
    if arguments.multi_platform {
        platforms = vec![Platform::linux_amd64(), Platform::linux_arm64()];
    }
    platforms.sort();
    platforms.dedup();
    if !platforms.is_empty() {
        spec.platforms = platforms;
    }
    if arguments.no_bytecode {
        spec.bytecode.enabled = false;
    }
    if let Some(optimization) = arguments.optimize.and_then(|level| Optimization::from_level(level.into())) {
        spec.bytecode.optimization = optimization;
    }
    if arguments.remove_source {
        spec.bytecode.remove_source = RemoveSource::All;
    }
    if let Some(app) = &mut spec.app {
        let named = arguments.optional_import.iter();
        app.optional_imports.extend(named.map(|value| Located { value: value.clone(), span: 0..0 }));
    }
    if let Some(compression) = arguments.compression {
        spec.layers.compress(compression);
    }
    spec.attestations.sbom.extend(&arguments.sbom);
    spec.attestations.provenance |= arguments.provenance;
    if let Some(tag) = &arguments.tag {
        spec.tag.clone_from(tag);
    }
    for (given, known) in [(&arguments.cache_from, &mut spec.cache.from), (&arguments.cache_to, &mut spec.cache.to)] {
        if given.is_some() {
            known.clone_from(given);
        }
    }
}

/// Leaves only the base that the user chose.
pub(super) fn choose_base(wanted: Option<&str>, definition: &mut Definition) -> Result<(), Failure> {
    let Some(wanted) = wanted else { return Ok(()) };
    let bases = &mut definition.spec.base;
    let names: Vec<String> = bases.iter().map(Base::name).collect();
    bases.retain(|base| base.is_called(wanted));
    match bases.is_empty() {
        false => Ok(()),
        true => {
            let text = format!("`{wanted}` is none of the bases in {}: {}", definition.file, names.join(", "));
            Err(Failure::usage(text, Some("pass one of these, or write another base into image.toml")))
        }
    }
}

/// What the image is called where no registry is named.
fn local_name(definition: &Definition, arguments: &ImageArguments) -> Result<Reference, Failure> {
    let text = format!("{}:{}", definition.name, definition.spec.tag);
    text.parse().map_err(|error| {
        let flag =
            if arguments.tag.is_some() { "check --tag" } else { "check the folder's name and `tag` in image.toml" };
        Failure::usage(format!("{error}"), Some(flag))
    })
}

fn select_output(
    arguments: &ImageArguments,
    definition: &Definition,
    root: &Path,
) -> Result<Option<OutputArgument>, Failure> {
    let platforms = definition.spec.platforms.len();
    let is_zstd = matches!(definition.spec.layers.compression, Compression::Zstd(_));
    match &arguments.output {
        Some(output) if is_zstd && output.is_docker_archive() => Err(Failure::usage(
            "a docker-archive is for `docker load`, which reads no zstd in many versions, and the image has layers of zstd",
            Some("write an `oci-archive:`, or pass `--compression gzip`"),
        )),
        Some(output) if output.is_docker_archive() && definition.spec.attestations.is_any() => Err(Failure::usage(
            "a docker-archive holds an image and nothing that refers to it, and SBOMs or provenance are asked for",
            Some("write a layout or an `oci-archive:`, or leave `--sbom`, `--provenance` and `[attestations]` out"),
        )),
        Some(output) if platforms > output.max_platforms() => Err(Failure::usage(
            format!("a docker-archive holds one platform, and the image has {platforms}"),
            Some("select one with `--platforms`, or write an `oci-archive:`"),
        )),
        Some(output) => Ok(Some(output.clone())),
        None if !arguments.push.is_empty() => Ok(None),
        None => Ok(Some(OutputArgument::layout(root.join("target/images").join(&definition.name)))),
    }
}

fn reasons(built: &Built) -> serde_json::Value {
    built.reasons.iter().map(|(platform, lines)| (platform.to_string(), json!(lines))).collect()
}

/// The one line on standard output, or the one object.
fn print_result(
    arguments: &ImageArguments,
    built: &Built,
    (name, digest): (&Reference, Digest),
    output: Option<&OutputArgument>,
) {
    let local =
        format!("{}:{}@{digest}", name.repository().trim_start_matches("library/"), name.tag().unwrap_or_default());
    let references: Vec<String> = match arguments.push.is_empty() {
        true => vec![local],
        false => arguments.push.iter().map(|target| target.pinned(digest).to_string()).collect(),
    };
    if !arguments.json {
        return println!("{}", references.join("\n"));
    }
    let platforms: Vec<_> = built
        .platforms
        .iter()
        .map(|platform| {
            let layers: Vec<_> = platform
                .layers
                .iter()
                .map(|layer| {
                    json!({
                        "kind": layer.kind.name(),
                        "title": layer.title,
                        "members": layer.members,
                        "digest": layer.layer.blob.digest,
                        "diff_id": layer.layer.diff_id,
                        "size": layer.layer.blob.size,
                        "status": layers::status(layer.status),
                    })
                })
                .collect();
            json!({ "platform": platform.platform.to_string(), "digest": platform.manifest, "layers": layers })
        })
        .collect();
    let share = layers::Share::of(built);
    let mut result = json!({
        "reference": references[0],
        "references": references,
        "digest": digest,
        "platforms": platforms,
        "bytes": share.total,
        "shared_bytes": share.shared,
        "output": output.map(ToString::to_string),
    });
    if arguments.explain {
        result["reasons"] = reasons(built);
    }
    println!("{}", shown::json(&result));
}
