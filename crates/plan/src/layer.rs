//! One planned layer: what goes into it, and the key of exactly that.

use std::collections::BTreeMap;

use shipwheel_bytecode::{CANONICAL_RECIPE, InvalidationMode, Optimization, PythonVersion};
use shipwheel_layer::{
    Compression, ESTARGZ_RECIPE, FileTime, FirstFiles, LAYER_RECIPE, Metadata, TreePath, ZSTD_VERSION,
};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::install::INSTALL_RECIPE;

use crate::facts::{AppFile, SourceFile};
use crate::writable::Writable;

pub use crate::treatment::Treatment;

/// The virtual environment's folder in every image: a fixed one, so that layers are shared.
pub const VENV: &str = "/opt/venv";

/// What a layer is for, in the order in which layers are stacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// A base's own.
    Base,
    /// Bytecode of the standard library.
    StdlibBytecode,
    /// The virtual environment without its distributions.
    Environment,
    /// Installed wheels.
    Dependencies,
    /// Their bytecode.
    DependencyBytecode,
    /// The application.
    Application,
    /// Its bytecode.
    ApplicationBytecode,
    /// Bytecode of sources that are made for each platform.
    PlatformBytecode,
}

impl LayerKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Base,
        Self::StdlibBytecode,
        Self::Environment,
        Self::Dependencies,
        Self::DependencyBytecode,
        Self::Application,
        Self::ApplicationBytecode,
        Self::PlatformBytecode,
    ];

    /// The one of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name in tables and in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::StdlibBytecode => "stdlib bytecode",
            Self::Environment => "environment",
            Self::Dependencies => "dependencies",
            Self::DependencyBytecode => "dependency bytecode",
            Self::Application => "application",
            Self::ApplicationBytecode => "application bytecode",
            Self::PlatformBytecode => "platform bytecode",
        }
    }
}

/// Sources to compile and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BytecodeInputs {
    /// The full version that compiles: equal magic numbers are not enough.
    pub python: PythonVersion,
    /// What the pycs of the image's interpreter begin with.
    pub magic_number: [u8; 4],
    /// The level that the image runs at: it decides the files' names.
    pub optimization: Optimization,
    /// The sources, sorted by path, and how each is compiled.
    pub sources: Vec<(SourceFile, Treatment)>,
}

/// A wheel in a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelInput {
    /// The wheel.
    pub digest: Digest,
    /// Paths that are left out, sorted: bytecode takes the place of sources, and another distribution's files that of others.
    pub removed: Vec<TreePath>,
}

/// What a layer is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerInputs {
    /// `pyvenv.cfg` and the interpreter's links.
    Environment {
        /// The base's version.
        python: PythonVersion,
        /// The base's interpreter.
        executable: String,
    },
    /// Wheels, by digest, to be installed for an interpreter of a minor version.
    Wheels {
        /// The base's version; only the minor counts.
        python: PythonVersion,
        /// The wheels, sorted by distribution.
        wheels: Vec<WheelInput>,
    },
    /// Files of the application.
    Application {
        /// The files, sorted by path.
        files: Vec<AppFile>,
        /// When they were changed.
        time: FileTime,
    },
    /// Sources to compile.
    Bytecode(BytecodeInputs),
}

impl LayerInputs {
    /// When the layer's files were changed: only the application's have a time that means anything, because all other
    /// layers are shared between images.
    pub fn time(&self) -> FileTime {
        match self {
            Self::Application { time, .. } => *time,
            Self::Environment { .. } | Self::Wheels { .. } | Self::Bytecode(_) => FileTime::EARLIEST,
        }
    }

    /// How the layer is compressed where this is asked for: what wheels hold is deflated, and passed through in gzip.
    fn compressed(&self, asked: Compression) -> Compression {
        match self {
            Self::Wheels { .. } if asked != Compression::Estargz => Compression::Gzip,
            Self::Wheels { .. } | Self::Environment { .. } | Self::Application { .. } | Self::Bytecode(_) => asked,
        }
    }
}

