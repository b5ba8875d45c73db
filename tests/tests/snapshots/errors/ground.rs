//! What a case needs: a folder with a base, an image.toml and whatever else it is to fail over.

use std::path::{Path, PathBuf};

use shipwheel_tests::{Redactor, Run, SampleBase, SampleWheel, Server, Shipwheel, scratch};
use tempfile::TempDir;

/// One error.
#[derive(Clone, Copy)]
pub struct Case {
    /// The name of its file.
    pub name: &'static str,
    /// The exit code.
    pub code: i32,
    /// Brings it about.
    pub run: fn(&Ground) -> Run,
}

impl Case {
    /// What the user sees; or what is wrong, where the exit code is another one or standard output has anything.
    pub fn text(&self) -> Result<String, String> {
        let ground = Ground::new();
        let run = (self.run)(&ground);
        let said = without_layer_steps(&ground.redactor().redact(&run.stderr));
        if run.code != self.code || !run.stdout.is_empty() || said.contains("panicked") {
            let Self { name, code, .. } = self;
            return Err(format!("{name}: expected exit code {code}, found {}:\n{}{said}", run.code, run.stdout));
        }
        Ok(format!("exit code {}\n{said}", run.code))
    }
}

/// Layers are made side by side: whether one is told of before another one fails differs from run to run.
fn without_layer_steps(text: &str) -> String {
    let is_layer = |line: &str| line.starts_with("  ") && line.contains(" bytecode: ");
    let steps_end = text.find("error: ").unwrap_or(text.len());
    let (steps, rest) = text.split_at(steps_end);
    steps.lines().filter(|line| !is_layer(line)).map(|line| format!("{line}\n")).collect::<String>() + rest
}

/// A folder of one case's own; `app` in it is the image, `base` a layout.
pub struct Ground {
    folder: TempDir,
    /// Addresses that differ from run to run.
    hosts: std::cell::RefCell<Vec<String>>,
}

impl Ground {
    pub fn new() -> Self {
        let this = Self { folder: scratch(), hosts: std::cell::RefCell::default() };
        std::fs::create_dir_all(this.path().join("base")).unwrap();
        std::fs::create_dir_all(this.path().join("images")).unwrap();
        SampleBase::FULL.write(&this.path().join("base"));
        this
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of this folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// `app/image.toml` with these lines, over the base for both platforms and without bytecode.
    pub fn image(&self, lines: &str) -> &Self {
        let head = "# An image for one error.\nbase = { layout = \"../base\" }\n\
                    platforms = [\"linux/amd64\", \"linux/arm64\"]\nbytecode.enabled = false\n";
        self.file("app/image.toml", format!("{head}{lines}"))
    }

    /// The same, and a lock with this name and text.
    pub fn locked(&self, name: &str, text: &str) -> &Self {
        self.image(&format!("[python]\nlock = \"{name}\"\nwheels = [\"wheels\"]\n"));
        std::fs::create_dir_all(self.path().join("app/wheels")).unwrap();
        self.file(&format!("app/{name}"), text)
    }

    /// The same, with a pylock.toml of these packages.
    pub fn pylock(&self, packages: &str) -> &Self {
        self.locked("pylock.toml", &format!("lock-version = \"1.0\"\ncreated-by = \"test\"\n\n{packages}"))
    }

    /// The same, with a wheel in its folder that the lock names, perhaps by another hash.
    pub fn wheel(&self, wheel: &SampleWheel, sha256: &str) -> &Self {
        let (file, name) = (&wheel.file_name, wheel.file_name.split('-').next().unwrap());
        let package = format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\n\
             wheels = [{{ name = \"{file}\", path = \"wheels/{file}\", hashes = {{ sha256 = \"{sha256}\" }} }}]\n"
        );
        self.pylock(&package).file(&format!("app/wheels/{file}"), &wheel.bytes)
    }

    /// A base with other properties.
    pub fn base(&self, base: SampleBase) -> &Self {
        std::fs::remove_dir_all(self.path().join("base")).unwrap();
        std::fs::create_dir_all(self.path().join("base")).unwrap();
        base.write(&self.path().join("base"));
        self
    }

    /// Host and port of a server, which the error may name.
    pub fn host(&self, server: &Server) -> String {
        self.named(server.url("").trim_start_matches("http://").to_owned())
    }

    /// A host and port that the error may name.
    pub fn named(&self, host: String) -> String {
        self.hosts.borrow_mut().push(host.clone());
        host
    }

    pub fn shipwheel(&self) -> Shipwheel {
        Shipwheel::apart(self.path())
    }

    pub fn run(&self, line: &str) -> Run {
        self.shipwheel().run(&line.split(' ').collect::<Vec<_>>())
    }

    /// Builds `app`, which must not come out.
    pub fn build(&self) -> Run {
        let run = self.run("image app --output oci:out");
        let left: Vec<PathBuf> = std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let written = left.iter().any(|path| path.to_string_lossy().contains("/out"));
        assert_eq!(written, run.code == 0, "half-written: {left:?}");
        run
    }

    fn redactor(&self) -> Redactor {
        let redactor = Redactor::new().text(self.path().display().to_string(), "folder").word(".shipwheel-", "random");
        self.hosts.borrow().iter().fold(redactor, |redactor, host| redactor.text(host, "host"))
    }
}
