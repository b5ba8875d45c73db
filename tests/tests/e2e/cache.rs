//! The cache has an end: what it holds, what goes first, what is broken, and that none of it moves a digest.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use shipwheel_tests::{Definition, Shipwheel, bytes_below, scratch};
use tempfile::TempDir;

/// An image over a layout of this machine, whose builds need no network, with a cache of its own.
struct Apart {
    cache: TempDir,
    definition: Definition,
    _base: Definition,
}

impl Apart {
    fn new() -> Self {
        let base = Definition::over_debian(
            "[app]\nsources = [\"base.txt\"]\ndestination = \"/srv\"\n[bytecode]\nenabled = false\n",
        );
        let base = base.with("base.txt", "a base\n");
        let layout = format!("oci:{}", base.output().display());
        Shipwheel::new().image(&[&base.argument(), "--platforms", "amd64", "--output", &layout]).succeeded();
        let definition = Definition::over_layout(&base.output());
        Self { cache: scratch(), definition, _base: base }
    }

    fn shipwheel(&self) -> Shipwheel {
        Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", self.cache.path().display())
    }

    /// Builds the image; gives its digest and what was said.
    fn build(&self, more: &[&str]) -> (String, String) {
        let (folder, output) = (self.definition.argument(), format!("oci:{}", self.definition.output().display()));
        let arguments = [&[folder.as_str(), "--platforms", "amd64", "--output", &output, "--json"], more].concat();
        let run = self.shipwheel().image(&arguments).succeeded();
        (run.json()["digest"].as_str().unwrap().to_owned(), run.stderr)
    }

    fn cache(&self, arguments: &[&str]) -> Value {
        self.shipwheel().run(&[&["cache"], arguments, &["--json"]].concat()).succeeded().json()
    }

    /// The blobs of the cache, the largest first.
    fn blobs(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.cache.path().join("blobs/sha256")).unwrap();
        let mut blobs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        blobs.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).unwrap().len()));
        blobs
    }
}

#[test]
fn what_is_in_the_cache_is_listed_and_pruned_and_the_next_build_gives_the_same_image() {
    let apart = Apart::new();
    let (digest, _) = apart.build(&[]);
    let usage = apart.cache(&["du"]);
    let kinds = usage["kinds"].as_array().unwrap();
    assert!(kinds.iter().any(|kind| kind["kind"] == "folders: rootfs"), "{usage:#}");
    assert!(kinds.iter().any(|kind| kind["kind"] == "values: code"), "{usage:#}");
    let sum: u64 = kinds.iter().map(|kind| kind["bytes"].as_u64().unwrap()).sum();
    assert_eq!(usage["bytes"], sum);
    let on_disk: u64 =
        ["blobs", "records", "entries", "folders"].map(|area| bytes_below(&apart.cache.path().join(area))).iter().sum();
    assert_eq!(sum, on_disk);

    let half = apart.cache(&["prune", "--keep-size", &(sum / 2).to_string()]);
    assert!(half["left"].as_u64().unwrap() <= sum / 2 && half["removed"].as_u64().unwrap() > 0, "{half:#}");
    assert_eq!(apart.build(&[]).0, digest);
    let old = apart.cache(&["prune", "--older-than", "1d"]);
    assert_eq!(old["removed"], 0, "all of it was used today");
    let all = apart.cache(&["prune", "--keep-size", "0"]);
    assert_eq!((&all["left"], &all["in_use"]), (&0.into(), &0.into()));
    assert_eq!(apart.build(&[]).0, digest);
    apart.shipwheel().run(&["cache", "prune"]).failed(2, &["<--keep-size <SIZE>|--older-than <DURATION>>"]);
    apart.shipwheel().run(&["cache", "prune", "--keep-size", "much"]).failed(2, &["expected a size such as 20GB"]);
}

