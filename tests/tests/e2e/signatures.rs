//! Signatures: cosign of two ages and the library of podman and skopeo accept ours, and we accept cosign's.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shipwheel_loopback::MemoryRegistry;
use shipwheel_tests::{
    Cosign, Definition, KEY_PASSWORD, Layout, Registry, Rootfs, Run, SampleImage, Shipwheel, get, judge, scratch,
};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// An image of two platforms in a registry, not signed yet.
struct Pushed {
    registry: Registry,
    image: SampleImage,
}

impl Pushed {
    fn new() -> Self {
        let (registry, image) = (Registry::start(), SampleImage::new(&[2_000, 1_000]));
        let pushed = Self { registry, image };
        let name = pushed.name();
        Shipwheel::new().run(&["push", &pushed.image.path().display().to_string(), &name]).succeeded();
        pushed
    }

    fn name(&self) -> String {
        format!("{}/team/app:1.0", self.registry.host())
    }

    /// The index and the manifests of both platforms.
    fn digests(&self) -> Vec<String> {
        let index = self.image.root.to_string();
        let (_, bytes) = self.image.content.last().expect("the index comes last");
        let bytes: Value = serde_json::from_slice(bytes).unwrap();
        let manifests = bytes["manifests"].as_array().unwrap().iter();
        let manifests = manifests.map(|entry| entry["digest"].as_str().unwrap().to_owned());
        std::iter::once(index).chain(manifests).collect()
    }

    fn at(&self, digest: &str) -> String {
        format!("{}/team/app@{digest}", self.registry.host())
    }

