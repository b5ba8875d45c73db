//! Made-up distributions that need each other in every way, and projects of them: each number gives others.

use std::fmt::Write as _;
use std::path::Path;

use shipwheel_tests::{Random, SampleWheel};

/// How many distributions there are.
pub(crate) const DISTRIBUTIONS: usize = 12;

/// Conditions, some of which hold nowhere on Linux.
const MARKERS: [&str; 10] = [
    "sys_platform == 'linux'",
    "sys_platform == 'win32'",
    "platform_machine == 'aarch64'",
    "platform_machine != 'aarch64' and sys_platform == 'linux'",
    "python_version < '3.12'",
    "python_full_version >= '3.12'",
    "python_version >= '3.13' or platform_machine == 'x86_64'",
    "implementation_name == 'cpython'",
    "os_name == 'nt' or python_version > '3.11'",
    "platform_python_implementation == 'PyPy'",
];

/// Writes wheels of every distribution into a folder: three versions of each, with two extras.
pub(crate) fn write_wheels(random: &mut Random, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..DISTRIBUTIONS {
        for version in 1..=3 {
            let mut metadata = "Provides-Extra: x\nProvides-Extra: y-z\n".to_owned();
            for extra in ["", "x", "y-z"] {
                for _ in 0..random.below(3) {
                    // Mostly forward, so that most can be resolved; now and then in a circle.
                    let other =
                        if random.once_in(6) { random.below(DISTRIBUTIONS) } else { number + 1 + random.below(4) };
                    if other >= DISTRIBUTIONS || other == number {
                        continue;
                    }
                    let marker = [marker(random), extra_marker(extra)].into_iter().filter(|it| !it.is_empty());
                    let marker = marker.map(|it| format!("({it})")).collect::<Vec<_>>().join(" and ");
                    let marker = if marker.is_empty() { marker } else { format!(" ; {marker}") };
                    let _ = writeln!(metadata, "Requires-Dist: {}{}{marker}", name(other), extras(random));
                }
            }
            let wheel =
                SampleWheel::with(&format!("d{number}_x"), &version.to_string(), "py3-none-any", &metadata, &[]);
            std::fs::write(folder.join(wheel.file_name), wheel.bytes).unwrap();
        }
    }
}

/// What can be chosen of a project.
pub(crate) struct Made {
    pub(crate) members: Vec<String>,
    pub(crate) extras: Vec<&'static str>,
    pub(crate) groups: Vec<&'static str>,
}

/// Writes a project, or a workspace, whose packages come from a folder.
pub(crate) fn write_project(random: &mut Random, folder: &Path, wheels: &Path) -> Made {
    let members: Vec<String> =
        (0..if random.once_in(2) { 0 } else { 1 + random.below(3) }).map(|n| format!("m{n}")).collect();
    // The top of a workspace need not be a project.
    let is_headless = !members.is_empty() && random.once_in(4);
    for member in &members {
        let text = project(random, member, &members)
            + "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
        let text = if random.once_in(3) { text.replace("[tool.uv]\n", "[tool.uv]\npackage = false\n") } else { text };
        let place = folder.join("packages").join(member);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("pyproject.toml"), text).unwrap();
    }
    let mut text = if is_headless {
        format!("[dependency-groups]\ng1 = [{}]\n[tool.uv]\n", requirements(random, &[]))
    } else {
        project(random, "top", &members)
    };
    if !is_headless && random.once_in(3) {
        let _ = writeln!(text, "conflicts = [[{{ extra = \"e1\" }}, {{ extra = \"e2\" }}]]");
    } else if !is_headless && random.once_in(3) {
        let _ = writeln!(text, "conflicts = [[{{ group = \"g1\" }}, {{ extra = \"e2\" }}]]");
    }
    if !members.is_empty() {
        let _ = writeln!(text, "[tool.uv.workspace]\nmembers = [\"packages/*\"]");
    }
    let _ = writeln!(text, "[[tool.uv.index]]\nurl = \"{}\"\nformat = \"flat\"\ndefault = true", wheels.display());
    std::fs::write(folder.join("pyproject.toml"), text).unwrap();
    let extras = if is_headless && members.is_empty() { Vec::new() } else { vec!["e1", "e2"] };
    Made { members, extras, groups: vec!["g1", "g2"] }
}

/// `[project]` and its groups, up to `[tool.uv]`.
fn project(random: &mut Random, name: &str, members: &[String]) -> String {
    let others: Vec<&String> = members.iter().filter(|member| *member != name).collect();
    let used: Vec<&String> = others.into_iter().filter(|_| random.once_in(2)).collect();
    let sources = members.iter().map(|member| format!("{member} = {{ workspace = true }}\n"));
    let own = if random.once_in(3) { format!(", \"{name}[e1]\"") } else { String::new() };
    let own = if members.is_empty() { own } else { String::new() };
    let pin = if random.once_in(2) { [", \"d3-x==1\"", ", \"d3-x==2\""] } else { ["", ""] };
    format!(
        "[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [{}{own}]\n\
         [project.optional-dependencies]\ne1 = [{}{}]\ne2 = [{}{}]\n\
         [dependency-groups]\ndev = [{}]\ng1 = [{}]\ng2 = [{}, {{ include-group = \"g1\" }}]\n\
         [tool.uv.sources]\n{}[tool.uv]\n",
        requirements(random, &used),
        requirements(random, &[]),
        pin[0],
        requirements(random, &[]),
        pin[1],
        requirements(random, &[]),
        requirements(random, &[]),
        requirements(random, &used),
        sources.collect::<String>(),
    )
}

/// Some requirements, as members of an array.
fn requirements(random: &mut Random, members: &[&String]) -> String {
    let mut all: Vec<String> = Vec::new();
    for member in members {
        let extra = if random.once_in(2) { "[e2]" } else { "" };
        all.push(format!("\"{member}{extra}\""));
    }
    for _ in 0..1 + random.below(3) {
        let name = name(random.below(DISTRIBUTIONS));
        if random.once_in(5) {
            // A fork: one version here, another one there.
            let (here, there) = ("sys_platform == 'linux' and python_version < '3.13'", "python_version >= '3.13'");
            all.push(format!("\"{name}<3 ; {here}\", \"{name}>=3 ; {there}\""));
            continue;
        }
        let marker = marker(random);
        let marker = if marker.is_empty() { marker.to_owned() } else { format!(" ; {marker}") };
        all.push(format!("\"{name}{}{marker}\"", extras(random)));
    }
    all.join(", ")
}

pub(crate) fn name(number: usize) -> String {
    format!("d{number}-x")
}

fn extras(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", "[x]", "[y-z]", "[x,y-z]"])
}

pub(crate) fn marker(random: &mut Random) -> &'static str {
    if random.once_in(2) { "" } else { random.pick(&MARKERS) }
}

fn extra_marker(extra: &str) -> &'static str {
    match extra {
        "x" => "extra == 'x'",
        "y-z" => "extra == 'y-z'",
        _ => "",
    }
}
