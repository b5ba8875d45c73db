//! Requirements by section, as they are compared: of each, the environments that it holds in.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use crate::dependency::Dependency;
use crate::lock::uv_lock::difference::Difference;
use crate::marker::Environment;
use crate::name::normalized;
use crate::pyproject::UvSource;
use crate::version::satisfies;

/// What requirements are compared by.
pub(super) struct Comparison {
    /// Every environment that markers are evaluated in.
    pub(super) grid: Vec<Environment>,
    /// Normalized names of which one side has an address: the other has it in another form.
    pub(super) with_address: BTreeSet<String>,
    /// Normalized names that come from several places: only their names are compared.
    pub(super) several: BTreeSet<String>,
}

/// The requirements of one section, by how they are shown.
type Requirements = BTreeMap<String, Requirement>;

/// A requirement of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    /// What is shown of it without its versions.
    rest: String,
    versions: VersionSpecifiers,
    /// The places in the grid that it holds in.
    holds: BTreeSet<usize>,
}

/// Requirements by section, those of one side.
pub(super) struct Sections<'c> {
    comparison: &'c Comparison,
    sections: BTreeMap<String, Requirements>,
}

impl<'c> Sections<'c> {
    pub(super) fn new(comparison: &'c Comparison) -> Self {
        Self { comparison, sections: BTreeMap::new() }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.sections.keys()
    }

    /// Adds a requirement, with where it comes from, if that is known.
    pub(super) fn add(&mut self, section: &str, dependency: &Dependency, source: Option<&UvSource>) {
        self.add_where(section, dependency, source, |environment| dependency.is_needed(environment));
    }

    /// Adds a requirement of an extra whose marker names it.
    pub(super) fn add_of_extra(&mut self, extra: &str, dependency: &Dependency, source: Option<&UvSource>) {
        let section = format!("optional-dependencies.{extra}");
        let holds = |environment: &Environment| dependency.is_needed(&environment.clone().with_extras([extra]));
        self.add_where(&section, dependency, source, holds);
    }

    fn add_where(
        &mut self,
        section: &str,
        dependency: &Dependency,
        source: Option<&UvSource>,
        holds: impl Fn(&Environment) -> bool,
    ) {
        let Comparison { grid, with_address, several } = self.comparison;
        let holds: BTreeSet<usize> = (0..grid.len()).filter(|at| holds(&grid[*at])).collect();
        let name = dependency.name.as_str();
        let (rest, has_versions) = match several.contains(name) {
            true => (name.to_owned(), false),
            false => shown(dependency, source, with_address.contains(name)),
        };
        let versions = if has_versions { dependency.versions.clone() } else { VersionSpecifiers::empty() };
        let text = format!("{rest}{}", text_of(&versions));
        let of_section = self.sections.entry(section.to_owned()).or_default();
        of_section.entry(text).or_insert(Requirement { rest, versions, holds: BTreeSet::new() }).holds.extend(holds);
    }

    /// The requirements of a section that only one side has, of those that hold in any environment that counts; two
    /// texts about one distribution make one difference.
    pub(super) fn differing(
        &self,
        locked: &Self,
        section: &str,
        counts: impl Fn(&Environment) -> bool,
    ) -> Vec<Difference> {
        let counts: BTreeSet<usize> =
            (0..self.comparison.grid.len()).filter(|at| counts(&self.comparison.grid[*at])).collect();
        let side = |sections: &Self| -> Requirements {
            let all = sections.sections.get(section).into_iter().flatten();
            let counted = |one: &Requirement| Requirement {
                holds: one.holds.intersection(&counts).copied().collect(),
                ..one.clone()
            };
            let all = all.map(|(text, one)| (text.clone(), counted(one)));
            all.filter(|(_, one)| !one.holds.is_empty()).collect()
        };
        pairs(section, &side(self), &side(locked))
    }
}

