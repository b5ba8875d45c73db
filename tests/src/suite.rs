//! The Python versions under test: one for each of Debian's suites, for both architectures.

use crate::{Answer, Arm64, Definition, Layout, Rootfs, Server, Shipwheel};

/// A suite of Debian and the Python 3 that it has.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// Its name.
    pub name: &'static str,
    /// The minor version of its Python.
    pub minor: u8,
}

/// All of them, oldest first.
pub const SUITES: [Suite; 4] = [
    Suite { name: "bullseye", minor: 9 },
    Suite { name: "bookworm", minor: 11 },
    Suite { name: "trixie", minor: 13 },
    Suite { name: "forky", minor: 14 },
];

impl Suite {
    /// The suite whose Python has this minor version.
    ///
    /// # Panics
    /// When there is none.
    pub fn of_python(minor: u8) -> Self {
        SUITES.into_iter().find(|suite| suite.minor == minor).expect("a version that a suite has")
    }

    /// An image of nothing but the suite's Python and this module as /app/hello.py.
    pub fn definition(&self, module: &str) -> Definition {
        let Self { name, minor } = self;
        let base = format!(
            "{{ debian = {{ suite = \"{name}\", packages = [\"python3.{minor}\", \"media-types\"], \
             exclude = [\"awk\", \"debconf\", \"dpkg\", \"openssl\", \"mime-support\"] }} }}"
        );
        Definition::over(&base).with("hello.py", module)
    }

    /// Builds a definition of [`Suite::definition`] with these arguments more.
    ///
    /// # Panics
    /// When it does not build.
    #[track_caller]
    pub fn build(&self, definition: &Definition, arguments: &[&str]) -> Layout {
        let (folder, output) = (definition.argument(), definition.output());
        let target = format!("oci:{}", output.display());
        let mut shipwheel = Shipwheel::new();
        // The oldest suite's security archive lists packages for arm64 that it does not have any more.
        let nothing = (self.name == "bullseye").then(|| Server::start([("/".to_owned(), Answer::Status(404))]));
        if let Some(nothing) = &nothing {
            shipwheel = shipwheel.with("SHIPWHEEL_DEBIAN_SECURITY_MIRROR", nothing.url("/debian-security"));
        }
        shipwheel.image(&[&[folder.as_str(), "--output", &target], arguments].concat()).succeeded();
        Layout::new(&output)
    }

    /// The interpreter's path in the image.
    pub fn python(&self) -> String {
        format!("/usr/bin/python3.{}", self.minor)
    }

    /// The standard library's folder in the image.
    pub fn stdlib(&self) -> String {
        format!("/usr/lib/python3.{}", self.minor)
    }
}

/// An image's interpreter that can be run: natively, or by an emulator.
#[derive(Debug)]
pub enum Interpreter {
    /// For the machine's own architecture.
    Native(Rootfs),
    /// For arm64 on any machine.
    Emulated(Arm64),
}

impl Interpreter {
    /// The image's files.
    pub fn rootfs(&self) -> &Rootfs {
        match self {
            Self::Native(rootfs) => rootfs,
            Self::Emulated(arm64) => arm64.rootfs(),
        }
    }

    /// Runs a command of the image, whose program is given by its path; gives standard output.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn run(&self, variables: &[&str], command: &[&str]) -> String {
        let environment: Vec<String> = variables.iter().chain(&["LANG=C.UTF-8"]).map(|it| (*it).to_owned()).collect();
        match self {
            Self::Native(rootfs) => rootfs.run(&environment, command).0,
            Self::Emulated(arm64) => arm64.run(&environment, command),
        }
    }
}
