//! A shared cache that somebody else wrote: what counts of it, and what does not.

use serde_json::json;
use shipwheel_loopback::MemoryRegistry;
use shipwheel_oci::{DiffId, LayerDescriptor, media_type};
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::{Http, HttpOptions};

use super::*;
use crate::shared::records::pack;

const REPOSITORY: &str = "cache";

struct Setup {
    server: MemoryRegistry,
    _folder: tempfile::TempDir,
    cache: Cache,
    registry: Registry,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let registry = Registry::new(Http::new(HttpOptions::default()).unwrap(), CredentialSources::none());
        Self { server: MemoryRegistry::start(true), _folder: folder, cache, registry }
    }

    fn put(&self, tag: &Reference, bytes: &[u8]) {
        let tag = tag.tag().unwrap();
        self.server.contents().add_manifest(REPOSITORY, tag, media_type::MANIFEST, bytes);
    }

    fn repository(&self) -> Repository {
        format!("{}/{REPOSITORY}", self.server.address()).parse().unwrap()
    }

    fn open(&self) -> Result<FarCache, StoreError> {
        let platforms = [Platform::linux_amd64(), Platform::linux_arm64()];
        FarCache::open(&self.registry, &self.repository(), &self.cache, "shop", &platforms)
    }

    /// Puts a build with these records and blobs under both of its tags.
    fn build(&self, records: &[(&str, Digest, &[u8])], blobs: Vec<Descriptor>) {
        let packed = pack(records.iter().copied()).unwrap();
        self.server.contents().add_blob(REPOSITORY, &packed);
        let layers = [vec![Descriptor::of(RECORDS_TYPE, &packed)], blobs].concat();
        let all = "linux/amd64,linux/arm64".to_owned();
        let manifest = CacheManifest::new(BUILD_TYPE, layers, &[(PLATFORMS, all)]).to_json();
        for platform in [Platform::linux_amd64(), Platform::linux_arm64()] {
            self.put(&place::last_build(&self.repository(), "shop", &platform).unwrap(), &manifest);
        }
    }
}

fn blob(bytes: &[u8]) -> Descriptor {
    Descriptor::of(media_type::LAYER_GZIP, bytes)
}

fn record(blob: &Descriptor) -> Vec<u8> {
    let descriptor = LayerDescriptor { blob: blob.clone(), diff_id: DiffId::of(b"tar") };
    json!({ "descriptor": descriptor, "warnings": [] }).to_string().into_bytes()
}

#[test]
fn a_build_lends_its_records_and_its_layers_and_is_asked_for_once() {
    let setup = Setup::new();
    let (key, layer) = (Digest::of(b"key"), blob(b"layer"));
    setup.server.contents().add_blob(REPOSITORY, b"layer");
    setup.build(&[("layer", key, &record(&layer)), ("wheel", key, b"{}")], vec![layer.clone()]);
    let far = setup.open().unwrap();
    assert_eq!(setup.server.lines().len(), 2, "one manifest and one blob: {:?}", setup.server.lines());
    assert_eq!((far.record("layer", &key), far.record("wheel", &key)), (Some(record(&layer)), Some(b"{}".to_vec())));
    assert_eq!(far.record("wheel", &Digest::of(b"other")), None);
    assert_eq!(
        (far.blob_size(&layer.digest), far.origin(&layer.digest)),
        (Some(5), Some(setup.repository().reference().clone()))
    );
    let lent = setup.cache.clone().with_far_side(std::sync::Arc::new(far));
    assert!(lent.has(&layer) && !setup.cache.has(&layer), "nothing is fetched before it is read");
    assert_eq!(lent.read_blob(&layer.digest).unwrap(), b"layer");
    assert!(setup.cache.has(&layer));
}

#[test]
fn a_layer_whose_blob_the_build_does_not_list_as_it_is_counts_for_nothing() {
    let (key, layer) = (Digest::of(b"key"), blob(b"layer"));
    let longer = Descriptor { size: 6, ..layer.clone() };
    let other_type = Descriptor { media_type: media_type::LAYER_ZSTD.to_owned(), ..layer.clone() };
    for (listed, record) in [
        (vec![], record(&layer)),
        (vec![longer], record(&layer)),
        (vec![other_type], record(&layer)),
        (vec![layer.clone()], b"{}".to_vec()),
        (vec![layer.clone()], b"\xff".to_vec()),
    ] {
        let setup = Setup::new();
        setup.build(&[("layer", key, &record)], listed);
        assert_eq!(setup.open().unwrap().record("layer", &key), None, "{}", String::from_utf8_lossy(&record));
    }
}

#[test]
fn a_single_layer_counts_only_under_its_whole_key() {
    let (key, layer) = (Digest::of(b"key"), blob(b"layer"));
    // The tag has only a part of a key.
    let mut near = *key.as_bytes();
    near[31] ^= 1;
    let near = Digest::from_bytes(near);
    let text = String::from_utf8(record(&layer)).unwrap();
    let of = |kind: &str, key: &Digest, layers: Vec<Descriptor>| {
        CacheManifest::new(kind, layers, &[(KEY, key.to_string()), (RECORD, text.clone())]).to_json()
    };
    for (manifest, expected) in [
        (of(LAYER_TYPE, &key, vec![layer.clone()]), true),
        (of(LAYER_TYPE, &near, vec![layer.clone()]), false),
        (of(BUILD_TYPE, &key, vec![layer.clone()]), false),
        (of(LAYER_TYPE, &key, vec![]), false),
        (of(LAYER_TYPE, &key, vec![blob(b"other")]), false),
        (of(LAYER_TYPE, &key, vec![layer.clone(), layer.clone()]), false),
        (b"{}".to_vec(), false),
    ] {
        let setup = Setup::new();
        setup.put(&place::entry(&setup.repository(), &key).unwrap(), &manifest);
        let found = setup.open().unwrap().record("layer", &key);
        assert_eq!(found, expected.then(|| record(&layer)), "{}", String::from_utf8_lossy(&manifest));
    }
}

#[test]
fn what_is_no_build_or_too_long_is_an_error_and_a_missing_one_is_none() {
    let setup = Setup::new();
    assert_eq!(setup.open().unwrap().len(), 0);
    let tag = place::last_build(&setup.repository(), "shop", &Platform::linux_arm64()).unwrap();
    let huge = Descriptor::new(RECORDS_TYPE, Digest::of(b""), MAX_RECORDS + 1);
    let broken = b"not zstd";
    setup.server.contents().add_blob(REPOSITORY, broken);
    for layers in [vec![huge], vec![Descriptor::of(RECORDS_TYPE, broken)]] {
        setup.put(&tag, &CacheManifest::new(BUILD_TYPE, layers, &[]).to_json());
        assert!(setup.open().is_err());
    }
    setup.put(&tag, &CacheManifest::new("application/x", vec![], &[]).to_json());
    let error = setup.open().unwrap_err();
    assert_eq!(error.kind(), shipwheel_store::ErrorKind::Configuration, "{error}");
}
