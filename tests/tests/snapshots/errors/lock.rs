//! Locks of every form, what they lack, and wheels that are not what they say.

use shipwheel_tests::{Answer, Run, SampleElf, SampleWheel, Server};

use super::ground::{Case, Ground};

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn thing() -> SampleWheel {
    SampleWheel::new("thing", "1.0", "py3-none-any", &[("thing.py", b"VALUE = 42\n")])
}

/// A table of a lock: a distribution with these wheels.
fn lists(name: &str, wheels: &[String]) -> String {
    format!(
        "[[packages]]
name = \"{name}\"
version = \"1.0\"
wheels = [{}]
",
        wheels.join(", ")
    )
}

/// A wheel at an address that nobody is to ask.
fn elsewhere(file: &str) -> String {
    format!("{{ name = \"{file}\", url = \"http://127.0.0.1:1/{file}\", hashes = {{ sha256 = \"{ZEROS}\" }} }}")
}

/// Builds with a lock of one such wheel.
fn named(ground: &Ground, file: &str) -> Run {
    ground.pylock(&lists("thing", &[elsewhere(file)])).build()
}

/// A lock with a wheel that a server answers for like this.
fn served(ground: &Ground, answer: Answer) -> Run {
    let (file, sha256) = (thing().file_name, thing().sha256());
    let server = Server::start([(format!("/{file}"), answer)]);
    let host = ground.host(&server);
    let wheel =
        format!("{{ name = \"{file}\", url = \"http://{host}/{file}\", hashes = {{ sha256 = \"{sha256}\" }} }}");
    ground.pylock(&lists("thing", &[wheel])).build()
}

/// A folder with a pyproject.toml.
fn beside_a_project(ground: &Ground) -> &Ground {
    ground.file("app/pyproject.toml", "[project]\nname = \"app\"\nversion = \"1.0\"\n")
}

