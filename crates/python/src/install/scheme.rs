//! Where the parts of a distribution go: a virtual environment at a fixed place in the image.

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::TreePath;

/// A place that no environment can be at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` cannot be {role}: {reason}")]
pub struct SchemeError {
    /// The path as it was found.
    pub found: String,
    /// What it was for.
    pub role: &'static str,
    /// Why it cannot be.
    pub reason: &'static str,
}

/// The installation scheme of a virtual environment (sysconfig's `venv`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    prefix: TreePath,
    python: PythonVersion,
    interpreter: String,
}

impl Scheme {
    /// The kernel reads that much of a script's first line, `#!` and newline included.
    const MAX_INTERPRETER: usize = 124;

    /// The scheme of an environment at `prefix`, with its interpreter in `bin`.
    ///
    /// # Errors
    /// When the prefix is not an absolute path, or its interpreter cannot follow `#!`.
    pub fn new(prefix: &str, python: PythonVersion) -> Result<Self, SchemeError> {
        let error = |reason| SchemeError { found: prefix.to_owned(), role: "an environment's prefix", reason };
        let path = TreePath::new(prefix).map_err(|cause| error(cause.reason))?;
        if path.is_root() || !prefix.starts_with('/') {
            return Err(error("it is not absolute, or it is the root"));
        }
        Self { interpreter: format!("{path}/bin/python"), prefix: path, python }.checked()
    }

    /// The same with another interpreter behind `#!`.
    ///
    /// # Errors
    /// When it is not absolute, has blanks, or is longer than the kernel reads.
    pub fn with_interpreter(self, interpreter: &str) -> Result<Self, SchemeError> {
        Self { interpreter: interpreter.to_owned(), ..self }.checked()
    }

    fn checked(self) -> Result<Self, SchemeError> {
        let text = &self.interpreter;
        let reason = match () {
            () if !text.starts_with('/') => "it is not absolute",
            () if text.len() > Self::MAX_INTERPRETER => "it is longer than the kernel allows in a `#!` line",
            () if text.chars().any(|c| c.is_whitespace() || c.is_control()) => "it contains white space",
            () => return Ok(self),
        };
        Err(SchemeError { found: self.interpreter, role: "a script's interpreter", reason })
    }

    /// `/opt/venv`.
    pub fn prefix(&self) -> &TreePath {
        &self.prefix
    }

    /// The interpreter behind `#!` in scripts.
    pub fn interpreter(&self) -> &str {
        &self.interpreter
    }

    /// The full version of the base's Python.
    pub fn python(&self) -> PythonVersion {
        self.python
    }

    /// Where commands go, relative to the prefix.
    pub(crate) const BIN: &'static str = "bin";

    /// Where modules go, relative to the prefix: `lib/python3.11/site-packages`.
    pub(crate) fn site(&self) -> String {
        format!("lib/python{}.{}/site-packages", self.python.major, self.python.minor)
    }

    /// Where a distribution's C headers go, relative to the prefix.
    pub(crate) fn headers(&self, distribution: &str) -> String {
        format!("include/site/python{}.{}/{distribution}", self.python.major, self.python.minor)
    }

    /// The path in the image of site-packages: `/opt/venv/lib/python3.11/site-packages`.
    pub fn site_packages(&self) -> String {
        format!("{}/{}", self.prefix, self.site())
    }

    /// The path in the image of the commands: `/opt/venv/bin`.
    pub fn scripts(&self) -> String {
        format!("{}/{}", self.prefix, Self::BIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_has_an_absolute_place_that_scripts_can_name() {
        let python = "3.11.2".parse().expect("valid");
        let long = format!("/{}", "a".repeat(200));
        for (prefix, expected) in [
            ("/opt/venv/", Some("/opt/venv/lib/python3.11/site-packages")),
            ("opt", None),
            ("/", None),
            ("/a/../b", None),
            ("/opt/my venv", None),
            (&long, None),
        ] {
            let site = Scheme::new(prefix, python).ok().map(|scheme| scheme.site_packages());
            assert_eq!(site.as_deref(), expected, "{prefix}");
        }
        let scheme = Scheme::new("/v", python).expect("valid");
        assert!(scheme.clone().with_interpreter("/usr/bin/python3.11").is_ok());
        assert!(scheme.clone().with_interpreter("python").is_err());
        // Old kernels read 127 bytes of a first line: `#!`, the path and the line feed.
        let path = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert!(scheme.clone().with_interpreter(&path(124)).is_ok_and(|it| it.interpreter() == path(124)));
        assert!(scheme.with_interpreter(&path(125)).is_err());
    }
}
