//! Every error with its kind, whether it has a hint, and how it reads.

mod attestations;
mod layers;

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use shipwheel_bytecode::PythonVersion;
use shipwheel_debian::base::AssembleError;
use shipwheel_debian::package::{DebError, DecompressError, PackagesError};
use shipwheel_debian::{ReleaseError, ResolveError};
use shipwheel_layer::{ContentError, ReadError, TreeError, TreePath, WriteError};
use shipwheel_oci::{ConfigError, DiffId, Digest, IndexError, ManifestError, Platform};
use shipwheel_plan::PlanError;
use shipwheel_plan::derive::DeriveError;
use shipwheel_plan::dockerignore::DockerignoreError;
use shipwheel_plan::image_lock::difference::Difference;
use shipwheel_plan::spec::{Problem, SpecError};
use shipwheel_python::Repository;
use shipwheel_python::index::PageError;
use shipwheel_python::install::OverlapError;
use shipwheel_python::lock::Lock;
use shipwheel_python::lock::{LockTool, UvConflict};
use shipwheel_python::project::NotStatic;
use shipwheel_python::pyproject::PyprojectError;
use shipwheel_python::requirements::{HashProblem, Requirements, RequirementsError, placed};
use shipwheel_python::select::CoverageError;
use shipwheel_python::wheel::WheelName;
use shipwheel_store::{ErrorKind, FileAction, PlaceError, StoreError};

use super::BuildError;
use crate::base::base_error::BaseError;
use crate::base::debian_error::DebianError;
use crate::bundled::bundle_error::BundleError;
use crate::confine::run_error::RunError;
use crate::disk::file_error::FileError;
use crate::disk::unpack_error::UnpackError;
use crate::inspect::image_error::ImageError;
use crate::interpreter::interpreter_error::{CompilerFault, InterpreterError, InterpreterFault};
use crate::layer::layer_error::LayerError;
use crate::lock::image_lock_error::ImageLockError;
use crate::lock::lock_error::LockError;
use crate::lock::placed_error::PlacedErrorKind;
use crate::machine::machine_error::MachineError;
use crate::machine::offer::Offer;
use crate::offline::OfflineError;
use crate::prepare::prepare_error::PrepareError;
use crate::program::{load_error::LoadError, program_error::ProgramError};
use crate::project::application_error::{ApplicationError, OtherFile, Whole};
use crate::project::definition_error::DefinitionError;
use crate::proof::import_error::ImportError;
use crate::proof::start_error::StartError;
use crate::rebased::rebase_error::RebaseError;
use crate::wheel::project_error::{BuildInput, ProjectError};
use crate::wheel::wheel_set_error::WheelSetError;

use ErrorKind::{Configuration, Internal, Output, Outside, Verification};

const HINT: bool = true;
const NO_HINT: bool = false;

fn unreachable_base() -> BaseError {
    let cause = StoreError::Answer { method: "GET", url: "http://127.0.0.1/v2/".to_owned(), reason: "no".to_owned() };
    BaseError::Image { image: "python:3.12-slim".to_owned(), suites: vec!["trixie".to_owned()], cause: Box::new(cause) }
}

fn check(cases: impl IntoIterator<Item = (BuildError, ErrorKind, bool)>) {
    for (error, kind, has_hint) in cases {
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "the kind of: {text}");
        assert_eq!(error.hint().is_some(), has_hint, "the hint of: {text}");
        for text in printed(&error) {
            // The program redacts and escapes all that it prints: no error may hide a secret from it, as by quoting.
            let shown = shipwheel_store::redacted(&text);
            assert!(!shown.contains("SECRET"), "a secret shows: {shown}");
        }
        for text in [Some(text), error.hint()].into_iter().flatten() {
            assert!(!text.is_empty() && !text.ends_with('.'), "a fragment without a full stop: {text}");
            assert!(!text.contains("cargo xtask"), "the command line names the program: {text}");
        }
    }
}

fn sparse() -> ReadError {
    ReadError::Form { name: image(), path: outside(), offset: 0, reason: "is a sparse file" }
}

/// What any text of another's may hold: a password and a token in addresses, and what a terminal obeys.
fn outside() -> String {
    "it\u{1b}[31m https://user:SECRET@h.example/x?token=SECRET user:SECRET@h.example/a:1".to_owned()
}

/// All that is printed of an error: itself, its causes, and its hint.
fn printed(error: &BuildError) -> Vec<String> {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).chain(error.hint()).collect()
}