#[test]
fn a_broken_blob_and_a_record_that_says_something_else_are_found_and_made_anew() {
    let apart = Apart::new();
    let (digest, _) = apart.build(&[]);
    let clean = apart.cache(&["verify"]);
    assert_eq!(clean["broken"], serde_json::json!([]));
    assert!(clean["blobs"].as_u64() > Some(3) && clean["records"].as_u64() > Some(3), "{clean:#}");

    let blob = apart.blobs().remove(0);
    let mut bytes = std::fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let record = std::fs::read_dir(apart.cache.path().join("records/layer")).unwrap().next().unwrap().unwrap().path();
    let mut said: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    said["descriptor"]["diff_id"] = format!("sha256:{}", "0".repeat(64)).into();
    std::fs::write(&record, said.to_string()).unwrap();

    let run = apart.shipwheel().run(&["cache", "verify"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    let (blob_name, record_name) = (blob.file_name().unwrap(), record.file_name().unwrap());
    for name in [blob_name, record_name] {
        assert!(run.stdout.contains(name.to_str().unwrap()), "{}", run.stdout);
    }
    let count = "2 things in the cache are not what they should be";
    for said in [count, "hint: remove what is broken with `cache verify --repair`"] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let repaired = apart.cache(&["verify", "--repair"]);
    assert_eq!(repaired["broken"].as_array().unwrap().len(), 2, "{repaired:#}");
    assert!(!blob.exists() && !record.exists());
    assert_eq!(apart.build(&[]).0, digest);
    assert_eq!(apart.cache(&["verify"])["broken"], serde_json::json!([]));
    std::fs::write(&record, said.to_string()).unwrap();
    let run = apart.shipwheel().run(&["cache", "verify"]);
    assert!(run.stderr.contains("1 thing in the cache is not what it should be"), "{}", run.stderr);
}

#[test]
fn a_folder_that_is_trusted_is_named_by_an_absolute_path() {
    let apart = Apart::new();
    let run = apart.shipwheel().with("SHIPWHEEL_TRUSTED_FOLDERS", "/builds:relative").run(&["cache", "du"]);
    run.failed(2, &["SHIPWHEEL_TRUSTED_FOLDERS names `relative`, expected absolute paths", "such as /builds"]);
    apart.shipwheel().with("SHIPWHEEL_TRUSTED_FOLDERS", "/builds:").run(&["cache", "du"]).succeeded();
}

#[test]
fn a_build_holds_the_cache_against_its_limit_in_one_line_once_a_day() {
    let apart = Apart::new();
    let (digest, said) = apart.build(&["--cache-limit", "none"]);
    assert!(!said.contains("above its limit"), "{said}");
    // Used long ago, but for what the next build uses.
    let old = std::time::SystemTime::now() - Duration::from_secs(48 * 3600);
    apart.blobs().iter().for_each(|blob| std::fs::File::open(blob).unwrap().set_modified(old).unwrap());
    let stray = apart.cache.path().join("blobs/sha256").join("0".repeat(64));
    std::fs::write(&stray, vec![0; 5000]).unwrap();
    std::fs::File::open(&stray).unwrap().set_modified(old).unwrap();
    let (again, said) = apart.build(&["--cache-limit", "1kB"]);
    assert_eq!(again, digest);
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("above its limit of 1000 B: removed")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(!stray.exists());
    assert!(!apart.build(&["--cache-limit", "1kB"]).1.contains("above its limit"), "not twice a day");
    let wrong = apart.shipwheel().with("SHIPWHEEL_CACHE_LIMIT", "much").image(&[&apart.definition.argument()]);
    wrong.failed(2, &["SHIPWHEEL_CACHE_LIMIT is `much`", "20GB"]);
}

#[test]
fn a_prune_that_is_killed_at_any_point_leaves_nothing_in_part() {
    let apart = Apart::new();
    let (digest, _) = apart.build(&[]);
    let line = apart.shipwheel().command(&["cache", "prune", "--keep-size", "0"]);
    for milliseconds in [2, 4, 6, 8, 12, 20] {
        let mut prune = Command::new(&line.arguments[0])
            .args(&line.arguments[1..])
            .envs(line.environment.iter().cloned())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        prune.kill().unwrap();
        prune.wait().unwrap();
        assert_eq!(apart.cache(&["verify"])["broken"], serde_json::json!([]), "killed after {milliseconds} ms");
        assert_eq!(apart.build(&[]).0, digest);
    }
}