/// A uv.lock of a project that asked for `six>=1.16`.
const UV_LOCK: &str = r#"version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "app"
version = "1.0"
source = { virtual = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1.16" }]

[[package]]
name = "six"
version = "1.17.0"
source = { registry = "https://index.example/simple" }
"#;

pub const CASES: &[Case] = &[
    Case { name: "lock-unknown-form", code: 3, run: |g| g.locked("conda-lock.yml", "{}").build() },
    Case {
        name: "lock-requirements-some-hashes",
        code: 3,
        run: |g| g.locked("requirements.txt", &format!("one==1.0\ntwo==2.0 --hash=sha256:{ZEROS}\n")).build(),
    },
    Case {
        name: "lock-requirements-not-pinned",
        code: 3,
        run: |g| {
            let text =
                format!("one>=1.0 --hash=sha256:{ZEROS}\n-r https://files.example/other.txt\ntwo==2 --hash=sha256:7\n");
            g.locked("requirements.txt", &text).build()
        },
    },
    Case {
        name: "lock-requirements-not-names",
        code: 3,
        run: |g| {
            let text = "-e svn+https://user:password@files.example/two\n~/dep\nsix\n";
            g.locked("requirements.txt", text).build()
        },
    },
    Case {
        name: "lock-requirements-extras",
        code: 3,
        run: |g| {
            g.image("[python]\nlock = \"requirements.txt\"\nextras = [\"fast\"]\n")
                .file("app/requirements.txt", "six\n")
                .build()
        },
    },
    Case { name: "lock-pylock-syntax", code: 3, run: |g| g.locked("pylock.toml", "lock-version = \"1.0\n").build() },
    Case {
        name: "lock-pylock-version",
        code: 3,
        run: |g| g.locked("pylock.toml", "lock-version = \"2.0\"\npackages = []\n").build(),
    },
    Case {
        name: "lock-pylock-values",
        code: 3,
        run: |g| {
            g.pylock("[[packages]]\nname = \"-\"\nversion = \"one\"\nmarker = \"sys_platform = 'linux'\"\n").build()
        },
    },
    Case {
        name: "lock-pylock-without-hash",
        code: 3,
        run: |g| {
            g.pylock("[[packages]]\nname = \"thing\"\nversion = \"1.0\"\nwheels = [{ url = \"http://127.0.0.1:1/thing-1.0-py3-none-any.whl\" }]\n").build()
        },
    },
    Case { name: "lock-uv-syntax", code: 3, run: |g| g.locked("uv.lock", "version = \n").build() },
    Case {
        name: "lock-uv-stale",
        code: 3,
        run: |g| {
            g.file("app/pyproject.toml", "[project]\nname = \"app\"\nversion = \"1.0\"\nrequires-python = \">=3.11\"\ndependencies = [\"six>=1.17\", \"flask\"]\n");
            g.locked("uv.lock", UV_LOCK).build()
        },
    },
    Case {
        name: "lock-poetry-version",
        code: 3,
        run: |g| beside_a_project(g).locked("poetry.lock", "[metadata]\nlock-version = \"3.0\"\n").build(),
    },
    Case {
        name: "lock-pdm-version",
        code: 3,
        run: |g| beside_a_project(g).locked("pdm.lock", "[metadata]\nlock_version = \"3.1\"\n").build(),
    },
    Case { name: "lock-nothing-to-lock", code: 3, run: |g| g.pylock("").run("lock app") },
    Case {
        name: "lock-older-than-the-project",
        code: 3,
        run: |g| {
            g.pylock("");
            g.file("app/pyproject.toml", "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\"flask>=3\"]\n");
            g.file("app/main.py", "");
            let lines = "[python]\nlock = \"pylock.toml\"\n[app]\nsources = [\"main.py\"]\n";
            g.image(lines).build()
        },
    },
    Case {
        name: "coverage-other-platform",
        code: 3,
        run: |g| named(g, "thing-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"),
    },
    Case {
        name: "coverage-newer-glibc",
        code: 3,
        run: |g| named(g, "thing-1.0-cp311-cp311-manylinux_2_99_x86_64.manylinux_2_99_aarch64.whl"),
    },
    Case {
        name: "coverage-other-python",
        code: 3,
        run: |g| named(g, "thing-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"),
    },
    Case {
        name: "coverage-source-distribution",
        code: 3,
        run: |g| {
            g.pylock(&format!("[[packages]]\nname = \"thing\"\nversion = \"1.0\"\nsdist = {{ url = \"http://127.0.0.1:1/thing-1.0.tar.gz\", hashes = {{ sha256 = \"{ZEROS}\" }} }}\n")).build()
        },
    },
    Case {
        name: "wheel-not-in-its-folder",
        code: 3,
        run: |g| {
            g.pylock(&format!("[[packages]]\nname = \"thing\"\nversion = \"1.0\"\nwheels = [{{ name = \"thing-1.0-py3-none-any.whl\", path = \"wheels/thing-1.0-py3-none-any.whl\", hashes = {{ sha256 = \"{ZEROS}\" }} }}]\n")).build()
        },
    },
    Case {
        name: "wheel-without-an-address",
        code: 3,
        run: |g| {
            g.pylock(&lists("thing", &[]));
            let accept = format!("accept = {{ \"thing-1.0-py3-none-any.whl\" = \"sha256:{ZEROS}\" }}");
            g.image(&format!("[python]\nlock = \"pylock.toml\"\n{accept}\n")).build()
        },
    },
    Case { name: "wheel-other-hash", code: 5, run: |g| g.wheel(&thing(), ZEROS).build() },
    Case { name: "wheel-served-other", code: 5, run: |g| served(g, Answer::Whole(b"not the wheel".to_vec())) },
    Case { name: "wheel-refused", code: 3, run: |g| served(g, Answer::Status(403)) },
    Case { name: "wheel-gone", code: 3, run: |g| served(g, Answer::Status(404)) },
    Case {
        name: "wheel-offline",
        code: 3,
        run: |g| {
            g.pylock(&lists("thing", &[elsewhere("thing-1.0-py3-none-any.whl")]))
                .run("image app --offline --output oci:out")
        },
    },
    Case {
        name: "wheel-no-zip",
        code: 3,
        run: |g| {
            let wheel = SampleWheel { bytes: b"not a zip".to_vec(), ..thing() };
            g.wheel(&wheel, &wheel.sha256()).build()
        },
    },
    Case {
        name: "wheel-other-distribution",
        code: 3,
        run: |g| {
            let wheel = SampleWheel { file_name: "other-1.0-py3-none-any.whl".to_owned(), ..thing() };
            g.wheel(&wheel, &wheel.sha256()).build()
        },
    },
    Case {
        name: "wheel-whiteout-name",
        code: 3,
        run: |g| {
            let wheel = SampleWheel::new("thing", "1.0", "py3-none-any", &[("other/.wh..wh..opq", b"")]);
            g.wheel(&wheel, &wheel.sha256()).build()
        },
    },
    Case {
        name: "wheel-replaces-the-interpreter",
        code: 3,
        run: |g| {
            let files: &[(&str, &[u8])] = &[("thing-1.0.data/scripts/python3", b"#!/bin/sh\n")];
            let wheel = SampleWheel::new("thing", "1.0", "py3-none-any", files);
            g.wheel(&wheel, &wheel.sha256()).build()
        },
    },
    Case {
        name: "wheel-other-processor",
        code: 5,
        run: |g| {
            let elf = SampleElf { bits: 64, machine: 62, needed: &["libc.so.6"], glibc: "GLIBC_2.17" }.bytes();
            let tag = "cp311-cp311-manylinux_2_17_x86_64.manylinux_2_17_aarch64";
            let wheel = SampleWheel::new("thing", "1.0", tag, &[("thing/_speed.so", &elf)]);
            g.wheel(&wheel, &wheel.sha256()).build()
        },
    },
    Case {
        name: "wheel-two-one-path",
        code: 3,
        run: |g| {
            let wheels = ["one", "two"].map(|name| {
                let text = format!("NAME = '{name}'\n");
                SampleWheel::new(name, "1.0", "py3-none-any", &[("same.py", text.as_bytes())])
            });
            let mut packages = String::new();
            for wheel in &wheels {
                let (file, sha256) = (&wheel.file_name, wheel.sha256());
                g.file(&format!("app/wheels/{file}"), &wheel.bytes);
                let entry =
                    format!("{{ name = \"{file}\", path = \"wheels/{file}\", hashes = {{ sha256 = \"{sha256}\" }} }}");
                packages += &lists(&file[..3], &[entry]);
            }
            g.pylock(&packages).build()
        },
    },
    Case {
        name: "variable-wheel-mirrors",
        code: 3,
        run: |g| {
            g.wheel(&thing(), &thing().sha256());
            g.shipwheel().with("SHIPWHEEL_WHEEL_MIRRORS", "https://files.example/").image(&["app"])
        },
    },
];