fn path() -> PathBuf {
    PathBuf::from(format!("/a/{}", outside()))
}

fn io(kind: io::ErrorKind) -> io::Error {
    kind.into()
}

fn image() -> String {
    outside()
}

fn digest() -> Digest {
    Digest::of(b"x")
}

fn python() -> PythonVersion {
    PythonVersion { major: 3, minor: 11, micro: 2 }
}

fn amd64() -> Platform {
    Platform::linux_amd64()
}

fn wrong_digest() -> StoreError {
    StoreError::Digest { what: outside(), expected: digest(), found: Digest::of(b"y") }
}

fn missing_blob() -> StoreError {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = shipwheel_store::Cache::open(folder.path()).expect("a cache");
    cache.open_blob(&digest()).expect_err("an empty cache")
}

fn not_json() -> serde_json::Error {
    serde_json::from_str::<u8>("x").expect_err("no number")
}

fn program() -> ProgramError {
    ProgramError::Failed { program: "uv build".to_owned(), output: outside() }
}

fn unreadable_index() -> PackagesError {
    PackagesError::Stanza { found: outside() }
}

fn no_platform() -> IndexError {
    IndexError::NoPlatform { platform: amd64(), name: image(), found: Vec::new() }
}

#[test]
fn files_and_programs() {
    let blocked = Offer::missing("cache", outside(), "", "").blocking(Output);
    let file = |action, kind| FileError { action, path: path(), cause: io(kind) }.into();
    let owner = || outside();
    let place = |error: PlaceError| StoreError::from(error).into();
    check([
        (place(PlaceError::Link { path: path(), target: path() }), Output, HINT),
        (place(PlaceError::Owner { path: path(), owner: owner(), user: owner() }), Output, HINT),
        (place(PlaceError::Writable { path: path(), mode: 0o777 }), Output, HINT),
        (place(PlaceError::OwnerAbove { path: path(), above: path(), owner: owner(), user: owner() }), Output, HINT),
        (place(PlaceError::WritableAbove { path: path(), above: path(), mode: 0o777 }), Output, HINT),
        (place(PlaceError::Special { path: path() }), Output, HINT),
        (place(PlaceError::Held { path: path(), waited: std::time::Duration::ZERO }), Output, HINT),
        (file(FileAction::Read, io::ErrorKind::NotFound), Configuration, NO_HINT),
        (file(FileAction::Read, io::ErrorKind::StorageFull), Output, NO_HINT),
        (file(FileAction::Remove, io::ErrorKind::PermissionDenied), Output, NO_HINT),
        (file(FileAction::Write, io::ErrorKind::PermissionDenied), Output, NO_HINT),
        (program().into(), Configuration, NO_HINT),
        (ProgramError::NoPython { request: None }.into(), Configuration, HINT),
        (ProgramError::NoGit.into(), Configuration, HINT),
        (ProgramError::Start { program: "uv".to_owned(), cause: io(io::ErrorKind::NotFound) }.into(), Outside, NO_HINT),
        (MachineError::of(&[blocked]).expect("it blocks").into(), Output, HINT),
        (OfflineError { what: image(), of_bundle: false }.into(), Configuration, HINT),
        (OfflineError { what: image(), of_bundle: true }.into(), Configuration, HINT),
        (BundleError::Other { what: image() }.into(), Configuration, HINT),
        (BundleError::Answers { what: image(), cause: not_json() }.into(), Verification, HINT),
        (BundleError::Platform { what: image(), platform: amd64(), found: outside() }.into(), Configuration, HINT),
        (
            BundleError::Lacking { missing: [outside()].into(), kind: Configuration, hint: None }.into(),
            Configuration,
            HINT,
        ),
        (BundleError::Differs { what: "base", platform: amd64() }.into(), Outside, HINT),
        (RebaseError::UnknownBase { image: image(), platform: amd64() }.into(), Configuration, HINT),
        (RebaseError::OtherBase { image: image(), from: outside(), platform: amd64() }.into(), Configuration, HINT),
        (
            RebaseError::Unfit { image: image(), onto: outside(), reasons: vec![outside(); 30] }.into(),
            Configuration,
            HINT,
        ),
        (wrong_digest().into(), Verification, HINT),
        (missing_blob().into(), Configuration, NO_HINT),
        (BuildError::internal("x"), Internal, HINT),
    ]);
}

