//! Whether a package out of a wheel may have a module that no file of it shows.
//!
//! It is asked only about modules that were not found, so wheels are opened for nothing else; the answer is remembered.

use std::cell::RefCell;
use std::collections::BTreeMap;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::facts::{PlatformFacts, WheelFacts};
use shipwheel_python::imports::{makes_module, makes_modules};
use shipwheel_python::wheel::Wheel;

use crate::error::BuildError;
use crate::session::Session;
use crate::wheel::wheels::Wheels;

/// Raise this when other things count as signs of modules that are made at run time.
const RECIPE: u32 = 2;

/// The wheels of a platform, and where they are installed.
pub(super) struct WheelModules<'a> {
    session: &'a Session<'a>,
    wheels: &'a Wheels,
    facts: &'a PlatformFacts,
    /// The folder of the environment's packages, with `/` at both ends.
    site: String,
    answers: RefCell<BTreeMap<String, bool>>,
}

impl<'a> WheelModules<'a> {
    pub(super) fn new(
        session: &'a Session<'a>,
        wheels: &'a Wheels,
        facts: &'a PlatformFacts,
        site_packages: &str,
    ) -> Self {
        Self { session, wheels, facts, site: format!("/{site_packages}/"), answers: RefCell::default() }
    }

    /// Whether the package of this file may have a module: certainly not, or perhaps.
    pub(super) fn may_have(&self, file: &str, module: &str) -> bool {
        if let Some(answer) = self.answers.borrow().get(module) {
            return *answer;
        }
        // What cannot be read answers nothing; whoever needs it for a layer says so.
        let answer = self.look(file, module).unwrap_or(true);
        self.answers.borrow_mut().insert(module.to_owned(), answer);
        answer
    }

    fn look(&self, file: &str, module: &str) -> Result<bool, BuildError> {
        // Extension modules make their submodules themselves, and the standard library's are of the base.
        let Some(own) = file.strip_prefix(&self.site).filter(|own| own.ends_with(".py")) else { return Ok(true) };
        let top = own.split('/').next().unwrap_or(own);
        let owners: Vec<&WheelFacts> = self.facts.wheels.iter().filter(|wheel| self.has(wheel, top)).collect();
        let digests: Vec<Digest> = owners.iter().map(|wheel| wheel.digest).collect();
        let mut hasher = Hasher::new();
        hasher.field(RECIPE.to_le_bytes()).field(own).field(module).fields(&digests);
        self.session.cache.remember(
            "modules",
            &hasher.finish(),
            |_| true,
            || {
                self.wheels.fetch(self.session, &digests)?;
                for digest in &digests {
                    if may_have(&self.wheels.open(self.session, digest)?, own, module)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            },
        )
    }

    /// Whether a wheel has sources in a folder at the top of the environment.
    fn has(&self, wheel: &WheelFacts, top: &str) -> bool {
        let below = format!("{}{top}", self.site);
        let is_at = |path: &str| path.strip_prefix(&below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        wheel.sources.iter().any(|source| is_at(source.path.as_str()))
    }
}

/// Whether a wheel has the module in a form that is no source, or a source that may make it.
fn may_have(wheel: &Wheel, package: &str, module: &str) -> Result<bool, BuildError> {
    let path = module.replace('.', "/");
    let leaf = module.rsplit('.').next().unwrap_or(module);
    // The packages above it and the file that it is looked for in.
    let is_above = |below: &str| {
        below == package
            || below.strip_suffix("/__init__.py").is_some_and(|folder| path.starts_with(&format!("{folder}/")))
    };
    for member in wheel.files() {
        let below = in_site_packages(&member.path);
        if below.strip_prefix(&path).is_some_and(|rest| rest.starts_with(['.', '/'])) {
            return Ok(true);
        }
        if !below.ends_with(".py") {
            continue;
        }
        let text = wheel.content(member).to_vec()?;
        let text = String::from_utf8_lossy(&text);
        if is_above(below) && makes_modules(&text) || makes_module(&text, leaf) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The path of a wheel's member below site-packages: `NAME.data/platlib/` is left out (PEP 427).
pub(super) fn in_site_packages(member: &str) -> &str {
    let below = |scheme: &str| {
        let (data, rest) = member.split_once('/')?;
        data.ends_with(".data").then_some(rest)?.strip_prefix(scheme)
    };
    below("platlib/").or_else(|| below("purelib/")).unwrap_or(member)
}
