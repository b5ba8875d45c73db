//! SBOMs in CycloneDX 1.6.

use serde::Serialize;
use shipwheel_oci::{Digest, canonical_json};

use super::component::{Component, Kind};
use super::document::Bill;
use super::license::License;
use super::purl::Purl;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    serial_number: String,
    version: u32,
    metadata: Metadata,
    components: Vec<Part>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    timestamp: String,
    tools: Tools,
    component: Part,
}

#[derive(Serialize)]
struct Tools {
    components: Vec<Part>,
}

#[derive(Serialize, Default)]
struct Part {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "String::is_empty")]
    reference: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Choice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Expression(String),
    License { name: String },
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Serialize)]
struct Occurrence {
    location: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
}

impl Part {
    fn of(component: &Component, distribution: Option<&str>) -> Self {
        let kind = match component.kind {
            Kind::Application => "application",
            Kind::Debian { .. } | Kind::Interpreter | Kind::Python | Kind::Bundled { .. } => "library",
        };
        let licenses = match &component.license {
            License::Unknown => None,
            License::Expression(text) => Some(Choice::Expression(text.clone())),
            License::Named(name) => Some(Choice::License { name: name.clone() }),
        };
        let hashes = component.hashes.iter().map(|hash| Hash { alg: "SHA-256", content: hash.digest.hex() });
        let mut files: Vec<&String> = component.files.iter().collect();
        files.sort();
        files.dedup();
        let occurrences: Vec<Occurrence> =
            files.into_iter().map(|path| Occurrence { location: path.clone() }).collect();
        let purl = component.purl(distribution);
        let digest = Digest::of(format!("{:?}\n{}\n{}", component.kind, component.name, component.version).as_bytes());
        let reference = match &purl {
            // Two wheels may say that they hold the same.
            Some(purl) if !matches!(component.kind, Kind::Bundled { .. }) => purl.clone(),
            _ => format!("part-{}", digest.short()),
        };
        Self {
            kind,
            reference,
            name: component.name.clone(),
            version: component.version.clone(),
            licenses: licenses.into_iter().collect(),
            hashes: hashes.collect(),
            purl,
            properties: properties(component),
            evidence: (!occurrences.is_empty()).then_some(Evidence { occurrences }),
        }
    }
}

/// What scanners and people ask for and the format has no field for.
fn properties(component: &Component) -> Vec<Property> {
    let property = |name, value: &str| Property { name, value: value.to_owned() };
    match &component.kind {
        Kind::Debian { source: (name, version), .. } => vec![
            property("aquasecurity:trivy:PkgType", "debian"),
            property("aquasecurity:trivy:SrcName", name),
            property("aquasecurity:trivy:SrcVersion", version),
        ],
        Kind::Bundled { within, .. } => vec![property("shipwheel:within", within)],
        Kind::Application | Kind::Interpreter | Kind::Python => Vec::new(),
    }
}

/// The SBOM of an image in CycloneDX 1.6: the same bytes for the same image.
pub fn cyclonedx(bill: &Bill) -> Vec<u8> {
    let manifest = bill.manifest.to_string();
    let purl = Purl::new("oci", &bill.name, &manifest).qualifier("arch", &bill.platform.architecture).to_string();
    let system = bill.system.as_ref().map(|system| Part {
        kind: "operating-system",
        reference: format!("os-{}-{}", system.id, system.version),
        name: system.id.clone(),
        version: system.version.clone(),
        ..Part::default()
    });
    let distribution = bill.distribution();
    let parts = bill.parts().into_iter().map(|part| Part::of(part, distribution.as_deref()));
    let mut components: Vec<Part> = system.into_iter().chain(parts).collect();
    let mut seen = std::collections::BTreeSet::from([purl.clone()]);
    components.retain(|part| seen.insert(part.reference.clone()));
    let depends_on: Vec<String> = components.iter().map(|part| part.reference.clone()).collect();
    let leaves = depends_on.iter().map(|reference| Dependency { reference: reference.clone(), depends_on: Vec::new() });
    let leaves: Vec<Dependency> = leaves.collect();
    let dependencies = std::iter::once(Dependency { reference: purl.clone(), depends_on }).chain(leaves).collect();
    let image = Part {
        kind: "container",
        reference: purl.clone(),
        name: bill.name.clone(),
        version: manifest,
        purl: Some(purl),
        ..Part::default()
    };
    let tool =
        Part { kind: "application", name: "shipwheel".to_owned(), version: bill.tool.clone(), ..Part::default() };
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: bill.created.clone(),
            tools: Tools { components: vec![tool] },
            component: image,
        },
        components,
        dependencies,
    };
    document.serial_number = serial(&Digest::of(&canonical_json(&document)));
    canonical_json(&document)
}

/// A UUID (RFC 9562, version 8) that stands for a digest.
fn serial(digest: &Digest) -> String {
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = bytes.map(|byte| format!("{byte:02x}")).concat();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