#[test]
fn definitions_and_applications() {
    let whole = |whole| ApplicationError::LinkLeadsOut { path: path(), whole }.into();
    let same_path =
        |other| ApplicationError::SamePath { path: TreePath::new("/app/x").expect("valid"), one: path(), other }.into();
    check([
        (SpecError::one("image.toml", "x", Problem::new(0..1, "wrong".to_owned())).into(), Configuration, NO_HINT),
        (PlanError::NoPython { platform: amd64() }.into(), Configuration, HINT),
        (PlanError::NoFacts { platform: amd64() }.into(), Configuration, NO_HINT),
        (
            ImportError {
                missing: vec!["x".to_owned()],
                distributions: Vec::new(),
                causes: Vec::new(),
                has_lock: true,
                has_settings: true,
            }
            .into(),
            Configuration,
            HINT,
        ),
        (
            ImportError {
                missing: vec!["x".to_owned()],
                distributions: vec![("yaml".to_owned(), "pyyaml".to_owned())],
                causes: vec!["it was left out".to_owned()],
                has_lock: false,
                has_settings: false,
            }
            .into(),
            Configuration,
            HINT,
        ),
        (StartError::NotExecutable { script: "/app/x".to_owned() }.into(), Configuration, HINT),
        (StartError::NotInstalled { program: "x".to_owned(), platform: amd64() }.into(), Configuration, HINT),
        (StartError::NotInstalled { program: "-m".to_owned(), platform: amd64() }.into(), Configuration, HINT),
        (
            StartError::NoProgram { script: None, program: "/bin/sh".to_owned(), package: "dash", platform: amd64() }
                .into(),
            Configuration,
            HINT,
        ),
        (
            DefinitionError::NotFound { wanted: "`x`".to_owned(), images: path(), known: Vec::new() }.into(),
            Configuration,
            HINT,
        ),
        (DefinitionError::Derive { folder: path(), cause: DeriveError::Nothing }.into(), Configuration, HINT),
        (DefinitionError::Exists { path: path() }.into(), Configuration, HINT),
        (DefinitionError::Outside { path: path(), real: path() }.into(), Configuration, HINT),
        (
            ApplicationError::List { folder: path(), cause: io(io::ErrorKind::PermissionDenied).into() }.into(),
            Configuration,
            NO_HINT,
        ),
        (ApplicationError::NotAFolder { path: path() }.into(), Configuration, NO_HINT),
        (ApplicationError::NotUtf8 { path: path() }.into(), Configuration, NO_HINT),
        (
            ApplicationError::NotAllowed { path: path(), cause: TreePath::new("/../x").expect_err("leads out") }.into(),
            Configuration,
            HINT,
        ),
        (
            ApplicationError::Dockerignore {
                path: path(),
                cause: DockerignoreError { line: 1, text: "[".to_owned(), reason: "x" },
            }
            .into(),
            Configuration,
            HINT,
        ),
        (whole(Whole::Application), Configuration, HINT),
        (whole(Whole::Project), Configuration, NO_HINT),
        (ApplicationError::AbsoluteLink { path: path() }.into(), Configuration, NO_HINT),
        (ApplicationError::Special { path: path() }.into(), Configuration, HINT),
        (same_path(OtherFile::File(path())), Configuration, HINT),
        (same_path(OtherFile::Project), Configuration, HINT),
    ]);
}

#[test]
fn steps_that_prepare() {
    let (step, path) = (|| "npm ci".to_owned(), || "web/dist".to_owned());
    let python = || "3.12.1".to_owned();
    let cause = TreePath::new("/../x").expect_err("leads out");
    let wheels = Box::new(CoverageError { errors: Vec::new() });
    check([
        (PrepareError::NoProgram { step: step(), program: program_name() }.into(), Configuration, HINT),
        (
            PrepareError::Start { step: step(), program: program_name(), cause: io(io::ErrorKind::NotFound) }.into(),
            Outside,
            NO_HINT,
        ),
        (
            PrepareError::Failed { step: step(), how: "exit code 1".to_owned(), output: outside() }.into(),
            Configuration,
            HINT,
        ),
        (PrepareError::Special { step: step(), path: path() }.into(), Configuration, HINT),
        (PrepareError::LinkLeadsOut { step: step(), path: path(), target: path() }.into(), Configuration, HINT),
        (PrepareError::NotAllowed { step: step(), path: path(), cause }.into(), Configuration, HINT),
        (PrepareError::NotUtf8 { step: step(), path: path() }.into(), Configuration, HINT),
        (PrepareError::TooMuch { step: step(), limit: "4 GiB".to_owned(), path: path() }.into(), Configuration, HINT),
        (PrepareError::BelowFile { step: step(), path: path(), file: path() }.into(), Configuration, HINT),
        (PrepareError::Changed { step: step(), path: path() }.into(), Configuration, HINT),
        (PrepareError::NoPython { step: step(), wanted: Some(11), found: python() }.into(), Configuration, HINT),
        (PrepareError::NoPython { step: step(), wanted: None, found: python() }.into(), Configuration, HINT),
        (
            PrepareError::NoWheels { step: step(), python: python(), wanted: Some(11), cause: wheels }.into(),
            Configuration,
            HINT,
        ),
    ]);
}

