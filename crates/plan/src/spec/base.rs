//! `base`: where an image's base comes from.

use shipwheel_oci::Reference;

use crate::spec::section::{Located, Section, Value};

/// Where a base image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Assembled from Debian's packages.
    Debian(DebianBase),
    /// Pulled from a registry.
    Image(Located<Reference>),
    /// Read from an OCI layout folder or archive, relative to the image.toml.
    Layout(Located<String>),
}

impl Base {
    /// What it is called where one of several is chosen: the suite, the reference, the path.
    pub fn name(&self) -> String {
        match self {
            Self::Debian(debian) => debian.suite.value.clone(),
            Self::Image(reference) => reference.value.to_string(),
            Self::Layout(path) => path.value.clone(),
        }
    }

    /// Whether it is the one that a user calls so: an image also by the name that it was written with.
    pub fn is_called(&self, name: &str) -> bool {
        let same = |reference: &Reference| name.parse::<Reference>().is_ok_and(|named| named == *reference);
        self.name() == name || matches!(self, Self::Image(reference) if same(&reference.value))
    }
}

/// A base assembled from Debian's packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebianBase {
    /// `bookworm`.
    pub suite: Located<String>,
    /// The packages wanted; their dependencies come along.
    pub packages: Vec<Located<String>>,
    /// Packages that count as present and never come along.
    pub exclude: Vec<String>,
    /// The archive, where the image.toml names it.
    pub mirror: Option<Located<String>>,
    /// The security archive, where the image.toml names it.
    pub security_mirror: Option<Located<String>>,
    /// Whether an expired `InRelease` is refused; apt's settings decide where it is not set.
    pub check_valid_until: Option<bool>,
    /// Whether a release that is dated in the future, or older than the one seen before, is refused.
    pub check_date: bool,
    /// A file of OpenPGP certificates to trust in place of Debian's own.
    pub keyring: Option<Located<String>>,
    /// What becomes of libraries that wheels need and that neither they nor the base have.
    pub libraries: Libraries,
}

/// What becomes of missing libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Libraries {
    /// A warning names the package that has each.
    #[default]
    Warn,
    /// The packages that have them are added.
    Auto,
}

impl DebianBase {
    /// The minor version of the Python that its packages name: 11 of `python3.11`.
    pub fn python_minor(&self) -> Option<u32> {
        let minor = |name: &str| name.strip_prefix("python3.")?.split('=').next()?.parse().ok();
        self.packages.iter().find_map(|package| minor(&package.value))
    }
}

impl Libraries {
    const NAMES: [(&str, Self); 2] = [("warn", Self::Warn), ("auto", Self::Auto)];
}

pub(super) fn read_bases(top: &Section<'_>) -> Option<Vec<Base>> {
    let Some(value) = top.value("base") else {
        return Some(Vec::new());
    };
    let items: Vec<_> = match value.get_ref().as_array() {
        Some(list) if list.is_empty() => {
            top.report(value, "`base` is an empty list, expected at least one base".to_owned());
            return None;
        }
        Some(list) => list.iter().collect(),
        None => vec![value],
    };
    // Every base is read, so that the problems of all of them are reported.
    let bases: Vec<Option<Base>> = items.into_iter().map(|item| read_base(top, item)).collect();
    bases.into_iter().collect()
}

fn read_base<'v>(top: &Section<'v>, item: &'v Value<'v>) -> Option<Base> {
    let section = top.of_value("base", item, &["debian", "image", "layout"])?;
    let debian = section.section("debian", DEBIAN_KEYS);
    match (debian, section.text("image"), section.text("layout")) {
        (Some(debian), None, None) => read_debian(&section, &debian, item),
        (None, Some(image), None) => match image.value.parse() {
            Ok(reference) => Some(Base::Image(Located { value: reference, span: image.span })),
            Err(error) => {
                section.report(section.value("image")?, format!("{error}"));
                None
            }
        },
        (None, None, Some(layout)) => Some(Base::Layout(layout)),
        _ => {
            let message = "expected exactly one of `debian = { … }`, `image = \"…\"` or `layout = \"…\"` for a base";
            section.report(item, message.to_owned());
            None
        }
    }
}

const DEBIAN_KEYS: &[&str] = &[
    "suite",
    "packages",
    "exclude",
    "mirror",
    "security-mirror",
    "check-valid-until",
    "check-date",
    "keyring",
    "libraries",
];

fn read_debian(base: &Section<'_>, debian: &Section<'_>, item: &Value<'_>) -> Option<Base> {
    let suite = debian.text("suite");
    let packages = debian.texts("packages");
    if suite.is_none() && debian.value("suite").is_none() {
        base.report(item, "`base.debian` is missing `suite`, such as \"bookworm\"".to_owned());
    }
    if packages.as_ref().is_none_or(Vec::is_empty) && debian.value("packages").is_none() {
        base.report(item, "`base.debian` is missing `packages`, such as [\"python3.11\"]".to_owned());
    }
    Some(Base::Debian(DebianBase {
        suite: suite?,
        packages: packages?,
        exclude: debian.texts("exclude").unwrap_or_default().into_iter().map(|name| name.value).collect(),
        mirror: debian.text("mirror"),
        security_mirror: debian.text("security-mirror"),
        check_valid_until: debian.boolean("check-valid-until"),
        check_date: debian.boolean("check-date").unwrap_or(true),
        keyring: debian.text("keyring"),
        libraries: read_libraries(debian)?,
    }))
}

fn read_libraries(debian: &Section<'_>) -> Option<Libraries> {
    let Some(text) = debian.text("libraries") else { return Some(Libraries::default()) };
    let known = Libraries::NAMES.iter().find(|(name, _)| *name == text.value);
    if known.is_none() {
        let message = format!("`base.debian.libraries` is `{}`, expected \"warn\" or \"auto\"", text.value);
        debian.report_at(text.span, message);
    }
    known.map(|(_, libraries)| *libraries)
}
