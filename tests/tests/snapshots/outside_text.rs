//! Every place where text from outside reaches a message or a report: none of it is obeyed by a terminal, and no
//! password or token of an address is in it.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};
use shipwheel_loopback::{Reply, Server};
use shipwheel_tests::{Layout, Run, SampleWheel, Tampered};

use crate::errors::ground::Ground;

/// What a file may be called: escape codes, C1, DEL, characters that turn or hide text, and a line that looks like ours.
const NAME: &str = "n\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\u{2066}\u{200b}\u{feff}\r\nhint: evil";

/// The same with an address that has a password and a token.
fn text() -> String {
    format!("{NAME} https://user:SECRET@h.example/x?token=SECRET ")
}

/// A text as a string of TOML, every character of it escaped.
fn toml(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    format!("\"{escaped}\"")
}

const IMAGE: &str = "image app --output oci:out";

/// A place: what it is, whether its text is shown at all, and the runs that may show it.
type Place = (&'static str, Shown, fn(&Ground) -> Vec<Run>);

/// Whether a text reaches the output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Some run shows it, escaped.
    Yes,
    /// It is refused, or left out, without being repeated.
    No,
}

const PLACES: &[Place] = &[
    ("a flag", Shown::Yes, |g| {
        vec![g.shipwheel().run(&[&text()]), g.shipwheel().run(&["image", &format!("--{}", text())])]
    }),
    ("a reference", Shown::Yes, |g| {
        ["push", "pull", "copy", "verify"].map(|word| g.shipwheel().run(&[word, &text(), &text()])).into()
    }),
    ("an output", Shown::Yes, |g| {
        vec![g.image("").shipwheel().run(&["image", "app", "--output", &format!("{NAME}:x")])]
    }),
    ("a name of an image", Shown::Yes, |g| ["image", "lock"].map(|word| g.shipwheel().run(&[word, &text()])).into()),
    ("a profile", Shown::Yes, |g| vec![g.image("").shipwheel().run(&["image", "app", "--profile", &text()])]),
    ("an interpreter", Shown::Yes, |g| vec![g.shipwheel().run(&["bytecode", "base", "--python", &text()])]),
    ("a module", Shown::Yes, |g| vec![g.shipwheel().run(&["startup", "base", "--module", &text()])]),
    ("SOURCE_DATE_EPOCH", Shown::Yes, |g| {
        vec![g.image("").shipwheel().with("SOURCE_DATE_EPOCH", text()).image(&["app"])]
    }),
    ("the variables of mirrors and proxies", Shown::No, |g| {
        g.pylock(&package(&json!("thing"), &format!("http://{}/thing-1.0-py3-none-any.whl", nobody())));
        ["SHIPWHEEL_WHEEL_MIRRORS", "HTTP_PROXY", "NO_PROXY", "UV_INDEX", "UV_DEFAULT_INDEX", "SSL_CERT_FILE"]
            .map(|name| g.shipwheel().with(name, text()).image(&["app", "--output", "oci:out"]))
            .into()
    }),
    ("the folder of the cache", Shown::Yes, |g| {
        let shipwheel = g.image("").shipwheel().with("SHIPWHEEL_CACHE_DIR", g.path().join(NAME).display());
        vec![shipwheel.run(&["cache", "path"]), shipwheel.image(&["app", "--output", "oci:out"])]
    }),
    ("the working directory", Shown::Yes, |g| {
        let lines = "base = { layout = \"../../base\" }\nbytecode.enabled = false\n[app]\nsources = [\"main.py\"]\n";
        let (app, locked) = (format!("{NAME}/app"), format!("{lines}[python]\nlock = \"uv.lock\"\n"));
        g.file(&format!("{app}/main.py"), "").file(&format!("{app}/image.toml"), lines);
        let shipwheel = g.shipwheel().in_folder(&g.path().join(NAME));
        let mut runs = Vec::from(
            [&["init", "app"][..], &["image", "app", "--json"], &["image", "app", "--dry-run"], &["verify", "./x"]]
                .map(|line| shipwheel.run(line)),
        );
        g.file(&format!("{app}/image.toml"), locked);
        runs.extend([&["image", "app"][..], &["lock", "app"], &["bytecode", "app"]].map(|line| shipwheel.run(line)));
        runs
    }),
    ("image.toml: a key, a value, a tag", Shown::Yes, |g| {
        let lines = [
            format!("{} = 1", toml(&text())),
            format!("tag = {}", toml(&text())),
            format!("# {}", NAME.replace(['\r', '\n', '\u{7f}', '\u{1b}'], "")),
        ];
        lines.map(|line| g.image(&line).run(IMAGE)).into()
    }),
    ("image.toml: a source, a lock, a base, a level, a user", Shown::Yes, |g| {
        let text = toml(&text());
        [
            format!("[app]\nsources = [{text}]"),
            format!("[python]\nlock = {text}"),
            format!("[python]\nlock = \"requirements.txt\"\nallow-build = [{text}]"),
            format!("[config]\nuser = {text}\ncmd = [{text}]"),
            format!("[config.env]\n{text} = {text}"),
            format!("[config.labels]\n{text} = {text}"),
            format!("[[bytecode.override]]\npaths = [{text}]\noptimize = 9"),
        ]
        .map(|lines| g.image(&lines).run(IMAGE))
        .into()
    }),
    ("image.toml: the address of a base or a mirror", Shown::Yes, |g| {
        let (text, nobody) = (toml(&text()), nobody());
        [
            format!("base = {{ image = {text} }}"),
            format!("base = {{ layout = {text} }}"),
            format!("base = {{ debian = {{ suite = {text}, packages = [{text}], mirror = \"http://{nobody}\" }} }}"),
            format!("base = {{ debian = {{ suite = \"x\", packages = [\"y\"], mirror = {text} }} }}"),
            format!("base = {{ debian = {{ suite = \"x\", packages = [\"y\"], mirror = \"http://{nobody}\", keyring = {text} }} }}"),
        ]
        .map(|base| g.file("app/image.toml", base).run(IMAGE))
        .into()
    }),
    ("a Debian release and its signature", Shown::No, |g| {
        let server = Server::start(|_, _| {
            Reply::new(200).body(format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: {NAME}\n\n{}\n", text()))
        });
        let base =
            format!("base = {{ debian = {{ suite = \"x\", packages = [\"y\"], mirror = \"{}\" }} }}", server.url(""));
        vec![g.file("app/image.toml", base).run(IMAGE)]
    }),
    ("a keyring", Shown::No, |g| {
        let base = format!(
            "base = {{ debian = {{ suite = \"x\", packages = [\"y\"], mirror = \"http://{}\", keyring = \"keys\" }} }}",
            nobody()
        );
        vec![g.file("app/image.toml", base).file("app/keys", text()).run(IMAGE)]
    }),
    ("a file of the application", Shown::Yes, |g| {
        g.image("[app]\nsources = [\"src\"]")
            .file(&format!("app/src/{NAME}.py"), "open(__file__)")
            .file("app/src/.env", "");
        let mut runs =
            vec![g.run("image app --output oci:out --json"), g.run("image app --dry-run"), g.run("verify out --json")];
        g.file(&format!("app/src/id_rsa{NAME}"), "-----BEGIN RSA PRIVATE KEY-----\n");
        runs.push(g.run("image app --output oci:out2"));
        std::os::unix::fs::symlink(format!("/{NAME}"), g.path().join("app/src/link")).unwrap();
        runs.push(g.run("image app --output oci:out3"));
        runs
    }),
    ("a source that does not compile", Shown::Yes, |g| {
        g.file(&format!("code/{NAME}.py"), format!("x = {NAME}"));
        vec![g.run("bytecode code"), g.run("bytecode code --json")]
    }),
    ("pyproject.toml", Shown::Yes, |g| {
        let text = toml(&text());
        [
            format!("[project]\nname = {text}\nversion = {text}"),
            format!("[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [{text}]"),
            format!(
                "[project]\nname = \"a\"\nversion = \"1\"\n[build-system]\nrequires = [{text}]\nbuild-backend = {text}"
            ),
            format!("[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = {text}"),
        ]
        .into_iter()
        .flat_map(|lines| {
            g.file("derived/pyproject.toml", &lines)
                .file("derived/pylock.toml", "lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = []\n");
            let derived = g.run("image derived --output oci:out");
            g.pylock("packages = []").file("app/pyproject.toml", &lines);
            [derived, g.run(IMAGE), g.run("lock app")]
        })
        .collect()
    }),
    ("a pylock.toml", Shown::Yes, |g| {
        let url = &format!("http://{}/thing-1.0-py3-none-any.whl", nobody());
        let value = json!(text());
        let escaped = toml(&text());
        let whole = package(&json!("thing"), url);
        [
            package(&value, url),
            package(&json!("thing"), &text()),
            whole.replace("\"1.0\"", &escaped),
            whole.replace("\"thing-1.0-py3-none-any.whl\"", &escaped),
            whole.replace("sha256", &escaped),
            whole.replace("[[packages]]", &format!("[[packages]]\nmarker = {escaped}")),
            whole.replace("[[packages]]", &format!("[[packages]]\nrequires-python = {escaped}")),
            format!("{escaped} = 1\n{whole}"),
        ]
        .map(|packages| g.pylock(&packages).run(IMAGE))
        .into()
    }),
    ("a uv.lock, a requirements.txt, a poetry.lock", Shown::Yes, |g| {
        let escaped = toml(&text());
        let uv = format!(
            "version = 1\nrequires-python = \">=3.11\"\n[[package]]\nname = {escaped}\nversion = {escaped}\nsource = {{ registry = {escaped} }}\n"
        );
        let lines = text().replace(['\r', '\n'], " ");
        [
            ("uv.lock", uv),
            ("requirements.txt", lines.clone()),
            ("requirements.txt", format!("thing==1.0 --hash=sha256:{lines}\n")),
            ("requirements.txt", format!("-r {lines}\n")),
            ("requirements.txt", format!("thing @ {lines}\n")),
            ("poetry.lock", format!("[[package]]\nname = {escaped}\n")),
        ]
        .map(|(name, text)| g.locked(name, &text).run(IMAGE))
        .into()
    }),
    ("a member of a wheel", Shown::Yes, |g| {
        let names = [format!("thing/{NAME}.py"), format!("../{NAME}"), format!("thing-1.0.data/{NAME}/x")];
        let runs = names.map(|name| {
            let wheel = SampleWheel::new("thing", "1.0", "py3-none-any", &[(&name, b"x = 1\n")]);
            let run = g.wheel(&wheel, &wheel.sha256()).run("image app --output oci:out --json");
            [run, g.run("verify out --json")]
        });
        runs.into_iter().flatten().collect()
    }),
    ("what a lock's tool says", Shown::Yes, |g| {
        for tool in ["uv", "poetry"] {
            g.file(
                &format!("bin/{tool}"),
                "#!/bin/sh\ncase $1 in --version) echo uv 1.0.0;; python) command -v python3;; *) cat \"${0%/*}/said\" >&2; exit 1;; esac\n",
            );
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(g.path().join("bin").join(tool), mode).unwrap();
        }
        g.file("bin/said", text()).file("app/pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n");
        let shipwheel = g.shipwheel().with("PATH", format!("{}:/usr/bin:/bin", g.path().join("bin").display()));
        [("requirements.txt", "six\n"), ("poetry.lock", "")]
            .map(|(name, text)| {
                g.locked(name, text);
                [shipwheel.image(&["app", "--output", "oci:out"]), shipwheel.run(&["lock", "app"])]
            })
            .into_iter()
            .flatten()
            .collect()
    }),
    ("index.json: tags, media types, platforms", Shown::Yes, |g| {
        let entry = |tag: &str, kind: &str, os: &str| {
            json!({ "mediaType": kind, "digest": format!("sha256:{}", "0".repeat(64)), "size": 3,
            "platform": { "os": os, "architecture": os, "variant": os }, "annotations": { "org.opencontainers.image.ref.name": tag } })
        };
        let manifest = "application/vnd.oci.image.manifest.v1+json";
        let text = text();
        [
            vec![entry(&text, manifest, "linux"), entry("b", manifest, "linux")],
            vec![entry("a", &text, &text)],
            vec![entry("a", manifest, &text)],
        ]
        .into_iter()
        .flat_map(|manifests| {
            g.image("").file("base/index.json", json!({ "schemaVersion": 2, "manifests": manifests }).to_string());
            [
                g.run(IMAGE),
                g.run("verify base --json"),
                g.run(&format!("push base {}/a:1", nobody())),
                g.run(&format!("push oci:base:c {}/a:1", nobody())),
                g.run("startup base"),
            ]
        })
        .collect()
    }),
    ("a config, a manifest and the names of a layer", Shown::Yes, |g| {
        g.image("[app]\nsources = [\"src\"]").file("app/src/main.py", "x = 1\n");
        g.run(IMAGE).succeeded();
        let changes: [fn(&Tampered); 6] = [
            |it| it.config("linux/amd64", |config| config["os"] = json!(text())),
            |it| it.config("linux/amd64", |config| config["rootfs"]["diff_ids"][0] = json!(text())),
            |it| {
                it.config("linux/amd64", |config| {
                    config["config"]["Env"] = json!([format!("PYTHONPYCACHEPREFIX={}", text())])
                })
            },
            |it| {
                it.config("linux/amd64", |config| {
                    config["config"]["Env"] =
                        json!([format!("PYTHONOPTIMIZE={}", text()), format!("PYTHONPATH={}", text())])
                })
            },
            |it| it.config("linux/amd64", |config| config["rootfs"] = json!(text())),
            |it| it.manifest("linux/amd64", |manifest| manifest["layers"][0]["mediaType"] = json!(text())),
        ];
        let out = Layout::new(&g.path().join("out"));
        let looked_at = |layout: &Path| {
            let layout = layout.display().to_string();
            let retrofitted = format!("oci:{}", g.path().join("retrofitted").display());
            [
                g.shipwheel().run(&["verify", &layout, "--json"]),
                g.shipwheel().run(&["verify", &layout, "--rebuild"]),
                g.shipwheel().run(&["startup", &layout]),
                g.shipwheel().run(&["retrofit", &layout, "--output", &retrofitted]),
            ]
        };
        let mut runs = Vec::new();
        for change in changes {
            let tampered = Tampered::copy(&out);
            change(&tampered);
            runs.extend(looked_at(tampered.path()));
        }
        runs
    }),
    ("a registry's answers", Shown::Yes, |g| {
        let answers: [fn() -> Reply; 4] = [
            || Reply::new(403).body(json!({ "errors": [{ "code": text(), "message": text() }] }).to_string()),
            || Reply::new(200).header("content-type", "a/b").body(text()),
            || Reply::new(200).body(json!({ "schemaVersion": 2, "mediaType": text() }).to_string()),
            || {
                Reply::new(401)
                    .header("www-authenticate", "Bearer realm=\"https://user:SECRET@h.example/x?token=SECRET\"")
            },
        ];
        let mut runs = Vec::new();
        for answer in answers {
            let host = Server::start(move |_, _| answer()).address;
            runs.push(g.run(&format!("pull {host}/a:1 --output oci:out")));
            runs.push(g.run(&format!("push base {host}/a:1")));
            runs.push(g.run(&format!("registry probe {host}/a")));
        }
        runs
    }),
    ("logins and their helpers", Shown::No, |g| {
        let host = Server::start(|_, _| Reply::new(401).header("www-authenticate", "Basic")).address;
        [json!({ "credHelpers": { &host: text() } }), json!({ "auths": { &host: { "auth": text() } } }), json!(text())]
            .map(|config| {
                g.file("home/.docker/config.json", config.to_string());
                g.run(&format!("pull {host}/a:1 --output oci:out"))
            })
            .into()
    }),
    ("the registries' mirrors", Shown::Yes, |g| {
        vec![
            g.file("images/registries.toml", format!("[mirrors.{}]\nlocations = [{}]\n", toml(&text()), toml(&text())))
                .run(&format!("pull {}/a:1 --output oci:out", nobody())),
        ]
    }),
];

/// Host and port of a server that has nothing: a host that is not there would be tried again and again.
fn nobody() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(|| Server::start(|_, _| Reply::new(404))).address
}

