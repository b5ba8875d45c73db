//! Generated projects: what is read of their uv.lock is what `uv export` gives, for every platform, extra and group.

use shipwheel_python::lock::UvLock;
use shipwheel_tests::{Random, scratch};

use crate::export::{Question, TARGETS, by_us, by_uv, listed, lock, target};
use crate::universe::{Made, write_project, write_wheels};

/// How many projects; `SHIPWHEEL_LOCKS` asks for more, and `SHIPWHEEL_LOCKS_SEED` for others.
const PROJECTS: u64 = 24;

pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn a_uv_lock_gives_what_uv_exports_of_it() {
    let (projects, seed) = (setting("SHIPWHEEL_LOCKS", PROJECTS), setting("SHIPWHEEL_LOCKS_SEED", 1));
    let (mut locked, mut compared, mut refused) = (0, 0, 0);
    for number in 0..projects {
        let (mut random, folder) = (Random::new(seed, number), scratch());
        let (wheels, place) = (folder.path().join("wheels"), folder.path().join("project"));
        std::fs::create_dir_all(&place).unwrap();
        write_wheels(&mut random, &wheels);
        let made = write_project(&mut random, &place, &wheels);
        if !lock(&place, &["--offline"]) {
            continue;
        }
        locked += 1;
        let read = UvLock::parse(&std::fs::read_to_string(place.join("uv.lock")).unwrap(), "uv.lock").unwrap();
        for _ in 0..4 {
            let question = question(&mut random, &made, &read);
            let theirs = by_uv(&place, &question);
            for (platform, python) in TARGETS {
                let target = target(platform, python);
                let ours = by_us(&read, &question, &target).map(|lock| listed(&lock, &target));
                let theirs = theirs.as_ref().map(|lock| listed(lock, &target));
                refused += u32::from(theirs.is_none());
                compared += 1;
                assert_eq!(ours, theirs, "seed {seed}, project {number}, {question:?}, {target}");
            }
        }
    }
    println!("{locked} of {projects} projects locked, {compared} answers compared, {refused} of them refusals");
    assert!(locked * 3 >= projects, "only {locked} of {projects} could be locked");
}

/// A choice at random of what a project has.
fn question(random: &mut Random, made: &Made, lock: &UvLock) -> Question {
    let package =
        (!made.members.is_empty() && random.once_in(2)).then(|| made.members[random.below(made.members.len())].clone());
    let name = package.as_ref().map(|name| name.parse().unwrap());
    let offer = lock.offer(name.as_ref());
    let mut some = |names: &[&str], known: &std::collections::BTreeSet<String>| {
        let names = names.iter().filter(|name| known.contains(**name) && random.once_in(2));
        names.map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    Question { extras: some(&made.extras, &offer.extras), groups: some(&made.groups, &offer.groups), package }
}
