//! The file that install lines name, as the lock of the folder.

use shipwheel_python::DistributionName;

use crate::derive::dependencies;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::lock::Lock;

use super::draft::{Draft, below};

/// The lock: the one that the user chose, the one of the first install line, or the one that the folder has.
pub(super) fn find(draft: &mut Draft, known: &Known<'_>, chosen: Option<&str>) -> Result<Option<Lock>, DeriveError> {
    let named = draft.installed.lock.clone().filter(|_| chosen.is_none());
    let Some(named) = named else { return dependencies::find(known, chosen) };
    let Some(path) = here(draft, known, &named.value) else {
        let found = dependencies::find(known, None)?;
        let todo = match &found {
            Some(lock) => format!("{} is taken; `--lock FILE` names another", lock.path),
            None => "lock the dependencies, and name the file with `--lock FILE`".to_owned(),
        };
        draft.account.open(named.line, &named.text, "the file is not in the folder", todo);
        return Ok(found);
    };
    let reason = format!("line {}: {}", named.line, named.text);
    Ok(dependencies::find(known, Some(&path))?.map(|lock| Lock { reason, ..lock }))
}

/// The file of this folder that is at a place of the image.
fn here(draft: &Draft, known: &Known<'_>, place: &str) -> Option<String> {
    let placed = draft.placed.iter().rev().filter_map(|file| {
        let rest = below(place, &file.place)?;
        Some(match (file.source.is_empty(), rest.is_empty()) {
            (true, _) => rest.to_owned(),
            (false, true) => file.source.clone(),
            (false, false) => format!("{}/{rest}", file.source),
        })
    });
    let name = place.rsplit('/').next().unwrap_or(place);
    let exported = draft.installed.exported.get(place).cloned();
    exported.into_iter().chain(placed).chain([name.to_owned()]).find(|path| known.has(path))
}

/// Says of distributions that lines name one by one whether they are locked.
pub(super) fn named(draft: &mut Draft, known: &Known<'_>, lock: Option<&Lock>) {
    for from in std::mem::take(&mut draft.installed.named) {
        let named = DistributionName::at_start(&from.value);
        let is_locked = named.is_ok_and(|(name, _)| known.distributions.contains(&name));
        match (is_locked, lock) {
            (true, _) => draft.account.not_needed(from.line, &from.text, format!("`python.lock` has {}", from.value)),
            (false, Some(lock)) => {
                let todo = format!("add `{}` to what {} is made from, and lock again", from.value, lock.path);
                draft.account.open(from.line, &from.text, format!("{} is not in {}", from.value, lock.path), todo);
            }
            (false, None) => {
                let todo = format!("write `{}` into requirements.txt", from.value);
                draft.account.open(from.line, &from.text, format!("{} is locked nowhere", from.value), todo);
            }
        }
    }
}
