//! From the projects that are wanted to all that they need, along the edges that hold in an environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::lock::pylock::{Lock, Origin};
use crate::lock::uv_lock::choice::UvChoice;
use crate::lock::uv_lock::conflict::{Conflicting, Part, UvConflict};
use crate::lock::uv_lock::value::{UvDependency, UvLock, UvPackage};
use crate::marker::Environment;
use crate::name::DistributionName;

/// A distribution by its place, or an extra of it.
type Node<'l> = (usize, Option<&'l str>);

impl UvLock {
    /// What is installed in an environment, in the form that wheels are selected from.
    ///
    /// The projects that were asked for are not in it; other folders are, unless they only have dependencies.
    ///
    /// # Errors
    /// When what is wanted conflicts with itself.
    pub fn select(&self, choice: &UvChoice, environment: &Environment) -> Result<Lock, UvConflict> {
        let wanted = self.settled(choice, environment)?;
        let environment = environment.clone().with_extras(wanted.iter().map(Conflicting::marker_name));
        let reached = self.walk(choice, |edge| holds(edge, &environment));
        let reached: BTreeSet<usize> = reached.into_iter().map(|(at, _)| at).collect();
        let roots = self.roots(choice.package.as_ref());
        let needed = reached.into_iter().filter(|at| !roots.contains(at)).map(|at| &self.packages[at]);
        let is_virtual = |package: &&UvPackage| package.folder.as_ref().is_some_and(|folder| !folder.is_installed);
        Ok(Lock {
            file: self.file.clone(),
            requires_python: self.requires_python.clone(),
            environments: self.environments.clone(),
            default_groups: Vec::new(),
            packages: needed.filter(|package| !is_virtual(package)).map(UvPackage::locked).collect(),
        })
    }

    /// The folders that the project in `project` needs in an environment: its workspace's members and its local
    /// dependencies. Both are relative to the lock.
    ///
    /// `None` when the lock has no such project.
    pub fn folders(&self, project: &str, environment: &Environment) -> Option<Vec<String>> {
        let root = self.in_folder(project)?;
        let choice = UvChoice { package: Some(root.name.clone()), ..UvChoice::default() };
        let packages = self.select(&choice, environment).map(|lock| lock.packages).unwrap_or_default();
        let folders = packages.into_iter().filter_map(|package| match package.origin {
            Some(Origin::Directory(folder)) => Some(folder),
            Some(Origin::Git(_) | Origin::Vcs(_) | Origin::Archive(_)) | None => None,
        });
        Some(folders.collect())
    }

    /// The distributions that the project in `project` needs on any target; `None` when the lock has no such project.
    pub fn needed(&self, project: &str) -> Option<BTreeSet<DistributionName>> {
        let root = self.in_folder(project)?;
        let choice = UvChoice { package: Some(root.name.clone()), ..UvChoice::default() };
        let reached = self.walk(&choice, |_| true).into_iter().map(|(at, _)| &self.packages[at].name);
        Some(reached.filter(|name| **name != root.name).cloned().collect())
    }

    /// What of the conflicting things is wanted: what was chosen, and the extras that edges ask for.
    ///
    /// Which edges hold depends on what is wanted, so this goes on until nothing is added.
    fn settled(&self, choice: &UvChoice, environment: &Environment) -> Result<BTreeSet<Conflicting>, UvConflict> {
        let known: BTreeSet<&Conflicting> = self.conflicts.iter().flat_map(|set| &set.0).collect();
        let mut wanted = self.chosen_parts(choice);
        wanted.retain(|one| known.contains(one));
        let with = |wanted: &BTreeSet<Conflicting>| {
            environment.clone().with_extras(wanted.iter().map(Conflicting::marker_name))
        };
        while !known.is_empty() {
            let mut more = wanted.clone();
            self.walk(choice, |edge| {
                let asked = edge.extras.iter().map(|extra| Conflicting::extra(&edge.name, extra));
                let asked: BTreeSet<Conflicting> = asked.filter(|one| known.contains(one)).collect();
                let is_held = holds(edge, &with(&wanted.union(&asked).cloned().collect()));
                more.extend(asked.into_iter().filter(|_| is_held));
                is_held
            });
            if more == wanted {
                break;
            }
            wanted = more;
        }
        self.conflicts.iter().find_map(|set| set.broken_by(&wanted)).map_or(Ok(wanted), Err)
    }

    /// The projects that were chosen, with their extras and groups.
    fn chosen_parts(&self, choice: &UvChoice) -> BTreeSet<Conflicting> {
        let of = |at: usize| {
            let package = &self.packages[at].name;
            let extras = choice.extras.iter().map(|extra| Conflicting::extra(package, extra));
            let groups = choice.groups.iter().cloned().map(Part::Group).chain([Part::Itself]);
            extras.chain(groups.map(|part| Conflicting { package: package.clone(), part })).collect::<Vec<_>>()
        };
        self.roots(choice.package.as_ref()).into_iter().flat_map(of).collect()
    }

    /// All that is reached from what was chosen, along the edges that hold.
    fn walk(&self, choice: &UvChoice, mut holds: impl FnMut(&UvDependency) -> bool) -> BTreeSet<Node<'_>> {
        let mut places: BTreeMap<&DistributionName, Vec<usize>> = BTreeMap::new();
        for (at, package) in self.packages.iter().enumerate() {
            places.entry(&package.name).or_default().push(at);
        }
        let (mut todo, mut edges) = self.start(choice);
        let mut seen: BTreeSet<Node<'_>> = todo.iter().copied().collect();
        loop {
            for edge in edges.drain(..).filter(|edge| holds(edge)) {
                let known = places.get(&edge.name).into_iter().flatten().copied();
                for at in known.filter(|at| edge.leads_to(&self.packages[*at])) {
                    let extras = edge.extras.iter().map(|extra| (at, Some(extra.as_str())));
                    todo.extend(extras.chain([(at, None)]).filter(|node| seen.insert(*node)));
                }
            }
            let Some((at, extra)) = todo.pop() else { return seen };
            let UvPackage { dependencies, extras, .. } = &self.packages[at];
            edges.extend(extra.map_or(Some(dependencies), |extra| extras.get(extra)).into_iter().flatten());
        }
    }

    /// Where a walk begins: the chosen projects with their extras, and the edges of their groups.
    fn start(&self, choice: &UvChoice) -> (Vec<Node<'_>>, Vec<&UvDependency>) {
        let (mut nodes, mut groups): (Vec<Node<'_>>, Vec<_>) = (Vec::new(), self.own_groups(choice).iter().collect());
        for at in self.roots(choice.package.as_ref()) {
            let package = &self.packages[at];
            let extras = package.extras.keys().filter(|extra| choice.extras.contains(*extra));
            nodes.extend(extras.map(|extra| (at, Some(extra.as_str()))).chain([(at, None)]));
            groups.extend(&package.groups);
        }
        let edges = groups.into_iter().filter(|(group, _)| choice.groups.contains(*group)).flat_map(|(_, edges)| edges);
        (nodes, edges.collect())
    }
}

fn holds(edge: &UvDependency, environment: &Environment) -> bool {
    edge.marker.as_ref().is_none_or(|marker| marker.evaluate(environment))
}
