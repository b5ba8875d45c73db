//! An image unpacked by umoci, and commands run inside it without any privilege.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::{Layout, judge, scratch};

/// The files of one platform's image, as umoci laid them out.
#[derive(Debug)]
pub struct Rootfs {
    folder: TempDir,
}

impl Rootfs {
    /// Unpacks the image for an architecture such as `arm64`.
    ///
    /// # Panics
    /// When skopeo or umoci refuse it.
    pub fn unpack(layout: &Layout, architecture: &str) -> Self {
        let folder = scratch();
        let shell = Shell::new().expect("a shell");
        let (skopeo, umoci) = (judge("skopeo", "skopeo"), judge("umoci", "umoci"));
        // umoci looks at only one platform's image; skopeo takes it out of the index, checking every digest.
        let (source, single) = (layout.transport(), folder.path().join("single"));
        let target = format!("oci:{}:image", single.display());
        cmd!(shell, "{skopeo} --override-arch {architecture} copy --quiet {source} {target}")
            .quiet()
            .run()
            .expect("copied");
        let (image, bundle) = (format!("{}:image", single.display()), folder.path().join("bundle"));
        cmd!(shell, "{umoci} --log error unpack --rootless --image {image} {bundle}").quiet().run().expect("unpacked");
        std::fs::remove_dir_all(single).expect("our own folder");
        Self { folder }
    }

    /// The top of the files.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("bundle/rootfs")
    }

    /// A file of the image.
    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    /// Runs a command in the image with these variables and no others; gives both outputs.
    ///
    /// # Panics
    /// When the command fails.
    #[track_caller]
    pub fn run(&self, environment: &[String], command: &[&str]) -> (String, String) {
        let shell = Shell::new().expect("a shell");
        let (unshare, root) = (judge("unshare", "util-linux"), self.path());
        let output = cmd!(shell, "env --ignore-environment {environment...} {unshare}")
            .args(["--map-root-user".as_ref(), "--root".as_ref(), root.as_os_str()])
            .args(command)
            .quiet()
            .ignore_status()
            .output()
            .expect("unshare starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
        (out.into_owned(), err.into_owned())
    }

    /// All regular files below a folder of the image, as paths of the image.
    ///
    /// # Panics
    /// When the folder is not there.
    pub fn files(&self, below: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.join(below), &mut found);
        let root = self.path();
        let inside = |path: PathBuf| format!("/{}", path.strip_prefix(&root).expect("found below").display());
        let mut found: Vec<String> = found.into_iter().map(inside).collect();
        found.sort();
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let entry = entry.expect("a readable folder");
        let kind = entry.file_type().expect("a readable folder");
        if kind.is_dir() {
            collect(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}