fn not_offered(found: Vec<String>) -> DebianError {
    let digest = Digest::of(b"deb");
    DebianError::NotOffered { package: outside(), version: outside(), digest, found }
}

fn program_name() -> String {
    "npm".to_owned()
}

#[test]
fn bases_and_debian() {
    let debian = |cause: DebianError| {
        BaseError::Debian { suite: "bookworm".to_owned(), platform: amd64(), cause: Box::new(cause) }.into()
    };
    let status =
        || StoreError::Status { method: "GET", url: outside(), status: 404, detail: outside(), retry_after: None };
    let dated = |error: fn(String, Timestamp, Timestamp) -> ReleaseError| {
        error("bookworm".to_owned(), Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH).into()
    };
    let full = || DecompressError::Stream(io(io::ErrorKind::StorageFull));
    let deb = |cause| DebianError::Deb { package: outside(), cause };
    check([
        (BaseError::NotNamed.into(), Configuration, HINT),
        (StoreError::Overdue { what: image(), patience: std::time::Duration::from_secs(60) }.into(), Outside, HINT),
        (BaseError::NoMirror.into(), Configuration, HINT),
        (unreachable_base().into(), Outside, HINT),
        (BaseError::NoLibc { platform: amd64() }.into(), Configuration, HINT),
        (BaseError::NoPython { file: "image.toml".to_owned() }.into(), Configuration, HINT),
        (debian(wrong_digest().into()), Verification, HINT),
        (debian(status().into()), Outside, NO_HINT),
        (debian(DebianError::NoSuite { suite: outside(), cause: status() }), Configuration, HINT),
        (debian(DebianError::NotOnMirror { cause: status() }), Outside, HINT),
        (debian(not_offered(Vec::new())), Outside, HINT),
        (debian(not_offered(vec![outside()])), Outside, HINT),
        (debian(ReleaseError::NoGoodSignature { refusals: Vec::new() }.into()), Verification, HINT),
        (debian(dated(|suite, date, now| ReleaseError::Future { suite, date, now })), Verification, HINT),
        (debian(dated(|suite, date, seen| ReleaseError::Older { suite, date, seen })), Verification, HINT),
        (debian(unreadable_index().into()), Outside, NO_HINT),
        (debian(full().into()), Outside, NO_HINT),
        (debian(ResolveError::Index(unreadable_index()).into()), Outside, HINT),
        (debian(ResolveError::Wanted { found: outside(), cause: None }.into()), Configuration, HINT),
        (debian(deb(DebError::Form { reason: "x" })), Outside, NO_HINT),
        (debian(deb(DebError::Member { member: "data.tar".to_owned(), cause: full() })), Output, NO_HINT),
        (debian(deb(DebError::Control(sparse()))), Outside, HINT),
        (debian(AssembleError::Read { package: outside(), cause: sparse() }.into()), Outside, HINT),
        (
            debian(DebianError::NoArchitecture {
                suite: outside(),
                architecture: "amd64".to_owned(),
                found: Vec::new(),
            }),
            Configuration,
            NO_HINT,
        ),
        (debian(OfflineError { what: image(), of_bundle: false }.into()), Configuration, HINT),
        (
            debian(FileError { action: FileAction::Read, path: path(), cause: io(io::ErrorKind::NotFound) }.into()),
            Configuration,
            NO_HINT,
        ),
    ]);
}

