//! Bases that are missing, broken, for other platforms, or without what is asked of them.

use shipwheel_tests::{Answer, SampleBase, Server};

use super::ground::{Case, Ground};

/// An image over Debian, whose packages are at this address.
fn over_debian(ground: &Ground, suite: &str, mirror: &str) -> shipwheel_tests::Run {
    let base = format!("{{ suite = \"{suite}\", packages = [\"python3.11\"], mirror = \"{mirror}\" }}");
    let toml = format!("# One error.\nbase = {{ debian = {base} }}\nbytecode.enabled = false\n");
    ground.file("app/image.toml", toml).build()
}

pub const CASES: &[Case] = &[
    Case {
        name: "base-no-such-suite",
        code: 3,
        run: |g| {
            let host = g.host(&Server::start([]));
            over_debian(g, "bookwurm", &format!("http://{host}/debian"))
        },
    },
    Case {
        name: "base-unsigned-release",
        code: 5,
        run: |g| {
            let release = Answer::Whole(b"Suite: stable\nCodename: bookworm\n".to_vec());
            let host = g.host(&Server::start([("/debian/dists/bookworm/InRelease".to_owned(), release)]));
            over_debian(g, "bookworm", &format!("http://{host}/debian"))
        },
    },
    Case { name: "base-mirror-no-url", code: 3, run: |g| over_debian(g, "bookworm", "ftp://mirror.example/debian") },
    Case {
        name: "base-without-the-platform",
        code: 3,
        run: |g| g.base(SampleBase { architectures: &["amd64"], ..SampleBase::FULL }).image("").build(),
    },
    Case {
        name: "base-without-python",
        code: 3,
        run: |g| {
            g.base(SampleBase { python: false, ..SampleBase::FULL });
            g.locked("requirements.txt", "").build()
        },
    },
    Case {
        name: "base-without-images",
        code: 3,
        run: |g| g.image("").file("base/index.json", "{ \"schemaVersion\": 2, \"manifests\": [] }").build(),
    },
    Case { name: "base-index-is-no-json", code: 3, run: |g| g.image("").file("base/index.json", "no json").build() },
    Case {
        name: "base-no-layout",
        code: 3,
        run: |g| {
            g.file("app/image.toml", "# One error.\nbase = { layout = \"../empty\" }\n").file("empty/file", "").build()
        },
    },
    Case {
        name: "base-file-is-no-archive",
        code: 3,
        run: |g| {
            g.file("app/image.toml", "# One error.\nbase = { layout = \"../base.tar\" }\n")
                .file("base.tar", "no tar")
                .build()
        },
    },
    Case {
        name: "base-tampered-layer",
        code: 5,
        run: |g| {
            let blobs = g.path().join("base/blobs/sha256");
            let files = std::fs::read_dir(blobs).unwrap().map(|entry| entry.unwrap().path());
            let mut layers: Vec<_> =
                files.filter(|path| std::fs::read(path).unwrap().starts_with(&[0x1f, 0x8b])).collect();
            layers.sort();
            for layer in layers {
                let mut bytes = std::fs::read(&layer).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(layer, bytes).unwrap();
            }
            g.image("").build()
        },
    },
    Case {
        name: "base-offline",
        code: 3,
        run: |g| {
            g.file("app/image.toml", "# One error.\nbase = { image = \"registry.example/python:3.11\" }\n");
            g.run("image app --offline")
        },
    },
    Case {
        name: "base-image-not-found",
        code: 3,
        run: |g| {
            let host = g.host(&Server::start([]));
            g.file("app/image.toml", format!("# One error.\nbase = {{ image = \"{host}/python:3.11\" }}\n")).build()
        },
    },
    Case {
        name: "interpreter-is-no-python",
        code: 4,
        run: |g| {
            g.file(
                "app/image.toml",
                "# One error.\nbase = { layout = \"../base\" }\nplatforms = [\"amd64\", \"arm64\"]\n",
            );
            g.run("image app --bytecode-interpreter /usr/bin/true")
        },
    },
];
