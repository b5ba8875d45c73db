//! `inspect` and `diff`: an image taken apart, held against what umoci unpacks and what its documents say.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use shipwheel_oci::Digest;
use shipwheel_tests::{Layout, Member, Registry, Rootfs, Shipwheel, Tampered, judge, scratch, variosync};

use crate::verify::sample;

const PLATFORM: &str = "linux/amd64";

fn inspect(path: &Path, arguments: &[&str]) -> Value {
    let path = path.display().to_string();
    Shipwheel::new().run(&[&["inspect", &path, "--json"], arguments].concat()).succeeded().json()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

fn sum(values: &[Value], key: &str) -> u64 {
    values.iter().map(|value| value[key].as_u64().unwrap_or_else(|| panic!("no `{key}` in {value}"))).sum()
}

/// The names that end with a text, below a folder on disk, links not followed.
fn names_below(folder: &Path, suffix: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(suffix) {
            found.insert(name.clone());
        }
        if entry.file_type().unwrap().is_dir() {
            names_below(&entry.path(), suffix, found);
        }
    }
}

#[test]
fn platforms_have_the_packages_distributions_and_files_that_umoci_unpacks() {
    let image = variosync();
    let report = inspect(&image.path(), &[]);
    assert_eq!(report["digest"], image.digest());
    let platforms: Vec<&str> = list(&report, "platforms").iter().map(|it| it["platform"].as_str().unwrap()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    let platform = &report["platforms"][0];
    let rootfs = Rootfs::unpack(&image.layout(), "amd64");
    let (mut notes, mut infos) = (BTreeSet::new(), BTreeSet::new());
    names_below(&rootfs.path().join("var/lib/dpkg/status.d"), "", &mut notes);
    names_below(&rootfs.path(), ".dist-info", &mut infos);
    let found: BTreeSet<String> =
        list(platform, "packages").iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found, notes.into_iter().filter(|name| !name.ends_with(".md5sums")).collect());
    let found: BTreeSet<String> = list(platform, "distributions")
        .iter()
        .map(|it| it["info"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(found, infos);
    for distribution in list(platform, "distributions") {
        assert!(distribution["files"].as_u64().unwrap() > 1, "{distribution}");
    }
    assert!(list(platform, "distributions").iter().any(|it| !list(it, "sboms").is_empty()), "PEP 770");
    let coverage = &platform["bytecode"];
    assert_eq!(coverage["sources"], coverage["loaded"], "every module has bytecode");
    assert_eq!(platform["python"]["version"].as_str().map(|it| &it[..5]), Some("3.11."));
}

#[test]
fn layers_are_those_of_the_manifest_and_their_parts_add_up() {
    let image = variosync();
    let report = inspect(&image.path(), &[]);
    for platform in list(&report, "platforms") {
        let manifest = image.layout().manifest(platform["platform"].as_str().unwrap());
        let layers = list(platform, "layers");
        let digests = |layers: &[Value]| layers.iter().map(|it| it["digest"].clone()).collect::<Vec<_>>();
        assert_eq!(digests(layers), digests(list(&manifest, "layers")));
        assert_eq!(sum(layers, "packed_bytes"), platform["packed_bytes"].as_u64().unwrap());
        assert_eq!(sum(layers, "packed_bytes"), sum(list(&manifest, "layers"), "size"));
        assert_eq!(sum(layers, "file_bytes"), platform["file_bytes"].as_u64().unwrap());
        for layer in layers {
            assert_eq!(sum(list(layer, "holds"), "bytes"), layer["file_bytes"].as_u64().unwrap(), "{layer}");
            assert_eq!(sum(list(layer, "holds"), "files"), layer["files"].as_u64().unwrap(), "{layer}");
        }
        assert_eq!(sum(layers, "files") as usize, list(platform, "files").len());
        assert!(layers.iter().any(|layer| !list(layer, "shared_with").is_empty()), "platforms share layers");
    }
}

#[test]
fn a_person_sees_tables_and_a_platform_that_is_not_there_is_an_error() {
    let path = sample().path().display().to_string();
    let run = Shipwheel::new().run(&["inspect", &path]).succeeded();
    for text in ["platforms", "layers of linux/amd64", "Debian packages", "libpython3.11-minimal", "to pull", "level 1"]
    {
        assert!(run.stdout.contains(text), "{text}\n{}", run.stdout);
    }
    let all = Shipwheel::new().run(&["inspect", &path, "--all"]).succeeded();
    assert!(all.stdout.contains("/app/sound.py") && !run.stdout.contains("/app/sound.py"), "{}", all.stdout);
    let one = shipwheel_tests::SampleImage::without_index(&[1_000]);
    let path = one.path().display().to_string();
    Shipwheel::new().run(&["inspect", &path, "--platform", "arm64"]).failed(3, &["linux/arm64", "linux/amd64"]);
}

#[test]
fn an_image_that_is_not_what_it_says_is_shown_as_far_as_it_can_be_read_and_fails() {
    let broken = Tampered::copy(&sample());
    let layer = broken.layout().manifest(PLATFORM)["layers"][0]["digest"].as_str().unwrap().to_owned();
    broken.flip_bit(&layer);
    let run = Shipwheel::new().run(&["inspect", &broken.path().display().to_string(), "--json"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.json()["problems"].as_u64().unwrap() > 0 && run.stderr.contains("blob-digest"), "{}", run.stderr);
}

/// A small document that names another one as its subject, in the blobs of a layout.
fn attach(layout: &Path, subject: &Value) -> Value {
    let put = |text: &str| {
        let digest = Digest::of(text.as_bytes());
        std::fs::write(layout.join("blobs/sha256").join(digest.hex()), text).unwrap();
        json!({ "digest": digest.to_string(), "size": text.len() })
    };
    let mut config = put("{}");
    config["mediaType"] = json!("application/vnd.oci.empty.v1+json");
    let mut layer = put("{\"spdxVersion\":\"SPDX-2.3\"}");
    layer["mediaType"] = json!("application/spdx+json");
    let subject = json!({ "mediaType": subject["mediaType"], "digest": subject["digest"], "size": subject["size"] });
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": manifest_type, "artifactType": "application/spdx+json",
        "config": config, "layers": [layer], "subject": subject });
    let mut entry = put(&manifest.to_string());
    entry["mediaType"] = json!(manifest_type);
    entry["artifactType"] = json!("application/spdx+json");
    entry
}

#[test]
fn a_registrys_image_has_its_referrers_and_each_blob_is_fetched_once() {
    let image = Tampered::copy(&sample());
    let subject = image.layout().descriptor(PLATFORM);
    let entry = attach(image.path(), &subject);
    let index = image.path().join("index.json");
    let mut top: Value = serde_json::from_slice(&std::fs::read(&index).unwrap()).unwrap();
    top["manifests"].as_array_mut().unwrap().push(entry.clone());
    std::fs::write(&index, top.to_string()).unwrap();
    let name = Layout::new(sample().path()).name();
    let source = format!("oci:{}:{name}", image.path().display());
    let (registry, cache) = (Registry::start(), scratch());
    let reference = format!("{}/looked/at:1", registry.host());
    Shipwheel::new().run(&["push", &source, &reference, "--referrers"]).succeeded();
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().display());
    let report = shipwheel.run(&["inspect", &reference, "--json"]).succeeded().json();
    let attached = list(&report, "attached");
    assert_eq!((attached.len(), &attached[0]["digest"]), (1, &entry["digest"]), "{attached:?}");
    assert_eq!((&attached[0]["subject"], &attached[0]["by"]), (&subject["digest"], &json!("referrer")));
    assert_eq!(attached[0]["artifact_type"], "application/spdx+json");
    let pinned = format!("{}/looked/at@{}", registry.host(), report["digest"].as_str().unwrap());
    drop(registry);
    // Nobody is there to fetch from; only what refers to the image is not known.
    let again = shipwheel.run(&["inspect", &pinned, "--json"]).succeeded();
    assert_eq!(again.json()["platforms"], report["platforms"]);
    assert!(again.stderr.contains("warning: what refers to"), "{}", again.stderr);
}

