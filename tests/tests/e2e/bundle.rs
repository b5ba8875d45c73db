//! A bundle: all that a build asks the network for, carried to where there is none, as docs/air-gap.md walks it.

use std::path::Path;

use serde_json::{Value, json};
use shipwheel_oci::Digest;
use shipwheel_tests::{
    Answer, CommandLine, Definition, Registry, Run, SampleBase, SampleWheel, Server, Shipwheel, judge, scratch, wheel,
};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// Debian's Python and one wheel, whose hash is in the requirements and which only the server's index has.
struct Outside {
    server: Server,
    definition: Definition,
}

const WHEEL: &str = "thing-1.0-py3-none-any.whl";

impl Outside {
    fn over(base: &str) -> Self {
        let (bytes, sha256) = wheel();
        let page = format!("<!DOCTYPE html><a href=\"/files/{WHEEL}#sha256={sha256}\">{WHEEL}</a>");
        let answers = [("/simple/thing/", page.into_bytes()), (&format!("/files/{WHEEL}"), bytes)];
        let server = Server::start(answers.map(|(path, bytes)| (path.to_owned(), Answer::Html(bytes))));
        let definition = Definition::over(base)
            .with("requirements.txt", &format!("thing==1.0 --hash=sha256:{sha256}\n"))
            .and("[python]\nlock = \"requirements.txt\"");
        Self { server, definition }
    }

    /// Over a small Debian.
    fn debian() -> Self {
        Self::over(
            "{ debian = { suite = \"bookworm\", packages = [\"python3.11\", \"media-types\"], \
             exclude = [\"awk\", \"debconf\", \"dpkg\", \"openssl\", \"mime-support\"] } }",
        )
    }

    fn shipwheel(&self) -> Shipwheel {
        Shipwheel::new().with("UV_DEFAULT_INDEX", self.server.url("/simple/"))
    }

    fn bundle(&self, arguments: &[&str]) -> Run {
        self.shipwheel().run(&[&["bundle", &self.definition.argument()], arguments].concat())
    }
}

/// A machine of the closed network: an empty cache, no settings of ours.
fn inside() -> (TempDir, Shipwheel) {
    let folder = scratch();
    let shipwheel = Shipwheel::apart(folder.path());
    (folder, shipwheel)
}

/// Runs a command in a network namespace that has no interface but a loopback that is down.
fn without_network(command: CommandLine, folder: &Path) -> Run {
    let shell = Shell::new().unwrap();
    shell.change_dir(folder);
    let unshare = judge("unshare", "util-linux");
    let is_root = cmd!(shell, "id --user").quiet().read().unwrap() == "0";
    let how = if is_root { ["--net"].as_slice() } else { &["--map-root-user", "--net"] };
    let script = "test \"$(tail -n +3 /proc/net/dev | grep -c -v lo:)\" = 0 || exit 99; exec \"$0\" \"$@\"";
    let words = command.arguments;
    let mut cmd = cmd!(shell, "{unshare} {how...} sh -c {script} {words...}").quiet().ignore_status().env_clear();
    for (name, value) in command.environment {
        cmd = cmd.env(name, value);
    }
    Run::of(&cmd)
}

