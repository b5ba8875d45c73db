//! What verification finds: one disagreement each, with its place and both sides.

use shipwheel_oci::{Digest, Platform};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The image is not what it says, or does not work as it should.
    Problem,
    /// It works, but not as well as it could, or something could not be looked at.
    Warning,
    /// Something that decides what is loaded, as honest images have it: no reason to refuse one.
    Note,
}

/// What a finding is about; each is explained in docs/verify.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A blob's or document's bytes have another digest.
    BlobDigest,
    /// A blob or document has another length.
    BlobSize,
    /// A blob or document is missing or cannot be read.
    Blob,
    /// Index, manifest and config do not agree.
    Document,
    /// A layer unpacks to other bytes than the config says.
    DiffId,
    /// A layer cannot be unpacked, or does not fit over those below it.
    Layer,
    /// An ELF file is for another processor.
    Machine,
    /// The interpreter cannot be described.
    Interpreter,
    /// A setting of the image keeps bytecode from being loaded.
    Environment,
    /// A pyc begins with another interpreter's magic number.
    MagicNumber,
    /// A pyc is named for another interpreter.
    CacheTag,
    /// A pyc is of a level that the image does not run at.
    Level,
    /// A pyc's header is broken.
    Header,
    /// A pyc's code is broken.
    Code,
    /// A pyc was compiled from another source.
    Stale,
    /// A pyc's source is not there.
    Orphan,
    /// A pyc is in a place where it is never loaded.
    Unused,
    /// A pyc holds other code than its source.
    OtherCode,
    /// A pyc without a source that it could be compared with.
    Sourceless,
    /// The image's command runs bytecode instead of a source.
    Script,
    /// A module is there in several forms in one folder, and only one is loaded.
    TwoForms,
    /// A module goes before one of the standard library or of a distribution that has its name.
    Shadow,
    /// A zip archive that modules are imported from cannot be read.
    Archive,
    /// Code that runs at every start of Python: lines of `.pth` files, `sitecustomize`.
    StartupCode,
    /// A place where modules are looked for besides the usual ones.
    SearchPath,
    /// The dynamic loader loads other libraries before those that a program names.
    Loader,
    /// Bytecode of a second Python, which is not compared with a fresh compile.
    OtherPython,
    /// Modules without bytecode.
    MissingBytecode,
    /// Bytecode that could not be compiled again to compare.
    NotRebuilt,
    /// A start costs more than its budget.
    Startup,
    /// Clients that pull lazily would see other files than all others.
    Lazy,
}

impl FindingKind {
    /// The name in reports and in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BlobDigest => "blob-digest",
            Self::BlobSize => "blob-size",
            Self::Blob => "blob",
            Self::Document => "document",
            Self::DiffId => "diff-id",
            Self::Layer => "layer",
            Self::Machine => "machine",
            Self::Interpreter => "interpreter",
            Self::Environment => "environment",
            Self::MagicNumber => "magic-number",
            Self::CacheTag => "cache-tag",
            Self::Level => "level",
            Self::Header => "header",
            Self::Code => "code",
            Self::Stale => "stale",
            Self::Orphan => "orphan",
            Self::Unused => "unused",
            Self::OtherCode => "other-code",
            Self::Sourceless => "sourceless",
            Self::Script => "script",
            Self::TwoForms => "two-forms",
            Self::Shadow => "shadow",
            Self::Archive => "archive",
            Self::StartupCode => "startup-code",
            Self::SearchPath => "search-path",
            Self::Loader => "loader",
            Self::OtherPython => "other-python",
            Self::MissingBytecode => "missing-bytecode",
            Self::NotRebuilt => "not-rebuilt",
            Self::Startup => "startup",
            Self::Lazy => "lazy",
        }
    }
}

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub kind: FindingKind,
    /// The platform; none where a blob belongs to several.
    pub platform: Option<Platform>,
    /// The digest of the blob of the layer, or of the blob itself.
    pub blob: Option<String>,
    /// The path in the image.
    pub path: Option<String>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Finding {
    /// A problem of a kind, without a place yet.
    pub(crate) fn problem(kind: FindingKind, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, found) = (expected.into(), found.into());
        Self { severity: Severity::Problem, kind, platform: None, blob: None, path: None, expected, found }
    }

    /// A warning of a kind, without a place yet.
    pub(crate) fn warning(kind: FindingKind, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::problem(kind, expected, found) }
    }

    /// A note of a kind, without a place yet.
    pub(crate) fn note(kind: FindingKind, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::problem(kind, expected, found) }
    }

    /// At a path of the image.
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// In a blob.
    pub(crate) fn of_blob(mut self, digest: &Digest) -> Self {
        self.blob = Some(digest.to_string());
        self
    }

    /// In the layer that a file's content is in.
    pub(crate) fn in_layer_of(mut self, content: &shipwheel_layer::Content) -> Self {
        self.blob = Some(content.source_name());
        self
    }

    /// In a layer, by the digest of its blob.
    pub(crate) fn in_layer(mut self, layer: &str) -> Self {
        self.blob = Some(layer.to_owned());
        self
    }
}

/// Findings up to a number that a person could still read; of more only the count is kept.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Finding>,
    pub(crate) dropped: usize,
    /// Problems among those that were dropped.
    pub(crate) dropped_problems: usize,
    /// Notes among those that were dropped.
    pub(crate) dropped_notes: usize,
}

/// The most that are kept: a hostile image could have a million.
const MOST: usize = 10_000;

impl Findings {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len() + self.dropped
    }

    pub(crate) fn add(&mut self, platform: Option<&Platform>, findings: impl IntoIterator<Item = Finding>) {
        for mut finding in findings {
            if self.list.len() >= MOST {
                self.dropped += 1;
                self.dropped_problems += usize::from(finding.severity == Severity::Problem);
                self.dropped_notes += usize::from(finding.severity == Severity::Note);
                continue;
            }
            finding.platform = finding.platform.or_else(|| platform.cloned());
            self.list.push(finding);
        }
    }
}
