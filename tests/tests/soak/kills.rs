//! Kills: what a killed command leaves is nothing, what was there before, or all; and the next run gives the right result.

use std::path::Path;
use std::process::Command;

use xshell::{Shell, cmd};

use crate::chance::Chance;
use crate::place::Place;
use crate::scene::{SCENES, Scene, State};
use crate::settings::Settings;
use crate::stage::{Stage, Version};
use crate::tally::Tally;
use crate::victim::{Ending, Kill, await_end, deliver, start};

/// Tries for each kill that is wanted: a command may end before it is killed.
const TRIES: u64 = 4;

const KILLED: &str = "killed";

/// What a scene comes to when nobody kills.
struct Whole {
    /// What is there before and after.
    states: [State; 2],
    /// The command's run.
    run: Ending,
    /// What the next command says.
    said: String,
    listing: Vec<(std::path::PathBuf, u64)>,
}

/// One scene, and what it comes to.
struct Trial<'a> {
    stage: &'a Stage,
    scene: &'a Scene,
    whole: &'a Whole,
}

#[test]
fn a_kill_at_any_point_leaves_nothing_half_written_and_the_next_run_is_right() {
    let settings = Settings::from_environment();
    let again = format!("cargo xtask soak --seed {} --kills {} --faults 0", settings.seed, settings.kills);
    if settings.kills == 0 {
        return;
    }
    println!("kills: `{again}`");
    let stage = Stage::new();
    warm_up(&stage);
    let wholes: Vec<Whole> = SCENES.iter().map(|scene| whole(&stage, scene).unwrap()).collect();
    let mut tally = Tally::new();
    for number in 0..TRIES * settings.kills {
        if tally.total(KILLED) >= settings.kills || settings.is_over() {
            break;
        }
        let which = usize::try_from(number).unwrap() % SCENES.len();
        let trial = Trial { stage: &stage, scene: &SCENES[which], whole: &wholes[which] };
        let outcome = trial.run(&mut Chance::new(settings.seed, number));
        stage.storage.contents().forget_uploads();
        let name = trial.scene.name;
        tally.count(name, outcome.as_ref().map_or("wrong", |outcome| outcome));
        if outcome == Ok(KILLED) {
            tally.progress("kills", tally.total(KILLED), settings.kills);
        }
        if let Err(error) = outcome {
            tally.wrong(format!("try {number}, {name}: {error}"));
        }
    }
    let killed = tally.total(KILLED);
    tally.finish(&format!("{killed} kills"), &again);
    assert!(settings.is_over() || killed >= settings.kills, "only {killed} of {} were killed", settings.kills);
}

/// Fills the warm cache, and the registry that images are pulled from.
fn warm_up(stage: &Stage) {
    let place = stage.place();
    for version in [Version::Old, Version::New] {
        let image = stage.image(version).display().to_string();
        run(place.command(&["push".to_owned(), image, stage.source(version)]), &place).unwrap();
    }
    let application = stage.application(Version::Old).display().to_string();
    let output = format!("oci:{}", place.output().display());
    let build = ["image".to_owned(), application, "--output".to_owned(), output];
    run(place.command(&build), &place).unwrap();
    copy(&place.cache(), &stage.warm_cache());
}

/// Runs a command to its end; what it said.
fn run(command: Command, place: &Place) -> Result<String, String> {
    let code = start(command, place.path(), "other").wait().map_err(|error| error.to_string())?.code();
    match code {
        Some(0) => Ok(place.said("other", "stdout")),
        code => Err(format!("exit code {code:?}\n{}", place.said("other", "stderr"))),
    }
}

/// Copies a cache by hard links: a file in it that was ever written again would be wrong for all.
fn copy(from: &Path, to: &Path) {
    let shell = Shell::new().unwrap();
    cmd!(shell, "cp -r --link {from} {to}").quiet().run().unwrap();
}

/// A place with what a scene begins with.
fn set(stage: &Stage, scene: &Scene) -> Result<Place, String> {
    let place = stage.place();
    if let Some(before) = scene.arguments_before(stage, &place) {
        run(place.command(&before), &place)?;
    }
    let _ = std::fs::remove_dir_all(place.cache());
    if scene.is_warm {
        copy(&stage.warm_cache(), &place.cache());
    }
    Ok(place)
}

