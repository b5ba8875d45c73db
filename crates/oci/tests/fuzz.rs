//! Whatever a registry answers, parsing it is an error or a value, never a panic.

mod mutation;

use mutation::{mutated, mutated_text};
use proptest::prelude::*;
use shipwheel_oci::{Digest, ImageConfig, Index, Manifest, Platform, Reference};

const DESCRIPTOR: &str = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":7,"platform":{"architecture":"arm64","os":"linux","variant":"v8"},"annotations":{"a":"b"}}"#;

fn documents() -> Vec<Vec<u8>> {
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{DESCRIPTOR},"layers":[{DESCRIPTOR}],"subject":{DESCRIPTOR}}}"#
    );
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{DESCRIPTOR}]}}"#
    );
    let config = r#"{"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{"Env":["A=B"],"Cmd":["x"]},"rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"history":[{"created_by":"x","empty_layer":true}]}"#;
    [manifest, index, config.to_owned()].map(String::into_bytes).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changed_manifests_indexes_and_configs_are_read_without_a_panic(bytes in mutated(documents())) {
        let _ = (Manifest::parse(bytes.clone()), Index::parse(bytes.clone()), ImageConfig::parse(&bytes));
    }

    #[test]
    fn changed_references_digests_and_platforms_are_read_without_a_panic(text in mutated_text(&["registry.example:5000/team/app:1.0@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "[::1]:5000/a/b", "linux/arm64/v8"])) {
        let _ = (text.parse::<Reference>(), text.parse::<Digest>(), text.parse::<Platform>());
    }
}
