//! SBOMs: purls, licenses, and that the same image gives the same bytes.

use proptest::prelude::*;
use serde_json::{Value, json};
use shipwheel_oci::{Digest, Platform};

use super::component::{Component, HashedFile, Kind, NamedHash};
use super::cyclonedx::cyclonedx;
use super::document::{Bill, OperatingSystem};
use super::license::License;
use super::purl::{Purl, normalized};
use super::spdx::spdx;

fn component(kind: Kind, name: &str, version: &str) -> Component {
    let (license, hashes, files, hashed) = Default::default();
    Component { kind, name: name.to_owned(), version: version.to_owned(), license, hashes, files, hashed }
}

fn debian(name: &str, version: &str, source: (&str, &str)) -> Component {
    let source = (source.0.to_owned(), source.1.to_owned());
    component(Kind::Debian { architecture: "amd64".to_owned(), source }, name, version)
}

fn bill() -> Bill {
    let mut wheel = component(Kind::Python, "Typing_Extensions", "4.12.2");
    wheel.license = License::Expression("PSF-2.0".to_owned());
    wheel.hashes = vec![NamedHash { name: "wheel".to_owned(), digest: Digest::of(b"wheel") }];
    wheel.files = vec!["/b.py".to_owned(), "/a.py".to_owned(), "/a.py".to_owned()];
    wheel.hashed = vec![HashedFile::new("/b.py", b"b"), HashedFile::new("/a.py", b"a")];
    let bundled = |purl: Option<&str>| Kind::Bundled { within: "orjson".to_owned(), purl: purl.map(str::to_owned) };
    let mut named = component(Kind::Python, "odd", "1");
    named.license = License::Named("Some License".to_owned());
    Bill {
        name: "team/app".to_owned(),
        manifest: Digest::of(b"manifest"),
        platform: Platform::linux_amd64(),
        created: "1970-01-01T00:00:00Z".to_owned(),
        tool: "0.1.0".to_owned(),
        system: Some(OperatingSystem {
            id: "debian".to_owned(),
            version: "12.15".to_owned(),
            title: "Debian GNU/Linux 12".to_owned(),
        }),
        components: vec![
            named,
            wheel,
            debian("libbz2-1.0", "1.0.8-5+b1", ("bzip2", "1.0.8-5")),
            debian("zlib1g", "1:1.2.13", ("zlib", "1:1.2.13")),
            component(bundled(Some("pkg:cargo/serde@1.0.0")), "serde", "1.0.0"),
            component(bundled(None), "itoa", ""),
            component(Kind::Interpreter, "CPython", "3.11.2"),
            component(Kind::Application, "app", ""),
        ],
    }
}

#[test]
fn purls_are_what_scanners_match() {
    let deb = debian("libbz2-1.0", "1.0.8-5+b1", ("bzip2", "1.0.8-5"));
    let expected = "pkg:deb/debian/libbz2-1.0@1.0.8-5%2Bb1?arch=amd64&distro=debian-12&upstream=bzip2%401.0.8-5";
    assert_eq!(deb.purl(Some("debian-12")).as_deref(), Some(expected));
    let epoch = debian("zlib1g", "1:1.2.13", ("zlib", "1:1.2.13")).purl(None).unwrap();
    assert!(epoch.starts_with("pkg:deb/debian/zlib1g@1%3A1.2.13?"), "{epoch}");
    for (name, expected) in [("Typing_Extensions", "typing-extensions"), ("a.b-_c", "a-b-c"), ("x", "x")] {
        assert_eq!(normalized(name), expected);
        let purl = component(Kind::Python, name, "1.0+local").purl(None).unwrap();
        assert_eq!(purl, format!("pkg:pypi/{expected}@1.0%2Blocal"));
    }
    assert_eq!(Purl::new("oci", "a b", "").qualifier("arch", "").to_string(), "pkg:oci/a%20b");
    assert_eq!(component(Kind::Application, "app", "1").purl(None), None);
}

#[test]
fn a_license_is_an_expression_where_that_can_be_known() {
    let expression = |text: &str| License::Expression(text.to_owned());
    let named = |text: &str| License::Named(text.to_owned());
    let mit = "License :: OSI Approved :: MIT License";
    let apache = "License :: OSI Approved :: Apache Software License";
    let bsd = "License :: OSI Approved :: BSD License";
    for (spdx, license, classifiers, expected) in [
        (Some("MIT OR Apache-2.0"), Some("GPL"), vec![bsd], expression("MIT OR Apache-2.0")),
        (None, Some("MIT"), vec![], expression("MIT")),
        (None, Some("The whole text\nof a license"), vec![mit], expression("MIT")),
        (None, Some("see LICENSE"), vec![apache], expression("Apache-2.0")),
        (None, Some("see LICENSE"), vec![], named("see LICENSE")),
        (None, None, vec![bsd], named("BSD License")),
        (None, None, vec![mit, apache], named("MIT License, Apache Software License")),
        (None, Some("UNKNOWN"), vec!["Topic :: X"], License::Unknown),
        (None, None, vec![], License::Unknown),
        (Some("LicenseRef-own"), None, vec![], expression("LicenseRef-own")),
        (Some("NOT-A-LICENSE"), None, vec![mit], expression("MIT")),
    ] {
        assert_eq!(License::of_metadata(spdx, license, classifiers.clone()), expected, "{spdx:?} {license:?}");
    }
}

