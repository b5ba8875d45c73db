//! The folders that the image's user may write to on one platform: where its base has them, and who the user is there.

use std::collections::BTreeSet;

use shipwheel_layer::TreePath;
use shipwheel_oci::{ImageConfig, Platform};

use crate::facts::{BaseFacts, Facts, PlatformFacts, SpecialDirectory};
use crate::plan::error::PlanError;
use crate::spec::ImageSpec;
use crate::writable::Writable;

/// So many links are followed one after the other, as Linux does.
const MAX_LINKS: usize = 40;

/// What everyone but owner and group may do with a folder that everyone may write to.
const FOR_ALL: u32 = 0o007;

/// The folders of a spec on a platform, with their owner.
///
/// # Errors
/// When the number of the image's user is not known, or a folder is a file of the application.
pub(super) fn resolve(
    spec: &ImageSpec,
    platform: &Platform,
    facts: &Facts,
    known: &PlatformFacts,
) -> Result<Writable, PlanError> {
    let folders = spec.writable().into_iter().map(|folder| followed(&known.base, folder));
    // Whom the base lets write may write already, and others with them.
    let folders: BTreeSet<TreePath> = folders.filter(|folder| !is_open_to_all(&known.base, folder)).collect();
    if folders.is_empty() {
        return Ok(Writable::default());
    }
    let mut files = facts.app.iter().chain(&known.installed);
    let clash = |file: &TreePath| folders.iter().find(|folder| folder.starts_with(file));
    if let Some((file, folder)) = files.find_map(|file| Some((&file.path, clash(&file.path)?))) {
        return Err(PlanError::WritableFile { folder: folder.to_string(), file: file.to_string() });
    }
    let key =
        if spec.app.as_ref().is_some_and(|app| !app.writable.is_empty()) { "app.writable" } else { "config.volumes" };
    let user = user(spec, &known.base);
    let number = number(&user, &known.base);
    let uid = number.ok_or_else(|| PlanError::UnknownUser { platform: platform.clone(), key, user })?;
    Ok(Writable { folders, uid })
}

/// The path with the base's links to directories followed: `/var/run/app` is `/run/app`.
fn followed(base: &BaseFacts, mut folder: TreePath) -> TreePath {
    for _ in 0..MAX_LINKS {
        let link =
            folder.ancestors().chain([folder.clone()]).find_map(|above| match base.directories.get(above.as_str()) {
                Some(SpecialDirectory::Link { target }) => Some((above, target)),
                Some(SpecialDirectory::Directory { .. }) | None => None,
            });
        let Some((link, target)) = link else { break };
        let rest = folder.as_str().strip_prefix(link.as_str()).unwrap_or_default();
        // A target that is no path leaves the link, which is refused when files go through it.
        let Ok(path) = TreePath::new(&format!("{target}{rest}")) else { break };
        folder = path;
    }
    folder
}

fn is_open_to_all(base: &BaseFacts, folder: &TreePath) -> bool {
    match base.directories.get(folder.as_str()) {
        Some(SpecialDirectory::Directory { mode, .. }) => mode & FOR_ALL == FOR_ALL,
        Some(SpecialDirectory::Link { .. }) | None => false,
    }
}

/// The image's user without the group, as it is written; root where nothing says another.
fn user(spec: &ImageSpec, base: &BaseFacts) -> String {
    let of_base = || ImageConfig::parse(base.config.as_bytes()).ok()?.user().map(str::to_owned);
    let user = spec.config.user.clone().filter(|user| !user.is_empty()).or_else(of_base).unwrap_or_default();
    let name = user.split(':').next().unwrap_or_default();
    if name.is_empty() { "root".to_owned() } else { name.to_owned() }
}

fn number(user: &str, base: &BaseFacts) -> Option<u32> {
    let of_base = || base.users.get(user).copied();
    user.parse().ok().or_else(of_base).or_else(|| (user == "root").then_some(0))
}