#[test]
fn a_difference_says_what_a_pull_fetches_and_what_changed() {
    let before = sample();
    let after = Tampered::copy(&before);
    after.layer(PLATFORM, "/app/sound.py", |members| {
        members.file("/app/sound.py").data = b"NAME = 'louder'\n".to_vec();
        members.remove("/app/fresh.py");
        members.add(Member::file("app/new.py", b"", 0));
    });
    after.config(PLATFORM, |config| config["config"]["Env"].as_array_mut().unwrap().push(json!("LOUD=1")));
    let [one, other] = [before.path(), after.path()].map(|path| path.display().to_string());
    let report = Shipwheel::new().run(&["diff", &one, &other, "--json"]).succeeded().json();
    let platform = &report["platforms"][0];
    let (old, new) = (before.manifest(PLATFORM), after.layout().manifest(PLATFORM));
    let old: BTreeSet<&str> = list(&old, "layers").iter().map(|it| it["digest"].as_str().unwrap()).collect();
    let fetched = list(&new, "layers").iter().filter(|it| !old.contains(it["digest"].as_str().unwrap()));
    let fetched: Vec<u64> = fetched.map(|it| it["size"].as_u64().unwrap()).collect();
    assert_eq!((fetched.len(), &platform["pull"]["layers"]), (1, &json!(1)));
    assert_eq!(platform["pull"]["bytes"], fetched[0]);
    assert_eq!(platform["pull"]["all_bytes"], sum(list(&new, "layers"), "size"));
    let files: BTreeSet<(&str, &str)> = list(platform, "files")
        .iter()
        .map(|it| (it["change"].as_str().unwrap(), it["path"].as_str().unwrap()))
        .collect();
    let expected = [("added", "/app/new.py"), ("changed", "/app/sound.py"), ("removed", "/app/fresh.py")];
    assert_eq!(files, expected.into());
    assert_eq!(platform["settings"], json!([{ "name": "config.Env.LOUD", "before": null, "after": "1" }]));
    let text = Shipwheel::new().run(&["diff", &one, &other]).succeeded().stdout;
    for line in ["a pull fetches 1 of", "/app/new.py", "1 added, 1 changed, 1 removed", "config.Env.LOUD"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let same = Shipwheel::new().run(&["diff", &one, &one, "--json"]).succeeded().json();
    let same = &same["platforms"][0];
    assert_eq!((&same["pull"]["bytes"], &same["pull"]["document_bytes"]), (&json!(0), &json!(0)));
    assert!(["files", "packages", "distributions", "settings"].iter().all(|key| list(same, key).is_empty()), "{same}");
}

/// What a name would do if the page took it for more than a name.
const OWNED: &str = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

fn hostile() -> Tampered {
    let image = Tampered::copy(&sample());
    let info = "opt/venv/lib/python3.11/site-packages/evil-1.dist-info";
    image.layer(PLATFORM, "/app/sound.py", |members| {
        members.add(Member::file(&format!("app/{OWNED}.txt"), b"x", 0));
        members.add(Member::file("app/\u{202e}turned.txt", b"x", 0));
        members.add(Member::file(&format!("{info}/METADATA"), format!("Name: evil\nVersion: {OWNED}\n").as_bytes(), 0));
        members.add(Member::file(&format!("{info}/RECORD"), b"../../../../../../etc/passwd,,\n", 0));
    });
    image.config(PLATFORM, |config| {
        let history = config["history"].as_array_mut().unwrap();
        history.iter_mut().for_each(|line| line["created_by"] = json!(OWNED));
        config["config"]["Labels"] = json!({ OWNED: OWNED });
    });
    image.manifest(PLATFORM, |manifest| manifest["annotations"] = json!({ OWNED: OWNED }));
    image
}

/// Opens a page in Chromium at three widths, light and dark; gives what the driver saw.
fn browse(page: &Path, searches: &[&str]) -> Value {
    let (chromium, screenshots) = (judge("chromium", "chromium"), scratch());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/browse.py");
    // A person who wants to look at them says where.
    let folder = std::env::var_os("SHIPWHEEL_SCREENSHOTS").map_or_else(|| screenshots.path().to_owned(), Into::into);
    let output = std::process::Command::new("python3")
        .args([script.as_path(), &chromium, page, &folder, &shipwheel_tests::axe()])
        .args(searches)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap()
}

/// No page may be wider than its window, say anything on the console, load anything, or be hard to use.
#[track_caller]
fn check_views(seen: &Value) {
    let views = list(seen, "seen");
    assert_eq!(views.len(), 6, "three widths, light and dark");
    for view in views {
        let what = format!("{} {}", view["width"], view["scheme"]);
        assert_eq!((&view["overflow"], &view["outside"]), (&json!(0), &json!(0)), "{what} is wider than its window");
        assert_eq!((&view["errors"], &view["axe"]), (&json!([]), &json!([])), "{what}");
        assert_eq!((&view["scripts"], &view["images"]), (&json!(2), &json!(0)), "{what}");
        let requests: Vec<&str> = list(view, "requests").iter().map(|it| it.as_str().unwrap()).collect();
        assert!(requests.iter().all(|it| ["file", "data"].contains(it)), "{what}: {requests:?}");
        assert!(view["layers"].as_u64().unwrap() > 3 && view["rows"].as_u64().unwrap() > 3, "{view}");
    }
}

#[test]
fn the_page_of_a_hostile_image_shows_names_as_names() {
    let (image, folder) = (hostile(), scratch());
    let page = folder.path().join("page.html");
    let (source, output) = (image.path().display().to_string(), page.display().to_string());
    let run = Shipwheel::new().run(&["inspect", &source, "--html", &output]).succeeded();
    assert_eq!(run.line(), output);
    let seen = browse(&page, &["onerror", "turned", "of:evil"]);
    check_views(&seen);
    assert!(list(&seen, "seen").iter().all(|view| view["title"] != "owned"), "{seen}");
    let searches = list(&seen, "searches");
    let first = |number: usize| searches[number]["first"].as_str().unwrap();
    assert!(first(0).contains("<img src=x onerror="), "{searches:?}");
    assert!(first(1).contains("\\u{202e}turned.txt"), "{searches:?}");
    // Its RECORD says that this file is its own, and no package does.
    assert!(first(2).starts_with("/etc/passwd") && first(2).contains("evil </script>"), "{searches:?}");
}

#[test]
fn the_page_shows_all_at_three_widths_to_eyes_keyboards_and_readers() {
    let folder = scratch();
    let (page, profile) = (folder.path().join("page.html"), folder.path().join("profile.json"));
    let import = |module: &str, depth: u32, own: f64, total: f64| json!({ "module": module, "depth": depth, "own_seconds": own, "total_seconds": total });
    let cost =
        json!({ "wall_seconds": 0.1, "cpu_seconds": 0.1, "peak_bytes": 9_000_000, "from_pycs": 3, "compiled": 0 });
    let imports =
        [import("encodings", 0, 0.002, 0.002), import("app", 0, 0.01, 0.05), import("numpy.core", 1, 0.04, 0.04)];
    let report = json!({ "platform": PLATFORM, "way": "user namespace", "runs": 1, "modules": [{ "module": "app",
        "with": cost, "without": cost, "profile": { "imports": imports, "compiled": ["/app/x.py"] } }] });
    std::fs::write(&profile, report.to_string()).unwrap();
    let source = variosync().path().display().to_string();
    let [output, profile] = [&page, &profile].map(|path| path.display().to_string());
    Shipwheel::new().run(&["inspect", &source, "--html", &output, "--profile", &profile]).succeeded();
    let seen = browse(&page, &["variosync/", "layer:1 libc.so", "no such file anywhere"]);
    check_views(&seen);
    assert!(list(&seen, "seen").iter().all(|view| view["start"] == true), "the profile is drawn");
    let keys = list(&seen, "keys");
    let zoomed: Vec<&Value> = keys.iter().map(|step| &step["zoomed"]).collect();
    assert_eq!(zoomed, [&json!(false), &json!(true), &json!(false)], "{keys:?}");
    assert!(keys[0]["focus"].as_str().unwrap().starts_with("Layer ") && keys[1]["focus"] == "back", "{keys:?}");
    assert_eq!(keys[0]["focus"], keys[2]["focus"], "who leaves a layer is where they were");
    let found: Vec<&str> = list(&seen, "searches").iter().map(|it| it["found"].as_str().unwrap()).collect();
    assert!(found[0] != "0 files, 0 B" && found[1] != "0 files, 0 B" && found[2] == "0 files, 0 B", "{found:?}");
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 8 << 20, "the page has {size} bytes");
}

#[test]
fn a_profile_that_is_none_and_an_image_without_python_say_so() {
    let folder = scratch();
    let file = folder.path().join("x.json");
    std::fs::write(&file, "{}").unwrap();
    let (path, file) = (sample().path().display().to_string(), file.display().to_string());
    let page = folder.path().join("page.html").display().to_string();
    let arguments = ["inspect", &path, "--html", &page, "--profile", &file];
    Shipwheel::new().run(&arguments).failed(2, &["no start-up profile", "startup IMAGE --profile --json"]);
    let noise = shipwheel_tests::SampleImage::new(&[1_000, 2_000]);
    let report = inspect(noise.path(), &[]);
    let platform = &report["platforms"][1];
    assert_eq!((&platform["python"], platform["bytecode"]["sources"].as_u64()), (&Value::Null, Some(0)));
    assert_eq!(list(platform, "layers")[0]["shared_with"], json!(["linux/amd64"]));
}
