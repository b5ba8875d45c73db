//! The image that the README's first command builds, made once for all tests of a run.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::program::target;
use crate::{Layout, Shipwheel};

/// A built image: where its layout is, and what shipwheel said of it.
#[derive(Debug)]
pub struct Image {
    folder: PathBuf,
    /// What `--json` printed.
    pub report: Value,
}

impl Image {
    /// Its OCI layout.
    pub fn layout(&self) -> Layout {
        Layout::new(&self.path())
    }

    /// The folder of its OCI layout.
    pub fn path(&self) -> PathBuf {
        self.folder.join("layout")
    }

    /// The digest of its index.
    ///
    /// # Panics
    /// When the report has none.
    pub fn digest(&self) -> String {
        text(&self.report, "digest")
    }

    /// What the report says of one platform.
    ///
    /// # Panics
    /// When it says nothing.
    pub fn platform(&self, platform: &str) -> &Value {
        let platforms = self.report["platforms"].as_array().expect("a list of platforms");
        platforms.iter().find(|entry| entry["platform"] == platform).unwrap_or_else(|| panic!("{platform}"))
    }
}

/// images/variosync for both platforms, tagged 1.0.0: `cargo xtask image --platforms amd64,arm64`.
pub fn variosync() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let folder = shared();
        let output = format!("oci:{}", folder.join("layout").display());
        let arguments = ["--platforms", "amd64,arm64", "--tag", "1.0.0", "--json", "--output", &output];
        let report = Shipwheel::new().image(&arguments).succeeded().json();
        Image { folder, report }
    })
}

/// A folder that all tests of this run share. A static value is never dropped, so the next run clears it away.
fn shared() -> PathBuf {
    let shared = target().join("tests").join("image");
    match std::fs::remove_dir_all(&shared) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", shared.display()),
        _ => {}
    }
    std::fs::create_dir_all(&shared).expect("the target folder is ours");
    shared
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {value}")).to_owned()
}
