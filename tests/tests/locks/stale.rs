//! Hundreds of changes of a pyproject.toml: its uv.lock is called stale here where `uv lock --check` calls it so.

use std::collections::BTreeMap;
use std::path::Path;

use shipwheel_python::lock::{UvLock, differences};
use shipwheel_python::pyproject::Pyproject;
use shipwheel_tests::{SampleWheel, scratch, uv};
use xshell::{Shell, cmd};

use crate::export::lock;

const PROJECT: &str = r#"[project]
name = "top"
version = "1"
requires-python = ">=3.11"
dependencies = [
    "aa",
    "bb>=1,<3",
    "cc[x]>1",
    "dd ; python_version < '3.13'",
    "ee ; sys_platform == 'linux'",
    "top[fast]",
    "member",
]

[project.optional-dependencies]
fast = ["ff~=1.0", "gg ; platform_machine == 'aarch64'"]
other = ["hh==2.*"]

[dependency-groups]
dev = ["ii"]
docs = ["jj!=1.5", {include-group = "dev"}]

[tool.uv]
package = false
constraint-dependencies = ["kk<3"]
override-dependencies = ["ll==1.0"]

[tool.uv.sources]
member = { workspace = true }

[tool.uv.workspace]
members = ["packages/*"]

[[tool.uv.index]]
url = "WHEELS"
format = "flat"
default = true
"#;

const MEMBER: &str = r#"[project]
name = "member"
version = "1"
requires-python = ">=3.10"
dependencies = ["kk", "ll"]

[project.optional-dependencies]
extra = ["aa"]

[tool.uv]
package = false
"#;

/// Requirements of the project as they are written there, and other texts in their place.
const REQUIREMENTS: [(&str, &[&str]); 10] = [
    (
        "\"aa\"",
        &[
            "\"AA\"",
            "\"aa \"",
            "\"aa>=0\"",
            "\"aa ; python_version >= '3.8'\"",
            "\"aa;python_version>='3.11'\"",
            "\"aa==1.0\"",
            "\"bb\"",
            "\"aa[x]\"",
            "\"aa[]\"",
            "\"aa @ file:///nowhere/aa-1.0-py3-none-any.whl\"",
            "\"aa ; sys_platform == 'win32'\"",
            "\"aa ; extra == 'fast'\"",
        ],
    ),
    (
        "\"bb>=1,<3\"",
        &[
            "\"bb<3,>=1\"",
            "\"bb >= 1 , < 3\"",
            "\"bb>=1.0,<3.0\"",
            "\"bb>=1,<3,<3\"",
            "\"bb>=1,<3,!=2\"",
            "\"bb>=1\"",
            "\"bb<3\"",
            "\"bb>1,<3\"",
            "\"bb>=1,<=3\"",
            "\"bb (>=1,<3)\"",
            "\"bb>=1,<3 ; python_version >= '3'\"",
            "\"bb\"",
            "\"Bb>=1,<3\"",
        ],
    ),
    (
        "\"cc[x]>1\"",
        &[
            "\"cc[X]>1\"",
            "\"cc[x,x]>1\"",
            "\"cc [x] > 1\"",
            "\"cc[x,y]>1\"",
            "\"cc>1\"",
            "\"cc[y]>1\"",
            "\"cc[x]>=1\"",
            "\"cc[x]>1.0\"",
            "\"cc[x]>1.5\"",
            "\"cc[x]\"",
        ],
    ),
    (
        "\"dd ; python_version < '3.13'\"",
        &[
            "\"dd; python_version<'3.13'\"",
            "\"dd ; '3.13' > python_version\"",
            "\"dd ; python_full_version < '3.13'\"",
            "\"dd ; (python_version < '3.13')\"",
            "\"dd ; python_version <= '3.12'\"",
            "\"dd ; python_version < '3.13' and python_version >= '3.11'\"",
            "\"dd ; python_version < '3.13' and python_version >= '3.8'\"",
            "\"dd ; python_version < '3.12'\"",
            "\"dd ; python_version < '3.14'\"",
            "\"dd\"",
            "\"dd ; python_version >= '3.13'\"",
            "\"dd ; python_version < '3.13' or sys_platform == 'win32'\"",
            "\"dd ; python_version < '3.13' and sys_platform == 'linux'\"",
            "\"dd ; python_version not in '3.13,3.14'\"",
            "\"dd ; python_version != '3.13' and python_version < '3.14'\"",
            "\"dd ; python_version < '3.13.0'\"",
        ],
    ),
    (
        "\"ee ; sys_platform == 'linux'\"",
        &[
            "\"ee ; 'linux' == sys_platform\"",
            "\"ee;sys_platform=='linux'\"",
            "\"ee ; sys_platform == 'linux' and os_name == 'posix'\"",
            "\"ee ; platform_system == 'Linux'\"",
            "\"ee ; sys_platform != 'win32'\"",
            "\"ee ; sys_platform == 'linux' and platform_machine == 'x86_64'\"",
            "\"ee ; sys_platform == 'linux' or sys_platform == 'darwin'\"",
            "\"ee\"",
            "\"ee ; sys_platform == 'darwin'\"",
            "\"ee ; sys_platform == 'linux' and python_version >= '3.11'\"",
            "\"ee ; sys_platform == 'linux' and implementation_name == 'cpython'\"",
        ],
    ),
    (
        "\"ff~=1.0\"",
        &[
            "\"ff ~= 1.0\"",
            "\"FF~=1.0\"",
            "\"ff~=1.0.0\"",
            "\"ff>=1.0,<2\"",
            "\"ff>=1.0,==1.*\"",
            "\"ff\"",
            "\"ff~=1.5\"",
        ],
    ),
    ("\"hh==2.*\"", &["\"hh == 2.*\"", "\"hh==2.0.*\"", "\"hh==2.0\"", "\"hh>=2,<3\"", "\"hh\"", "\"hh==1.*\""]),
    ("\"ii\"", &["\"II\"", "\"ii>=1\"", "\"ii\", \"aa\"", "\"ii ; python_version < '3.12'\""]),
    ("\"jj!=1.5\"", &["\"jj != 1.5\"", "\"jj!=1.5.0\"", "\"jj!=1.6\"", "\"jj\"", "\"jj!=1.5.*\""]),
    ("\"kk<3\"", &["\"kk < 3\"", "\"KK<3.0\"", "\"kk<4\"", "\"kk\"", "\"kk<3\", \"aa<3\""]),
];

