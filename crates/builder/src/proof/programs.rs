//! Whether an image has the program that its command names, and what of a wheel that program imports.
//!
//! A name without a folder is looked for in the environment, then in what the base has. What a registry's image has is
//! not looked at.

use std::collections::BTreeMap;

use shipwheel_layer::TreePath;
use shipwheel_oci::{Hasher, Platform};
use shipwheel_plan::facts::{AppFile, WheelFacts};
use shipwheel_plan::layer::VENV;
use shipwheel_python::imports::Command;

use super::needs::Needs;
use super::start_error::StartError;
use super::started::unwrapped;
use crate::base::image::tree_of;
use crate::base::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::session::Session;

/// Where programs are looked for besides the environment, as the image's PATH has it.
const FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What the environment of a platform can start.
pub(super) struct Programs<'a> {
    own: &'a [&'a AppFile],
    /// The programs of wheels, each with the module that it imports, if it has one.
    of_wheels: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Programs<'a> {
    pub(super) fn new(needs: &'a Needs, wheels: &[WheelFacts], own: &'a [&'a AppFile]) -> Self {
        let programs = wheels.iter().filter_map(|wheel| needs.get(&wheel.digest)).flat_map(|needs| &needs.programs);
        Self { own, of_wheels: programs.map(|(name, module)| (name.as_str(), module.as_deref())).collect() }
    }

    /// The module that a program out of a wheel imports.
    pub(super) fn module(&self, word: &str) -> Option<&str> {
        *self.of_wheels.get(in_environment(word)?)?
    }

    /// Checks that something in the image has the program that a command names.
    ///
    /// # Errors
    /// When nothing has it.
    pub(super) fn check(
        &self,
        session: &Session<'_>,
        command: &Command,
        base: &ResolvedBase,
        platform: &Platform,
    ) -> Result<(), StartError> {
        let inner = unwrapped(command.clone());
        let words = command.words.first().into_iter().chain(inner.words.first());
        for word in words {
            let Some(name) = in_environment(word) else { continue };
            let is_of_base = || !word.contains('/') && base_has(session, base, name);
            if !self.has(name) && !is_of_base() {
                let (program, platform) = (word.clone(), platform.clone());
                return Err(StartError::NotInstalled { program, platform });
            }
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        let is_python =
            name.strip_prefix("python").is_some_and(|it| it.chars().all(|c| c.is_ascii_digit() || c == '.'));
        // PATH may have any folder of the application.
        let is_own = || self.own.iter().any(|file| file.path.name() == name);
        is_python || self.of_wheels.contains_key(name) || is_own()
    }
}

/// The name of a program that the environment may have: one without a folder, or in the environment's.
fn in_environment(word: &str) -> Option<&str> {
    let name = word.strip_prefix(VENV).and_then(|below| below.strip_prefix("/bin/")).unwrap_or(word);
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// Whether the base has a program, or may have it: layers that are not here say nothing.
fn base_has(session: &Session<'_>, base: &ResolvedBase, name: &str) -> bool {
    if base.manifest.is_some() {
        return true;
    }
    // Reading a base takes longer than all else that a build with one changed line does.
    let mut key = Hasher::new();
    key.fields(base.facts.layers.iter().map(|layer| layer.diff_id.to_string())).field(name);
    let has = || {
        let tree = tree_of(session, "the base", &base.facts.layers)?;
        let mut paths = FOLDERS.iter().filter_map(|folder| TreePath::new(&format!("{folder}/{name}")).ok());
        Ok::<_, BuildError>(paths.any(|path| tree.resolve(&path).is_some()))
    };
    session.cache.remember("base-program", &key.finish(), |_| true, has).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_has_names_without_folders_and_its_own() {
        for (word, expected) in [
            ("gunicorn", Some("gunicorn")),
            ("/opt/venv/bin/gunicorn", Some("gunicorn")),
            ("/usr/bin/gunicorn", None),
            ("./gunicorn", None),
            ("-m", Some("-m")),
            ("", None),
        ] {
            assert_eq!(in_environment(word), expected, "{word}");
        }
    }
}
