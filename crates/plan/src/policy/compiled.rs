//! Which files are compiled, file by file, before the overrides of image.toml.

use shipwheel_layer::TreePath;
use shipwheel_python::DistributionName;

use crate::facts::AppFile;
use crate::layer::VENV;

/// Who a source belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// The base.
    Stdlib,
    /// A distribution.
    Distribution(&'a DistributionName),
    /// The application.
    Application,
}

/// Folders of the standard library that no application imports.
const NOT_IMPORTED: [&str; 6] = ["site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"];

/// Whether a file of the standard library in `library` is compiled.
///
/// Facts about bases are kept: a change here raises DESCRIBE_RECIPE in the builder's base/describe.rs.
pub fn is_stdlib_source(library: &TreePath, file: &TreePath) -> bool {
    let below = file.as_str().strip_prefix(library.as_str()).unwrap_or_default();
    is_python(file) && !below.split('/').any(|part| NOT_IMPORTED.contains(&part))
}

/// Whether a file that a wheel has in site-packages is compiled; scripts and data are elsewhere.
///
/// Facts about wheels are kept: a change here raises RECORD_RECIPE in the builder's wheel/wheels.rs.
pub fn is_wheel_source(file: &TreePath) -> bool {
    is_python(file)
}

/// Whether a file of the application is compiled. A command in the environment's `bin` is run by
/// name and never imported, so CPython would not load its bytecode.
pub(crate) fn is_application_source(file: &AppFile) -> bool {
    let is_command = file.path.as_str().strip_prefix(VENV).is_some_and(|rest| rest.starts_with("/bin/"));
    is_python(&file.path) && file.link.is_none() && !is_command
}

/// Whether a file of the application is bytecode that a run on some machine left behind.
pub(crate) fn is_left_behind(file: &AppFile) -> bool {
    file.path.name().ends_with(".pyc") && file.path.as_str().contains("/__pycache__/")
}

/// Whether a source is generated for each architecture, so that its bytecode must not keep
/// the rest from being shared. Told by its name: what a layer holds never depends on what
/// another platform has.
pub(crate) fn is_made_per_platform(file: &TreePath) -> bool {
    file.name().starts_with("_sysconfigdata_") || file.name() == "__config__.py"
}

fn is_python(file: &TreePath) -> bool {
    file.name().ends_with(".py")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("valid")
    }

    #[test]
    fn the_standard_library_is_compiled_without_its_tests_and_other_packages() {
        let library = path("/usr/lib/test/python3.11");
        for (below, expected) in [
            ("os.py", true),
            ("json/decoder.py", true),
            ("test/test_os.py", false),
            ("site-packages/six.py", false),
            ("__pycache__/os.py", false),
            ("LICENSE.txt", false),
        ] {
            let file = library.join(below).expect("valid");
            assert_eq!(is_stdlib_source(&library, &file), expected, "{below}");
        }
    }

    #[test]
    fn commands_links_and_other_files_of_the_application_are_not_compiled() {
        let file = |text: &str, link: Option<&str>| AppFile {
            path: path(text),
            digest: shipwheel_oci::Digest::of(b""),
            size: 0,
            executable: false,
            link: link.map(str::to_owned),
        };
        for (text, link, expected) in [
            ("/app/main.py", None, true),
            ("/app/main.py", Some("other.py"), false),
            ("/opt/venv/bin/tool.py", None, false),
            ("/opt/venv/lib/python3.11/site-packages/own/a.py", None, true),
            ("/app/page.html", None, false),
        ] {
            assert_eq!(is_application_source(&file(text, link)), expected, "{text}");
        }
        assert!(is_left_behind(&file("/app/__pycache__/a.cpython-311.pyc", None)));
        assert!(!is_left_behind(&file("/app/a.pyc", None)));
    }
}
