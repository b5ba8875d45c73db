//! The packages that a list of wanted packages needs, each in its newest version.
//!
//! The search does not backtrack: a stable suite is consistent by itself, and the selection must not depend on
//! luck. It ignores `Recommends`, `Conflicts` and `Breaks`, and selects essential packages only if something names
//! them: the aim is an image without dpkg and a shell.

mod error;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::package::{Alternatives, Package, PackageIndex, PackagesError, Relation, parse_relations};

pub use error::{Chain, ResolveError};

/// A selected package and the index that has it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The package.
    pub package: Package,
    /// The position of the index among those given, which identifies the mirror.
    pub index: usize,
}

/// Finds the packages that the wanted ones need, over all indexes, sorted by name.
///
/// `wanted` has names or `name=version`. Packages that `exclude` names (a trailing `*` matches any rest), and what
/// they provide, count as satisfied and are never selected. Among alternatives, one that is already selected wins,
/// then the first that exists; among the providers of a virtual package, the first by name.
///
/// # Errors
/// The first package that does not exist, with the chain that needs it.
pub fn resolve(
    indexes: &[&PackageIndex],
    architecture: &str,
    wanted: &[String],
    exclude: &[String],
) -> Result<Vec<Resolved>, ResolveError> {
    let mut resolver = Resolver {
        indexes,
        architecture,
        exclude,
        pins: BTreeMap::new(),
        chosen: BTreeMap::new(),
        queue: VecDeque::new(),
    };
    let wanted: BTreeSet<&String> = wanted.iter().collect();
    let relations = wanted.into_iter().map(|text| wanted_relation(text)).collect::<Result<Vec<_>, _>>()?;
    for relation in &relations {
        if resolver.is_excluded(&relation.name) {
            return Err(ResolveError::Excluded { package: relation.name.clone() });
        }
        if relation.constraint.is_some() {
            resolver.pins.insert(relation.name.clone(), relation.clone());
        }
    }
    for relation in relations {
        resolver.require(&Alternatives(vec![relation]), None)?;
    }
    while let Some(name) = resolver.queue.pop_front() {
        let package = &resolver.chosen[&name].resolved.package;
        let needs: Vec<Alternatives> = package.pre_depends.iter().chain(&package.depends).cloned().collect();
        for alternatives in needs {
            resolver.require(&alternatives, Some(&name))?;
        }
    }
    Ok(resolver.chosen.into_values().map(|choice| choice.resolved).collect())
}

/// Whether a list excludes a package; a `*` at the end of an item matches any rest.
pub fn is_excluded(exclude: &[String], name: &str) -> bool {
    exclude.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    })
}

fn wanted_relation(text: &str) -> Result<Relation, ResolveError> {
    let error = |cause| ResolveError::Wanted { found: text.chars().take(200).collect(), cause };
    let relation = match text.split_once('=') {
        Some((name, version)) => format!("{name} (= {version})"),
        None => text.to_owned(),
    };
    let mut groups = parse_relations(&relation).map_err(|cause| error(Some(cause)))?;
    match (groups.pop(), groups.pop()) {
        (Some(Alternatives(mut only)), None) if only.len() == 1 => Ok(only.remove(0)),
        _ => Err(error(None)),
    }
}

struct Choice {
    resolved: Resolved,
    needed_by: Option<String>,
}

struct Resolver<'a> {
    indexes: &'a [&'a PackageIndex],
    architecture: &'a str,
    exclude: &'a [String],
    pins: BTreeMap<String, Relation>,
    chosen: BTreeMap<String, Choice>,
    queue: VecDeque<String>,
}

