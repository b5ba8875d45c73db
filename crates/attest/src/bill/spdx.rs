//! SBOMs in SPDX 2.3.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use shipwheel_oci::{Digest, canonical_json};

use super::component::{Component, HashedFile, Kind, sha1};
use super::document::Bill;
use super::license::License;
use super::purl::Purl;

/// What SPDX calls what nobody says.
const NOTHING: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version_info: String,
    supplier: String,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_verification_code: Option<VerificationCode>,
    license_concluded: &'static str,
    license_declared: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_comments: Option<String>,
    copyright_text: &'static str,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationCode {
    package_verification_code_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(rename = "SPDXID")]
    id: String,
    file_name: String,
    checksums: [Checksum; 2],
}

impl File {
    fn of(file: &HashedFile) -> Self {
        let checksum = |algorithm, value: &str| Checksum { algorithm, checksum_value: value.to_owned() };
        Self {
            id: file_id(file),
            // Relative to the root, as the specification asks for.
            file_name: format!(".{}", file.path),
            checksums: [checksum("SHA1", &file.sha1), checksum("SHA256", &file.sha256.hex())],
        }
    }
}

fn file_id(file: &HashedFile) -> String {
    format!("SPDXRef-File-{}", short(&[&file.path]))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

impl Package {
    fn new(id: String, name: &str, version: &str, purpose: &'static str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            version_info: version.to_owned(),
            supplier: NOTHING.to_owned(),
            download_location: NOTHING,
            files_analyzed: false,
            has_files: Vec::new(),
            package_verification_code: None,
            license_concluded: NOTHING,
            license_declared: NOTHING.to_owned(),
            license_comments: None,
            copyright_text: NOTHING,
            primary_package_purpose: purpose,
            source_info: None,
            checksums: Vec::new(),
            external_refs: Vec::new(),
        }
    }

    fn sha256(mut self, digests: impl IntoIterator<Item = Digest>) -> Self {
        let checksum = |digest: Digest| Checksum { algorithm: "SHA256", checksum_value: digest.hex() };
        self.checksums = digests.into_iter().map(checksum).collect();
        self
    }

    /// With the files that are known by their hashes, and the code that stands for all of them (SPDX 2.3, 7.9).
    fn files(mut self, files: &[&HashedFile]) -> Self {
        if !files.is_empty() {
            let mut sums: Vec<&str> = files.iter().map(|file| file.sha1.as_str()).collect();
            sums.sort_unstable();
            let package_verification_code_value = sha1(sums.concat().as_bytes());
            self.files_analyzed = true;
            self.has_files = files.iter().map(|file| file_id(file)).collect();
            self.package_verification_code = Some(VerificationCode { package_verification_code_value });
        }
        self
    }

    fn purl(mut self, purl: Option<String>) -> Self {
        self.external_refs = purl
            .into_iter()
            .map(|reference_locator| ExternalRef {
                reference_category: "PACKAGE-MANAGER",
                reference_type: "purl",
                reference_locator,
            })
            .collect();
        self
    }

    fn of(component: &Component, id: String, distribution: Option<&str>) -> Self {
        let purpose = match component.kind {
            Kind::Application => "APPLICATION",
            Kind::Debian { .. } | Kind::Interpreter | Kind::Python | Kind::Bundled { .. } => "LIBRARY",
        };
        // SPDX knows one checksum of each kind for a package.
        let hash = component.hashes.iter().min().map(|hash| hash.digest);
        let mut package = Self::new(id, &component.name, &component.version, purpose).sha256(hash);
        package = package.purl(component.purl(distribution));
        match &component.license {
            License::Unknown => {}
            License::Expression(expression) => package.license_declared.clone_from(expression),
            License::Named(name) => package.license_comments = Some(format!("the package says: {name}")),
        }
        package.source_info = match &component.kind {
            Kind::Debian { source: (name, version), .. } => Some(format!("built package from: {name} {version}")),
            Kind::Bundled { within, .. } => Some(format!("the wheel of {within} says that it holds this")),
            Kind::Application | Kind::Interpreter | Kind::Python => None,
        };
        package
    }
}

/// The SBOM of an image in SPDX 2.3: the same bytes for the same image.
pub fn spdx(bill: &Bill) -> Vec<u8> {
    let root = "SPDXRef-Image".to_owned();
    let manifest = bill.manifest.to_string();
    let purl = Purl::new("oci", &bill.name, &manifest).qualifier("arch", &bill.platform.architecture);
    let image = Package::new(root.clone(), &bill.name, &manifest, "CONTAINER").sha256([bill.manifest]);
    let mut packages = vec![image.purl(Some(purl.to_string()))];
    if let Some(system) = &bill.system {
        // trivy knows a distribution of Linux by how its identifier begins.
        let id = format!("SPDXRef-OperatingSystem-{}", short(&[&system.id, &system.version]));
        packages.push(Package::new(id, &system.id, &system.version, "OPERATING-SYSTEM"));
    }
    let distribution = bill.distribution();
    let (mut seen, mut files) = (BTreeSet::new(), BTreeMap::new());
    for part in bill.parts() {
        let purl = part.purl(distribution.as_deref()).unwrap_or_default();
        let id = format!("SPDXRef-Package-{}", short(&[&part.name, &part.version, &purl]));
        if seen.insert(id.clone()) {
            // A file of two parts is of the first.
            let mut own: Vec<&HashedFile> = part.hashed.iter().filter(|it| !files.contains_key(&it.path)).collect();
            own.sort();
            own.dedup_by(|a, b| a.path == b.path);
            packages.push(Package::of(part, id, distribution.as_deref()).files(&own));
            files.extend(own.into_iter().map(|file| (file.path.clone(), File::of(file))));
        }
    }
    let related = |from: &str, kind, to: &str| Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    };
    let contained = packages.iter().skip(1).map(|package| related(&root, "CONTAINS", &package.id));
    let relationships = std::iter::once(related("SPDXRef-DOCUMENT", "DESCRIBES", &root)).chain(contained).collect();
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: bill.name.clone(),
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: bill.created.clone(),
            creators: vec![format!("Tool: shipwheel-{}", bill.tool)],
        },
        packages,
        files: files.into_values().collect(),
        relationships,
    };
    // Another name for another text, and the same for the same.
    let digest = Digest::of(&canonical_json(&document));
    document.document_namespace = format!("https://shipwheel.invalid/spdx/{}-{}", bill.manifest.hex(), digest.short());
    canonical_json(&document)
}

/// An identifier of letters and digits that stands for some texts.
fn short(texts: &[&str]) -> String {
    Digest::of(texts.join("\n").as_bytes()).hex().chars().take(16).collect()
}
