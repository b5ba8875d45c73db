//! Made-up changes of projects and locks of Poetry and PDM: a lock is called stale here where its own tool calls it so.

use std::path::Path;

use shipwheel_python::lock::{PdmLock, PoetryLock};
use shipwheel_tests::{Random, pdm, poetry};
use xshell::cmd;

use crate::generated::setting;
use crate::place::Place;
use crate::stale_tools::{PDM, POETRY, write_wheels};

/// How many changes of each tool; `SHIPWHEEL_MUTATIONS` asks for more.
const MUTATIONS: u64 = 20;

/// A tool with what it is asked.
struct Tool {
    /// The Python that it runs with.
    python: std::path::PathBuf,
    /// The program that asks it.
    judge: &'static str,
    /// How it locks.
    lock: Vec<String>,
    /// Its lock.
    file: &'static str,
    project: &'static str,
    /// What is appended to a project.
    sections: &'static [&'static str],
    /// Whether a lock is of a project.
    is_of: fn(&str, &str) -> bool,
}

/// Sections of all projects; most mean nothing to the tools.
const SECTIONS: [&str; 8] = [
    "[tool.other]\na = 1\n",
    "[project.urls]\nHome = \"https://h.example\"\n",
    "[project.scripts]\nrun = \"top:main\"\n",
    "[project.entry-points.plugins]\na = \"top:a\"\n",
    "[build-system]\nrequires = [\"x\"]\nbuild-backend = \"x\"\n",
    "[tool.uv]\npackage = false\n",
    "\n\n# the end\n",
    "[tool.other.deep]\nwhen = 1979-05-27T07:32:00Z\nnumbers = [1, 2.5, true]\n",
];

const OF_POETRY: [&str; 10] = [
    "[tool.poetry.extras]\nquick = [\"ee\"]\n",
    "[tool.poetry.group.more.dependencies]\naa = \"*\"\n",
    "[tool.poetry.group.more]\noptional = true\n[tool.poetry.group.more.dependencies]\nbb = { version = \"^1\", allow-prereleases = true }\n",
    "[tool.poetry.group.empty.dependencies]\n",
    "[tool.poetry.dev-dependencies]\ncc = \"*\"\n",
    "[[tool.poetry.source]]\nname = \"b\"\nurl = \"https://b.example/simple/\"\npriority = \"supplemental\"\n",
    "[tool.poetry.scripts]\nx = \"top:x\"\n",
    "[tool.poetry.urls]\n\"\u{e9}\" = \"https://u.example\"\n",
    "[tool.poetry.requires-plugins]\nnone = \"*\"\n",
    "[tool.poetry.build]\ngenerate-setup-file = false\n",
];

const OF_PDM: [&str; 9] = [
    "[tool.pdm.resolution.overrides]\naa = \"1.0\"\n",
    "[tool.pdm.scripts]\nx = \"echo\"\n",
    "[[tool.pdm.source]]\nname = \"b\"\nurl = \"https://b.example/simple/\"\nverify_ssl = false\n",
    "[[tool.pdm.source]]\nname = \"w\"\ntype = \"find_links\"\nurl = \"https://w.example/\"\n",
    "[tool.pdm.build]\nincludes = [\"a\"]\n",
    "[tool.pdm.version]\nsource = \"file\"\n",
    "[tool.pdm.publish]\nrepository = \"x\"\n",
    "[tool.pdm.options]\nadd = [\"--no-self\"]\n",
    "[tool.poetry]\nname = \"x\"\n",
];

/// A requirement as one of many ways to write it.
fn requirement(random: &mut Random) -> String {
    let name = random.pick(&["aa", "AA", "bb", "cc", "Dd", "ff", "e-e", "e_e"]);
    let extras = random.pick(&["", "", "", "[x]", "[y-z,x]", " [X]"]);
    let versions = random.pick(&["", "", ">=1", " >= 1.0", "==1.*", "!=2,>0", "~=1.0", "<9", " (>=1)"]);
    let marker = random.pick(&[
        "",
        "",
        " ; python_version < '3.13'",
        ";sys_platform=='linux'",
        " ; os_name == 'posix' and python_version >= '3.8'",
        " ; 'win' in sys_platform",
    ]);
    format!("\"{name}{extras}{versions}{marker}\"")
}

/// A list of some requirements, on one line or on several.
fn list(random: &mut Random) -> String {
    let items: Vec<String> = (0..random.below(4)).map(|_| requirement(random)).collect();
    match random.below(3) {
        0 => format!("[\n    {}\n]", items.join(",\n    ")),
        1 => format!("[{} ]", items.join(" , ")),
        _ => format!("[{}]", items.join(", ")),
    }
}

/// A dependency as `[tool.poetry]` has them.
fn table(random: &mut Random) -> String {
    let versions = random.pick(&["^1", "^1.0", "*", "~1", "1.*", ">=1,<2 || >=3", "1.0"]);
    let more = random.pick(&[
        "",
        ", optional = true",
        ", extras = [\"x\"]",
        ", python = \"^3.8\"",
        ", platform = \"linux\"",
        ", allow-prereleases = true",
        ", source = \"here\"",
        ", markers = \"sys_platform == 'linux'\"",
    ]);
    match random.below(4) {
        0 => format!("\"{versions}\""),
        1 => format!("[{{ version = \"{versions}\"{more} }}, {{ version = \"2.0\", python = \"<3.8\" }}]"),
        _ => format!("{{ version = \"{versions}\"{more} }}"),
    }
}

/// Replaces what follows a key up to the end of its line.
fn set(text: &str, key: &str, value: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(key));
    line.map_or_else(|| text.to_owned(), |line| text.replacen(line, &format!("{key}{value}"), 1))
}