/// Other changes of the project.
const CHANGES: &[(&str, &str)] = &[
    ("requires-python = \">=3.11\"", "requires-python = \">= 3.11\""),
    ("requires-python = \">=3.11\"", "requires-python = \">=3.11.0\""),
    ("requires-python = \">=3.11\"", "requires-python = \">=3.12\""),
    ("requires-python = \">=3.11\"", "requires-python = \">=3.10\""),
    ("requires-python = \">=3.11\"", "requires-python = \">=3.11,<3.14\""),
    ("requires-python = \">=3.11\"", "requires-python = \"~=3.11\""),
    ("requires-python = \">=3.11\"", "requires-python = \">=3.11,!=3.12.*\""),
    ("requires-python = \">=3.11\"", "requires-python = \"==3.11.*\""),
    ("requires-python = \">=3.11\"\n", ""),
    ("name = \"top\"", "name = \"Top\""),
    ("[project]\n", "[project]\ndescription = \"new\"\n"),
    ("[project]\n", "[project]\nauthors = [{name = \"N\"}]\nkeywords = [\"a\"]\n"),
    ("[project]\n", "# a comment\n\n[project]\n"),
    ("[dependency-groups]", "[project.scripts]\nrun = \"top:main\"\n[dependency-groups]"),
    ("    \"aa\",\n", ""),
    ("    \"bb>=1,<3\",\n", ""),
    ("    \"cc[x]>1\",\n", ""),
    ("    \"dd ; python_version < '3.13'\",\n", ""),
    ("    \"ee ; sys_platform == 'linux'\",\n", ""),
    ("    \"top[fast]\",\n", ""),
    ("    \"top[fast]\",\n", "    \"top[fast,other]\",\n"),
    ("    \"member\",\n", ""),
    ("    \"member\",\n", "    \"member[extra]\",\n"),
    ("    \"member\",\n", "    \"member>=1\",\n"),
    ("    \"aa\",\n", "    \"aa\",\n    \"aa\",\n"),
    ("    \"aa\",\n", "    \"aa\",\n    \"mm\",\n"),
    ("    \"aa\",\n    \"bb>=1,<3\",\n", "    \"bb>=1,<3\",\n    \"aa\",\n"),
    ("    \"aa\",\n", "    \"aa\",\n    \"ll\",\n"),
    ("\"ff~=1.0\", ", ""),
    (
        "fast = [\"ff~=1.0\", \"gg ; platform_machine == 'aarch64'\"]",
        "fast = [\"gg ; platform_machine == 'aarch64'\", \"ff~=1.0\"]",
    ),
    ("other = [\"hh==2.*\"]\n", ""),
    ("other = [\"hh==2.*\"]", "other = []"),
    ("other = [\"hh==2.*\"]", "Other = [\"hh==2.*\"]"),
    ("other = [\"hh==2.*\"]", "other = [\"hh==2.*\"]\nempty = []"),
    ("other = [\"hh==2.*\"]", "other = [\"hh==2.*\"]\nmore = [\"aa\"]"),
    ("other = [\"hh==2.*\"]", "renamed = [\"hh==2.*\"]"),
    ("other = [\"hh==2.*\"]", "other = [\"hh==2.*\", \"top[fast]\"]"),
    ("dev = [\"ii\"]", "dev = []"),
    ("dev = [\"ii\"]", "Dev = [\"ii\"]"),
    ("dev = [\"ii\"]", "dev = [\"ii\"]\nempty = []"),
    ("dev = [\"ii\"]", "dev = [\"ii\"]\nnew = [\"aa\"]"),
    (", {include-group = \"dev\"}", ""),
    (", {include-group = \"dev\"}", ", \"ii\""),
    ("docs = [\"jj!=1.5\", {include-group = \"dev\"}]\n", ""),
    ("docs = [\"jj!=1.5\", {include-group = \"dev\"}]", "docs = [{include-group = \"dev\"}, \"jj!=1.5\"]"),
    ("package = false\nconstraint", "package = false\ndev-dependencies = [\"aa\"]\nconstraint"),
    (
        "package = false\nconstraint",
        "package = false\nconflicts = [[{extra = \"fast\"}, {extra = \"other\"}]]\nconstraint",
    ),
    ("package = false\nconstraint", "package = false\nenvironments = [\"sys_platform == 'linux'\"]\nconstraint"),
    ("package = false\nconstraint", "package = false\nmanaged = true\nconstraint"),
    ("package = false\nconstraint", "package = false\ncompile-bytecode = true\nconstraint"),
    ("package = false\nconstraint", "package = false\nexclude-dependencies = [\"ll\"]\nconstraint"),
    ("package = false\nconstraint", "package = false\nbuild-constraint-dependencies = [\"setuptools<90\"]\nconstraint"),
    ("override-dependencies = [\"ll==1.0\"]\n", ""),
    ("override-dependencies = [\"ll==1.0\"]", "override-dependencies = [\"LL == 1.0\"]"),
    ("override-dependencies = [\"ll==1.0\"]", "override-dependencies = [\"ll==1.0.0\"]"),
    ("override-dependencies = [\"ll==1.0\"]", "override-dependencies = [\"ll==2.0\"]"),
    ("override-dependencies = [\"ll==1.0\"]", "override-dependencies = [\"ll==1.0 ; python_version >= '3.11'\"]"),
    ("override-dependencies = [\"ll==1.0\"]", "override-dependencies = [\"ll==1.0\", \"aa==1.0\"]"),
    ("constraint-dependencies = [\"kk<3\"]\n", ""),
    ("constraint-dependencies = [\"kk<3\"]", "constraint-dependencies = [\"kk<3 ; sys_platform == 'linux'\"]"),
    ("dependencies = [\n", "dynamic = []\ndependencies = [\n"),
    ("# end", ""),
];

