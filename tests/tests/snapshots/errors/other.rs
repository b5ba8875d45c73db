//! Flags, outputs, verification, and the commands that look at images or folders.

use shipwheel_tests::Layout;

use super::ground::{Case, Ground};

const PLAIN: &str = "image app --output oci:out";

/// An image of only the base, in `out`.
fn built(ground: &Ground) -> Layout {
    ground.image("");
    ground.run(PLAIN).succeeded();
    Layout::new(&ground.path().join("out"))
}

/// Changes one byte of a blob of `out`.
fn tamper(ground: &Ground, layout: &Layout, digest: &str) {
    let mut bytes = layout.blob(digest);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    ground.file(&format!("out/blobs/{}", digest.replace(':', "/")), bytes);
}

pub const CASES: &[Case] = &[
    Case { name: "flag-unknown", code: 2, run: |g| g.run("image --platfroms amd64") },
    Case { name: "flag-command-unknown", code: 2, run: |g| g.run("imgae") },
    Case { name: "flag-level", code: 2, run: |g| g.run("image --optimize 3") },
    Case { name: "flag-platform", code: 2, run: |g| g.run("image --platforms amd64,sparc") },
    Case { name: "flag-conflict", code: 2, run: |g| g.run("image --platforms amd64 --multi-platform") },
    Case { name: "flag-output-kind", code: 2, run: |g| g.run("image --output zip:x") },
    Case { name: "flag-interpreter", code: 2, run: |g| g.run("image --bytecode-interpreter python3") },
    Case { name: "flag-reference", code: 2, run: |g| g.run("image --push Registry.example/UPPER") },
    Case { name: "flag-source-kind", code: 2, run: |g| g.run("push docker-daemon:x registry.example/app") },
    Case { name: "flag-reference-with-password", code: 2, run: |g| g.run("pull user:hunter2@r.example/a --output o") },
    Case { name: "flag-user-without-password", code: 2, run: |g| g.run("pull --username me r.example/a --output o") },
    Case { name: "flag-retrofit-without-output", code: 2, run: |g| g.run("retrofit base") },
    Case {
        name: "flag-docker-archive-of-two",
        code: 2,
        run: |g| g.image("").run("image app --output docker-archive:x.tar"),
    },
    Case {
        name: "layout-of-several-images",
        code: 3,
        run: |g| g.file("two/index.json", two_images()).run("push two registry.example/app"),
    },
    Case {
        name: "layout-without-the-tag",
        code: 3,
        run: |g| g.file("two/index.json", two_images()).run("push oci:two:3.0 registry.example/app"),
    },
    Case { name: "push-nothing-there", code: 3, run: |g| g.run("push docker-archive:x registry.example/app") },
    Case { name: "flag-tag", code: 2, run: |g| g.image("").run("image app --tag a/b") },
    Case {
        name: "variable-epoch",
        code: 2,
        run: |g| g.image("").shipwheel().with("SOURCE_DATE_EPOCH", "today").image(&["app"]),
    },
    Case {
        name: "variable-no-cache-folder",
        code: 2,
        run: |g| {
            g.image("");
            g.shipwheel().with("HOME", "").with("SHIPWHEEL_CACHE_DIR", "").image(&["app"])
        },
    },
    Case {
        name: "output-below-a-file",
        code: 6,
        run: |g| g.image("").file("taken", "").run("image app --output oci:taken/out"),
    },
    Case {
        name: "output-archive-below-a-file",
        code: 6,
        run: |g| g.image("").file("taken", "").run("image app --output oci-archive:taken/out.tar"),
    },
    Case {
        name: "output-occupied",
        code: 6,
        run: |g| g.image("").file("taken/precious.txt", "").run("image app --output oci:taken"),
    },
    Case {
        name: "output-with-a-link",
        code: 6,
        run: |g| {
            built(g);
            g.file("taken/precious.txt", "");
            std::fs::rename(g.path().join("out/blobs/sha256"), g.path().join("moved")).unwrap();
            std::os::unix::fs::symlink("../../taken", g.path().join("out/blobs/sha256")).unwrap();
            g.run("image app --output oci:out")
        },
    },
    Case {
        name: "output-cache-is-a-link",
        code: 6,
        run: |g| {
            g.image("").file("taken/precious.txt", "");
            std::os::unix::fs::symlink("taken", g.path().join("cache-link")).unwrap();
            g.shipwheel().with("SHIPWHEEL_CACHE_DIR", g.path().join("cache-link").display()).image(&["app"])
        },
    },
    Case {
        name: "output-cache-others-can-write-to",
        code: 6,
        run: |g| {
            g.image("").file("shared/records/planted", "");
            let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o1777);
            std::fs::set_permissions(g.path().join("shared"), mode).unwrap();
            g.shipwheel().with("SHIPWHEEL_CACHE_DIR", g.path().join("shared").display()).image(&["app"])
        },
    },
    Case {
        name: "output-cache-below-a-file",
        code: 6,
        run: |g| {
            g.image("").file("taken", "");
            g.shipwheel().with("SHIPWHEEL_CACHE_DIR", g.path().join("taken/cache").display()).image(&["app"])
        },
    },
    Case {
        name: "verify-tampered-layer",
        code: 5,
        run: |g| {
            let layout = built(g);
            let layer = layout.manifest("linux/arm64")["layers"][0]["digest"].as_str().unwrap().to_owned();
            tamper(g, &layout, &layer);
            g.run("verify out")
        },
    },
    Case {
        name: "verify-tampered-manifest",
        code: 5,
        run: |g| {
            let layout = built(g);
            let manifest = layout.descriptor("linux/amd64")["digest"].as_str().unwrap().to_owned();
            tamper(g, &layout, &manifest);
            g.run("verify out")
        },
    },
    Case {
        name: "verify-strict",
        code: 5,
        run: |g| {
            built(g);
            g.run("verify out --strict")
        },
    },
    Case { name: "verify-nothing-there", code: 3, run: |g| g.run("verify ./nowhere") },
    Case { name: "verify-no-layout", code: 3, run: |g| g.file("other/file", "").run("verify ./other") },
    Case {
        name: "startup-without-python",
        code: 3,
        run: |g| {
            g.base(shipwheel_tests::SampleBase { python: false, ..shipwheel_tests::SampleBase::FULL })
                .run("startup base")
        },
    },
    Case {
        name: "retrofit-without-python",
        code: 3,
        run: |g| {
            g.base(shipwheel_tests::SampleBase { python: false, ..shipwheel_tests::SampleBase::FULL });
            g.run("retrofit base --output oci:out")
        },
    },
    Case { name: "bytecode-no-folder", code: 3, run: |g| g.run("bytecode nowhere") },
    Case {
        name: "bytecode-no-interpreter",
        code: 3,
        run: |g| g.file("code/m.py", "").run("bytecode code --python no-such-python"),
    },
    Case { name: "init-exists", code: 3, run: |g| g.image("").run("init app") },
    Case { name: "init-nothing-to-derive", code: 3, run: |g| g.file("empty/notes.txt", "").run("init empty") },
];

/// An `index.json` with two images.
fn two_images() -> String {
    let entry = |tag: &str| {
        let digest = shipwheel_oci::Digest::of(tag.as_bytes());
        format!(
            r#"{{ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "{digest}", "size": 3,
                "annotations": {{ "org.opencontainers.image.ref.name": "{tag}" }} }}"#
        )
    };
    format!(r#"{{ "schemaVersion": 2, "manifests": [{}, {}] }}"#, entry("1.0"), entry("2.0"))
}
