//! The application's sources, and what the interpreter that compiles says of them, kept by their digests.

use std::collections::BTreeMap;

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::facts::AppFile;
use shipwheel_plan::layer::VENV;
use shipwheel_python::imports::Statements;
use shipwheel_store::cache::Packs;

use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::inspect::counted::counted;
use crate::interpreter::compilers::Compilers;
use crate::layer::ingredients::Ingredients;
use crate::session::Session;

/// Raise this when `statements.py` or `django.py` reads other things.
const STATEMENTS_RECIPE: u32 = 2;

/// Where the application's sources are, and what reads them.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) ingredients: &'a Ingredients,
    pub(crate) compilers: &'a Compilers<'a>,
}

impl Sources<'_> {
    /// By path in the image; a source that does not compile says nothing.
    pub(super) fn statements(
        &self,
        session: &Session<'_>,
        version: PythonVersion,
        own: &[&AppFile],
    ) -> Result<BTreeMap<String, Statements>, BuildError> {
        let is_source = |file: &&&AppFile| {
            let (path, name) = (file.path.as_str(), file.path.name());
            file.link.is_none() && (name.ends_with(".py") || path.starts_with(&format!("{VENV}/bin/")))
        };
        let sources: Vec<&AppFile> = own.iter().filter(is_source).copied().collect();
        let mut group = Hasher::new();
        group.field(STATEMENTS_RECIPE.to_le_bytes()).field(self.compilers.identity(version)?);
        let kept = Packs::open(&session.cache, "statements", &group.finish());
        let key = |file: &AppFile| {
            let mut hasher = Hasher::new();
            hasher.field(STATEMENTS_RECIPE.to_le_bytes()).field(version.to_string()).field(file.digest);
            hasher.finish()
        };
        let mut reports: BTreeMap<Digest, Vec<u8>> =
            sources.iter().filter_map(|file| Some((file.digest, kept.value(&key(file))?))).collect();
        let unknown: BTreeMap<Digest, &AppFile> = sources
            .iter()
            .filter(|file| !reports.contains_key(&file.digest))
            .map(|file| (file.digest, *file))
            .collect();
        if !unknown.is_empty() {
            let compiler = self.compilers.of(version)?;
            session.report.step(&format!("proof: imports of {}", counted(unknown.len(), "module")));
            let contents: Vec<Content> = unknown.values().map(|file| self.content(file)).collect::<Result<_, _>>()?;
            let answers = compiler.statements(&contents)?;
            for (file, report) in unknown.values().zip(answers) {
                let report = report.unwrap_or_default();
                kept.put(key(file), &report)?;
                reports.insert(file.digest, report);
            }
            kept.finish()?;
        }
        let parsed = sources.iter().filter_map(|file| {
            Some((file.path.to_string(), Statements::parse(reports.get(&file.digest)?).unwrap_or_default()))
        });
        Ok(parsed.collect())
    }

    pub(super) fn content(&self, file: &AppFile) -> Result<Content, BuildError> {
        let path = file.path.as_str();
        if let Some(content) = self.ingredients.projects.content(path) {
            return Ok(content.clone());
        }
        let app = &self.ingredients.application;
        let found = app.binary_search_by(|collected| collected.file.path.as_str().cmp(path)).ok();
        let collected = found.map(|n| &app[n]).ok_or_else(|| BuildError::Internal(format!("no file for {path}")))?;
        let source = PathSource::new(&collected.host, file.size);
        Ok(Content::from_slice(source, 0, file.size).with_expected(file.digest))
    }
}
