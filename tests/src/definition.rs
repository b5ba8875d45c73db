//! Small image definitions, written for one test each.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{SampleWheel, scratch, variosync};

/// The smallest base of Debian that has Python 3.11.
const SMALL: &str = r#"base = { debian = { suite = "bookworm", packages = ["python3.11", "media-types"], exclude = ["awk", "debconf", "dpkg", "openssl", "mime-support"] } }
platforms = ["linux/amd64", "linux/arm64"]"#;

/// A folder with an image.toml and what it needs.
#[derive(Debug)]
pub struct Definition {
    folder: TempDir,
}

impl Definition {
    /// An image over this base, as written in TOML, with one module as its application.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn over(base: &str) -> Self {
        let this = Self { folder: scratch() };
        let toml = format!(
            "# An image for one test.\nbase = {base}\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n\n\
             [app]\nsources = [\"hello.py\"]\ndestination = \"/app\"\n\n[config]\ncmd = [\"python3\", \"/app/hello.py\"]\n"
        );
        this.with("hello.py", "\"\"\"Says hello.\"\"\"\nprint('hello')\n").with("image.toml", &toml)
    }

    /// A folder without an image.toml, or anything else.
    pub fn empty() -> Self {
        Self { folder: scratch() }
    }

    /// An image over a small Debian with Python 3.11, for both platforms, with these lines besides.
    #[must_use]
    pub fn over_debian(lines: &str) -> Self {
        Self::empty().with("image.toml", &format!("# An image for one test.\n{SMALL}\n{lines}\n"))
    }

    /// An image whose base is another OCI layout.
    pub fn over_layout(layout: &Path) -> Self {
        Self::over(&format!("{{ layout = \"{}\" }}", layout.display()))
    }

    /// An image whose base is the example's image, with bytecode switched off for speed.
    pub fn over_example() -> Self {
        Self::over_layout(&variosync().path()).and("[bytecode]\nenabled = false")
    }

    /// With one more file, or another text in one.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[must_use]
    pub fn with(self, name: &str, text: &str) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below our own folder")).expect("our own folder");
        std::fs::write(path, text).expect("our own folder");
        self
    }

    /// With more lines at the end of image.toml.
    ///
    /// # Panics
    /// When there is no image.toml.
    #[must_use]
    pub fn and(self, lines: &str) -> Self {
        let toml = std::fs::read_to_string(self.path().join("image.toml")).expect("our own folder");
        self.with("image.toml", &format!("{toml}\n{lines}\n"))
    }

    /// With another text in place of one in image.toml.
    ///
    /// # Panics
    /// When image.toml does not have it.
    #[must_use]
    pub fn replacing(self, from: &str, to: &str) -> Self {
        let toml = std::fs::read_to_string(self.path().join("image.toml")).expect("our own folder");
        assert!(toml.contains(from), "image.toml has no `{from}`:\n{toml}");
        self.with("image.toml", &toml.replace(from, to))
    }

    /// With a lock, in PEP 751's form, of these wheels of the distribution `thing` 1.0: (file name, address, SHA-256).
    #[must_use]
    pub fn with_lock(self, wheels: &[(&str, &str, &str)]) -> Self {
        let mut lock = String::from(
            "# Written for one test.\nlock-version = \"1.0\"\ncreated-by = \"test\"\n\n\
             [[packages]]\nname = \"thing\"\nversion = \"1.0\"\n",
        );
        for (name, url, sha256) in wheels {
            lock += &format!(
                "[[packages.wheels]]\nname = \"{name}\"\nurl = \"{url}\"\nhashes = {{ sha256 = \"{sha256}\" }}\n"
            );
        }
        self.with("pylock.toml", &lock).and("[python]\nlock = \"pylock.toml\"")
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder as an argument.
    pub fn argument(&self) -> String {
        self.path().display().to_string()
    }

    /// A place inside the folder for an output that is not there yet.
    pub fn output(&self) -> PathBuf {
        self.path().join("output")
    }
}

/// A pure wheel of the distribution `thing` 1.0 with one module, and its SHA-256.
///
/// # Panics
/// When it cannot be zipped.
pub fn wheel() -> (Vec<u8>, String) {
    wheel_with("py3-none-any", &[])
}

/// A wheel of the distribution `thing` 1.0 with a tag and more files, and its SHA-256.
///
/// # Panics
/// When it cannot be zipped.
pub fn wheel_with(tag: &str, more: &[(&str, &[u8])]) -> (Vec<u8>, String) {
    let module = ("thing.py", b"\"\"\"A thing.\"\"\"\nVALUE = 42\n".as_slice());
    let files: Vec<(&str, &[u8])> = std::iter::once(module).chain(more.iter().copied()).collect();
    let wheel = SampleWheel::new("thing", "1.0", tag, &files);
    let sha256 = wheel.sha256();
    (wheel.bytes, sha256)
}