/// Changes of the member.
const OF_MEMBER: &[(&str, &str)] = &[
    ("\"kk\", \"ll\"", "\"ll\", \"kk\""),
    ("\"kk\", \"ll\"", "\"kk\""),
    ("\"kk\", \"ll\"", "\"kk\", \"ll\", \"aa\""),
    ("\"kk\", \"ll\"", "\"kk>=1\", \"ll\""),
    ("\"kk\", \"ll\"", "\"KK\", \"ll ; python_version >= '3.10'\""),
    ("\"kk\", \"ll\"", "\"kk\", \"ll ; python_version >= '3.12'\""),
    ("requires-python = \">=3.10\"", "requires-python = \">=3.9\""),
    ("requires-python = \">=3.10\"", "requires-python = \">=3.12\""),
    ("requires-python = \">=3.10\"\n", ""),
    ("extra = [\"aa\"]", "extra = [\"aa\", \"bb\"]"),
    ("extra = [\"aa\"]", "extra = [\"AA\"]"),
    ("extra = [\"aa\"]", "extra = [\"aa\"]\nmore = []"),
    ("[tool.uv]", "[dependency-groups]\ng = [\"aa\"]\n[tool.uv]"),
];

/// What is not seen here: it changes nothing that is installed on Linux, or allows the same versions in other words.
const NOT_SEEN: [&str; 4] = [
    "sys_platform == 'linux' and os_name == 'posix'",
    "build-constraint-dependencies",
    "\"aa\" -> \"aa>=0\"",
    "\"hh==2.*\" -> \"hh>=2,<3\"",
];

