//! What the layers of an image are made from.

use std::collections::BTreeMap;

use shipwheel_layer::TreePath;
use shipwheel_oci::Digest;
use shipwheel_plan::facts::{Facts, SourceFile};

use crate::base::resolved::ResolvedBases;
use crate::project::collected_file::CollectedFile;
use crate::wheel::installed_projects::InstalledProjects;
use crate::wheel::wheels::Wheels;

/// All that layers are made from.
pub(crate) struct Ingredients {
    /// The application's plain files, sorted by their paths in the image.
    pub(crate) application: Vec<CollectedFile>,
    pub(crate) projects: InstalledProjects,
    pub(crate) wheels: Wheels,
    pub(crate) bases: ResolvedBases,
    /// Which wheel has a source, by its path in the image and its digest.
    owners: BTreeMap<(TreePath, Digest), Digest>,
}

impl Ingredients {
    /// The ingredients of an image with these facts.
    pub(crate) fn new(
        application: Vec<CollectedFile>,
        projects: InstalledProjects,
        wheels: Wheels,
        bases: ResolvedBases,
        facts: &Facts,
    ) -> Self {
        let described = facts.platforms.values().flat_map(|platform| &platform.wheels);
        let owners = described
            .flat_map(|wheel| wheel.sources.iter().map(|source| ((source.path.clone(), source.digest), wheel.digest)));
        Self { application, projects, wheels, bases, owners: owners.collect() }
    }

    /// The ingredients of layers that only bases are needed for.
    pub(crate) fn of_bases(bases: ResolvedBases) -> Self {
        let (application, projects, wheels) = Default::default();
        Self { application, projects, wheels, bases, owners: BTreeMap::new() }
    }

    /// The wheels that have any of these sources.
    pub(crate) fn owners<'s>(&self, sources: impl Iterator<Item = &'s SourceFile>) -> Vec<Digest> {
        let owners = sources.filter_map(|source| self.owners.get(&(source.path.clone(), source.digest)));
        let mut owners: Vec<Digest> = owners.copied().collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }
}