/// A distribution of a pylock.toml with one wheel.
fn package(name: &Value, url: &str) -> String {
    let (name, url) = (toml(name.as_str().unwrap()), toml(url));
    format!(
        "[[packages]]\nname = {name}\nversion = \"1.0\"\nwheels = [{{ name = \"thing-1.0-py3-none-any.whl\", url = {url}, \
         hashes = {{ sha256 = \"{}\" }} }}]\n",
        "0".repeat(64)
    )
}

/// What a terminal would obey, or not show.
fn is_raw(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

/// What is wrong with the outputs of a run.
fn faults(run: &Run) -> Vec<String> {
    let mut faults = Vec::new();
    for (stream, said) in [("standard output", &run.stdout), ("standard error", &run.stderr)] {
        if let Some(raw) = said.chars().find(|c| is_raw(*c)) {
            faults.push(format!("{stream} has {raw:?} raw"));
        }
        if said.contains("SECRET") {
            faults.push(format!("{stream} has a secret"));
        }
        if said.lines().any(|line| line.starts_with("hint: evil")) {
            faults.push(format!("{stream} has a line that is not ours"));
        }
    }
    if run.stdout.starts_with('{') && serde_json::from_str::<Value>(&run.stdout).is_err() {
        faults.push("standard output is no JSON".to_owned());
    }
    if run.stderr.contains("panicked") || ![0, 2, 3, 4, 5, 6].contains(&run.code) {
        faults.push(format!("exit code {}", run.code));
    }
    faults
}

/// What is wrong with a place.
fn look_at((place, shown, runs): &Place) -> String {
    let runs = runs(&Ground::new());
    let mut wrong = String::new();
    for run in &runs {
        let faults = faults(run);
        if !faults.is_empty() {
            wrong += &format!("{place}: {}\n{:?}\n{:?}\n", faults.join(", "), run.stdout, run.stderr);
        }
    }
    let escapes = ["\\u{1b}", "\\u001b", "\\u{9b}"];
    let has = |text: &str| escapes.iter().any(|escape| text.contains(escape));
    let is_shown = runs.iter().any(|run| has(&run.stderr) || has(&run.stdout));
    if is_shown != (*shown == Shown::Yes) {
        let said: Vec<&String> = runs.iter().map(|run| &run.stderr).collect();
        wrong += &format!("{place}: its text is shown: {is_shown}\n{said:#?}\n");
    }
    wrong
}

#[test]
fn no_text_from_outside_is_obeyed_or_shows_a_secret() {
    let wrong: String = std::thread::scope(|scope| {
        let running: Vec<_> = PLACES.iter().map(|place| scope.spawn(move || look_at(place))).collect();
        running.into_iter().map(|place| place.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{wrong}");
}
