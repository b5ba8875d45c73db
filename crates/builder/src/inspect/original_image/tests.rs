//! An image with indexes below its index keeps their shape.

use shipwheel_oci::{ImageConfig, LayerDescriptor, Platform, media_type};
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::{NoProgress, Registry, StoredSource};

use super::*;

#[test]
fn nested_indexes_name_the_new_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let cache = shipwheel_store::Cache::open(folder.path()).unwrap();
    let registry = Registry::new(Http::new(HttpOptions::default()).unwrap(), CredentialSources::none());
    let config = ImageConfig::empty(&Platform::linux_amd64()).to_json();
    let manifest =
        shipwheel_oci::Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), Vec::new(), &BTreeMap::new());
    let inner = Index::assemble(vec![manifest.descriptor().clone()], &BTreeMap::new());
    let outer = Index::assemble(vec![inner.descriptor().clone()], &BTreeMap::new());
    let image = PlatformImage { platform: Platform::linux_amd64(), manifest, config, origin: None };
    let stored = StoredImage::with_indexes(vec![inner, outer], vec![image.clone()]).unwrap();
    let source = StoredSource::new(&stored, &cache, &registry, &NoProgress).unwrap();
    let graph = ImageGraph::read(&source, stored.root()).unwrap();
    let original = OriginalImage { graph, images: vec![image.clone()] };

    let layer =
        LayerDescriptor { blob: Descriptor::of(media_type::LAYER, b"new"), diff_id: shipwheel_oci::DiffId::of(b"new") };
    let mut changed = ImageConfig::parse(&image.config).unwrap();
    changed.push_layer(layer.diff_id, "1970-01-01T00:00:00Z", "the test");
    let changed = changed.to_json();
    let manifest = image.manifest.with_layers(&changed, &[layer.blob]).unwrap();
    let replaced =
        original.replace("test", vec![PlatformImage { manifest, config: changed, ..image }], &BTreeMap::new()).unwrap();

    let source = StoredSource::new(&replaced, &cache, &registry, &NoProgress).unwrap();
    let graph = ImageGraph::read(&source, replaced.root()).unwrap();
    assert_eq!((graph.documents().len(), graph.manifests().count()), (3, 1), "two indexes and the new manifest");
    assert_eq!(graph.manifests().next().unwrap().layers.len(), 1);
    assert_ne!(replaced.root().digest, stored.root().digest);
}
