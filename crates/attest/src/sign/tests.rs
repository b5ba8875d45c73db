//! Signatures in both forms: what counts, and what was changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, Digest};

use super::attestation_error::AttestationError;
use super::bundle::{BUNDLE, Bundle};
use super::payload::Payload;
use super::statement::{SIGNED, SPDX_PREDICATE, Statement};
use super::tagged::{SIGNATURE_LAYER, TaggedSignatures, signature_tag};
use crate::artifact::Artifact;
use crate::key::signing_key::SigningKey;
use crate::key::tests::sample;

fn image() -> Digest {
    Digest::of(b"an image")
}

fn other_key() -> SigningKey {
    let der = [&[0x30, 0x31, 2, 1, 1, 4, 32][..], &[5; 32], &[0xa0, 10, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7]].concat();
    let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----", STANDARD.encode(der));
    SigningKey::read(pem.as_bytes(), None).unwrap()
}

#[test]
fn a_bundle_says_what_was_signed_and_only_to_its_own_key() {
    let statement = Statement::signature(image());
    let bundle = Bundle::sign(&statement, &sample());
    assert_eq!(bundle, Bundle::sign(&statement, &sample()), "the same bytes whenever it is signed");
    let read = Bundle::parse(bundle.bytes()).unwrap();
    assert_eq!(read, bundle);
    assert_eq!(read.statement(&sample().public()), Ok(statement.clone()));
    assert_eq!(read.claims(), Ok(statement));
    assert_eq!(read.statement(&other_key().public()), Err(AttestationError::Signature));
}

/// What changes a bundle, and what its reader says then.
type Change<'c> = (&'c dyn Fn(&mut Value), Option<AttestationError>);

#[test]
fn a_bundle_that_was_changed_counts_nothing() {
    let bundle = Bundle::sign(&Statement::signature(image()), &sample());
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(bundle.bytes()).unwrap();
        change(&mut value);
        Bundle::parse(value.to_string().as_bytes()).and_then(|bundle| bundle.statement(&sample().public())).err()
    };
    let other = STANDARD.encode(Statement::signature(Digest::of(b"another")).bytes());
    let malformed = |what| Some(AttestationError::Malformed { what });
    let signature = Some(AttestationError::Signature);
    let changes: [Change<'_>; 9] = [
        (&|_| {}, None),
        (&|it| it["verificationMaterial"] = json!({}), None),
        (&|it| it["dsseEnvelope"]["payload"] = json!(other), signature.clone()),
        (&|it| it["dsseEnvelope"]["payloadType"] = json!("text/plain"), signature.clone()),
        (&|it| it["dsseEnvelope"]["signatures"] = json!([]), signature.clone()),
        (&|it| it["dsseEnvelope"]["signatures"][0]["sig"] = json!("MAA="), signature),
        (&|it| it["dsseEnvelope"]["payload"] = json!("!"), malformed("its payload")),
        (&|it| it["mediaType"] = json!("text/plain"), malformed("its bundle")),
        (&|it| it["dsseEnvelope"] = Value::Null, Some(AttestationError::NoEnvelope)),
    ];
    for (number, (change, expected)) in changes.iter().enumerate() {
        assert_eq!(changed(change), *expected, "change {number}");
    }
}

#[test]
fn a_statement_is_about_the_digests_that_it_names() {
    let statement = Statement::of(image(), SPDX_PREDICATE, json!({ "spdxVersion": "SPDX-2.3" }));
    assert_eq!(Statement::parse(&statement.bytes()), Ok(statement.clone()));
    assert!(statement.is_about(&image()) && !statement.is_about(&Digest::of(b"another")));
    let digest = image().hex();
    for (text, subjects) in [
        (json!({ "_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": SIGNED }), Some(0)),
        (
            json!({ "_type": "https://in-toto.io/Statement/v0.1", "predicateType": SIGNED, "subject": [
                { "name": "a", "digest": { "sha256": digest } }, { "digest": { "sha512": digest } }, {},
                { "digest": { "sha256": 7 } }, { "digest": { "sha256": "x" } } ] }),
            Some(1),
        ),
        (json!({ "_type": "https://in-toto.io/Statement/v9", "subject": [], "predicateType": SIGNED }), None),
        (json!({ "_type": "https://in-toto.io/Statement/v1", "predicateType": SIGNED }), None),
        (json!([]), None),
    ] {
        let read = Statement::parse(text.to_string().as_bytes()).ok().map(|it| it.subjects.len());
        assert_eq!(read, subjects, "{text}");
    }
}

