//! image.toml, with the places in it.

use super::ground::Case;

pub const CASES: &[Case] = &[
    Case { name: "definition-unknown-name", code: 3, run: |g| g.file("images/web/image.toml", "").run("image wbe") },
    Case { name: "definition-none", code: 3, run: |g| g.run("image") },
    Case { name: "toml-syntax", code: 3, run: |g| g.image("[app\n").build() },
    Case { name: "toml-unknown-key", code: 3, run: |g| g.image("[config]\nentrypiont = [\"python3\"]\n").build() },
    Case { name: "toml-unknown-table", code: 3, run: |g| g.image("[bytcode]\nenabled = false\n").build() },
    Case {
        name: "toml-profile-in-profile",
        code: 3,
        run: |g| g.image("[profiles.dev.profiles.more]\ntag = \"1\"\n").build(),
    },
    Case { name: "toml-wrong-type", code: 3, run: |g| g.image("[config]\nuser = 1000\n").build() },
    Case { name: "toml-wrong-value", code: 3, run: |g| g.image("[layers.wheels]\nheavy = \"1 MB\"\n").build() },
    Case {
        name: "toml-several-problems",
        code: 3,
        run: |g| {
            let lines = "[config]\nexposed-ports = [0, \"x\"]\ncolour = 1\n[app]\nsources = \"app\"\n";
            g.image(lines).build()
        },
    },
    Case { name: "toml-no-base", code: 3, run: |g| g.file("app/image.toml", "# An image without a base.\n").build() },
    Case {
        name: "toml-platform",
        code: 3,
        run: |g| {
            g.file("app/image.toml", "# One error.\nbase = { layout = \"../base\" }\nplatforms = [\"linux/sparc\"]\n");
            g.build()
        },
    },
    Case {
        name: "toml-base-reference",
        code: 3,
        run: |g| g.file("app/image.toml", "# One error.\nbase = { image = \"Python:3.11\" }\n").build(),
    },
    Case {
        name: "toml-two-bases",
        code: 3,
        run: |g| {
            let bases = "{ debain = { suite = \"bookworm\" } }, { image = \"a/b\", layout = \"../base\" }";
            g.file("app/image.toml", format!("# One error.\nbase = [{bases}]\n")).build()
        },
    },
    Case {
        name: "toml-base-missing-layout",
        code: 3,
        run: |g| g.file("app/image.toml", "# One error.\nbase = { layout = \"../nowhere\" }\n").build(),
    },
    Case { name: "toml-lock-missing", code: 3, run: |g| g.image("[python]\nextras = [\"fast\"]\n").build() },
    Case {
        name: "toml-lock-not-there",
        code: 3,
        run: |g| g.image("[python]\nlock = \"uv.lock\"\n").file("app/requirements.txt", "").build(),
    },
    Case {
        name: "toml-wheels-not-there",
        code: 3,
        run: |g| {
            g.image("[python]\nlock = \"requirements.txt\"\nwheels = [\"nowhere\"]\n")
                .file("app/requirements.txt", "")
                .build()
        },
    },
    Case { name: "toml-source-not-there", code: 3, run: |g| g.image("[app]\nsources = [\"nowhere.py\"]\n").build() },
    Case {
        name: "toml-destination",
        code: 3,
        run: |g| {
            g.image("[app]\nsources = [\"main.py\"]\ndestination = \"app/../..\"\n").file("app/main.py", "").build()
        },
    },
    Case {
        name: "toml-source-outside",
        code: 3,
        run: |g| g.image("[app]\nsources = [\"../secret\"]\n").file("secret/key", "").build(),
    },
    Case {
        name: "toml-allow-outside-not-there",
        code: 3,
        run: |g| {
            g.image("allow-outside = [\"../x\"]\n[app]\nsources = [\"main.py\"]\n").file("app/main.py", "").build()
        },
    },
    Case {
        name: "dockerignore-leaves-out-a-source",
        code: 3,
        run: |g| {
            let g = g.image("[app]\nsources = [\"pkg\"]\n").file("app/pkg/main.py", "");
            g.file("app/.dockerignore", "# all\n*\n").build()
        },
    },
    Case {
        name: "dockerignore-syntax",
        code: 3,
        run: |g| {
            let g = g.image("[app]\nsources = [\"pkg\"]\n").file("app/pkg/main.py", "");
            g.file("app/.dockerignore", "docs\n[a-\n").build()
        },
    },
    Case {
        name: "app-whiteout-name",
        code: 3,
        run: |g| g.image("[app]\nsources = [\"pkg\"]\n").file("app/pkg/.wh.main.py", "").build(),
    },
    Case { name: "toml-project-not-there", code: 3, run: |g| g.image("[app]\nproject = \"nowhere\"\n").build() },
    Case {
        name: "toml-mirror",
        code: 3,
        run: |g| {
            let lines =
                "[python]\nlock = \"requirements.txt\"\nmirrors = { \"files.example\" = \"https://mirror.example\" }\n";
            g.image(lines).file("app/requirements.txt", "").build()
        },
    },
    Case {
        name: "toml-accept",
        code: 3,
        run: |g| {
            let lines = "[python]\nlock = \"requirements.txt\"\naccept = { \"thing.whl\" = \"sha256:1234\" }\n";
            g.image(lines).file("app/requirements.txt", "").build()
        },
    },
    Case { name: "toml-override", code: 3, run: |g| g.image("[[bytecode.override]]\noptimize = 1\n").build() },
    Case {
        name: "toml-optimize-variable",
        code: 3,
        run: |g| {
            g.image("[config]\nenv = { PYTHONOPTIMIZE = \"2\" }\n[profiles.on]\nbytecode.enabled = true\n");
            g.run("image app --profile on")
        },
    },
    Case {
        name: "toml-cache-prefix-variable",
        code: 3,
        run: |g| {
            g.image("[config]\nenv = { PYTHONPYCACHEPREFIX = \"/tmp\" }\n[profiles.on]\nbytecode.enabled = true\n");
            g.run("image app --profile on")
        },
    },
    Case {
        name: "profile-unknown",
        code: 3,
        run: |g| g.image("[profiles.dev]\ntag = \"dev\"\n").run("image app --profile prod"),
    },
    Case {
        name: "profile-problem",
        code: 3,
        run: |g| g.image("[profiles.dev]\nbytecode.optimise = 1\n").run("image app --profile dev"),
    },
    Case {
        name: "derive-no-lock",
        code: 3,
        run: |g| {
            g.file("web/pyproject.toml", "[project]\nname = \"web\"\nversion = \"1\"\ndependencies = [\"flask\"]\n");
            g.file("web/main.py", "print('hello')\n").run("image web")
        },
    },
    Case {
        name: "derive-project-not-allowed",
        code: 3,
        run: |g| {
            let project = "[project]\nname = \"web\"\nversion = \"1\"\nscripts = { web = \"web:main\" }\n\
                [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\
                [tool.hatch.build.hooks.custom]\npath = \"hook.py\"\n";
            g.file("web/pyproject.toml", project).file("web/web.py", "x = 1\n").run("image web")
        },
    },
    Case {
        name: "derive-nothing-to-start",
        code: 3,
        run: |g| g.file("web/one.py", "x = 1\n").file("web/two.py", "y = 1\n").run("image web"),
    },
];