#[test]
fn images() {
    let layer = |cause: UnpackError| ImageError::Layer { image: image(), digest: digest(), cause }.into();
    let config = || ConfigError::Field { field: "rootfs", expected: "a table", found: outside() };
    let diff_id = |text: &[u8]| DiffId::of(text);
    check([
        (ImageError::Index { image: image(), cause: no_platform() }.into(), Configuration, NO_HINT),
        (
            ImageError::Manifest { image: image(), digest: digest(), cause: ManifestError::SchemaVersion { found: 1 } }
                .into(),
            Configuration,
            NO_HINT,
        ),
        (ImageError::Config { image: image(), cause: config() }.into(), Configuration, NO_HINT),
        (ImageError::LayerCount { image: image(), layers: 1, diff_ids: 2 }.into(), Configuration, NO_HINT),
        (layer(UnpackError::MediaType { media_type: outside() }), Configuration, NO_HINT),
        (layer(UnpackError::Broken(io(io::ErrorKind::InvalidData))), Configuration, NO_HINT),
        (layer(UnpackError::Bomb { limit: 64 << 30 }), Configuration, NO_HINT),
        (layer(wrong_digest().into()), Verification, NO_HINT),
        (
            layer(FileError { action: FileAction::Write, path: path(), cause: io(io::ErrorKind::StorageFull) }.into()),
            Output,
            NO_HINT,
        ),
        (
            ImageError::DiffId { image: image(), digest: digest(), expected: diff_id(b"a"), found: diff_id(b"b") }
                .into(),
            Verification,
            NO_HINT,
        ),
        (ReadError::Tar { name: image(), cause: io(io::ErrorKind::UnexpectedEof) }.into(), Configuration, NO_HINT),
        (
            ReadError::Ambiguous { name: image(), path: outside(), offset: 512, reason: "has no name" }.into(),
            Configuration,
            HINT,
        ),
        (sparse().into(), Configuration, HINT),
        (ImageError::NoPython { image: image() }.into(), Configuration, NO_HINT),
        (ImageError::CachePrefix { image: image(), prefix: outside() }.into(), Configuration, HINT),
        (ImageError::Level { image: image(), level: 3 }.into(), Configuration, HINT),
        (ImageError::OtherMachine { platform: amd64(), machine: Platform::linux_arm64() }.into(), Configuration, HINT),
        (ImageError::NotAModule { module: outside() }.into(), Configuration, HINT),
        (ImageError::Unsound { problems: 1, warnings: 0 }.into(), Verification, HINT),
    ]);
}

#[test]
fn locks() {
    let broken = Lock::parse("x", "pylock.toml").expect_err("not a lock");
    let requirements = Requirements::parse("%", "requirements.txt").err();
    let requirements = requirements.unwrap_or(RequirementsError { file: outside(), problems: Vec::new() });
    let pyproject = || PyprojectError::UnknownGroup { group: outside() };
    let tools = [LockTool::Uv, LockTool::Poetry, LockTool::Pdm].map(|tool| {
        [
            (LockError::Stale { lock: path(), differences: Vec::new(), tool }.into(), Configuration, HINT),
            (LockError::NoTool { lock: path(), tool }.into(), Configuration, HINT),
        ]
    });
    check(tools.into_iter().flatten());
    let unlisted = HashProblem::NotFound { file: outside(), line: 1, name: "six".parse().expect("a name") };
    check([
        (broken.into(), Configuration, NO_HINT),
        (LockError::Requirements(requirements.clone()).into(), Configuration, NO_HINT),
        (LockError::UnknownForm { path: path() }.into(), Configuration, HINT),
        (LockError::NoPyproject { lock: path() }.into(), Configuration, HINT),
        (LockError::NotLockable(requirements.clone()).into(), Configuration, HINT),
        (LockError::NeedsBuild { path: path(), output: outside() }.into(), Configuration, HINT),
        (LockError::OtherPython { path: path(), output: outside() }.into(), Configuration, HINT),
        (LockError::Secret { path: path(), name: outside() }.into(), Configuration, HINT),
        (LockError::ForcesBuilds { path: path() }.into(), Configuration, HINT),
        (LockError::PartialHashes { path: path() }.into(), Configuration, HINT),
        (LockError::IndexPage { url: outside(), cause: PageError::Address }.into(), Outside, HINT),
        (LockError::Includes { path: path(), limit: 8 }.into(), Configuration, NO_HINT),
        (LockError::Pyproject { path: path(), cause: pyproject() }.into(), Configuration, NO_HINT),
        (LockError::Hashes(vec![unlisted]).into(), Verification, HINT),
        (LockError::Conflict { lock: path(), cause: UvConflict { wanted: Vec::new() } }.into(), Configuration, HINT),
        (LockError::StalePipfile { lock: path() }.into(), Configuration, HINT),
        (
            LockError::NotInLock { lock: path(), kind: "extra", name: outside(), known: Default::default() }.into(),
            Configuration,
            HINT,
        ),
        (ImageLockError::NotThere { path: image().into() }.into(), Configuration, HINT),
        (
            ImageLockError::Differs { path: image().into(), differences: vec![Difference::Root] }.into(),
            Configuration,
            HINT,
        ),
        (
            ImageLockError::Differs { path: image().into(), differences: vec![Difference::Base] }.into(),
            Configuration,
            HINT,
        ),
        (LockError::NotNamed { file: "image.toml".to_owned() }.into(), Configuration, HINT),
        (LockError::NoInclude { file: path(), line: 1, named: outside() }.into(), Configuration, NO_HINT),
        (LockError::NoInputs { path: path() }.into(), Configuration, HINT),
        (LockError::Outdated { lock: path(), asked_by: path(), unmet: Vec::new() }.into(), Configuration, HINT),
        (LockError::NoLock { project: outside() }.into(), Configuration, HINT),
        (CoverageError { errors: Vec::new() }.into(), Configuration, NO_HINT),
    ]);
}