#[test]
fn what_stands_for_files_goes_together() {
    let of = |texts: &[&str]| License::of_debian(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&[]), License::Unknown);
    assert_eq!(of(&["Expat", "MIT"]), License::Expression("MIT".to_owned()));
    let both = License::Expression("(GPL-1.0-or-later OR Artistic-1.0) AND MIT".to_owned());
    assert_eq!(of(&["GPL-1+ or Artistic", "Expat"]), both);
    assert_eq!(of(&["Expat", "public-domain"]), License::Named("Expat, public-domain".to_owned()));
}

#[test]
fn an_sbom_is_the_same_in_whatever_order_its_parts_come() {
    let (mut reversed, bill) = (bill(), bill());
    reversed.components.reverse();
    let first = bill.components[0].clone();
    reversed.components.push(first);
    assert_eq!(spdx(&reversed), spdx(&bill));
    assert_eq!(cyclonedx(&reversed), cyclonedx(&bill));
    let other = Bill { manifest: Digest::of(b"another"), ..bill.clone() };
    for write in [spdx, cyclonedx] {
        assert_ne!(write(&other), write(&bill));
    }
}

#[test]
fn spdx_says_what_scanners_look_for() {
    let document: Value = serde_json::from_slice(&spdx(&bill())).unwrap();
    assert_eq!(document["spdxVersion"], "SPDX-2.3");
    assert_eq!(document["creationInfo"]["created"], "1970-01-01T00:00:00Z");
    let packages = document["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 10);
    let find = |name: &str| packages.iter().find(|it| it["name"] == name).unwrap();
    assert!(find("debian")["SPDXID"].as_str().unwrap().starts_with("SPDXRef-OperatingSystem"));
    assert_eq!(find("Typing_Extensions")["licenseDeclared"], "PSF-2.0");
    assert_eq!(find("Typing_Extensions")["checksums"][0]["checksumValue"], Digest::of(b"wheel").hex());
    assert_eq!(find("odd")["licenseDeclared"], "NOASSERTION");
    assert_eq!(find("odd")["licenseComments"], "the package says: Some License");
    assert_eq!(find("libbz2-1.0")["sourceInfo"], "built package from: bzip2 1.0.8-5");
    assert_eq!(find("serde")["externalRefs"][0]["referenceLocator"], "pkg:cargo/serde@1.0.0");
    // Files are in the order of their paths, and of the package that has them.
    let files = document["files"].as_array().unwrap();
    assert_eq!([&files[0]["fileName"], &files[1]["fileName"]], ["./a.py", "./b.py"]);
    let a = "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8";
    assert_eq!(files[0]["checksums"][0], json!({ "algorithm": "SHA1", "checksumValue": a }));
    let wheel = find("Typing_Extensions");
    assert_eq!(wheel["hasFiles"], json!([files[0]["SPDXID"], files[1]["SPDXID"]]));
    // By `printf 86f7e437faa5a7fce15d1ddcb9eaeaea377667b8e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98 | sha1sum`.
    let code = "5463504435e4dbf2b93a3a8a00ca78e36ea40e24";
    assert_eq!(wheel["packageVerificationCode"]["packageVerificationCodeValue"], code);
    assert_eq!((&wheel["filesAnalyzed"], &find("odd")["filesAnalyzed"]), (&json!(true), &json!(false)));
    assert!(find("odd").get("hasFiles").is_none());
    // Each of them is related to the image, and the image to the document.
    assert_eq!(document["relationships"].as_array().unwrap().len(), packages.len());
}

#[test]
fn cyclonedx_says_what_scanners_look_for_and_which_file_is_whose() {
    let document: Value = serde_json::from_slice(&cyclonedx(&bill())).unwrap();
    assert_eq!(
        (&document["specVersion"], &document["metadata"]["component"]["type"]),
        (&json!("1.6"), &json!("container"))
    );
    let components = document["components"].as_array().unwrap();
    let find = |name: &str| components.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!((&find("debian")["type"], &find("debian")["version"]), (&json!("operating-system"), &json!("12.15")));
    let files = json!([{ "location": "/a.py" }, { "location": "/b.py" }]);
    assert_eq!(find("Typing_Extensions")["evidence"]["occurrences"], files);
    assert_eq!(find("Typing_Extensions")["licenses"], json!([{ "expression": "PSF-2.0" }]));
    assert_eq!(find("odd")["licenses"], json!([{ "license": { "name": "Some License" } }]));
    let properties = find("libbz2-1.0")["properties"].as_array().unwrap();
    assert!(properties.contains(&json!({ "name": "aquasecurity:trivy:SrcName", "value": "bzip2" })));
    let serial = document["serialNumber"].as_str().unwrap();
    assert!(serial.starts_with("urn:uuid:") && serial.len() == 45, "{serial}");
    assert_eq!(document["dependencies"].as_array().unwrap().len(), components.len() + 1);
}

proptest! {
    #[test]
    fn no_text_of_an_image_makes_a_panic(name in ".{0,40}", version in ".{0,20}", license in ".{0,150}") {
        let mut bill = bill();
        bill.components.push(Component { license: License::of_text(&license), ..component(Kind::Python, &name, &version) });
        bill.components.push(debian(&name, &version, (&license, &version)));
        bill.system = Some(OperatingSystem { id: name.clone(), version: version.clone(), title: name });
        for document in [spdx(&bill), cyclonedx(&bill)] {
            prop_assert!(serde_json::from_slice::<Value>(&document).is_ok());
        }
    }
}
