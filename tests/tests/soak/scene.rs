//! The commands that write: what is there before, what they are told, and what they leave.

use std::path::Path;

use shipwheel_oci::Digest;

use crate::place::Place;
use crate::stage::{Stage, Version};
use crate::whole::whole_layout;

/// A command line that makes this version at this place.
type Arguments = fn(&Stage, &Place, Version) -> Vec<String>;

/// A command that is killed.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// Whether the cache has everything for the old version; it is empty otherwise.
    pub(crate) is_warm: bool,
    /// Whether the old version is where the new one goes.
    pub(crate) replaces: bool,
    /// Whether the same command runs a second time beside it.
    pub(crate) is_twofold: bool,
    leaves: Leaves,
    arguments: Arguments,
    /// What has to work after a kill, if that is not the same command again.
    next: Option<Arguments>,
}

/// What a command leaves.
#[derive(Debug, Clone, Copy)]
enum Leaves {
    Layout,
    /// A file, by its name in the place's folder.
    File(&'static str),
    Tag,
}

/// What is found where a command writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    Nothing,
    Image(Digest),
    /// Of this many bytes.
    File(Digest, usize),
}

const LOCKED: &str = "app/requirements.lock.txt";

/// All of them.
pub(crate) const SCENES: [Scene; 14] = [
    Scene { is_warm: false, ..Scene::of("image, empty cache", Leaves::Layout, image_to_layout) },
    Scene::of("image, warm cache", Leaves::Layout, image_to_layout),
    Scene { replaces: true, ..Scene::of("image, over another", Leaves::Layout, image_to_layout) },
    Scene { replaces: true, ..Scene::of("image to an archive", Leaves::File("out"), image_to_archive) },
    Scene { replaces: true, ..Scene::of("image --push", Leaves::Tag, image_to_registry) },
    Scene { is_twofold: true, replaces: true, ..Scene::of("image, twice at once", Leaves::Layout, image_to_layout) },
    Scene { is_warm: false, replaces: true, ..Scene::of("push", Leaves::Tag, push) },
    Scene { is_warm: false, replaces: true, ..Scene::of("pull", Leaves::Layout, pull_to_layout) },
    Scene { is_warm: false, replaces: true, ..Scene::of("pull to an archive", Leaves::File("out"), pull_to_archive) },
    Scene { is_warm: false, replaces: true, ..Scene::of("copy", Leaves::Tag, copy) },
    Scene::of("retrofit", Leaves::Layout, retrofit),
    Scene { next: Some(image_to_layout), ..Scene::of("cache clear", Leaves::Layout, clear) },
    Scene { next: Some(image_to_layout), ..Scene::of("cache clear --keep-downloads", Leaves::Layout, clear_made) },
    Scene { is_warm: false, replaces: true, ..Scene::of("lock", Leaves::File(LOCKED), lock) },
];

impl Scene {
    const fn of(name: &'static str, leaves: Leaves, arguments: Arguments) -> Self {
        Self { name, is_warm: true, replaces: false, is_twofold: false, leaves, arguments, next: None }
    }

    /// The command.
    pub(crate) fn arguments(&self, stage: &Stage, place: &Place) -> Vec<String> {
        (self.arguments)(stage, place, Version::New)
    }

    /// The command that puts the old version there.
    pub(crate) fn arguments_before(&self, stage: &Stage, place: &Place) -> Option<Vec<String>> {
        self.replaces.then(|| (self.arguments)(stage, place, Version::Old))
    }

    /// The command that has to work after a kill.
    pub(crate) fn arguments_after(&self, stage: &Stage, place: &Place) -> Vec<String> {
        self.next.unwrap_or(self.arguments)(stage, place, Version::New)
    }

    /// What is there now.
    ///
    /// # Errors
    /// When it is not whole.
    pub(crate) fn state(&self, stage: &Stage, place: &Place) -> Result<State, String> {
        let state = match self.leaves {
            Leaves::Layout => whole_layout(&place.output())?.map(State::Image),
            Leaves::File(name) => file_state(&place.work().join(name))?,
            Leaves::Tag => {
                let contents = stage.storage.contents();
                let unsound = contents.unsound();
                if !unsound.is_empty() {
                    return Err(unsound.join("; "));
                }
                contents.tagged(&place.repository, "1").map(State::Image)
            }
        };
        Ok(state.unwrap_or(State::Nothing))
    }
}

/// An archive is the same bytes for the same image, so bytes tell whether it is whole.
fn file_state(path: &Path) -> Result<Option<State>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(State::File(Digest::of(&bytes), bytes.len()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn layout(place: &Place) -> String {
    format!("oci:{}", place.output().display())
}

fn archive(place: &Place) -> String {
    format!("oci-archive:{}", place.output().display())
}

fn tag(stage: &Stage, place: &Place) -> String {
    format!("{}/{}:1", stage.storage.address(), place.repository)
}

fn image_to_layout(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["image", &stage.application(version).display().to_string(), "--output", &layout(place)])
}

fn image_to_archive(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["image", &stage.application(version).display().to_string(), "--output", &archive(place)])
}

fn image_to_registry(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["image", &stage.application(version).display().to_string(), "--push", &tag(stage, place)])
}

fn push(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["push", &stage.image(version).display().to_string(), &tag(stage, place)])
}

fn pull_to_layout(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["pull", &stage.source(version), "--output", &layout(place)])
}

fn pull_to_archive(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["pull", &stage.source(version), "--output", &archive(place)])
}

fn copy(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    words(&["copy", &stage.source(version), &tag(stage, place)])
}

fn retrofit(stage: &Stage, place: &Place, _: Version) -> Vec<String> {
    words(&["retrofit", &stage.base().display().to_string(), "--output", &layout(place)])
}

fn clear(_: &Stage, _: &Place, _: Version) -> Vec<String> {
    words(&["cache", "clear"])
}

fn clear_made(_: &Stage, _: &Place, _: Version) -> Vec<String> {
    words(&["cache", "clear", "--keep-downloads"])
}

/// Writes the requirements as well: the lock that is there is of other ones.
fn lock(stage: &Stage, place: &Place, version: Version) -> Vec<String> {
    let folder = place.work().join("app");
    std::fs::create_dir_all(&folder).unwrap();
    let toml = format!(
        "# A lock to be killed.\nbase = {{ layout = \"{}\" }}\nplatforms = [\"linux/amd64\"]\n\n\
         [python]\nlock = \"requirements.in\"\n",
        stage.base().display()
    );
    std::fs::write(folder.join("image.toml"), toml).unwrap();
    let requirements = if version == Version::Old { "ant\n" } else { "ant\nbee\n" };
    std::fs::write(folder.join("requirements.in"), requirements).unwrap();
    words(&["lock", &folder.display().to_string()])
}