/// Wheels of all that is named above, in versions 1.0, 1.5, 2.0 and 2.5, with the extras x and y.
fn write_wheels(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for letter in 'a'..='m' {
        for version in ["1.0", "1.5", "2.0", "2.5"] {
            let wheel = SampleWheel::with(
                &format!("{letter}{letter}"),
                version,
                "py3-none-any",
                "Provides-Extra: x\nProvides-Extra: y\n",
                &[],
            );
            std::fs::write(folder.join(wheel.file_name), wheel.bytes).unwrap();
        }
    }
}

/// Whether uv calls the lock of a folder stale.
fn is_stale_to_uv(folder: &Path) -> bool {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(folder);
    cmd!(shell, "{uv} lock --check --offline --quiet").quiet().ignore_stderr().run().is_err()
}

/// The differences that are seen here.
fn differences_here(folder: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let lock = UvLock::parse(&read("uv.lock"), "uv.lock").unwrap();
    let files: BTreeMap<&str, Pyproject> =
        [(".", "pyproject.toml"), ("packages/member", "packages/member/pyproject.toml")]
            .map(|(place, name)| (place, Pyproject::parse(&read(name)).unwrap()))
            .into();
    differences(&lock, |place| files.get(place)).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn a_uv_lock_is_stale_where_uv_says_so() {
    let folder = scratch();
    let (wheels, place) = (folder.path().join("wheels"), folder.path().join("project"));
    write_wheels(&wheels);
    let project = PROJECT.replace("WHEELS", &wheels.display().to_string());
    let write = |project: &str, member: &str| {
        std::fs::create_dir_all(place.join("packages/member")).unwrap();
        std::fs::write(place.join("pyproject.toml"), project).unwrap();
        std::fs::write(place.join("packages/member/pyproject.toml"), member).unwrap();
    };
    write(&project, MEMBER);
    assert!(lock(&place, &["--offline"]));
    let locked = std::fs::read_to_string(place.join("uv.lock")).unwrap();
    let (mut missed, mut false_alarms, mut stale, mut count) = (Vec::new(), Vec::new(), 0, 0);
    let of_requirements = REQUIREMENTS.iter().flat_map(|(from, all)| all.iter().map(move |to| (*from, *to)));
    let of_project = of_requirements.chain(CHANGES.iter().copied()).map(|change| (change, false));
    let all: Vec<_> = of_project.chain(OF_MEMBER.iter().map(|change| (*change, true))).collect();
    // Without a setting, some of them, spread over all.
    let step = if std::env::var_os("SHIPWHEEL_LOCKS").is_some() { 1 } else { 6 };
    for ((from, to), is_member) in all.into_iter().step_by(step) {
        let changed = |text: &str| text.replacen(from, to, 1);
        match is_member {
            true => write(&project, &changed(MEMBER)),
            false => write(&changed(&project), MEMBER),
        }
        count += 1;
        let theirs = is_stale_to_uv(&place);
        assert_eq!(std::fs::read_to_string(place.join("uv.lock")).unwrap(), locked, "--check writes nothing");
        let ours = differences_here(&place);
        stale += u32::from(theirs);
        match (theirs, ours.is_empty()) {
            (true, true) => missed.push(format!("{from} -> {to}")),
            (false, false) => false_alarms.push(format!("{from} -> {to}: {ours:?}")),
            (true, false) | (false, true) => {}
        }
    }
    println!("{count} changes, {stale} stale to uv, missed: {missed:#?}");
    assert!(false_alarms.is_empty(), "{false_alarms:#?}");
    missed.retain(|change| !NOT_SEEN.iter().any(|known| change.contains(known)));
    assert!(missed.is_empty(), "{missed:#?}");
}