/// The digests in what a command says: names differ between places.
fn digests(said: &str) -> String {
    said.lines().map(|line| line.rsplit('@').next().filter(|rest| rest.starts_with("sha256:")).unwrap_or("")).collect()
}

fn whole(stage: &Stage, scene: &Scene) -> Result<Whole, String> {
    let place = set(stage, scene)?;
    let before = scene.state(stage, &place)?;
    let mut child = start(place.command(&scene.arguments(stage, &place)), place.path(), "victim");
    let ending = await_end(&mut child, Kill::NONE, &place, &stage.storage)?;
    if ending.code != Some(0) {
        return Err(format!("{}: {}", scene.name, ending.stderr));
    }
    let said = digests(&run(place.command(&scene.arguments_after(stage, &place)), &place)?);
    let after = scene.state(stage, &place)?;
    assert_ne!(before, after, "{}: it makes something new", scene.name);
    Ok(Whole { states: [before, after], run: ending, said, listing: place.listing() })
}

impl Trial<'_> {
    /// Kills once or twice, then looks; the outcome in a word.
    fn run(&self, chance: &mut Chance) -> Result<&'static str, String> {
        let (stage, scene) = (self.stage, self.scene);
        let place = set(stage, scene)?;
        let mut killed = 0;
        let mut story = Vec::new();
        for _ in 0..if chance.one_in(4) { 2 } else { 1 } {
            let kill = Kill::at_random(chance, &self.whole.run);
            story.push(format!("{kill:?}"));
            killed += u32::from(self.kill(&place, kill, chance).map_err(|error| format!("{error}\n{story:?}"))?);
        }
        let checked = self.look(&place).and_then(|()| self.recover(&place));
        checked.map_err(|error| format!("{error}\nafter {}", story.join(" and ")))?;
        Ok(if killed > 0 { KILLED } else { "ended before" })
    }

    /// Starts the command and kills it, whether it was killed.
    fn kill(&self, place: &Place, kill: Kill, chance: &mut Chance) -> Result<bool, String> {
        let (stage, scene) = (self.stage, self.scene);
        let arguments = scene.arguments(stage, place);
        let mut other = scene.is_twofold.then(|| start(place.command(&arguments), place.path(), "other"));
        let mut child = start(place.command(&arguments), place.path(), "victim");
        let ending = await_end(&mut child, kill, place, &stage.storage)?;
        if let Some(other) = &mut other {
            if chance.one_in(2) {
                deliver(other, kill);
            }
            let code = other.wait().map_err(|error| error.to_string())?.code();
            if code.is_some_and(|code| code != 0) {
                return Err(format!("the one beside it ended with {code:?}: {}", place.said("other", "stderr")));
            }
        }
        match ending.code {
            None => Ok(true),
            Some(0) => Ok(false),
            Some(code) => Err(format!("exit code {code}: {}", ending.stderr)),
        }
    }

    /// What a reader finds after a kill.
    fn look(&self, place: &Place) -> Result<(), String> {
        let orphans = place.orphans();
        if !orphans.is_empty() {
            return Err(format!("processes are left: {}", orphans.join("; ")));
        }
        let state = self.scene.state(self.stage, place)?;
        match self.whole.states.contains(&state) {
            true => Ok(()),
            false => Err(format!("{state:?} is there, expected one of {:?}", self.whole.states)),
        }
    }

    /// The next run: right, and nothing of the killed one is left.
    fn recover(&self, place: &Place) -> Result<(), String> {
        let (stage, scene, whole) = (self.stage, self.scene, self.whole);
        let said = run(place.command(&scene.arguments_after(stage, place)), place);
        let said = digests(&said.map_err(|error| format!("the next run: {error}"))?);
        let (state, listing, unfinished) = (scene.state(stage, place)?, place.listing(), place.unfinished());
        if said != whole.said || state != whole.states[1] {
            return Err(format!("the next run made {said} and {state:?}, expected {} {:?}", whole.said, whole.states));
        }
        if listing != whole.listing {
            let more: Vec<_> = listing.iter().filter(|file| !whole.listing.contains(file)).collect();
            let less: Vec<_> = whole.listing.iter().filter(|file| !listing.contains(file)).collect();
            return Err(format!("the next run left {more:?} and lacks {less:?}"));
        }
        match unfinished.is_empty() {
            true => Ok(()),
            false => Err(format!("unfinished files stay in the cache: {unfinished:?}")),
        }
    }
}
