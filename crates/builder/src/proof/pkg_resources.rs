//! Whether a wheel that the image starts with imports `pkg_resources`, which newer versions of setuptools lack.
//!
//! Imports are followed into the wheels that have such an import, and into no others: what else they import is theirs.

use std::collections::BTreeMap;

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::Platform;
use shipwheel_plan::facts::{PlatformFacts, WheelFacts};
use shipwheel_python::imports::{Command, Missing, Program, Start, Statements, What, follow};

use super::import_error::ImportError;
use super::needs::Needs;
use super::programs::Programs;
use super::sources::Sources;
use super::wheel_modules::in_site_packages;
use crate::error::BuildError;
use crate::session::Session;
use crate::wheel::wheels::scheme;

/// The module that distributions import without naming its own: setuptools, until one that lacks it.
pub(super) const PKG_RESOURCES: &str = "pkg_resources";

/// What the distributions that still import it need.
const NEEDED: &str = "setuptools<82";

/// The wheels of a platform, and what reads their sources.
#[derive(Clone, Copy)]
pub(super) struct Library<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) sources: Sources<'a>,
    pub(super) needs: &'a Needs,
    pub(super) facts: &'a PlatformFacts,
    pub(super) version: PythonVersion,
}

impl Library<'_> {
    /// Checks what each command is bound to import.
    ///
    /// # Errors
    /// When a source of a wheel is bound to import it and nothing has it, or a wheel cannot be read.
    pub(super) fn check(
        &self,
        program: &Program<'_>,
        commands: &[(Vec<Start>, Command)],
        programs: &Programs<'_>,
        platform: &Platform,
    ) -> Result<(), BuildError> {
        let site = scheme(self.version)?.site_packages();
        let has = |path: &str| program.files.has(&format!("{site}/{path}"));
        let wants = |wheel: &&WheelFacts| self.needs.get(&wheel.digest).is_some_and(|needs| needs.wants_pkg_resources);
        let wheels: Vec<&WheelFacts> = self.facts.wheels.iter().filter(wants).collect();
        if wheels.is_empty() || has("pkg_resources/__init__.py") || has("pkg_resources.py") {
            return Ok(());
        }
        let mut all = program.own.clone();
        for wheel in wheels {
            all.extend(self.statements(wheel, &site)?);
        }
        // No folder that is added to the path has it, and nothing puts another module in its place.
        for statements in all.values_mut() {
            (statements.uses_path, statements.replaces_modules) = (false, false);
        }
        let program = Program { own: &all, ..program.clone() };
        let missing = commands.iter().flat_map(|(starts, command)| {
            let server = command.words.first().and_then(|word| programs.module(word));
            let server = server.map(|module| Start::Module(module.to_owned(), None));
            let starts: Vec<Start> = starts.iter().cloned().chain(server).collect();
            follow(&program, command, &starts)
        });
        let mut lines: Vec<String> = missing.filter_map(|it| line(&it, &site, platform)).collect();
        lines.sort();
        lines.dedup();
        if lines.is_empty() {
            return Ok(());
        }
        let cause = format!("add `{NEEDED}`, the last with this module, to the dependencies and lock them again");
        Err(ImportError {
            missing: lines,
            distributions: Vec::new(),
            causes: vec![cause],
            has_lock: true,
            has_settings: false,
        }
        .into())
    }

    /// What the sources of a wheel import, by their paths in the image.
    fn statements(&self, wheel: &WheelFacts, site: &str) -> Result<BTreeMap<String, Statements>, BuildError> {
        let opened = self.sources.ingredients.wheels.open(self.session, &wheel.digest)?;
        let sources: Vec<_> = opened.files().iter().filter(|member| member.path.ends_with(".py")).collect();
        let contents: Vec<_> = sources.iter().map(|member| opened.content(member)).collect();
        let answers = self.sources.compilers.of(self.version)?.statements(&contents)?;
        let parsed = sources.iter().zip(answers).filter_map(|(member, report)| {
            Some((format!("{site}/{}", in_site_packages(&member.path)), Statements::parse(&report?)?))
        });
        Ok(parsed.collect())
    }
}

/// What is told of an import that is bound to fail.
fn line(missing: &Missing, site: &str, platform: &Platform) -> Option<String> {
    let Missing { is_certain: true, what: What::Module(module), file: Some(file), line, .. } = missing else {
        return None;
    };
    let is_it = module.split('.').next() == Some(PKG_RESOURCES) && file.starts_with(site);
    is_it.then(|| format!("{file}:{line} imports `{module}`, which nothing in the image provides ({platform})"))
}