#[test]
fn a_payload_is_what_cosign_writes() {
    let payload = Payload { digest: image(), repository: "registry.example/app".to_owned() };
    let text = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"registry.example/app"}},"image":{{"docker-manifest-digest":"{}"}},"type":"cosign container image signature"}},"optional":null}}"#,
        image()
    );
    assert_eq!(String::from_utf8(payload.bytes()).unwrap(), text);
    assert_eq!(Payload::parse(text.as_bytes()), Ok(payload.clone()));
    assert_eq!(Payload::parse(text.replace("cosign container image signature", SIGNED).as_bytes()), Ok(payload));
    for wrong in [text.replace("cosign container", "atomic container"), text.replace("sha256:", "md5:"), String::new()]
    {
        assert!(Payload::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn signatures_under_a_tag_are_added_to_those_that_are_there_and_once() {
    assert_eq!(signature_tag(&image()), format!("sha256-{}.sig", image().hex()));
    let payload = Payload { digest: image(), repository: "registry.example/app".to_owned() };
    let mut signatures = TaggedSignatures::default();
    let bytes = signatures.sign(&payload, &sample());
    let once = signatures.manifest();
    signatures.sign(&payload, &sample());
    assert_eq!(signatures.manifest(), once, "signing again adds nothing");
    signatures.sign(&payload, &other_key());
    let read = TaggedSignatures::parse(&signatures.manifest()).unwrap();
    assert_eq!(read, signatures);
    let all: Vec<_> = read.signatures().collect();
    assert_eq!(all.len(), 2);
    assert!(sample().public().verifies(&bytes, &all[0].signature));
    assert!(other_key().public().verifies(&bytes, &all[1].signature));
    let config: Value = serde_json::from_slice(&read.config()).unwrap();
    let expected = json!([Digest::of(&bytes), Digest::of(&bytes)]);
    assert_eq!(config["rootfs"]["diff_ids"], expected);
}

#[test]
fn what_others_put_under_the_tag_stays_as_it_is() {
    let foreign =
        json!({ "mediaType": "text/plain", "digest": image(), "size": 3, "annotations": { "k": "v" }, "x": 1 });
    let broken = json!({ "mediaType": SIGNATURE_LAYER, "digest": image(), "size": 3 });
    let manifest = json!({ "layers": [foreign, broken, 7], "annotations": { "a": "b" } });
    let mut read = TaggedSignatures::parse(manifest.to_string().as_bytes()).unwrap();
    assert_eq!(read.signatures().count(), 0);
    read.sign(&Payload { digest: image(), repository: "r/a".to_owned() }, &sample());
    let written: Value = serde_json::from_slice(&read.manifest()).unwrap();
    assert_eq!((&written["layers"][0], &written["annotations"]), (&foreign, &json!({ "a": "b" })));
    assert_eq!(read.signatures().count(), 1);
    for wrong in ["", "[]", "{}", r#"{"layers":{}}"#] {
        assert!(TaggedSignatures::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let many = json!({ "layers": vec![foreign; 201] });
    assert!(TaggedSignatures::parse(many.to_string().as_bytes()).is_err());
}

#[test]
fn an_artifact_names_its_subject_and_what_it_is() {
    let mut subject = Descriptor::new("application/vnd.oci.image.manifest.v1+json", image(), 8);
    subject.annotations.insert("not".to_owned(), "repeated".to_owned());
    let bundle = Bundle::sign(&Statement::signature(image()), &sample());
    let artifact = Artifact::bundle(&bundle, SIGNED);
    let manifest: Value = serde_json::from_slice(&artifact.manifest(&subject)).unwrap();
    assert_eq!(manifest["artifactType"], BUNDLE);
    assert_eq!(manifest["annotations"]["dev.sigstore.bundle.predicateType"], SIGNED);
    assert_eq!(manifest["annotations"]["dev.sigstore.bundle.content"], "dsse-envelope");
    assert_eq!(manifest["subject"], json!({ "mediaType": subject.media_type, "digest": image(), "size": 8 }));
    let named = [&manifest["config"]["digest"], &manifest["layers"][0]["digest"]];
    assert_eq!(named.map(|it| it.as_str().unwrap().to_owned()), artifact.blobs().map(|it| Digest::of(it).to_string()));
}

proptest! {
    #[test]
    fn no_document_makes_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), place in 0usize..2000, byte: u8) {
        let _ = (Bundle::parse(&bytes), Statement::parse(&bytes), Payload::parse(&bytes), TaggedSignatures::parse(&bytes));
        let bundle = Bundle::sign(&Statement::signature(image()), &sample());
        let mut changed = bundle.bytes().to_vec();
        let place = place % changed.len();
        let is_same = changed[place] == byte;
        changed[place] = byte;
        if let Ok(statement) = Bundle::parse(&changed).and_then(|bundle| bundle.statement(&sample().public())) {
            // A hint is not signed, and base64 has bits that mean nothing.
            prop_assert!(is_same || statement == Statement::signature(image()));
        }
    }
}