    fn sign(&self, key: &Path, password: &str) -> Run {
        let shipwheel = Shipwheel::new().with("COSIGN_PASSWORD", password);
        let run = shipwheel.run(&["sign", &self.name(), "--key", &key.display().to_string()]);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(password), "{}", run.stderr);
        run
    }

    fn verify(&self, image: &str, key: &Path) -> Run {
        Shipwheel::new().run(&["verify", image, "--key", &key.display().to_string()])
    }

    /// All tags, sorted.
    fn tags(&self) -> Vec<String> {
        let (_, body) = get(&self.registry.host(), "/v2/team/app/tags/list").unwrap();
        let list: Value = serde_json::from_slice(&body).unwrap();
        let mut tags: Vec<String> =
            list["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect();
        tags.sort();
        tags
    }

    fn manifest(&self, version: &str) -> Value {
        let skopeo = judge("skopeo", "skopeo");
        let shell = Shell::new().unwrap();
        let separator = if version.contains(':') { '@' } else { ':' };
        let image = format!("docker://{}/team/app{separator}{version}", self.registry.host());
        let text = cmd!(shell, "{skopeo} inspect --raw --tls-verify=false {image}").quiet().read().unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// A pair of keys by openssl, in PKCS#8, encrypted where there is a password.
fn openssl_keys(password: Option<&str>) -> (TempDir, PathBuf, PathBuf) {
    let (folder, shell, openssl) = (scratch(), Shell::new().unwrap(), judge("openssl", "openssl"));
    let (plain, key, public) =
        (folder.path().join("plain.pem"), folder.path().join("key.pem"), folder.path().join("public.pem"));
    cmd!(shell, "{openssl} genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {plain}").quiet().run().unwrap();
    cmd!(shell, "{openssl} pkey -in {plain} -pubout -out {public}").quiet().run().unwrap();
    match password {
        Some(password) => {
            let given = format!("pass:{password}");
            cmd!(shell, "{openssl} pkcs8 -topk8 -v2 aes-256-cbc -in {plain} -out {key} -passout {given}")
                .quiet()
                .run()
                .unwrap();
        }
        None => std::fs::rename(&plain, &key).unwrap(),
    }
    (folder, key, public)
}

#[test]
fn cosign_of_either_age_accepts_what_we_sign_and_signing_again_adds_nothing() {
    let (pushed, two, three) = (Pushed::new(), Cosign::two(), Cosign::three());
    let (key, public) = three.keys("ours");
    let run = pushed.sign(&key, KEY_PASSWORD).succeeded();
    assert_eq!(run.line(), format!("{}@{}", pushed.name(), pushed.image.root));
    let tags = pushed.tags();
    for digest in pushed.digests() {
        for cosign in [&two, &three] {
            let run = cosign.verify(&pushed.at(&digest), &public).succeeded();
            assert!(run.stdout.contains(&digest), "{}", run.stdout);
        }
        let hex = digest.trim_start_matches("sha256:");
        assert!(tags.contains(&format!("sha256-{hex}.sig")) && tags.contains(&format!("sha256-{hex}")), "{tags:?}");
    }
    two.verify(&pushed.name(), &public).succeeded();
    three.verify(&pushed.name(), &public).succeeded();
    let manifests: Vec<Value> = tags.iter().map(|tag| pushed.manifest(tag)).collect();
    let again = pushed.sign(&key, KEY_PASSWORD).succeeded();
    assert!(again.stderr.contains("as before"), "{}", again.stderr);
    assert_eq!(pushed.tags(), tags);
    assert_eq!(tags.iter().map(|tag| pushed.manifest(tag)).collect::<Vec<_>>(), manifests);

    // A second key adds its own beside them.
    let (_folder, other, other_public) = openssl_keys(None);
    pushed.sign(&other, "not asked for").succeeded();
    for key in [&public, &other_public] {
        two.verify(&pushed.name(), key).succeeded();
        three.verify(&pushed.name(), key).succeeded();
        pushed.verify(&pushed.name(), key);
    }
}

#[test]
fn what_cosign_of_either_age_signs_is_accepted_and_nothing_else() {
    for cosign in [Cosign::two(), Cosign::three()] {
        let pushed = Pushed::new();
        let (key, public) = cosign.keys("theirs");
        let (_, stranger) = cosign.keys("stranger");
        let hint = "hint: nothing is attached";
        pushed.verify(&pushed.name(), &public).failed(5, &[&pushed.image.root.to_string(), "has no signature", hint]);
        cosign.sign(&pushed.name(), &key).succeeded();
        let run = Shipwheel::new().run(&["verify", &pushed.name(), "--key", &public.display().to_string(), "--json"]);
        let signature = &run.json()["signature"];
        assert_eq!(signature["digest"], pushed.image.root.to_string());
        let forms = [&signature["bundles"], &signature["tagged"]].map(|it| it.as_u64().unwrap());
        assert_eq!(forms.iter().sum::<u64>(), 1, "{signature}");
        pushed.verify(&pushed.name(), &stranger).failed(5, &["it is signed by another key, or was changed"]);
        // cosign signs the index alone: a platform's manifest is another digest.
        pushed.verify(&pushed.at(&pushed.digests()[1]), &public).failed(5, &["has no signature by this key"]);
    }
}

#[test]
fn an_sbom_by_the_key_is_no_signature() {
    let (pushed, cosign) = (Pushed::new(), Cosign::three());
    let (key, public) = cosign.keys("theirs");
    let folder = scratch();
    let predicate = folder.path().join("sbom.json");
    std::fs::write(&predicate, r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"}"#).unwrap();
    cosign.attest(&pushed.name(), &key, "spdxjson", &predicate).succeeded();
    // cosign itself takes it for one.
    cosign.verify(&pushed.name(), &public).succeeded();
    let fragments = ["it attests https://spdx.dev/Document", "hint: an SBOM or provenance by this key does not sign"];
    pushed.verify(&pushed.name(), &public).failed(5, &fragments);
}

#[test]
fn a_policy_of_podmans_library_admits_what_is_signed_and_nothing_else() {
    let pushed = Pushed::new();
    let (_folder, key, public) = openssl_keys(Some(KEY_PASSWORD));
    let (_other, _, stranger) = openssl_keys(None);
    // Debian's skopeo of this machine may be built without it.
    let base = "{ debian = { suite = \"forky\", packages = [\"skopeo\"] } }";
    let lines = format!(
        "base = {base}\nplatforms = [\"linux/amd64\"]\n[bytecode]\nenabled = false\n[config]\ncmd = [\"/usr/bin/skopeo\"]\n"
    );
    let definition = Definition::empty().with("image.toml", &format!("# skopeo.\n{lines}"));
    let (folder, output) = (definition.argument(), definition.output());
    Shipwheel::new().image(&[&folder, "--output", &format!("oci:{}", output.display())]).succeeded();
    let rootfs = Rootfs::unpack(&Layout::new(&output), "amd64");
    let copy = |key: &Path| {
        let (shell, unshare) = (Shell::new().unwrap(), judge("unshare", "util-linux"));
        let policy = json!({ "default": [{ "type": "reject" }], "transports": { "docker": { "": [{
            "type": "sigstoreSigned", "keyPath": "/key.pem", "signedIdentity": { "type": "matchRepository" } }] } } });
        std::fs::copy(key, rootfs.join("/key.pem")).unwrap();
        std::fs::write(rootfs.join("/policy.json"), policy.to_string()).unwrap();
        std::fs::create_dir_all(rootfs.join("/registries.d")).unwrap();
        let attachments = "default-docker:\n  use-sigstore-attachments: true\n";
        std::fs::write(rootfs.join("/registries.d/here.yaml"), attachments).unwrap();
        for folder in ["/copy", "/var/tmp", "/tmp"] {
            std::fs::create_dir_all(rootfs.join(folder)).unwrap();
        }
        let (root, source) = (rootfs.path(), format!("docker://{}", pushed.name()));
        let command = cmd!(shell, "env --ignore-environment {unshare} --map-root-user --root {root} /usr/bin/skopeo")
            .args(["--policy", "/policy.json", "--registries.d", "/registries.d", "copy", "--quiet", "--all"])
            .args(["--src-tls-verify=false", "--remove-signatures", &source, "dir:/copy"])
            .quiet()
            .ignore_status();
        Run::of(&command)
    };
    let before = copy(&public);
    assert!(before.code != 0 && before.stderr.contains("signature was required"), "{}", before.stderr);
    pushed.sign(&key, KEY_PASSWORD).succeeded();
    copy(&public).succeeded();
    let refused = copy(&stranger);
    assert!(refused.code != 0, "a policy with another key admits it");
}

#[test]
fn an_image_is_signed_when_it_is_pushed_and_verified_where_it_is_copied_to() {
    let (registry, folder, cosign) = (Registry::start(), scratch(), Cosign::three());
    let (key, public) = cosign.keys("ours");
    let name = format!("{}/team/variosync:1.0", registry.host());
    let arguments = ["--platforms", "amd64,arm64", "--push", &name, "--sign-key", key.to_str().unwrap()];
    let run = Shipwheel::new().with("COSIGN_PASSWORD", KEY_PASSWORD).image(&arguments).succeeded();
    assert!(run.stderr.contains("signed 3 manifests"), "{}", run.stderr);
    cosign.verify(&name, &public).succeeded();
    let copy = format!("oci:{}", folder.path().join("copy").display());
    Shipwheel::new().run(&["pull", &name, "--output", &copy, "--referrers"]).succeeded();
    let key = public.display().to_string();
    let run = Shipwheel::new().run(&["verify", &copy, "--platform", "amd64", "--key", &key]).succeeded();
    assert!(run.stderr.contains("signed by the key: 1 bundle, 1 tagged signature"), "{}", run.stderr);
}

/// What `inspect` says is attached to an image by tags of its own: type and tag.
fn tagged(image: &str) -> Vec<(String, String)> {
    let report = Shipwheel::new().run(&["inspect", image, "--json"]).succeeded().json();
    let attached = report["attached"].as_array().unwrap().iter().filter(|it| it["by"] == "tag");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    attached.map(|it| (text(&it["artifact_type"]), text(&it["tag"]))).collect()
}

#[test]
fn what_cosign_keeps_under_tags_is_seen_and_taken_along() {
    let (pushed, cosign, folder) = (Pushed::new(), Cosign::two(), scratch());
    let (key, public) = cosign.keys("theirs");
    cosign.sign(&pushed.name(), &key).succeeded();
    let predicate = folder.path().join("sbom.json");
    std::fs::write(&predicate, r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT"}"#).unwrap();
    cosign.attest(&pushed.name(), &key, "spdxjson", &predicate).succeeded();
    let hex = pushed.image.root.hex();
    let expected: Vec<(String, String)> = [
        ("application/vnd.dsse.envelope.v1+json", format!("sha256-{hex}.att")),
        ("application/vnd.dev.cosign.simplesigning.v1+json", format!("sha256-{hex}.sig")),
    ]
    .map(|(kind, tag)| (kind.to_owned(), tag))
    .into();
    let sorted = |mut all: Vec<(String, String)>| {
        all.sort_by(|a, b| a.1.cmp(&b.1));
        all
    };
    assert_eq!(sorted(tagged(&pushed.name())), expected);

    // Without the flag the image alone is copied; with it, registries of both kinds and files have all of it.
    let target = Registry::start();
    let bare = format!("{}/bare/app:1", target.host());
    Shipwheel::new().run(&["copy", &pushed.name(), &bare]).succeeded();
    assert!(cosign.verify(&bare, &public).code != 0);
    let (api, tags_only) = (MemoryRegistry::start(true), MemoryRegistry::start(false));
    let archive = format!("oci-archive:{}", folder.path().join("app.tar").display());
    Shipwheel::new().run(&["pull", &pushed.name(), "--referrers", "--output", &archive]).succeeded();
    for host in [target.host(), api.address().to_owned(), tags_only.address().to_owned()] {
        let copied = format!("{host}/team/copied:1");
        Shipwheel::new().run(&["copy", &pushed.name(), &copied, "--referrers"]).succeeded();
        assert_eq!(sorted(tagged(&copied)), expected, "{host}");
        cosign.verify(&copied, &public).succeeded();
        cosign.verify_attestation(&copied, &public, "spdxjson").succeeded();
        // And out of a file again.
        let again = format!("{host}/team/again:1");
        Shipwheel::new().run(&["push", &archive, &again, "--referrers"]).succeeded();
        cosign.verify(&again, &public).succeeded();
        pushed.verify(&again, &public).succeeded();
    }
    assert_eq!(sorted(tagged(&archive)), expected);
    pushed.verify(&archive, &public).succeeded();

    // Signatures that are at the target are not lost: a second signer's stay, and what differs is refused.
    let (strange, stranger) = cosign.keys("stranger");
    let copied = format!("{}/team/copied:1", target.host());
    cosign.sign(&copied, &strange).succeeded();
    Shipwheel::new().run(&["copy", &pushed.name(), &copied, "--referrers"]).succeeded();
    for key in [&public, &stranger] {
        cosign.verify(&copied, key).succeeded();
    }
    let other = format!("{}/team/other:1", target.host());
    Shipwheel::new().run(&["copy", &pushed.name(), &other]).succeeded();
    cosign.sign(&other, &strange).succeeded();
    let run = Shipwheel::new().run(&["copy", &pushed.name(), &other, "--referrers"]);
    run.failed(3, &["has signatures, attestations or SBOMs of its own", "hint: copy without `--referrers`"]);
    cosign.verify(&other, &stranger).succeeded();
}

#[test]
fn a_key_that_cannot_be_used_is_known_before_anything_is_asked() {
    let folder = scratch();
    let (_keys, key, public) = openssl_keys(Some(KEY_PASSWORD));
    let huge = folder.path().join("huge.pem");
    std::fs::write(&huge, vec![b'A'; 1 << 20]).unwrap();
    let sign = |key: &Path, password: Option<&str>| {
        let shipwheel = password.into_iter().fold(Shipwheel::new(), |it, word| it.with("COSIGN_PASSWORD", word));
        // Nobody listens on this port.
        shipwheel.run(&["sign", "127.0.0.1:1/team/app:1.0", "--key", &key.display().to_string()])
    };
    sign(&key, None).failed(3, &["the key is encrypted, and no password was given", "hint: set COSIGN_PASSWORD"]);
    let wrong = sign(&key, Some("hunter2hunter2"));
    wrong.failed(3, &["the password does not open the key"]);
    assert!(!wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
    sign(&public, None).failed(3, &["it holds a public key"]);
    sign(&huge, None).failed(3, &["huge.pem"]);
    sign(&folder.path().join("none.pem"), None).failed(3, &["none.pem"]);
    sign(&key, Some(KEY_PASSWORD)).failed(4, &["127.0.0.1:1"]);
}
