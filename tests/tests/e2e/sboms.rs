//! SBOMs and provenance: what the formats' own validators, syft and cosign say of them.

use std::path::Path;

use serde_json::Value;
use shipwheel_tests::{
    Cosign, Definition, KEY_PASSWORD, Layout, Podman, Registry, Run, Shipwheel, judge, pyspdxtools,
    python_with_cyclonedx, scratch, syft, variosync,
};
use xshell::{Shell, cmd};

/// What the strict validator of CycloneDX says of a file; nothing if it is valid.
const VALIDATE: &str = "import sys\n\
    from cyclonedx.schema import SchemaVersion\n\
    from cyclonedx.validation.json import JsonStrictValidator\n\
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\n\
    print(found or '')\n";

fn sbom(image: &str, format: &str, file: &Path) -> Value {
    let run = Shipwheel::new().run(&["sbom", image, "--format", format]).succeeded();
    std::fs::write(file, &run.stdout).unwrap();
    run.json()
}

/// The purls of a document of either format.
fn purls(document: &Value) -> Vec<String> {
    let components = document["components"].as_array().into_iter().flatten();
    let cyclonedx = components.filter_map(|it| it["purl"].as_str());
    let packages = document["packages"].as_array().into_iter().flatten();
    let references = packages.flat_map(|it| it["externalRefs"].as_array().into_iter().flatten());
    let spdx = references.filter_map(|it| it["referenceLocator"].as_str());
    let all = cyclonedx.chain(spdx).filter(|purl| purl.starts_with("pkg:deb/") || purl.starts_with("pkg:pypi/"));
    let mut all: Vec<String> = all.map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn sboms_are_valid_and_list_every_package_and_distribution() {
    let (folder, shell) = (scratch(), Shell::new().unwrap());
    let (spdx, cyclonedx) = (folder.path().join("a.spdx.json"), folder.path().join("a.cdx.json"));
    let image = variosync().path().display().to_string();
    let documents = [sbom(&image, "spdx", &spdx), sbom(&image, "cyclonedx", &cyclonedx)];
    let [by_spdx, by_cyclonedx] = [purls(&documents[0]), purls(&documents[1])];
    assert_eq!(by_spdx, by_cyclonedx);
    let count = |kind: &str| by_spdx.iter().filter(|purl| purl.starts_with(kind)).count();
    assert_eq!((count("pkg:deb/debian/"), count("pkg:pypi/")), (37, 57), "{by_spdx:#?}");
    assert!(by_spdx.iter().all(|purl| !purl.starts_with("pkg:deb/") || purl.contains("distro=debian-12")));

    let python = python_with_cyclonedx();
    let said = cmd!(shell, "{python} -c {VALIDATE} {cyclonedx}").quiet().read().unwrap();
    assert_eq!(said, "", "the validator of CycloneDX");
    let pyspdxtools = pyspdxtools();
    cmd!(shell, "{pyspdxtools} --infile {spdx}").quiet().run().expect("the validator of SPDX");
    let syft = syft();
    for file in [&spdx, &cyclonedx] {
        let read = cmd!(shell, "{syft} convert {file} --quiet --output syft-json")
            .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
            .quiet()
            .read()
            .unwrap();
        let read: Value = serde_json::from_str(&read).unwrap();
        let kinds = |kind: &str| read["artifacts"].as_array().unwrap().iter().filter(|it| it["type"] == kind).count();
        assert_eq!((kinds("deb"), kinds("python")), (37, 57), "{}", file.display());
    }
}

#[test]
fn attestations_are_attached_to_each_platform_and_change_no_digest() {
    let (registry, folder, cosign) = (Registry::start(), scratch(), Cosign::three());
    let (key, public) = cosign.keys("ours");
    let name = format!("{}/team/variosync:1.0", registry.host());
    let arguments = ["--platforms", "amd64,arm64", "--sbom", "spdx,cyclonedx", "--provenance", "--push", &name];
    let signed = [&arguments[..], &["--sign-key", key.to_str().unwrap()]].concat();
    let shipwheel = Shipwheel::new().with("COSIGN_PASSWORD", KEY_PASSWORD);
    let run = shipwheel.image(&signed).succeeded();
    assert!(run.line().ends_with(&variosync().digest()), "{}", run.line());
    let again = shipwheel.image(&signed).succeeded();
    assert!(again.stderr.contains("0 B sent"), "the second time nothing is new\n{}", again.stderr);

    cosign.verify(&name, &public).succeeded();
    for platform in ["linux/amd64", "linux/arm64"] {
        let manifest = variosync().platform(platform)["digest"].as_str().unwrap();
        let at = format!("{}/team/variosync@{manifest}", registry.host());
        for kind in ["spdxjson", "cyclonedx", "slsaprovenance1"] {
            let run: Run = cosign.verify_attestation(&at, &public, kind).succeeded();
            assert!(!run.stdout.is_empty(), "{kind}");
        }
    }
    let copy = format!("oci:{}", folder.path().join("copy").display());
    Shipwheel::new().run(&["pull", &name, "--output", &copy, "--referrers"]).succeeded();
    let document = sbom(&copy, "spdx", &folder.path().join("copy.json"));
    assert!(purls(&document).len() > 90);
    let hashed = document["packages"].as_array().unwrap().iter().filter(|it| it["checksums"].is_array()).count();
    assert!(hashed > 90, "packages and wheels have the hashes of what they came in: {hashed}");
}

#[test]
fn an_sbom_in_a_layout_is_a_manifest_with_a_subject() {
    let folder = scratch();
    let output = folder.path().join("image");
    let target = format!("oci:{}", output.display());
    Shipwheel::new().image(&["--platforms", "amd64,arm64", "--sbom", "cyclonedx", "--output", &target]).succeeded();
    let index: Value = serde_json::from_slice(&std::fs::read(output.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    let attached = entries.iter().filter(|it| it["artifactType"] == "application/vnd.cyclonedx+json").count();
    assert_eq!((entries.len(), attached), (3, 2), "{index}");
    assert_eq!(entries[0]["digest"], variosync().digest().as_str());
}

#[test]
fn attestations_in_the_index_have_the_form_of_buildkit_and_leave_the_platforms_as_they_are() {
    let (registry, podman, shell, folder) = (Registry::start(), Podman::new(), Shell::new().unwrap(), scratch());
    let definition = Definition::over_debian(
        "[app]\nsources = [\"hello.py\"]\ndestination = \"/app\"\n[config]\ncmd = [\"python3\", \"/app/hello.py\"]",
    )
    .with("hello.py", "print('hello')\n");
    let name = format!("{}/team/app:1.0", registry.host());
    let build = |output: &str, more: &[&str]| {
        let output = format!("oci:{}", folder.path().join(output).display());
        Shipwheel::new().image(&[&[definition.argument().as_str(), "--output", &output], more].concat()).succeeded();
        Layout::new(&folder.path().join(output.trim_start_matches("oci:")))
    };
    let digest = |layout: &Layout| layout.entry()["digest"].as_str().unwrap().to_owned();
    let plain = build("plain", &[]);
    let attested = build("attested", &["--attestations", "index", "--push", &name]);
    let again = build("again", &["--attestations", "index"]);
    assert_eq!(digest(&attested), digest(&again), "nothing but the inputs decides");
    let index: Value = serde_json::from_slice(&attested.blob(&digest(&attested))).unwrap();
    let entries = index["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 4, "{index}");
    for (number, platform) in ["linux/amd64", "linux/arm64"].into_iter().enumerate() {
        assert_eq!(attested.manifest(platform), plain.manifest(platform));
        let (subject, entry) = (&entries[number]["digest"], &entries[number + 2]);
        assert_eq!(entry["platform"], serde_json::json!({ "architecture": "unknown", "os": "unknown" }));
        assert_eq!(entry["annotations"]["vnd.docker.reference.type"], "attestation-manifest");
        assert_eq!(&entry["annotations"]["vnd.docker.reference.digest"], subject);
        let manifest: Value = serde_json::from_slice(&attested.blob(entry["digest"].as_str().unwrap())).unwrap();
        let kinds = manifest["layers"].as_array().unwrap().iter().map(|layer| {
            let statement: Value = serde_json::from_slice(&attested.blob(layer["digest"].as_str().unwrap())).unwrap();
            let own = statement["subject"][0]["digest"]["sha256"].as_str().unwrap().to_owned();
            assert_eq!(format!("sha256:{own}"), subject.as_str().unwrap());
            assert_eq!(layer["annotations"]["in-toto.io/predicate-type"], statement["predicateType"]);
            statement["predicateType"].as_str().unwrap().to_owned()
        });
        assert_eq!(kinds.collect::<Vec<_>>(), ["https://spdx.dev/Document", "https://slsa.dev/provenance/v1"]);
    }
    Shipwheel::new().run(&["verify", &attested.path().display().to_string()]).succeeded();
    let (skopeo, copy) = (judge("skopeo", "skopeo"), format!("oci:{}:1", folder.path().join("copy").display()));
    cmd!(shell, "{skopeo} copy --quiet --all --src-tls-verify=false docker://{name} {copy}").quiet().run().unwrap();
    podman.pull(&name);
    assert_eq!(podman.run(&name, &["python3", "/app/hello.py"]).trim(), "hello");
}
