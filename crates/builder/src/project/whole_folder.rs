//! An application's folder that is taken as a whole: without what is for development, unless the application names it.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_oci::RuntimeConfig;
use shipwheel_plan::development::{LeftOutNames, Mention, Mentions, resolved, unit};

use super::collected_file::{CollectedFile, Found};

/// So many things that are named and left out are told one by one.
const MAX_WARNINGS: usize = 10;

/// A folder or file at the top with more bytes is told: data and models are often not meant for an image.
const MAX_QUIET: u64 = 100_000_000;

/// What decides about the files of a whole folder.
pub(super) struct WholeFolder {
    /// Files and folders that are for development by their names, and that the application names.
    taken: BTreeSet<String>,
    command: Mentions,
    destination: String,
}

impl WholeFolder {
    /// Nothing is named yet but what the image starts.
    pub(super) fn new(config: &RuntimeConfig, destination: &str) -> Self {
        let words = config.entrypoint.iter().chain(&config.cmd).flatten().map(String::as_str);
        let command = Mentions::of_command(words, &format!("{destination}/"));
        Self { taken: BTreeSet::new(), command, destination: destination.to_owned() }
    }

    /// What a file is left out by: itself, or a folder above it.
    pub(super) fn unit(&self, found: &Found) -> Option<String> {
        unit(&found.below, &self.taken).filter(|_| found.is_of_whole).map(|unit| unit.trim_end_matches('/').to_owned())
    }

    /// The files that are taken by now, and the others.
    pub(super) fn split(&self, found: Vec<Found>) -> (Vec<Found>, Vec<Found>) {
        found.into_iter().partition(|found| !found.is_of_whole || unit(&found.below, &self.taken).is_none())
    }

    /// Takes what these files, or the command, name of those that wait.
    pub(super) fn name(&mut self, read: &[CollectedFile], waiting: &[Found]) {
        let mut names = LeftOutNames::default();
        waiting.iter().for_each(|found| names.insert(found.below.clone()));
        let command = ("", &self.command);
        let read = read.iter().filter_map(|file| file.mentions.as_ref()).map(|(path, it)| (path.as_str(), it));
        let mut taken = BTreeSet::new();
        for (file, Mentions(mentions)) in std::iter::once(command).chain(read) {
            let named = mentions.iter().filter_map(|(mention, _)| resolved(file, mention, &names));
            taken.extend(named.filter_map(|path| unit(path, &self.taken)).map(str::to_owned));
        }
        self.taken.extend(taken);
    }

    /// What the application names although it is never taken, files with credentials that it may need, and what is so
    /// large that it may not be meant. What a step makes (`is_made`) is left out only as it is in the folder.
    pub(super) fn warnings(
        &self,
        files: &[CollectedFile],
        (never, credentials): (&LeftOutNames, &BTreeSet<String>),
        is_made: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut places: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for (file, Mentions(mentions)) in files.iter().filter_map(|file| file.mentions.as_ref()) {
            for (mention, line) in mentions {
                // A module may be of any distribution.
                if let (Mention::Text(_) | Mention::Path(_), Some(path)) = (mention, resolved(file, mention, never))
                    && !is_made(path.trim_end_matches('/'))
                {
                    places.entry(path).or_insert((file, *line));
                }
            }
        }
        // Nobody expects what begins with a dot.
        let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let unnamed_ones = credentials.iter().map(String::as_str);
        let unnamed_ones: Vec<&str> =
            unnamed_ones.filter(|path| !is_hidden(path) && !places.contains_key(path)).collect();
        let mut warnings: Vec<String> = places
            .iter()
            .take(MAX_WARNINGS)
            .map(|(path, (file, line))| left_out(path, credentials.contains(*path), file, *line))
            .collect();
        if places.len() > MAX_WARNINGS {
            let more = places.len() - MAX_WARNINGS;
            warnings.push(format!("{more} more paths that the application names are left out"));
        }
        warnings.extend(unnamed(&unnamed_ones));
        warnings.extend(self.large(files));
        warnings
    }

    fn large(&self, files: &[CollectedFile]) -> Vec<String> {
        let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
        for file in files {
            let below = file.file.path.as_str().strip_prefix(&self.destination).unwrap_or_default();
            let top = below.trim_start_matches('/').split('/').next().unwrap_or_default();
            *sizes.entry(top).or_default() += file.file.size;
        }
        let large = sizes.into_iter().filter(|(_, size)| *size > MAX_QUIET);
        let told = |(top, size): (&str, u64)| {
            let megabytes = size / 1_000_000;
            format!(
                "`{top}` has {megabytes} MB and becomes part of the image; if it is not needed there, add `exclude = [\"/{top}\"]` to [app]"
            )
        };
        large.map(told).collect()
    }
}

fn left_out(path: &str, is_credential: bool, file: &str, line: usize) -> String {
    let path_or_folder = path.trim_end_matches('/');
    let to_add = format!("add \"{path_or_folder}\" to `sources` in [app]");
    let what_to_do = match is_credential {
        true => format!(
            "it looks like a file with credentials: give the container its variables or mount it; if it belongs in the \
             image, {to_add}"
        ),
        false => format!("if the image needs it, {to_add}"),
    };
    format!("{path} is left out, and {file}:{line} names it; {what_to_do}")
}

/// A warning of files with credentials that no module names.
fn unnamed(paths: &[&str]) -> Option<String> {
    let first = paths.first()?;
    let shown = paths.iter().take(MAX_WARNINGS).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let more = match paths.len().saturating_sub(MAX_WARNINGS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let look = if paths.len() == 1 {
        "looks like a file with credentials and is"
    } else {
        "look like files with credentials and are"
    };
    Some(format!(
        "{shown}{more} {look} left out; if the image needs one, add it to [app], such as `sources = [\".\", \"{first}\"]`"
    ))
}