#[test]
fn a_bundle_gives_the_same_image_without_a_network_from_an_empty_cache() {
    let outside = Outside::debian();
    let folder = scratch();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let first = outside.bundle(&["--output", &place("one.tar"), "--json"]).succeeded();
    assert!(first.stderr.contains("resolving again with nothing else"), "{}", first.stderr);
    let report = first.json();
    assert_eq!(report["platforms"], json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(report["inputs"]["wheel"]["count"], 1, "{report}");
    assert!(report["inputs"]["debian"]["count"].as_u64().unwrap() > 30, "{report}");
    let layout = |name: &str| format!("oci:{}", place(name));
    let usual = outside.shipwheel().image(&[&outside.definition.argument(), "--json", "--output", &layout("usual")]);
    let usual = usual.succeeded().json();

    let (home, shipwheel) = inside();
    let target = format!("oci:{}", home.path().join("out").display());
    let arguments = ["image", &outside.definition.argument(), "--json", "--output", &target];
    // Without the bundle nothing is there.
    let run = without_network(shipwheel.command(&arguments), home.path());
    assert!([3, 4].contains(&run.code), "{} {}", run.code, run.stderr);
    let file = place("one.tar");
    let arguments = [&arguments[..], &["--bundle", &file]].concat();
    let run = without_network(shipwheel.command(&arguments), home.path()).succeeded();
    assert_eq!(run.json()["digest"], usual["digest"], "{}", run.stderr);
    // A lock that changed asks for what is not in the bundle.
    let other = format!("thing==1.0 --hash=sha256:{}\n", "0".repeat(64));
    std::fs::write(outside.definition.path().join("requirements.txt"), other).unwrap();
    let run = without_network(shipwheel.command(&arguments), home.path());
    run.failed(3, &["requirements.txt is not the one", "is not in the bundle", "shipwheel bundle"]);
}

#[test]
fn what_is_missing_is_named_and_nothing_is_written() {
    let outside = Outside::debian();
    let folder = scratch();
    let output = folder.path().join("bundle.tar");
    let gone = format!("thing==1.0 --hash=sha256:{}\n", "0".repeat(64));
    std::fs::write(outside.definition.path().join("requirements.txt"), gone).unwrap();
    let run = outside.bundle(&["--platforms", "amd64", "--output", &output.display().to_string()]);
    run.failed(5, &["no file found for thing 1.0"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is half written");
    let run = outside.bundle(&["--output", "docker-archive:x.tar"]);
    run.failed(2, &["a docker-archive holds an image and no bundle"]);
}

#[test]
fn all_files_that_are_gone_are_named_and_not_the_first_alone() {
    let folder = scratch();
    let base = folder.path().join("base");
    SampleBase::FULL.write(&base);
    let wheels = ["one", "two", "three"].map(|name| {
        let module = format!("{name}.py");
        // Of another run a cache remembers where its files were.
        let source = format!("VALUE = '{}'\n", folder.path().display());
        let wheel = SampleWheel::new(name, "1.0", "py3-none-any", &[(&module, source.as_bytes())]);
        (name, format!("{name}-1.0-py3-none-any.whl"), wheel.sha256())
    });
    // The pages list all of them; two files are gone, and one is another than it was.
    let pages = wheels.iter().map(|(name, file, sha256)| {
        let page = format!("<!DOCTYPE html><a href=\"/files/{file}#sha256={sha256}\">{file}</a>");
        (format!("/simple/{name}/"), Answer::Html(page.into_bytes()))
    });
    let changed = ("/files/two-1.0-py3-none-any.whl".to_owned(), Answer::Whole(b"another".to_vec()));
    let server = Server::start(pages.chain([changed]));
    let lock: String = wheels.iter().map(|(name, _, sha256)| format!("{name}==1.0 --hash=sha256:{sha256}\n")).collect();
    let definition = Definition::over_layout(&base)
        .with("requirements.txt", &lock)
        .and("[python]\nlock = \"requirements.txt\"\n[bytecode]\nenabled = false");
    let output = folder.path().join("bundle.tar");
    let shipwheel = Shipwheel::new().with("UV_DEFAULT_INDEX", server.url("/simple/"));
    let run = shipwheel.run(&["bundle", &definition.argument(), "--output", &output.display().to_string()]);
    let named = wheels.map(|(_, file, _)| file);
    run.failed(
        5,
        &["3 inputs of the build cannot be had", &named[0], &named[1], &named[2], "status 404", "has digest"],
    );
    assert!(!output.exists());
    // A build says it as well.
    let run = shipwheel.run(&["image", &definition.argument(), "--output", &format!("oci:{}", output.display())]);
    run.failed(5, &["3 files cannot be had", &named[0], &named[1], &named[2]]);
}

#[test]
fn a_bundle_is_kept_by_a_registry_with_its_own_authority_and_login() {
    let registry = Registry::start_with_tls_and_login();
    let base = Registry::start();
    let folder = scratch();
    // The base is an image of a registry, which the closed network does not have.
    SampleBase::FULL.write(&folder.path().join("base"));
    let name = format!("{}/python:3.11", base.host());
    let layout = format!("oci:{}", folder.path().join("base").display());
    Shipwheel::new().run(&["push", &layout, &name]).succeeded();
    let outside = Outside::over(&format!("{{ image = \"{name}\" }}")).and_no_bytecode();
    let file = folder.path().join("bundle.tar").display().to_string();
    outside.bundle(&["--output", &file]).succeeded();
    let again = folder.path().join("again.tar").display().to_string();
    outside.bundle(&["--output", &again]).succeeded();
    assert!(std::fs::read(&file).unwrap() == std::fs::read(&again).unwrap(), "the same bytes");
    let target = format!("oci:{}", folder.path().join("usual").display());
    let arguments = [&outside.definition.argument(), "--json", "--output", &target];
    let usual = outside.shipwheel().image(&arguments).succeeded().json();
    drop(base);

    let (home, shipwheel) = inside();
    registry.trust_in(&home.path().join("home"));
    let (user, password) = Registry::login();
    let shipwheel = shipwheel.with_stdin(password);
    let login = ["--username", user, "--password-stdin"];
    let run = |arguments: &[&str]| shipwheel.run(&[arguments, &login].concat()).succeeded();
    let kept = format!("{}/bundles/app:1", registry.host());
    let digest = run(&["push", &file, &kept]).line().rsplit_once('@').unwrap().1.to_owned();
    assert!(registry.has("bundles/app", "1"));
    // It comes back byte for byte.
    let back = home.path().join("back.tar").display().to_string();
    let pulled = run(&["pull", &kept, "--output", &format!("oci-archive:{back}")]);
    assert!(pulled.line().ends_with(&digest), "{}", pulled.stdout);
    let copy = format!("{}/bundles/app:2", registry.host());
    let logins = ["--source-username", user, "--destination-username", user];
    let both = format!("{password}\n{password}\n");
    let flags = ["--source-password-stdin", "--destination-password-stdin"];
    let copied = shipwheel.clone().with_stdin(&both).run(&[&["copy", &kept, &copy], &logins[..], &flags[..]].concat());
    assert!(copied.succeeded().line().ends_with(&digest));
    // A build from the registry's bundle, pushed to the same registry.
    let image = format!("{}/team/app:1", registry.host());
    let definition = outside.definition.argument();
    let built = run(&["image", &definition, "--bundle", &kept, "--push", &image, "--json"]);
    assert_eq!(built.json()["digest"], usual["digest"], "{}", built.stderr);
    assert!(built.stderr.contains("the bundle says"), "{}", built.stderr);
    assert!(registry.has("team/app", "1"));
    let built = run(&["image", &definition, "--bundle", &back, "--push", &image, "--json"]);
    assert_eq!(built.json()["digest"], usual["digest"]);
    // What is no bundle is told apart.
    let run =
        shipwheel.run(&["image", &definition, "--bundle", &image, "--output", "oci:x", login[0], login[1], login[2]]);
    run.failed(3, &["is not a bundle of shipwheel"]);
}

impl Outside {
    fn and_no_bytecode(self) -> Self {
        let definition = self.definition.and("[bytecode]\nenabled = false");
        Self { definition, ..self }
    }
}

/// A bundle as a layout that can be changed.
struct Layout<'p>(&'p Path);

impl Layout<'_> {
    fn path(&self, digest: &Value) -> std::path::PathBuf {
        self.0.join("blobs").join(digest.as_str().unwrap().replace(':', "/"))
    }

    fn json(&self, digest: &Value) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(digest)).unwrap()).unwrap()
    }

    fn put(&self, bytes: &[u8]) -> (Value, usize) {
        let digest = json!(Digest::of(bytes).to_string());
        std::fs::write(self.path(&digest), bytes).unwrap();
        (digest, bytes.len())
    }

    fn root(&self) -> (Value, Value) {
        let index: Value = serde_json::from_slice(&std::fs::read(self.0.join("index.json")).unwrap()).unwrap();
        let manifest = self.json(&index["manifests"][0]["digest"]);
        (index, manifest)
    }

    /// Changes the answers, and all that names them.
    fn answers(&self, change: impl FnOnce(&mut Value)) {
        let (mut index, mut manifest) = self.root();
        let mut answers = self.json(&manifest["layers"][0]["digest"]);
        change(&mut answers);
        let (digest, size) = self.put(answers.to_string().as_bytes());
        (manifest["layers"][0]["digest"], manifest["layers"][0]["size"]) = (digest, json!(size));
        let (digest, size) = self.put(manifest.to_string().as_bytes());
        (index["manifests"][0]["digest"], index["manifests"][0]["size"]) = (digest, json!(size));
        std::fs::write(self.0.join("index.json"), index.to_string()).unwrap();
    }
}