/// A layer to be built or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLayer {
    /// What it is for.
    pub kind: LayerKind,
    /// What it holds, as users see it.
    pub title: String,
    /// The distributions in it, with their versions, as users see it.
    pub members: Vec<String>,
    /// What it is made from.
    pub inputs: LayerInputs,
    /// Directories above its files that the base has with another mode or owner than usual.
    pub directories: BTreeMap<String, Metadata>,
    /// The folders in it that the image's user may write to; a layer of the application has all of them.
    pub writable: Writable,
    /// How its bytes are compressed.
    pub compression: Compression,
    /// What comes first in it, where it is lazy.
    pub first: FirstFiles,
    /// Stands for `inputs`, `directories`, `writable`, `compression` and `first`: layers with the same key have the same bytes.
    pub key: Digest,
}

impl PlannedLayer {
    /// Plans a layer; its key follows from its inputs.
    pub fn new(
        kind: LayerKind,
        title: impl Into<String>,
        inputs: LayerInputs,
        directories: BTreeMap<String, Metadata>,
        writable: Writable,
        compression: Compression,
    ) -> Self {
        let compression = inputs.compressed(compression);
        let key = key(&inputs, &directories, &writable, compression);
        let (members, first) = (Vec::new(), FirstFiles::default());
        Self { kind, title: title.into(), members, inputs, directories, writable, compression, first, key }
    }

    /// The same with what a start reads first, if it is lazy: which of these files it has, shows when it is made.
    #[must_use]
    pub fn with_first(self, first: &FirstFiles) -> Self {
        if first.is_empty() || self.compression != Compression::Estargz {
            return self;
        }
        let mut hasher = Hasher::new();
        hasher.field(self.key.as_bytes()).field(first.digest().as_bytes());
        Self { first: first.clone(), key: hasher.finish(), ..self }
    }

    /// The line that the image's history shows.
    pub fn created_by(&self) -> String {
        format!("shipwheel: {}: {}", self.kind.name(), self.title)
    }
}

fn key(
    inputs: &LayerInputs,
    directories: &BTreeMap<String, Metadata>,
    writable: &Writable,
    compression: Compression,
) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(LAYER_RECIPE.to_le_bytes());
    match compression {
        Compression::Gzip => {}
        Compression::Estargz => {
            hasher.field("estargz").field(ESTARGZ_RECIPE.to_le_bytes());
        }
        Compression::Zstd(level) => {
            hasher.field("zstd").field(ZSTD_VERSION.to_le_bytes()).field([level.number()]);
        }
    }
    match inputs {
        LayerInputs::Environment { python, executable } => {
            hasher.field("environment").field(INSTALL_RECIPE.to_le_bytes()).field(VENV);
            hasher.field(python.to_string()).field(executable);
        }
        LayerInputs::Wheels { python, wheels } => {
            hasher.field("wheels").field(INSTALL_RECIPE.to_le_bytes()).field(VENV);
            hasher.field(format!("{}.{}", python.major, python.minor));
            hasher.fields(wheels.iter().map(|wheel| wheel.digest));
            for wheel in wheels.iter().filter(|wheel| !wheel.removed.is_empty()) {
                let removed = wheel.removed.iter().map(TreePath::as_str);
                hasher.field("without").field(wheel.digest.as_bytes()).fields(removed);
            }
        }
        LayerInputs::Application { files, time } => {
            hasher.field("application").field(time.seconds().to_le_bytes());
            for file in files {
                hasher.field(file.path.as_str()).field(file.digest.as_bytes()).field([u8::from(file.executable)]);
                hasher.field(file.link.as_deref().unwrap_or_default());
            }
        }
        LayerInputs::Bytecode(inputs) => {
            hasher.field("bytecode").field(CANONICAL_RECIPE.to_le_bytes()).field(inputs.python.to_string());
            hasher.field(inputs.magic_number).field([inputs.optimization.level()]);
            for (source, treatment) in &inputs.sources {
                let unchecked = treatment.invalidation == InvalidationMode::UncheckedHash;
                hasher.field(source.path.as_str()).field(source.digest.as_bytes());
                hasher.field([
                    treatment.optimization.level(),
                    u8::from(unchecked),
                    u8::from(treatment.replaces_source),
                ]);
            }
        }
    }
    for (path, metadata) in directories {
        hasher.field(path).field(format!("{:o} {} {}", metadata.mode, metadata.uid, metadata.gid));
    }
    if !writable.folders.is_empty() {
        hasher.field("writable").field(writable.uid.to_le_bytes());
        hasher.fields(writable.folders.iter().map(TreePath::as_str));
    }
    hasher.finish()
}
