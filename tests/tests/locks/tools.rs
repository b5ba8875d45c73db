//! Generated projects of Poetry and PDM: what is read of their locks is what the tools export, for every platform, extra and
//! group.

use std::collections::BTreeSet;

use shipwheel_python::Target;
use shipwheel_python::lock::{Chosen, PdmLock, PoetryLock};
use shipwheel_python::marker::Environment;
use shipwheel_python::requirements::Requirements;
use shipwheel_tests::{Random, pdm, poetry};
use xshell::cmd;

use crate::export::{TARGETS, target};
use crate::generated::setting;
use crate::place::Place;
use crate::universe::{DISTRIBUTIONS, marker, name, write_wheels};

/// How many projects of each tool, which take seconds each; `SHIPWHEEL_LOCKS` asks for more.
const PROJECTS: u64 = 2;

/// What is asked of a lock.
#[derive(Debug, Clone, Default)]
struct Question {
    extras: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Question {
    /// Every choice of two extras and two groups that differs in more than one way.
    fn all() -> Vec<Self> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        [(&[][..], &[][..]), (&["e1"], &[]), (&["e2"], &["g1"]), (&[], &["g2"]), (&["e1", "e2"], &["g1", "g2"])]
            .map(|(extras, groups)| Self { extras: set(extras), groups: set(groups) })
            .into()
    }
}

/// Distributions by different numbers, some with a marker and an extra of theirs.
fn some(random: &mut Random, line: impl Fn(&str, &str, &str) -> String) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    for _ in 0..1 + random.below(3) {
        let number = random.below(DISTRIBUTIONS);
        if all.iter().all(|(known, _)| *known != number) {
            let extra = random.pick(&["", "", "x", "y-z"]);
            all.push((number, line(&name(number), extra, marker(random))));
        }
    }
    all
}

fn poetry_project(random: &mut Random, index: &str) -> String {
    let line = |more: &'static str| {
        move |name: &str, extra: &str, marker: &str| {
            let extras = if extra.is_empty() { String::new() } else { format!(", extras = [\"{extra}\"]") };
            let markers = if marker.is_empty() { String::new() } else { format!(", markers = \"{marker}\"") };
            format!("{name} = {{ version = \"*\"{extras}{markers}{more} }}\n")
        }
    };
    let (main, mut optional) = (some(random, line("")), some(random, line(", optional = true")));
    optional.retain(|(number, _)| main.iter().all(|(known, _)| known != number));
    let lines = |all: &[(usize, String)]| all.iter().map(|(_, line)| line.as_str()).collect::<String>();
    let names = |all: &[(usize, String)]| {
        all.iter().map(|(number, _)| format!("\"{}\"", name(*number))).collect::<Vec<_>>().join(", ")
    };
    let (half, rest) = optional.split_at(optional.len() / 2);
    format!(
        "[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = \">=3.11,<4\"\n{}{}\
         [tool.poetry.extras]\ne1 = [{}]\ne2 = [{}]\n\
         [tool.poetry.group.g1.dependencies]\n{}[tool.poetry.group.g2]\noptional = true\n[tool.poetry.group.g2.dependencies]\n{}\
         [[tool.poetry.source]]\nname = \"here\"\nurl = \"{index}\"\npriority = \"primary\"\n",
        lines(&main),
        lines(&optional),
        names(half),
        names(rest),
        lines(&some(random, line(""))),
        lines(&some(random, line(""))),
    )
}

fn pdm_project(random: &mut Random, index: &str) -> String {
    let mut list = || {
        let line = |name: &str, extra: &str, marker: &str| {
            let extra = if extra.is_empty() { String::new() } else { format!("[{extra}]") };
            let marker = if marker.is_empty() { String::new() } else { format!(" ; {marker}") };
            format!("\"{name}{extra}{marker}\"")
        };
        some(random, line).into_iter().map(|(_, line)| line).collect::<Vec<_>>().join(", ")
    };
    format!(
        "[project]\nname = \"top\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [{}]\n\
         [project.optional-dependencies]\ne1 = [{}]\ne2 = [{}]\n\
         [dependency-groups]\ng1 = [{}]\ng2 = [{}, {{ include-group = \"g1\" }}]\n\
         [tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"{index}\"\n",
        list(),
        list(),
        list(),
        list(),
        list(),
    )
}

