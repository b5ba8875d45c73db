//! A virtual environment without packages, as a tree (PEP 405).

use shipwheel_layer::{Content, Tree, TreeError, TreePath};

use crate::install::scheme::Scheme;

/// The skeleton of an environment: `pyvenv.cfg`, the interpreter's links, an empty site-packages.
///
/// `base` is the base image's interpreter, such as `/usr/bin/python3.11`; its folder becomes `home`.
///
/// # Errors
/// When `base` is inside the environment, so that two things want one path.
pub fn virtual_environment(scheme: &Scheme, base: &str) -> Result<Tree, TreeError> {
    let prefix = scheme.prefix();
    let python = scheme.python();
    let home = base.rsplit_once('/').map_or("/", |(home, _)| if home.is_empty() { "/" } else { home });
    let config =
        format!("home = {home}\ninclude-system-site-packages = false\nversion = {python}\nexecutable = {base}\n");
    let mut tree = Tree::new();
    tree.insert_file(&format!("{prefix}/pyvenv.cfg"), 0o644, Content::from_bytes(config.into_bytes()))?;
    let bin = scheme.scripts();
    tree.insert_symlink(&format!("{bin}/python"), base)?;
    tree.insert_symlink(&format!("{bin}/python{}", python.major), "python")?;
    tree.insert_symlink(&format!("{bin}/python{}.{}", python.major, python.minor), "python")?;
    tree.insert_symlink(&format!("{prefix}/lib64"), "lib")?;
    tree.insert_directory(&scheme.site_packages(), 0o755)?;
    Ok(tree)
}

/// The first path of a wheel's tree that replaces something of the environment, or decides which interpreter runs.
///
/// # Errors
/// When the scheme does not make a tree.
pub(super) fn replaced(tree: &Tree, scheme: &Scheme) -> Result<Option<TreePath>, TreeError> {
    // Only the paths matter: what the links lead to differs between bases.
    let environment = virtual_environment(scheme, "/python")?;
    let same_path = environment.iter().find_map(|(path, own)| {
        let of_wheel = tree.node(path)?;
        (!own.is_directory() || !of_wheel.is_directory()).then(|| path.clone())
    });
    let bin = TreePath::new(&scheme.scripts())?;
    let landmark = || {
        let entries = tree.below(&bin).map(|(path, _)| path);
        entries.filter(|path| path.parent().as_ref() == Some(&bin)).find(|path| is_landmark(path.name())).cloned()
    };
    Ok(same_path.or_else(landmark))
}

/// Whether a name in `bin` is one of an interpreter, or of a file beside it that tells it where its modules are
/// (CPython's `getpath.py`).
fn is_landmark(name: &str) -> bool {
    let is_version = |rest: &str| rest.trim_end_matches(['t', 'd']).bytes().all(|b| b.is_ascii_digit() || b == b'.');
    name.strip_prefix("pythonw").or_else(|| name.strip_prefix("python")).is_some_and(is_version)
        || matches!(name, "pyvenv.cfg" | "pybuilddir.txt")
        || name.ends_with("._pth")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::listing;

    #[test]
    fn an_environment_has_links_to_the_base_and_an_empty_site_packages() {
        let scheme = Scheme::new("/opt/venv", "3.11.2".parse().expect("valid")).expect("valid");
        let tree = virtual_environment(&scheme, "/usr/bin/python3.11").expect("fits");
        let text = "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n\
                    executable = /usr/bin/python3.11\n";
        let digest = shipwheel_oci::Digest::of(text.as_bytes()).short();
        assert_eq!(
            listing(&tree).expect("readable"),
            format!(
                "d 0755 0:0 /opt/\nd 0755 0:0 /opt/venv/\nd 0755 0:0 /opt/venv/bin/\n\
                 l /opt/venv/bin/python -> /usr/bin/python3.11\nl /opt/venv/bin/python3 -> python\n\
                 l /opt/venv/bin/python3.11 -> python\nd 0755 0:0 /opt/venv/lib/\n\
                 d 0755 0:0 /opt/venv/lib/python3.11/\nd 0755 0:0 /opt/venv/lib/python3.11/site-packages/\n\
                 l /opt/venv/lib64 -> lib\nf 0644 0:0 {} {digest} /opt/venv/pyvenv.cfg\n",
                text.len()
            )
        );
    }
}