fn pairs(section: &str, asked: &Requirements, locked: &Requirements) -> Vec<Difference> {
    let name = |text: &str| text.split(['[', '<', '>', '=', '!', '~', ' ']).next().unwrap_or_default().to_owned();
    let alone = |side: &Requirements, other: &Requirements| {
        let differs = side.iter().filter(|(_, one)| !other.values().any(|other| one.is(other)));
        differs.map(|(text, _)| (name(text), text.clone())).collect::<Vec<_>>()
    };
    let (asked, mut locked) = (alone(asked, locked), alone(locked, asked));
    let mut differences = Vec::new();
    for (name, text) in asked {
        let partner = locked.iter().position(|(other, _)| *other == name).map(|at| locked.remove(at).1);
        let text = match &partner {
            Some(partner) if *partner == text => format!("{text} with another marker"),
            _ => text,
        };
        differences.push(Difference::new(section, Some(text), partner));
    }
    differences.extend(locked.into_iter().map(|(_, text)| Difference::new(section, None, Some(text))));
    differences
}

impl Requirement {
    /// Whether it asks for the same in the same places.
    fn is(&self, other: &Self) -> bool {
        self.rest == other.rest && self.holds == other.holds && same_versions(&self.versions, &other.versions)
    }
}

/// A requirement without its marker and its versions, in one form (`idna[all]`), and whether its versions count.
fn shown(dependency: &Dependency, source: Option<&UvSource>, has_address: bool) -> (String, bool) {
    let mut extras: Vec<String> = dependency.extras.iter().map(|extra| normalized(extra)).collect();
    extras.sort();
    extras.dedup();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let (place, has_versions) = match source {
        // uv rewrites addresses.
        _ if dependency.address.is_some() => (" from an address".to_owned(), false),
        Some(UvSource::Url(_) | UvSource::Git(..) | UvSource::Local) if has_address => {
            (" from an address".to_owned(), false)
        }
        Some(UvSource::Url(url)) => (format!(" from {}", without_user(url)), false),
        Some(UvSource::Git(place, revision)) => (format!(" from {} {revision}", without_user(place)), false),
        Some(UvSource::Local) => (" from a folder or a file".to_owned(), false),
        Some(UvSource::Index) => (" from an index of its own".to_owned(), true),
        Some(UvSource::Several) | None => (String::new(), true),
    };
    (format!("{}{extras}{}", dependency.name, place.trim_end()), has_versions)
}

/// An address without a password, which messages would show, and without what does not matter.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/{path}").trim_end_matches('/').to_owned()
}

/// Whether two lists of specifiers allow the same versions: all those near the ones that they name.
fn same_versions(one: &VersionSpecifiers, other: &VersionSpecifiers) -> bool {
    let named = one.iter().chain(other.iter()).map(VersionSpecifier::version);
    let near = named.flat_map(|version| {
        let release = version.release().to_vec();
        let changed = (0..release.len()).flat_map(|at| {
            let up = [&release[..at], &[release[at] + 1]].concat();
            let down = release[at].checked_sub(1).map(|less| [&release[..at], &[less, 999]].concat());
            [Some(up), down].into_iter().flatten().collect::<Vec<_>>()
        });
        let changed: Vec<_> =
            changed.chain([[&release[..], &[1]].concat(), [&release[..], &[0, 1]].concat()]).collect();
        changed.into_iter().map(Version::new).chain([version.clone()])
    });
    near.collect::<Vec<_>>().iter().all(|version| satisfies(version, one) == satisfies(version, other))
}

/// Version specifiers in one form and order.
fn text_of(specifiers: &VersionSpecifiers) -> String {
    let mut versions: Vec<String> = specifiers.iter().map(specifier).collect();
    versions.sort();
    versions.dedup();
    versions.join(",")
}

/// A specifier in one form: `<4.0` is `<4`, where zeros at the end do not matter.
fn specifier(one: &VersionSpecifier) -> String {
    let zeros_matter = matches!(
        one.operator(),
        Operator::TildeEqual | Operator::EqualStar | Operator::NotEqualStar | Operator::ExactEqual
    );
    let release = one.version().release();
    let length = release.iter().rposition(|number| *number != 0).map_or(1, |last| last + 1);
    if zeros_matter || length >= release.len() {
        return one.to_string().replace(' ', "");
    }
    format!("{}{}", one.operator(), one.version().clone().with_release(&release[..length]))
}