#[test]
fn places_of_requirements() {
    let commit = "0".repeat(40);
    let placed = |line: &str| placed(line).expect("valid").remove(0);
    let repository = || Repository { url: outside(), revision: Some("main".to_owned()), subdirectory: None };
    let wheel_name = || "x.whl".parse::<WheelName>().expect_err("no wheel");
    let project = || Box::new(ProjectError::NotNamed { folder: path(), why: NotStatic::Because(outside()) });
    let line = format!("a @ git+https://user:SECRET@h.example/x@{commit}");
    check(
        [
            (PlacedErrorKind::Nowhere { looked: path() }, Configuration, HINT),
            (PlacedErrorKind::NotInstallable, Configuration, NO_HINT),
            (PlacedErrorKind::WheelName(wheel_name()), Configuration, NO_HINT),
            (PlacedErrorKind::Unnamed, Configuration, HINT),
            (PlacedErrorKind::Moves(repository()), Configuration, HINT),
            (PlacedErrorKind::NoHash, Configuration, HINT),
            (PlacedErrorKind::Hash(digest()), Verification, HINT),
            (PlacedErrorKind::NeedsBuild("a".parse().expect("a name")), Configuration, HINT),
            (PlacedErrorKind::Project(project()), Configuration, HINT),
        ]
        .map(|(kind, who, has_hint)| (kind.of(&path(), &placed(&line)).into(), who, has_hint)),
    );
}

