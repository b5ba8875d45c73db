//! Runs the arm64 image on any machine, by qemu's user emulation.

use crate::{Layout, Rootfs, judge};

/// Where qemu is inside the unpacked image; no image of ours has such a folder.
const EMULATOR: &str = "/.judge-qemu-aarch64";

/// The arm64 image, unpacked, with an emulator beside it.
#[derive(Debug)]
pub struct Arm64 {
    rootfs: Rootfs,
    environment: Vec<String>,
}

impl Arm64 {
    /// Unpacks the arm64 image.
    ///
    /// # Panics
    /// When the image has no arm64.
    pub fn unpack(layout: &Layout) -> Self {
        let rootfs = Rootfs::unpack(layout, "arm64");
        let emulator = judge("qemu-aarch64-static", "qemu-user-static");
        std::fs::copy(emulator, rootfs.join(EMULATOR)).expect("our own folder");
        let config = layout.config("linux/arm64");
        let variables = config["config"]["Env"].as_array().cloned().unwrap_or_default();
        let mut environment: Vec<String> = variables.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
        // A core without pointer authentication: emulating its cipher takes six times as long as all else.
        environment.push("QEMU_CPU=cortex-a72".to_owned());
        Self { rootfs, environment }
    }

    /// Its files; the emulator among them is at the top.
    pub fn rootfs(&self) -> &Rootfs {
        &self.rootfs
    }

    /// Runs a command, whose program is given by its path, with these variables beside the image's; gives standard output.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn run(&self, variables: &[String], command: &[&str]) -> String {
        self.rootfs.run(&[&self.environment, variables].concat(), &[&[EMULATOR], command].concat()).0
    }

    /// Runs the image's own `python` on this code; gives standard output.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn python(&self, code: &str) -> String {
        let python = self.python_path();
        self.run(&[], &[&python, "-c", code])
    }

    /// The first `python` on the PATH that the image sets: the emulator looks nothing up.
    fn python_path(&self) -> String {
        let path = self.environment.iter().find_map(|it| it.strip_prefix("PATH=")).expect("the image sets PATH");
        let places = path.split(':').map(|folder| format!("{folder}/python"));
        let is_there = |place: &String| self.rootfs.join(place).symlink_metadata().is_ok();
        places.into_iter().find(is_there).unwrap_or_else(|| panic!("no python on {path}"))
    }
}
