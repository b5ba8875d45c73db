//! Packages of Debian with the libraries that wheels need and that neither they nor the base have.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_debian::{LibraryIndex, is_excluded};
use shipwheel_oci::Platform;
use shipwheel_plan::facts::{BaseFacts, WheelFacts};

use crate::base::debian_source::DebianSource;
use crate::base::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::proof::missing::{Need, missing};
use crate::proof::needs::WheelNeeds;
use crate::session::Session;

/// Why each package is added: which distribution needs which library of it.
pub(super) type Added = BTreeMap<String, BTreeSet<(String, String)>>;

/// The base of a platform with the packages that its wheels need; `None` where nothing is to be added.
///
/// # Errors
/// When Debian's lists or packages cannot be fetched, or do not fit together.
pub(super) fn complete(
    session: &Session<'_>,
    debian: &DebianSource,
    platform: &Platform,
    base: &BaseFacts,
    wheels: &[(&WheelFacts, &WheelNeeds)],
) -> Result<Option<(ResolvedBase, Added)>, BuildError> {
    let mut search = Search { session, debian, platform, looked_in: BTreeMap::new(), index: None };
    let (mut added, mut completed) = (Added::new(), None::<ResolvedBase>);
    loop {
        let facts = completed.as_ref().map_or(base, |base| &base.facts);
        let mut wanted: BTreeMap<&str, Wanted<'_>> = BTreeMap::new();
        for missing in missing(platform, facts, wheels).iter().filter(|missing| missing.need != Need::Optional) {
            let wanted = wanted.entry(missing.library).or_default();
            wanted.is_linked |= missing.need == Need::Linked;
            wanted.by.insert(missing.wheel.name.as_str());
        }
        let before = added.clone();
        for (library, wanted) in &wanted {
            search.add(library, wanted, &mut added)?;
        }
        // What is left is in no package that may be added: the proof warns of it.
        if added == before {
            break;
        }
        let packages: BTreeSet<String> = added.keys().cloned().collect();
        let complete = || debian.resolve(session, platform, &packages, &|| ());
        completed = if packages.is_empty() { None } else { Some(complete()?) };
    }
    Ok(completed.map(|base| (base, added)))
}

/// Who wants a library.
#[derive(Default)]
struct Wanted<'w> {
    by: BTreeSet<&'w str>,
    /// Whether the loader needs it; else a source asks for it by name, and has an answer if it is not there.
    is_linked: bool,
}

/// Where a library was looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LookedIn {
    /// The package that is named after it.
    Names,
    /// The list of all files.
    Files,
}

/// The search for packages: first by their names, which nothing has to be fetched for, then in the list of all files.
struct Search<'s> {
    session: &'s Session<'s>,
    debian: &'s DebianSource,
    platform: &'s Platform,
    looked_in: BTreeMap<String, LookedIn>,
    index: Option<Option<LibraryIndex>>,
}

impl Search<'_> {
    /// Adds the package that is to be tried next for a library that is missing still.
    fn add(&mut self, library: &str, wanted: &Wanted<'_>, added: &mut Added) -> Result<(), BuildError> {
        let found = match self.looked_in.get(library) {
            None => {
                self.looked_in.insert(library.to_owned(), LookedIn::Names);
                match self.debian.names(self.session, self.platform)?.package_of(library) {
                    Some(package) => Some(package.to_owned()),
                    None => self.by_files(library, wanted)?,
                }
            }
            Some(LookedIn::Names) => {
                // The package that is named after it does not have it.
                added.values_mut().for_each(|reasons| reasons.retain(|(_, other)| other != library));
                added.retain(|_, reasons| !reasons.is_empty());
                self.by_files(library, wanted)?
            }
            Some(LookedIn::Files) => None,
        };
        if let Some(package) = found.filter(|package| !is_excluded(&self.debian.base.exclude, package)) {
            let reasons = wanted.by.iter().map(|distribution| ((*distribution).to_owned(), library.to_owned()));
            added.entry(package).or_default().extend(reasons);
        }
        Ok(())
    }

    fn by_files(&mut self, library: &str, wanted: &Wanted<'_>) -> Result<Option<String>, BuildError> {
        self.looked_in.insert(library.to_owned(), LookedIn::Files);
        if !wanted.is_linked {
            return Ok(None);
        }
        let index = match &self.index {
            Some(index) => index,
            None => self.index.insert(self.debian.libraries(self.session, self.platform)?),
        };
        Ok(index.as_ref().and_then(|index| index.package_of(library)).map(str::to_owned))
    }
}

/// One line for each list of packages that is added, with the platforms that it is for.
pub(super) fn lines(added: &BTreeMap<Platform, Added>) -> Vec<String> {
    let mut by_added: BTreeMap<&Added, Vec<String>> = BTreeMap::new();
    for (platform, added) in added {
        by_added.entry(added).or_default().push(platform.to_string());
    }
    let line = |(added, platforms): (&Added, Vec<String>)| {
        let packages: Vec<&str> = added.keys().map(String::as_str).collect();
        let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (distribution, library) in added.values().flatten() {
            needs.entry(distribution).or_default().push(library);
        }
        let needs: Vec<String> =
            needs.iter().map(|(name, needs)| format!("{name} needs {}", needs.join(", "))).collect();
        format!("base: added {} ({}): {}", packages.join(", "), platforms.join(", "), needs.join("; "))
    };
    by_added.into_iter().map(line).collect()
}