/// A change of a project.
fn changed(project: &str, tool: &Tool, random: &mut Random) -> String {
    let set = |key: &str, value: &str| set(project, key, value);
    match random.below(16) {
        0 | 1 => set("dependencies = ", &list(random)),
        2 => set("fast = ", &list(random)),
        3 => set("dev = ", &list(random)),
        4 => set("dev = ", &format!("[{}, {{ include-group = \"docs\" }}]\ndocs = []", requirement(random))),
        5 => set(
            "requires-python = ",
            random.pick(&["\">=3.11\"", "\">=3.11, <4\"", "'>=3.11,<4'", "\"==3.*\"", "\"~=3.11\"", "\">=3.10,<4\""]),
        ),
        6 => set("ee = ", &table(random)),
        7 => set("ff = ", &table(random)),
        8 => set("docs = ", &list(random)),
        9 => set("version = ", random.pick(&["\"2\"", "\"1.0\"", "'1'"])),
        10 => set(
            "name = \"top\"",
            random.pick(&["\ndescription = \"\u{e9} \\u0041\"", " # top", "\nkeywords = [\"a\"]"]),
        ),
        11 => set("allow-prereleases = ", random.pick(&["false", "true\nrespect-source-order = true", "true # so"])),
        12 | 13 => format!("{project}{}", random.pick(tool.sections)),
        14 => format!("{project}{}", random.pick(&SECTIONS)),
        _ => format!("# a comment\n{}", project.replacen("[dependency-groups]", "\n[dependency-groups] # groups", 1)),
    }
}

/// A change of a lock, or none.
fn changed_lock(lock: &str, random: &mut Random) -> String {
    let hash = lock.lines().find(|line| line.starts_with("content")).unwrap();
    let (before, digit) = hash.trim_end_matches('"').split_at(hash.trim_end_matches('"').len() - 1);
    match random.below(12) {
        0 => lock.replacen(hash, &format!("{before}{}\"", if digit == "0" { "1" } else { "0" }), 1),
        1 => format!("# by hand\n{lock}"),
        2 => lock.replacen("1.0", "1.1", 1),
        3 => lock.replace("files = [", "files = [ "),
        _ => lock.to_owned(),
    }
}

/// Compares the verdicts on changes; one of the project alone, one of the lock alone, and both.
fn compare(tool: &Tool) {
    let (count, seed) = (setting("SHIPWHEEL_MUTATIONS", MUTATIONS), setting("SHIPWHEEL_LOCKS_SEED", 1));
    let place = Place::new(write_wheels);
    let shell = &place.shell;
    let project = tool.project.replace("INDEX", &place.index());
    place.write("pyproject.toml", &project);
    let (program, words) = tool.lock.split_first().unwrap();
    cmd!(shell, "{program} {words...}").quiet().ignore_stderr().ignore_stdout().run().unwrap();
    let locked = place.read(tool.file);
    let mutations = (0..count).map(|number| {
        let mut random = Random::new(seed, number);
        let changes = random.below(4);
        let project = (0..changes).fold(project.clone(), |project, _| changed(&project, tool, &mut random));
        (project, changed_lock(&locked, &mut random))
    });
    let mutations: Vec<(String, String)> = mutations.collect();
    let (python, judge) = (&tool.python, Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/locks").join(tool.judge));
    let asked = serde_json::to_string(&mutations).unwrap();
    let verdicts = cmd!(shell, "{python} {judge}").quiet().ignore_stderr().stdin(asked).read().unwrap();
    assert_eq!(verdicts.lines().count(), mutations.len(), "{verdicts}");
    let (mut counts, mut differences) = ([0; 3], Vec::new());
    for (number, (verdict, (project, lock))) in verdicts.lines().zip(&mutations).enumerate() {
        let is_stale = !(tool.is_of)(lock, project);
        match (verdict, is_stale) {
            ("invalid", _) => counts[2] += 1,
            ("stale", true) => counts[1] += 1,
            ("fresh", false) => counts[0] += 1,
            _ => differences.push(format!("seed {seed}, {number}: {verdict} to {}\n{project}", tool.file)),
        }
    }
    let [fresh, stale, invalid] = counts;
    println!(
        "{}: {count} changes: {fresh} fresh, {stale} stale, {invalid} refused, {} differ",
        tool.file,
        differences.len()
    );
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(fresh > 0 && stale > 0, "{fresh} fresh, {stale} stale, {invalid} refused");
}

fn beside(program: &Path) -> std::path::PathBuf {
    program.with_file_name("python")
}

#[test]
fn made_up_changes_are_stale_where_poetry_says_so() {
    let program = poetry();
    let words = [program.to_str().unwrap(), "lock", "--no-interaction", "--quiet"];
    compare(&Tool {
        python: beside(&program),
        judge: "judge_poetry.py",
        lock: words.map(str::to_owned).into(),
        file: "poetry.lock",
        project: POETRY,
        sections: &OF_POETRY,
        is_of: |lock, project| PoetryLock::parse(lock, "poetry.lock").unwrap().is_of(project),
    });
}

#[test]
fn made_up_changes_are_stale_where_pdm_says_so() {
    let program = pdm();
    let words = [program.to_str().unwrap(), "lock", "--quiet", "--group", ":all"];
    compare(&Tool {
        python: beside(&program),
        judge: "judge_pdm.py",
        lock: words.map(str::to_owned).into(),
        file: "pdm.lock",
        project: PDM,
        sections: &OF_PDM,
        is_of: |lock, project| PdmLock::parse(lock, "pdm.lock").unwrap().is_of(project),
    });
}