#[test]
fn wheels_and_projects() {
    let name = || "six".parse().expect("a name");
    let project = || BuildInput::Project(path());
    let why = || NotStatic::Because(outside());
    let sdist = || BuildInput::Sdist(name());
    let commit = || BuildInput::Commit(name(), "0".repeat(40));
    let wheel = || "six-1.whl".to_owned();
    let wheel_name = || wheel().parse::<WheelName>().expect_err("not a wheel's name");
    let status =
        |status| StoreError::Status { method: "GET", url: outside(), status, detail: outside(), retry_after: None };
    check([
        (OverlapError { overlaps: Vec::new() }.into(), Configuration, NO_HINT),
        (WheelSetError::Fetch(status(401)).into(), Configuration, HINT),
        (WheelSetError::Fetch(status(404)).into(), Configuration, HINT),
        (WheelSetError::Fetch(wrong_digest()).into(), Verification, HINT),
        (WheelSetError::Records { differences: Vec::new() }.into(), Configuration, HINT),
        (WheelSetError::NoAddress { wheel: wheel() }.into(), Configuration, HINT),
        (WheelSetError::Mirrors { variable: "X" }.into(), Configuration, NO_HINT),
        (WheelSetError::Machine { files: Vec::new() }.into(), Verification, HINT),
        (ProjectError::NotAllowed { folder: path(), backend: outside(), why: why() }.into(), Configuration, HINT),
        (ProjectError::NotNamed { folder: path(), why: why() }.into(), Configuration, HINT),
        (ProjectError::NoVersion { folder: path(), tool: "x", reason: outside() }.into(), Configuration, HINT),
        (ProjectError::NoPyproject { folder: path() }.into(), Configuration, NO_HINT),
        (ProjectError::Build { input: project(), cause: program() }.into(), Configuration, NO_HINT),
        (ProjectError::WheelCount { input: sdist(), count: 2 }.into(), Configuration, NO_HINT),
        (ProjectError::WheelName { input: sdist(), cause: wheel_name() }.into(), Configuration, NO_HINT),
        (ProjectError::Native { input: sdist(), wheel: wheel() }.into(), Configuration, HINT),
        (ProjectError::Native { input: project(), wheel: wheel() }.into(), Configuration, HINT),
        (
            ProjectError::BrokenWheel { input: sdist(), wheel: wheel(), cause: zip::result::ZipError::FileNotFound }
                .into(),
            Configuration,
            NO_HINT,
        ),
        (
            ProjectError::OtherDistribution { input: sdist(), name: name(), version: None, wheel: wheel() }.into(),
            Configuration,
            NO_HINT,
        ),
        (ProjectError::NoHash { name: name() }.into(), Configuration, HINT),
        (ProjectError::NoCommit { name: name(), repository: outside() }.into(), Configuration, HINT),
        (ProjectError::NotInRepository { input: commit(), subdirectory: Some(outside()) }.into(), Configuration, HINT),
        (ProjectError::Pointer { input: commit(), file: outside() }.into(), Configuration, HINT),
        (ProjectError::NotASdist { name: name(), file_name: outside() }.into(), Configuration, NO_HINT),
    ]);
}

#[test]
fn interpreters() {
    let faults = [
        InterpreterFault::NotInBin,
        InterpreterFault::NoStandardLibrary,
        InterpreterFault::NoVersion,
        InterpreterFault::NoMagicNumber,
        InterpreterFault::NotAFile,
        InterpreterFault::NoLoader,
        InterpreterFault::LoaderMissing,
        InterpreterFault::Path,
    ];
    check(
        faults.map(|fault| (InterpreterError::Undescribed { path: outside(), fault }.into(), Configuration, NO_HINT)),
    );
    let reasons = vec![
        CompilerFault::NotInstalled,
        CompilerFault::NoVariant(amd64()),
        CompilerFault::OtherVersion(amd64(), python()),
        CompilerFault::NoPython(amd64()),
        CompilerFault::NoBase,
        CompilerFault::NoEmulator(vec![outside()]),
        CompilerFault::NotInCache(amd64()),
        CompilerFault::Unusable(amd64(), outside()),
        CompilerFault::NotCPython(path()),
    ];
    check([
        (InterpreterError::Start(io(io::ErrorKind::NotFound)).into(), Outside, HINT),
        (InterpreterError::NoHello.into(), Outside, HINT),
        (InterpreterError::Hello { said: outside() }.into(), Outside, HINT),
        (InterpreterError::ForeignLibrary { library: path() }.into(), Outside, HINT),
        (InterpreterError::NoSandbox { lacks: vec!["Landlock"] }.into(), Outside, HINT),
        (InterpreterError::NoConfinedStart { lacks: vec!["Landlock"] }.into(), Outside, HINT),
        (RunError::NoCommand { image: image() }.into(), Configuration, HINT),
        (RunError::UnknownUser { user: outside(), reason: outside() }.into(), Configuration, HINT),
        (RunError::NoVolume { path: "/data".into() }.into(), Configuration, HINT),
        (RunError::NoWay { reasons: vec![("own", outside())] }.into(), Outside, HINT),
        (LoadError::NotThere { program: "ctr" }.into(), Outside, HINT),
        (LoadError::Nothing { reason: outside() }.into(), Outside, HINT),
        (InterpreterError::NoLaunch.into(), Outside, HINT),
        (InterpreterError::NotInCache.into(), Outside, HINT),
        (InterpreterError::NoCompiler { version: python(), reasons }.into(), Outside, HINT),
        (InterpreterError::Version { expected: python(), found: python() }.into(), Configuration, HINT),
        (InterpreterError::MagicNumber { expected: *b"a\r\r\n", found: *b"b\r\r\n" }.into(), Configuration, HINT),
        (InterpreterError::NotFound { python: outside() }.into(), Configuration, HINT),
        (InterpreterError::Uncompiled { count: 1 }.into(), Configuration, NO_HINT),
    ]);
}
