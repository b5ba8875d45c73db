//! The scenarios of the distribution specification's conformance suite, with shipwheel as the client: each kind of
//! data is pushed, read back by plain HTTP, pulled and copied, on registries with and without the referrers API.
//!
//! The names of the data are the suite's (`conformance/run.go` of the specification's repository, 1.1).

use std::path::PathBuf;

use serde_json::{Value, json};
use shipwheel_loopback::MemoryRegistry;
use shipwheel_tests::{Registry, Run, Shipwheel, get, noise, scratch};

use crate::hostile::{Fault, Hostile};
use crate::material::{ARTIFACT, EMPTY, LAYER, MANIFEST, Material};

/// What becomes of a scenario.
enum Outcome {
    /// It is pushed, and comes back byte for byte.
    Arrives,
    /// It is refused with this in the message, and no tag moves.
    Refused(&'static str),
}
use Outcome::{Arrives, Refused};

/// A name, what makes the data, and what becomes of it.
type Scenario = (&'static str, fn(&mut Material) -> Value, Outcome);

const SCENARIOS: [Scenario; 22] = [
    ("image", |it| it.image("linux/amd64", &[700, 300]), Arrives),
    ("image-uncompressed", |it| it.image_of("application/vnd.oci.image.layer.v1.tar", &[900]), Arrives),
    ("large-manifest", large_manifest, Arrives),
    ("index", |it| it.images(&["linux/amd64", "linux/arm64"]), Arrives),
    ("nested-index", nested_index, Arrives),
    ("empty-index", |it| it.index(&[], json!({})), Arrives),
    ("artifact", |it| it.artifact(ARTIFACT, b"something", json!({})), Arrives),
    ("artifact-index", artifact_index, Arrives),
    ("artifact-without-layers", |it| it.artifact(EMPTY, b"{}", json!({})), Arrives),
    ("artifacts-with-subject", artifact_with_subject, Arrives),
    ("index-with-subject", index_with_subject, Arrives),
    ("missing-subject", missing_subject, Arrives),
    ("data-field", data_field, Arrives),
    ("custom-fields", custom_fields, Arrives),
    ("no-layers", |it| it.image("linux/amd64", &[]), Arrives),
    ("empty-blob", |it| it.artifact(ARTIFACT, b"", json!({})), Arrives),
    ("the-same-layer-twice", |it| it.image("linux/amd64", &[100, 100]), Arrives),
    (
        "non-distributable-layers",
        |it| it.image_of("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", &[9]),
        Refused("is not distributable"),
    ),
    ("sparse-image", sparse_image, Refused("is not in ")),
    ("sparse-index", sparse_index, Refused("is not in ")),
    ("sha512", sha512, Refused("sha512")),
    ("bad-digest-image", bad_digest, Refused("digest")),
];

fn large_manifest(it: &mut Material) -> Value {
    let all: serde_json::Map<String, Value> =
        (0..390).map(|number| (format!("large-annotation-{number}"), Value::from("A".repeat(10_000)))).collect();
    it.artifact(ARTIFACT, b"something", json!({ "annotations": all }))
}

fn nested_index(it: &mut Material) -> Value {
    let inner = [it.images(&["linux/amd64", "linux/arm64"]), it.images(&["linux/amd64", "linux/s390x"])];
    it.index(&inner, json!({}))
}

fn artifact_index(it: &mut Material) -> Value {
    let inner = [it.artifact(ARTIFACT, b"one", json!({})), it.artifact(ARTIFACT, b"two", json!({}))];
    it.index(&inner, json!({ "artifactType": ARTIFACT }))
}

fn artifact_with_subject(it: &mut Material) -> Value {
    let subject = it.image("linux/amd64", &[50]);
    it.artifact(ARTIFACT, b"a signature", json!({ "subject": subject, "annotations": { "a": "b" } }))
}

fn index_with_subject(it: &mut Material) -> Value {
    let subject = it.image("linux/amd64", &[50]);
    let inner = [it.artifact(ARTIFACT, b"one", json!({}))];
    it.index(&inner, json!({ "artifactType": ARTIFACT, "subject": subject }))
}

fn missing_subject(it: &mut Material) -> Value {
    let nowhere = json!({ "mediaType": MANIFEST, "digest": Material::digest(b"missing content"), "size": 123 });
    it.artifact(ARTIFACT, b"a signature", json!({ "subject": nowhere }))
}

fn data_field(it: &mut Material) -> Value {
    let mut layer = it.blob(LAYER, &noise(30, 1));
    layer["data"] = json!(base64_of(&noise(30, 1)));
    it.manifest(&[layer], json!({}))
}

fn custom_fields(it: &mut Material) -> Value {
    let own = it.manifest(&[], json!({ "org.example.extra": { "z": 1, "a": [null, 1.50] } }));
    it.index(&[own], json!({ "org.example.extra": "0123" }))
}

fn sparse_image(it: &mut Material) -> Value {
    let layer = it.blob(LAYER, &noise(80, 2));
    it.lose(&layer);
    it.manifest(&[layer], json!({}))
}

fn sparse_index(it: &mut Material) -> Value {
    let nowhere = json!({ "mediaType": MANIFEST, "digest": Material::digest(b"nowhere"), "size": 1024 });
    let own = it.image("linux/amd64", &[10]);
    it.index(&[own, nowhere], json!({}))
}

fn sha512(it: &mut Material) -> Value {
    let layer = json!({ "mediaType": LAYER, "digest": format!("sha512:{}", "0".repeat(128)), "size": 5 });
    it.manifest(&[layer], json!({}))
}

fn bad_digest(it: &mut Material) -> Value {
    let own = it.image("linux/amd64", &[60]);
    it.spoil(&own);
    own
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A registry to try, its name, and whether it has the referrers API.
struct Subject {
    name: &'static str,
    host: String,
    has_referrers: bool,
}

/// Tries one scenario; says what is wrong.
fn fault(registry: &Subject, (name, make, outcome): &Scenario) -> Result<(), String> {
    let mut material = Material::new();
    let root = make(&mut material);
    material.publish(&root);
    let repository = format!("conformance/{name}");
    let target = format!("{}/{repository}:tag", registry.host);
    let pushed = Shipwheel::new().run(&["push", &material.path().display().to_string(), &target]);
    let tag = get(&registry.host, &format!("/v2/{repository}/manifests/tag")).unwrap();
    match outcome {
        Refused(reason) => {
            let is_said = pushed.code != 0 && pushed.stderr.contains(reason);
            let is_clean = tag.0 == 404;
            (is_said && is_clean)
                .then_some(())
                .ok_or_else(|| format!("status {} of the tag; {}", tag.0, shown(&pushed)))
        }
        Arrives => {
            let bytes = std::fs::read(material.file(root["digest"].as_str().unwrap())).unwrap();
            (pushed.code == 0 && tag == (200, bytes)).then_some(()).ok_or_else(|| shown(&pushed))?;
            comes_back(&material, &target)?;
            is_referred_to(registry, &material, &repository, &root)
        }
    }
}

fn shown(run: &Run) -> String {
    format!("exit {}: {}", run.code, run.stderr.trim())
}

/// By digest into another repository, and from there by tag to a folder: all of it, in its very bytes.
fn comes_back(material: &Material, target: &str) -> Result<(), String> {
    let folder = scratch();
    let (host, digest) = (target.split('/').next().unwrap(), material.root());
    let copied = format!("{host}/conformance/copied:{}", &digest[7..27]);
    let by_digest = format!("{}@{digest}", target.strip_suffix(":tag").unwrap());
    let run = Shipwheel::new().run(&["copy", &by_digest, &copied]);
    (run.code == 0).then_some(()).ok_or_else(|| format!("copy: {}", shown(&run)))?;
    let out: PathBuf = folder.path().join("out");
    let run = Shipwheel::new().run(&["pull", &copied, "--output", &format!("oci:{}", out.display())]);
    (run.code == 0).then_some(()).ok_or_else(|| format!("pull: {}", shown(&run)))?;
    let (all, pulled) = (Material::blobs(material.path()), Material::blobs(&out));
    let is_own = pulled.iter().all(|blob| all.contains(blob)) && pulled.iter().any(|blob| blob.0 == digest);
    // A subject is another image: it does not come with what refers to it.
    let is_whole = material.has_subject() || pulled.len() == all.len();
    (is_own && is_whole).then_some(()).ok_or_else(|| format!("{} of {} blobs came back", pulled.len(), all.len()))
}

/// What names a subject is in the list of that subject's referrers: by the API, or under the tag that stands for it.
fn is_referred_to(registry: &Subject, material: &Material, repository: &str, root: &Value) -> Result<(), String> {
    let bytes = std::fs::read(material.file(root["digest"].as_str().unwrap())).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let Some(subject) = document["subject"]["digest"].as_str() else { return Ok(()) };
    let path = match registry.has_referrers {
        true => format!("/v2/{repository}/referrers/{subject}"),
        false => format!("/v2/{repository}/manifests/{}", subject.replace(':', "-")),
    };
    let (status, list) = get(&registry.host, &path).unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap_or_default();
    let entries = list["manifests"].as_array().cloned().unwrap_or_default();
    let is_listed = entries.len() == 1
        && entries[0]["digest"] == root["digest"]
        && (registry.has_referrers
            || (entries[0]["artifactType"] == ARTIFACT && entries[0]["annotations"] == document["annotations"]));
    is_listed.then_some(()).ok_or_else(|| format!("{path}: status {status}, {list}"))
}

#[track_caller]
fn conforms(registry: &Subject, scenarios: impl Fn(&str) -> bool) {
    let faults: Vec<String> = SCENARIOS
        .iter()
        .filter(|scenario| scenarios(scenario.0))
        .filter_map(|it| Some(format!("{} on {}: {}", it.0, registry.name, fault(registry, it).err()?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn debians_registry_holds_whatever_the_specification_knows() {
    let registry = Registry::start();
    conforms(&Subject { name: "distribution 2.8", host: registry.host(), has_referrers: false }, |_| true);
}

#[test]
fn a_registry_with_the_referrers_api_holds_whatever_the_specification_knows() {
    let registry = MemoryRegistry::start(true);
    conforms(&Subject { name: "memory", host: registry.address().to_owned(), has_referrers: true }, |_| true);
}

#[test]
fn a_registry_of_odd_habits_holds_indexes_and_what_refers_to_others() {
    let some = ["nested-index", "artifacts-with-subject", "no-layers", "empty-blob"];
    for (name, habit) in
        [("no HEAD", Fault::NoHead), ("no chunks", Fault::NoChunks), ("blobs hidden until named", Fault::HiddenBlobs)]
    {
        let registry = Hostile::start(habit);
        let registry = Subject { name, host: registry.address.clone(), has_referrers: false };
        conforms(&registry, |scenario| some.contains(&scenario));
    }
}

#[test]
fn what_is_not_there_or_cannot_be_there_is_said_so() {
    let registry = Registry::start();
    let (host, folder) = (registry.host(), scratch());
    let output = format!("oci:{}", folder.path().join("out").display());
    let nothing = Material::digest(b"nothing");
    for (reference, code, reason) in [
        (format!("{host}/conformance/none:1"), 3, "manifest unknown"),
        (format!("{host}/conformance/none@{nothing}"), 3, "manifest unknown"),
        (format!("{host}/conformance/none@sha256:beef"), 2, "sha256:beef"),
        (format!("{host}/conformance/none@md5:d41d8cd98f00b204e9800998ecf8427e"), 2, "md5"),
        (format!("{host}/Conformance/none:1"), 2, "Conformance"),
    ] {
        Shipwheel::new().run(&["pull", &reference, "--output", &output]).failed(code, &[reason]);
        assert!(!folder.path().join("out/index.json").exists(), "{reference}");
    }
}

#[test]
fn what_a_probe_wrote_is_deleted_where_deletes_are_allowed() {
    let registry = Registry::start_with_deletes();
    let run = Shipwheel::new().run(&["registry", "probe", &format!("{}/probe", registry.host())]).succeeded();
    assert!(run.stdout.contains("deletes        yes"), "{}", run.stdout);
    assert!(!run.stderr.contains("stay"), "{}", run.stderr);
    let (_, tags) = get(&registry.host(), "/v2/probe/tags/list").unwrap();
    let tags: Value = serde_json::from_slice(&tags).unwrap();
    assert!(tags["tags"].as_array().is_none_or(Vec::is_empty), "{tags}");
}
