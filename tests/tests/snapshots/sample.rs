//! An image of fixed inputs: a base, wheels and an application that the test makes, and no network.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use shipwheel_oci::Digest;
use shipwheel_tests::{Layout, SampleBase, SampleElf, SampleWheel, Shipwheel, scratch, uv};
use tempfile::TempDir;

const IMAGE: &str = r#"# An image of fixed inputs.
base = { layout = "../../base" }
platforms = ["linux/amd64", "linux/arm64"]
tag = "1.0"

[python]
lock = "requirements.txt"
wheels = ["wheels"]

[app]
sources = ["app"]
destination = "/var/lib/app/code"
exclude = ["*.tmp"]

[config]
cmd = ["python3", "-m", "app"]
env = { PORT = "8080" }
labels = { "org.opencontainers.image.title" = "fixed", "org.example.own" = "kept" }
user = "1000:1000"
workdir = "/var/lib/app/code"
exposed-ports = [8080, "53/udp"]
stop-signal = "SIGINT"

[profiles.plain]
bytecode.enabled = false
"#;

/// The inputs in a folder of their own, and what shipwheel makes of them.
pub struct Sample {
    folder: TempDir,
    /// Wheels and manifests of the base: what goes in, with its digest.
    pub inputs: Vec<(String, Digest)>,
}

impl Sample {
    /// The inputs, made again.
    pub fn new() -> Self {
        let folder = scratch();
        let base = folder.path().join("base");
        std::fs::create_dir(&base).unwrap();
        let manifests = SampleBase::FULL.write(&base);
        let image = folder.path().join("images/fixed");
        std::fs::create_dir_all(image.join("wheels")).unwrap();
        std::fs::write(image.join("image.toml"), IMAGE).unwrap();
        let wheels = wheels();
        for wheel in &wheels {
            std::fs::write(image.join("wheels").join(&wheel.file_name), &wheel.bytes).unwrap();
        }
        std::fs::write(image.join("requirements.txt"), requirements(&wheels)).unwrap();
        application(&image.join("app"));
        let bases = manifests.into_iter().map(|(name, digest)| (format!("base for {name}"), digest));
        let wheels = wheels.iter().map(|wheel| (format!("wheel {}", wheel.file_name), Digest::of(&wheel.bytes)));
        Self { inputs: wheels.chain(bases).collect(), folder }
    }

    /// Where everything is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// shipwheel in that folder, with a uv that knows the wheels and no index.
    pub fn shipwheel(&self) -> Shipwheel {
        let path = format!("{}:/usr/bin:/bin", uv().parent().unwrap().display());
        let wheels = self.path().join("images/fixed/wheels");
        Shipwheel::apart(self.path())
            .with("PATH", path)
            .with("UV_FIND_LINKS", wheels.display())
            .with("UV_NO_INDEX", 1)
            .with("UV_OFFLINE", 1)
    }

    /// Builds without bytecode, which is the same on every machine; gives the path of the output.
    pub fn build(&self, output: &str, arguments: &[&str]) -> PathBuf {
        let arguments = [&["fixed", "--profile", "plain", "--output", output], arguments].concat();
        self.shipwheel().image(&arguments).succeeded();
        self.path().join(output.rsplit(':').next().unwrap())
    }
}

/// The image for both platforms as a layout, built once.
pub fn built() -> &'static (Sample, Layout) {
    static BUILT: OnceLock<(Sample, Layout)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let sample = Sample::new();
        let layout = Layout::new(&sample.build("oci:layout", &[]));
        (sample, layout)
    })
}

/// The architectures in the image, and its platforms.
pub const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// Pure and native, small and heavy, with everything that a wheel can bring.
fn wheels() -> Vec<SampleWheel> {
    let pure = SampleWheel::new(
        "pure_thing",
        "1.0",
        "py3-none-any",
        &[
            ("pure_thing/__init__.py", b"\"\"\"A thing.\"\"\"\nVALUE = 42\n"),
            ("pure_thing/table.stored", b"not deflated\n"),
            ("pure_thing-1.0.data/scripts/pure-run", b"#!python\nimport pure_thing\n"),
            ("pure_thing-1.0.data/data/share/pure.txt", b"shared\n"),
            ("pure_thing-1.0.dist-info/entry_points.txt", b"[console_scripts]\npure = pure_thing:main\n"),
        ],
    );
    let native = [("x86_64", 62), ("aarch64", 183)].map(|(machine, number)| {
        let library = SampleElf { bits: 64, machine: number, needed: &["libc.so.6"], glibc: "GLIBC_2.17" };
        let name = format!("native/_speed.cpython-311-{machine}-linux-gnu.so");
        let files: [(&str, &[u8]); 2] = [("native/__init__.py", b"from ._speed import *\n"), (&name, &library.bytes())];
        SampleWheel::new("native", "2.1", &format!("cp311-cp311-manylinux_2_17_{machine}"), &files)
    });
    let noise = noise(600_000);
    let heavy = [("heavy/__init__.py", b"".as_slice()), ("heavy/noise.bin", &noise)];
    let heavy = SampleWheel::new("heavy", "3.0", "py2.py3-none-any", &heavy);
    let small = ["ant", "bee", "cat", "dog"].map(|name| {
        SampleWheel::new(
            name,
            "0.1",
            "py3-none-any",
            &[(&format!("{name}.py"), format!("NAME = '{name}'\n").as_bytes())],
        )
    });
    [pure, heavy].into_iter().chain(native).chain(small).collect()
}

/// Bytes that do not deflate, the same ones each time (xorshift).
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..count).map(|_| next()).collect()
}

fn requirements(wheels: &[SampleWheel]) -> String {
    let mut names: Vec<&str> = wheels.iter().map(|wheel| wheel.file_name.split('-').next().unwrap()).collect();
    names.dedup();
    let line = |name: &&str| {
        let own: Vec<_> = wheels.iter().filter(|wheel| wheel.file_name.starts_with(&format!("{name}-"))).collect();
        let version = own[0].file_name.split('-').nth(1).unwrap();
        let hashes: String = own.iter().map(|wheel| format!(" --hash=sha256:{}", wheel.sha256())).collect();
        format!("{name}=={version}{hashes}\n")
    };
    names.iter().map(line).collect()
}

fn application(folder: &Path) {
    for (name, mode, text) in [
        ("__init__.py", 0o644, "\"\"\"The application.\"\"\"\n"),
        ("__main__.py", 0o600, "from app import __doc__\nprint(__doc__)\n"),
        ("data/text.txt", 0o664, "text\n"),
        ("run.sh", 0o775, "#!/bin/sh\nexec true\n"),
        ("left.tmp", 0o644, "left out\n"),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::os::unix::fs::symlink("data/text.txt", folder.join("link.txt")).unwrap();
}