#[test]
fn a_hostile_bundle_plants_nothing() {
    let outside = Outside::debian();
    let folder = scratch();
    let good = folder.path().join("good");
    let arguments = ["--platforms", "amd64", "--output", &format!("oci:{}", good.display())];
    outside.bundle(&arguments).succeeded();
    let try_with = |change: &dyn Fn(&Layout<'_>)| {
        let (home, shipwheel) = inside();
        let bad = home.path().join("bad");
        let (shell, from) = (Shell::new().unwrap(), &good);
        cmd!(shell, "cp -r {from} {bad}").quiet().run().unwrap();
        let layout = Layout(&bad);
        change(&layout);
        let definition = outside.definition.argument();
        let bundle = format!("oci:{}", bad.display());
        let output = format!("oci:{}", home.path().join("out").display());
        let run = shipwheel.image(&[&definition, "--platforms", "amd64", "--bundle", &bundle, "--output", &output]);
        assert!(!home.path().join("out").exists());
        run
    };
    // A package with another byte.
    let run = try_with(&|layout| {
        let (_, manifest) = layout.root();
        let layers = manifest["layers"].as_array().unwrap();
        let package = layers.iter().find(|it| it["annotations"].to_string().contains("python3.11-minimal")).unwrap();
        let path = layout.path(&package["digest"]);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        // Layouts on one disk share files.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    });
    run.failed(5, &["sha256"]);
    // A release that nobody signed.
    let run = try_with(&|layout| {
        let (digest, _) = layout.put(b"Origin: Debian\nSuite: bookworm\n");
        layout.answers(|answers| answers["answers"]["release"]["bookworm"] = digest);
    });
    run.failed(3, &["the release of bookworm is not in the bundle"]);
    let run = try_with(&|layout| {
        let (_, manifest) = layout.root();
        let wheel = manifest["layers"].as_array().unwrap().last().unwrap()["digest"].clone();
        layout.answers(|answers| answers["answers"]["release"]["bookworm"] = wheel);
    });
    assert_eq!(run.code, 5, "{}", run.stderr);
    // A wheel that the lock does not know: its hash is not one of the pin's.
    let run = try_with(&|layout| {
        layout.answers(|answers| {
            let pins = answers["answers"]["files"].as_object_mut().unwrap();
            let files = pins.values_mut().next().unwrap();
            files[0]["sha256"] = json!(format!("sha256:{}", "1".repeat(64)));
        });
    });
    run.failed(5, &["no file found for thing 1.0 has one of the 1 hashes listed"]);
    // Answers that are none.
    let run = try_with(&|layout| layout.answers(|answers| *answers = json!(["x"])));
    run.failed(5, &["the answers in", "cannot be read"]);
    // For another platform than it was made for.
    let (home, shipwheel) = inside();
    let bundle = format!("oci:{}", good.display());
    let arguments =
        [&outside.definition.argument(), "--platforms", "arm64", "--bundle", &bundle, "--output", "oci:out"];
    shipwheel.image(&arguments).failed(3, &["is for linux/amd64, and the image is to be for linux/arm64"]);
    drop(home);
}
