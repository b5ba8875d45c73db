//! Folders that the application writes to: those that lines make or give to a user, and those that its sources name.

use crate::derive::known::Known;
use crate::derive::write::Line;
use crate::derive::writes::{Folders, Surroundings, below};
use crate::dockerfile::ImageConfig;

use super::draft::{self, Draft, From};
use super::layout::Layout;
use super::users;

/// What is below these is the system's, or a build's.
const OF_SYSTEM: [&str; 9] = ["/bin", "/etc", "/lib", "/opt/venv", "/proc", "/root", "/tmp", "/usr", "/var/lib/apt"];

/// How names of files end that an application writes; their folder is what it has to write to.
const WRITTEN: [&str; 6] = [".db", ".log", ".pid", ".sock", ".sqlite", ".sqlite3"];

/// The line of `[app]`, if there is any folder.
pub(super) fn line(draft: &mut Draft, known: &Known<'_>, image: &ImageConfig, layout: &Layout) -> Option<Line> {
    let workdir = layout.path(image.workdir.as_ref().map_or("/", |at| at.value.as_str()));
    let surroundings = Surroundings { application: &layout.destination, workdir: &workdir };
    // root writes everywhere.
    let folders = if users::is_root(draft, image) { Folders::default() } else { Folders::of(known, &surroundings) };
    named(draft, known, image, layout, folders).line(&layout.destination)
}

/// The folders that lines name, besides others; only root needs no home.
pub(super) fn named(
    draft: &mut Draft,
    known: &Known<'_>,
    image: &ImageConfig,
    layout: &Layout,
    mut folders: Folders,
) -> Folders {
    for from in std::mem::take(&mut draft.made) {
        let place = layout.path(&from.value);
        match is_part(known, layout, &place) {
            true => draft.account.not_needed(from.line, &from.text, "folders come with the files in them"),
            false => add(draft, &mut folders, layout, &from, place),
        }
    }
    for from in std::mem::take(&mut draft.given) {
        let place = layout.path(&from.value);
        match is_part(known, layout, &place) {
            true => {
                draft.account.not_needed(from.line, &from.text, "the application's files stay root's, and readable")
            }
            false => add(draft, &mut folders, layout, &from, place),
        }
    }
    let home =
        image.env.get("HOME").filter(|_| !users::is_root(draft, image)).map(|at| (at.line, layout.path(&at.value)));
    if let Some((line, home)) = home.filter(|(_, home)| home.starts_with('/') && !is_part(known, layout, home)) {
        folders.add(home, format!("line {line}: ENV HOME"));
    }
    folders
}

/// Whether a place is the application's folder, one around it, a file of the application or the system's.
fn is_part(known: &Known<'_>, layout: &Layout, place: &str) -> bool {
    let is_around = draft::below(&layout.destination, place).is_some();
    let file = draft::below(place, &layout.destination);
    let is_of_system = OF_SYSTEM.iter().any(|folder| draft::below(place, folder).is_some());
    place == "/" || is_around || is_of_system || file.is_some_and(|file| known.has(file))
}

fn add(draft: &mut Draft, folders: &mut Folders, layout: &Layout, from: &From<String>, place: String) {
    let is_file = WRITTEN.iter().any(|end| place.ends_with(end));
    let folder = match place.rsplit_once('/').filter(|_| is_file) {
        Some((parent, _)) if !parent.is_empty() => parent.to_owned(),
        _ => place,
    };
    draft.account.became(from.line, &from.text, format!("app.writable: {}", below(&folder, &layout.destination)));
    folders.add(folder, format!("line {}: {}", from.line, from.text));
}