impl Resolver<'_> {
    /// Makes sure that one of the alternatives is selected.
    fn require(&mut self, alternatives: &Alternatives, needed_by: Option<&str>) -> Result<(), ResolveError> {
        let relations: Vec<&Relation> =
            alternatives.0.iter().filter(|relation| relation.applies_to(self.architecture)).collect();
        if relations.is_empty() {
            return Ok(());
        }
        for relation in &relations {
            if self.is_satisfied(relation)? {
                return Ok(());
            }
        }
        for relation in &relations {
            if let Some(resolved) = self.find(relation)? {
                let name = resolved.package.name.clone();
                self.queue.push_back(name.clone());
                self.chosen.insert(name, Choice { resolved, needed_by: needed_by.map(str::to_owned) });
                return Ok(());
            }
        }
        Err(self.missing(alternatives, needed_by)?)
    }

    /// Whether the selected and excluded packages satisfy a relation.
    fn is_satisfied(&self, relation: &Relation) -> Result<bool, ResolveError> {
        if self.is_excluded(&relation.name) {
            return Ok(true);
        }
        let chosen = |package: &Package| self.chosen.get(&package.name).map(|choice| &choice.resolved.package);
        if self.chosen.get(&relation.name).is_some_and(|choice| relation.allows(&choice.resolved.package.version)) {
            return Ok(true);
        }
        let providers = self.providers(relation)?;
        Ok(providers.iter().any(|Resolved { package, .. }| {
            self.is_excluded(&package.name) || chosen(package).is_some_and(|package| provides(package, relation))
        }))
    }

    /// The package that satisfies a relation: the real one, or the first that provides it.
    fn find(&self, relation: &Relation) -> Result<Option<Resolved>, ResolveError> {
        let here = |qualifier: &String| ["any", "native", self.architecture].contains(&qualifier.as_str());
        if !relation.qualifier.as_ref().is_none_or(here) || self.chosen.contains_key(&relation.name) {
            return Ok(None);
        }
        let real = self.candidates(&relation.name)?.into_iter().find(|found| relation.allows(&found.package.version));
        if real.is_some() {
            return Ok(real);
        }
        let names: BTreeSet<String> = self.providers(relation)?.into_iter().map(|found| found.package.name).collect();
        for name in names.into_iter().filter(|name| !self.chosen.contains_key(name)) {
            let newest = self.candidates(&name)?.into_iter().next();
            if let Some(found) = newest.filter(|found| provides(&found.package, relation)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Every version of a package that may be selected, newest first; among equal ones, the first index's.
    fn candidates(&self, name: &str) -> Result<Vec<Resolved>, ResolveError> {
        let mut found = self.collect(|index| index.packages(name))?;
        if let Some(pin) = self.pins.get(name) {
            found.retain(|found| pin.allows(&found.package.version));
        }
        found.sort_by_key(|found| Reverse(found.package.version.clone()));
        Ok(found)
    }

    fn providers(&self, relation: &Relation) -> Result<Vec<Resolved>, ResolveError> {
        let mut found = self.collect(|index| index.providers(&relation.name))?;
        found.retain(|found| provides(&found.package, relation));
        Ok(found)
    }

    fn collect(
        &self,
        packages: impl Fn(&PackageIndex) -> Result<Vec<Package>, PackagesError>,
    ) -> Result<Vec<Resolved>, ResolveError> {
        let mut all = Vec::new();
        for (index, packages_of) in self.indexes.iter().enumerate() {
            let fitting = packages(packages_of)?.into_iter();
            let fitting = fitting.filter(|package| [self.architecture, "all"].contains(&package.architecture.as_str()));
            all.extend(fitting.map(|package| Resolved { package, index }));
        }
        Ok(all)
    }

    fn is_excluded(&self, name: &str) -> bool {
        is_excluded(self.exclude, name)
    }

    fn missing(&self, alternatives: &Alternatives, needed_by: Option<&str>) -> Result<ResolveError, ResolveError> {
        let architecture = self.architecture.to_owned();
        let needed_by = self.chain(needed_by);
        let mut found = Vec::new();
        for relation in &alternatives.0 {
            found.extend(self.collect(|index| index.packages(&relation.name))?);
            found.extend(self.collect(|index| index.providers(&relation.name))?);
        }
        let versions: BTreeSet<String> =
            found.iter().map(|found| format!("{} {}", found.package.name, found.package.version)).collect();
        Ok(match &alternatives.0[..] {
            [relation] if versions.is_empty() => {
                let nearest = self.nearest(&relation.name);
                ResolveError::Unknown { package: relation.name.clone(), architecture, needed_by, nearest }
            }
            _ => {
                let found = if versions.is_empty() { vec!["none".to_owned()] } else { versions.into_iter().collect() };
                ResolveError::Unsatisfied { relation: alternatives.to_string(), architecture, needed_by, found }
            }
        })
    }

    fn chain(&self, needed_by: Option<&str>) -> Chain {
        let above = |name: &String| self.chosen.get(name)?.needed_by.clone();
        Chain(std::iter::successors(needed_by.map(str::to_owned), above).collect())
    }

    /// Up to three names that are like this one, the most alike first.
    fn nearest(&self, name: &str) -> Vec<String> {
        const LEAST: f64 = 0.85;
        let names: BTreeSet<&str> = self.indexes.iter().flat_map(|index| index.names()).collect();
        let mut scored: Vec<(f64, &str)> =
            names.into_iter().map(|known| (strsim::jaro_winkler(name, known), known)).collect();
        scored.retain(|(score, _)| *score > LEAST);
        scored.sort_by(|(one, a), (two, b)| two.total_cmp(one).then_with(|| a.cmp(b)));
        scored.into_iter().take(3).map(|(_, known)| known.to_owned()).collect()
    }
}

/// Whether a package provides what a relation asks for: a version only where it states one.
fn provides(package: &Package, relation: &Relation) -> bool {
    package.provides.iter().flat_map(|group| &group.0).any(|provided| {
        provided.name == relation.name
            && match (&relation.constraint, &provided.constraint) {
                (None, _) => true,
                (Some(asked), Some(stated)) => asked.allows(&stated.version),
                (Some(_), None) => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index from lines such as `a 1.0 Depends: b | c; Provides: d`.
    fn index(lines: &[&str]) -> PackageIndex {
        let digest = "0".repeat(64);
        let stanza = |line: &&str| {
            let mut words = line.splitn(3, ' ');
            let (name, version) = (words.next().expect("a name"), words.next().expect("a version"));
            let fields = words.next().unwrap_or_default().replace("; ", "\n");
            format!(
                "Package: {name}\nVersion: {version}\nArchitecture: amd64\n{}Filename: pool/{name}.deb\nSize: 1\nSHA256: {digest}\n",
                if fields.is_empty() { fields } else { fields + "\n" }
            )
        };
        let text: Vec<String> = lines.iter().map(stanza).collect();
        PackageIndex::parse(text.join("\n").into_bytes()).expect("valid")
    }

    fn solve(lines: &[&str], wanted: &str, exclude: &str) -> Result<String, String> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let found = resolve(&[&index(lines)], "amd64", &words(wanted), &words(exclude));
        let names = |found: Vec<Resolved>| {
            found.iter().map(|f| format!("{}={}", f.package.name, f.package.version)).collect::<Vec<_>>().join(" ")
        };
        found.map(names).map_err(|error| error.to_string())
    }

    #[test]
    fn dependencies_are_resolved_by_version_alternative_and_provider() {
        for (lines, wanted, exclude, expected) in [
            (&["a 1 Depends: b", "b 1 Pre-Depends: c", "c 1 Depends: a", "d 1"][..], "a", "", "a=1 b=1 c=1"),
            (&["a 1 Depends: b | c", "b 1", "c 1"], "a", "", "a=1 b=1"),
            (&["a 1 Depends: b | c", "b 1", "c 1"], "a c", "", "a=1 c=1"),
            (&["a 1 Depends: b (>= 2) | c", "b 1", "c 1"], "a", "", "a=1 c=1"),
            (&["a 1 Depends: b | c", "c 1"], "a", "", "a=1 c=1"),
            (&["a 1 Depends: b | c", "b 1", "c 1"], "a", "c", "a=1"),
            (&["a 1 Depends: v", "y 1 Provides: v", "x 1 Provides: v"], "a", "", "a=1 x=1"),
            (&["a 1 Depends: v", "y 1 Provides: v", "x 1 Provides: v"], "a y", "", "a=1 y=1"),
            (&["a 1 Depends: v", "y 1 Provides: v", "x 1 Provides: v"], "a", "y", "a=1"),
            (&["a 1 Depends: v (>= 2)", "x 1 Provides: v", "y 1 Provides: v (= 2)"], "a", "", "a=1 y=1"),
            (&["a 1 Depends: perl-base, perl", "b 1"], "a", "perl*", "a=1"),
            (&["a 1", "a 2~", "a 1.5", "a 1:0"], "a", "", "a=1:0"),
            (&["a 1 Depends: b (= 1)", "a 2 Depends: b (= 2)", "b 1", "b 2"], "a=1", "", "a=1 b=1"),
            (&["a 1 Depends: b", "b 1", "b 2"], "a b=1", "", "a=1 b=1"),
            (&["a 1 Depends: b:any, c [arm64]", "b 1"], "a", "", "a=1 b=1"),
        ] {
            assert_eq!(solve(lines, wanted, exclude).as_deref(), Ok(expected), "{lines:?} {wanted}");
        }
    }

    #[test]
    fn an_unmet_dependency_says_who_needs_it_and_which_versions_exist() {
        for (lines, wanted, exclude, expected) in [
            (&["libfoo1 1"][..], "libfo1", "", "no package `libfo1` for amd64; similar: libfoo1"),
            (&["a 1 Depends: b", "b 1 Depends: c"], "a", "", "no package `c` for amd64, needed by b, needed by a"),
            (
                &["a 1 Depends: b (>= 2)", "b 1", "b 1.5"],
                "a",
                "",
                "no version of a package fits `b (>= 2)` for amd64, needed by a; found b 1, b 1.5",
            ),
            (&["a 1"], "a=2", "", "no version of a package fits `a (= 2)` for amd64; found a 1"),
            (
                &["a 1 Depends: b:arm64", "b 1"],
                "a",
                "",
                "no version of a package fits `b:arm64` for amd64, needed by a; found b 1",
            ),
            (&["a 1"], "a", "a", "package `a` is both wanted and excluded"),
            (&["a 1"], "a|b", "", "`a|b` is neither `name` nor `name=version`"),
        ] {
            assert_eq!(solve(lines, wanted, exclude), Err(expected.to_owned()), "{lines:?} {wanted}");
        }
    }

    #[test]
    fn the_newest_version_over_all_indexes_is_taken_and_its_index_known() {
        let (archive, security) = (index(&["a 1-1", "b 1-1"]), index(&["a 1-1+deb12u1"]));
        let found = resolve(&[&archive, &security], "amd64", &["b".to_owned(), "a".to_owned()], &[]).expect("there");
        let found: Vec<_> = found.iter().map(|f| (f.package.name.as_str(), f.index)).collect();
        assert_eq!(found, [("a", 1), ("b", 0)]);
    }
}