/// What lines of requirements ask for on a target, each with its hashes.
pub(crate) fn listed(text: &str, target: &Target) -> BTreeSet<String> {
    let environment = Environment::new(target);
    let parsed = Requirements::parse(text, "exported").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let needed = parsed.requirements.iter().filter(|it| it.marker.as_ref().is_none_or(|it| it.evaluate(&environment)));
    needed
        .map(|it| {
            let hashes: BTreeSet<String> = it.hashes.sha256.iter().map(|hash| hash.hex()[..8].to_owned()).collect();
            format!("{}=={} {hashes:?}", it.name, it.version)
        })
        .collect()
}

/// Compares an export with what is chosen here, for every target.
fn compare(exported: &str, choose: impl Fn(&Environment) -> Chosen, what: &str) -> u32 {
    for (platform, python) in TARGETS {
        let target = target(platform, python);
        let chosen = choose(&Environment::new(&target));
        let ours = listed(&chosen.to_requirements(), &target);
        assert_eq!(ours, listed(exported, &target), "{what}, {target}");
    }
    TARGETS.len() as u32
}

/// Makes projects, and adds up what a comparison says of each; it gets its folder, its pyproject.toml and what to call it.
fn each_project(make: impl Fn(&mut Random, &str) -> String, compared: impl Fn(&Place, &str, &str) -> u32) {
    let (projects, seed) = (setting("SHIPWHEEL_LOCKS", PROJECTS), setting("SHIPWHEEL_LOCKS_SEED", 1));
    let mut sum = 0;
    for number in 0..projects {
        let mut random = Random::new(seed, number);
        let place = Place::new(|folder| write_wheels(&mut random, folder));
        let project = make(&mut random, &place.index());
        place.write("pyproject.toml", &project);
        sum += compared(&place, &project, &format!("seed {seed}, project {number}"));
    }
    println!("{projects} projects, {sum} answers compared");
}

#[test]
fn a_poetry_lock_gives_what_poetry_exports_of_it() {
    let program = poetry();
    each_project(poetry_project, |place, project, called| {
        let (shell, mut compared) = (&place.shell, 0);
        cmd!(shell, "{program} lock --no-interaction --quiet").quiet().run().unwrap();
        let text = place.read("poetry.lock");
        // The form of Poetry 1.8 does not say which groups need what.
        for version in ["2.1", "2.0"] {
            let text = text.replace("lock-version = \"2.1\"", &format!("lock-version = \"{version}\""));
            place.write("poetry.lock", &text);
            let lock = PoetryLock::parse(&text, "poetry.lock").unwrap();
            assert!(lock.is_of(project), "{project}");
            for question in Question::all() {
                let extras = question.extras.iter().map(|name| format!("--extras={name}"));
                let groups = question.groups.iter().map(|name| format!("--with={name}"));
                let words: Vec<String> = extras.chain(groups).collect();
                let export = cmd!(shell, "{program} export --no-interaction --format requirements.txt {words...}");
                let exported = export.quiet().ignore_stderr().read().unwrap();
                let what = format!("{called}, version {version}, {question:?}\n{project}");
                let choose =
                    |environment: &Environment| lock.choose(&question.extras, &question.groups, environment, project);
                compared += compare(&exported, choose, &what);
            }
        }
        compared
    });
}

#[test]
fn a_pdm_lock_gives_what_pdm_exports_of_it() {
    let program = pdm();
    each_project(pdm_project, |place, project, called| {
        let (shell, mut compared) = (&place.shell, 0);
        let words = ["lock", "--quiet", "--group", ":all"];
        cmd!(shell, "{program} {words...}").quiet().ignore_stderr().run().unwrap();
        let lock = PdmLock::parse(&place.read("pdm.lock"), "pdm.lock").unwrap();
        assert!(lock.is_of(project) && !lock.needs_project(), "{project}");
        for question in Question::all() {
            let all: BTreeSet<String> = question.extras.union(&question.groups).cloned().collect();
            let mut words: Vec<String> = all.iter().map(|name| format!("--group={name}")).collect();
            words.extend(question.groups.is_empty().then(|| "--prod".to_owned()));
            let exported = cmd!(shell, "{program} export --format requirements {words...}").quiet().ignore_stderr();
            let exported = exported.read().unwrap();
            let what = format!("{called}, {question:?}\n{project}");
            compared += compare(&exported, |environment| lock.choose(&all, environment, project), &what);
        }
        compared
    });
}
