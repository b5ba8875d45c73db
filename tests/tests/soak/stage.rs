//! What all tries share: a base with an interpreter, two versions of an application and of an image, and a registry.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use shipwheel_tests::{SampleImage, SampleWheel, Shipwheel, Suite, noise, scratch};
use tempfile::TempDir;

use crate::place::Place;
use crate::storage::Storage;

/// How many modules the application has.
const MODULES: usize = 40;

/// What is there before a command, and what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Old,
    New,
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// The shared inputs.
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) storage: Storage,
    images: [SampleImage; 2],
    places: AtomicUsize,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let images = [[2 << 20, 700_000, 1000], [2 << 20, 900_000, 2000]].map(|layers| SampleImage::new(&layers));
        let stage = Self { folder: scratch(), storage: Storage::start(), images, places: AtomicUsize::new(0) };
        write_base(&stage.base());
        for (version, seed) in [(Version::Old, 1), (Version::New, 2)] {
            write_application(&stage.application(version), &stage.base(), seed);
        }
        std::fs::create_dir(stage.wheels()).unwrap();
        for name in ["ant", "bee"] {
            let module = (format!("{name}.py"), format!("NAME = '{name}'\n"));
            let wheel = SampleWheel::new(name, "1.0", "py3-none-any", &[(&module.0, module.1.as_bytes())]);
            std::fs::write(stage.wheels().join(wheel.file_name), wheel.bytes).unwrap();
        }
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A layout with Python 3.11 and without bytecode.
    pub(crate) fn base(&self) -> PathBuf {
        self.path("base")
    }

    /// The folder of the application. Both versions have the same name.
    pub(crate) fn application(&self, version: Version) -> PathBuf {
        self.path(version.name()).join("app")
    }

    /// Small images, as layouts.
    pub(crate) fn image(&self, version: Version) -> &Path {
        match version {
            Version::Old => self.images[0].path(),
            Version::New => self.images[1].path(),
        }
    }

    /// Where these images are in the registry, once they were pushed there.
    pub(crate) fn source(&self, version: Version) -> String {
        format!("{}/source:{}", self.storage.address(), version.name())
    }

    fn wheels(&self) -> PathBuf {
        self.path("wheels")
    }

    /// A cache that has everything for the old version.
    pub(crate) fn warm_cache(&self) -> PathBuf {
        self.path("warm")
    }

    /// A new place, without a cache.
    pub(crate) fn place(&self) -> Place {
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        Place::new(format!("place/{number}"), self.wheels())
    }
}

/// Debian's smallest Python, as other tests build it.
fn write_base(folder: &Path) {
    let definition = Suite::of_python(11).definition("print('hello')\n");
    let output = format!("oci:{}", folder.display());
    let arguments = [&definition.argument(), "--platform", "linux/amd64", "--no-bytecode", "--output", &output];
    Shipwheel::new().image(&arguments).succeeded();
}

fn write_application(folder: &Path, base: &Path, seed: u64) {
    std::fs::create_dir_all(folder.join("pkg")).unwrap();
    for number in 0..MODULES {
        let module = format!("def f(x):\n    return [x + n for n in range({number})]\n\nVERSION = {seed}\n");
        std::fs::write(folder.join(format!("pkg/m{number}.py")), module).unwrap();
    }
    std::fs::write(folder.join("data.bin"), noise(2 << 20, seed)).unwrap();
    let toml = format!(
        "# An image to be killed.\nbase = {{ layout = \"{}\" }}\nplatforms = [\"linux/amd64\"]\n\n\
         [app]\nsources = [\"pkg\", \"data.bin\"]\ndestination = \"/app\"\n\n\
         [config]\ncmd = [\"python3\", \"/app/pkg/m0.py\"]\n",
        base.display()
    );
    std::fs::write(folder.join("image.toml"), toml).unwrap();
}
