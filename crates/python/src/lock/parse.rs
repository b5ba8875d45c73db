//! pylock.toml as TOML has it, and the way from there to checked values.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipwheel_oci::Digest;
use toml::Spanned;

use crate::lock::checker::{Checker, FormVersions, Of, name_in_path, name_in_url};
use crate::lock::error::LockError;
use crate::lock::pylock::{Lock, LockedPackage, LockedSdist, LockedWheel, Origin};
use crate::repository::Repository;
use crate::wheel::StrongHash;

const VERSIONS: FormVersions = FormVersions {
    key: "lock-version",
    known: "version 1",
    remedy: "export it again with a tool that writes version 1 (PEP 751)",
};

/// Keys that are not listed are ignored, as the PEP asks for within version 1.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    lock_version: Spanned<String>,
    requires_python: Option<Spanned<String>>,
    #[serde(default)]
    environments: Vec<Spanned<String>>,
    #[serde(default)]
    default_groups: Vec<String>,
    #[serde(default)]
    packages: Vec<Spanned<RawPackage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: Spanned<String>,
    version: Option<Spanned<String>>,
    marker: Option<Spanned<String>>,
    requires_python: Option<Spanned<String>>,
    #[serde(default)]
    wheels: Vec<Spanned<RawFile>>,
    sdist: Option<Spanned<RawFile>>,
    directory: Option<RawPlace>,
    vcs: Option<RawPlace>,
    archive: Option<Spanned<RawFile>>,
}

#[derive(Deserialize)]
struct RawFile {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    hashes: BTreeMap<String, Spanned<String>>,
    subdirectory: Option<String>,
}

impl RawFile {
    fn file_name(&self) -> Option<String> {
        let in_path = || self.path.as_ref().map(|path| name_in_path(path).to_owned());
        self.name.clone().or_else(in_path).or_else(|| self.url.as_deref().map(name_in_url))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPlace {
    r#type: Option<String>,
    url: Option<String>,
    path: Option<String>,
    commit_id: Option<String>,
    requested_revision: Option<String>,
    subdirectory: Option<String>,
}

impl RawPlace {
    /// A folder, with the one below it that has the project.
    fn directory(self) -> Origin {
        let path = self.path.unwrap_or_default();
        Origin::Directory(self.subdirectory.map_or(path.clone(), |folder| format!("{path}/{folder}")))
    }

    /// A repository; what is no address of git's is refused where it would be built.
    fn repository(self) -> Origin {
        let place = self.url.or(self.path.filter(|path| path.starts_with('/')).map(|path| format!("file://{path}")));
        let place = place.unwrap_or_default();
        let place = place.strip_prefix("git+").unwrap_or(&place);
        let revision = self.commit_id.or(self.requested_revision);
        let shown = revision.as_ref().map_or(place.to_owned(), |revision| format!("{place} at {revision}"));
        let address = revision.map_or(format!("git+{place}"), |revision| format!("git+{place}@{revision}"));
        let is_git = self.r#type.is_none_or(|kind| kind == "git");
        match Repository::parse(&address, self.subdirectory) {
            Ok(repository) if is_git => Origin::Git(repository),
            _ => Origin::Vcs(shown),
        }
    }
}

impl Lock {
    /// Parses the text of a pylock.toml; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not a lock of version 1, or values in it cannot be used: all of them at once.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
        let mut checker = Checker::new(text);
        if raw.lock_version.get_ref().split('.').next() != Some("1") {
            checker.report_version(raw.lock_version.span(), Some(raw.lock_version.get_ref()), &VERSIONS);
        }
        let lock = Self {
            file: file.to_owned(),
            requires_python: checker.optional(raw.requires_python),
            environments: raw.environments.into_iter().filter_map(|marker| checker.value(&marker)).collect(),
            default_groups: raw.default_groups,
            packages: raw.packages.into_iter().filter_map(|package| checker.package(package)).collect(),
        };
        checker.finish(lock, file)
    }
}

impl Checker {
    fn package(&mut self, raw: Spanned<RawPackage>) -> Option<LockedPackage> {
        let line = self.line(&raw.span());
        let raw = raw.into_inner();
        let origin = raw.directory.map(RawPlace::directory);
        let origin = origin.or_else(|| raw.vcs.map(RawPlace::repository));
        let name = self.value(&raw.name);
        let (mut wheels, mut sdist) = (raw.wheels, raw.sdist);
        // A wheel given by its URL is an archive (PEP 751); it is a wheel all the same, and others are sources.
        let archive = raw.archive.and_then(|archive| match archive.get_ref().file_name() {
            Some(name) if name.ends_with(".whl") => {
                wheels.push(archive);
                None
            }
            name if archive.get_ref().subdirectory.is_some() => Some(Origin::Archive(name.unwrap_or_default())),
            _ => {
                sdist.get_or_insert(archive);
                None
            }
        });
        let version = self.optional(raw.version);
        let of = Of { name: name.as_ref(), version: version.as_ref() };
        let mut wheel = |raw| self.wheel(raw, of);
        let wheels = wheels.into_iter().filter_map(&mut wheel).collect();
        let package = LockedPackage {
            marker: self.optional(raw.marker),
            requires_python: self.optional(raw.requires_python),
            wheels,
            version,
            sdist: sdist.map(|sdist| self.sdist(sdist.into_inner())),
            origin: origin.or(archive),
            name: name?,
            line,
        };
        Some(package)
    }

    fn wheel(&mut self, raw: Spanned<RawFile>, of: Of<'_>) -> Option<LockedWheel> {
        let span = raw.span();
        let raw = raw.into_inner();
        let Some(name) = raw.file_name() else {
            self.report(span, "a wheel has no name, path or url".to_owned());
            return None;
        };
        let name = self.wheel_name(span, &name, of)?;
        let (sha256, stronger) = self.hashes_of(&raw.hashes);
        Some(LockedWheel { name, url: raw.url, path: raw.path, size: raw.size, sha256, stronger })
    }

    fn sdist(&mut self, raw: RawFile) -> LockedSdist {
        let (sha256, stronger) = self.hashes_of(&raw.hashes);
        LockedSdist { sha256, stronger, url: raw.url, path: raw.path }
    }

    /// The sha256 of a file, else the strongest hash that it has in its place.
    fn hashes_of(&mut self, hashes: &BTreeMap<String, Spanned<String>>) -> (Option<Digest>, Vec<StrongHash>) {
        if let Some(raw) = hashes.get("sha256") {
            return (self.sha256(raw.span(), raw.get_ref()), Vec::new());
        }
        let strongest = StrongHash::ALGORITHMS.into_iter().find_map(|name| Some((name, hashes.get(name)?)));
        let hash = strongest.and_then(|(name, raw)| self.stronger(raw.span(), name, raw.get_ref()));
        (None, hash.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = r#"
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.11"
default-groups = ["main"]
unknown-key = 1

[[packages]]
name = "Foo_Bar"
version = "1.2"
marker = "sys_platform == 'linux'"
requires-python = ">=3.8"
index = "https://index.example/simple"
dependencies = [{ name = "other" }]
wheels = [
    { url = "https://index.example/a/foo_bar-1.2%2Bcpu-py3-none-any.whl?x=1#y", size = 10, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } },
    { name = "foo_bar-1.2-py2-none-any.whl", path = "wheels/other.zip", hashes = { md5 = "x" } },
]
sdist = { url = "https://index.example/foo-1.2.tar.gz", hashes = {} }

[[packages]]
name = "local"
directory = { path = "./local", editable = true }
"#;

    #[test]
    fn a_lock_is_read_with_what_selection_needs() {
        let lock = Lock::parse(GOOD, "pylock.toml").unwrap_or_else(|error| panic!("{error}"));
        let [foo, local] = &lock.packages[..] else { panic!("two packages") };
        assert_eq!((foo.name.as_str(), foo.line, local.line), ("foo-bar", 8, 21));
        assert_eq!(foo.wheels[0].name.file_name(), "foo_bar-1.2+cpu-py3-none-any.whl");
        assert!(foo.wheels[0].sha256.is_some() && foo.wheels[1].sha256.is_none());
        assert_eq!(foo.wheels[1].path.as_deref(), Some("wheels/other.zip"));
        assert!(foo.sdist.is_some());
        assert_eq!(local.origin, Some(Origin::Directory("./local".to_owned())));
    }

    #[test]
    fn a_wheel_of_another_distribution_or_version_is_refused_with_both_names() {
        for (package, version, wheel, expected) in [
            ("Foo.Bar", "1.0", "foo_bar-1.0.0-py3-none-any.whl", None),
            ("foo-bar", "1.0", "Foo_Bar-1.0+cpu-1b-py3-none-any.whl", None),
            ("foo-bar", "1.0+cpu", "foo_bar-1.0+cpu-py3-none-any.whl", None),
            ("foo-bar", "", "foo_bar-7-py3-none-any.whl", None),
            ("foo-bar", "1.0rc1", "foo_bar-1.0c1-py3-none-any.whl", None),
            ("Foo_Baz", "1.0", "foo_bar-1.0-py3-none-any.whl", Some("a wheel of foo-bar, but the package is foo-baz")),
            ("foo", "1.0", "foo_bar-1.0-py3-none-any.whl", Some("a wheel of foo-bar, but the package is foo")),
            ("foo-bar", "1.0", "foo_bar-1.1-py3-none-any.whl", Some("of version 1.1, but the package has version 1.0")),
            ("foo-bar", "1.0+cpu", "foo_bar-1.0-py3-none-any.whl", Some("but the package has version 1.0+cpu")),
            ("foo-bar", "1.0+cpu", "foo_bar-1.0+cu1-py3-none-any.whl", Some("of version 1.0+cu1")),
            ("foo-bar", "1.0", "foo_bar-1.0.post1-py3-none-any.whl", Some("of version 1.0.post1")),
        ] {
            let version = if version.is_empty() { String::new() } else { format!("version = '{version}'\n") };
            for file in [format!("wheels = [{{ name = '{wheel}' }}]"), format!("archive = {{ path = 'x/{wheel}' }}")] {
                let text = format!("lock-version = '1.0'\n[[packages]]\nname = '{package}'\n{version}{file}\n");
                let found = Lock::parse(&text, "l").err().map(|error| error.to_string());
                let is_expected = match (&found, expected) {
                    (None, None) => true,
                    (Some(found), Some(part)) => found.contains(part) && found.contains(wheel),
                    _ => false,
                };
                assert!(is_expected, "{package} {version} {wheel}: {found:?}");
            }
        }
    }

    #[test]
    fn an_archive_that_is_a_wheel_is_a_wheel() {
        let lock = |name: &str| {
            let url = format!("https://index.example/{name}?x");
            Lock::parse(&format!("lock-version='1.0'\n[[packages]]\nname='a'\narchive={{url='{url}'}}"), "l")
                .expect("valid")
        };
        assert_eq!(lock("a-1-py3-none-any.whl").packages[0].wheels.len(), 1);
        assert!(lock("a-1.zip").packages[0].sdist.is_some(), "others are sources");
        let folder =
            "lock-version='1.0'\n[[packages]]\nname='a'\narchive={url='https://h.example/a-1.zip', subdirectory='b'}";
        let lock = Lock::parse(folder, "l").expect("valid");
        assert_eq!(lock.packages[0].origin, Some(Origin::Archive("a-1.zip".to_owned())));
    }

    #[test]
    fn folders_and_repositories_are_read_with_what_is_below_them() {
        let commit = "0".repeat(40);
        for (table, expected) in [
            ("directory = { path = 'libs/a', subdirectory = 'b' }", "the folder libs/a/b".to_owned()),
            (
                "vcs = { type = 'git', url = 'https://h.example/a', commit-id = 'COMMIT', subdirectory = 'b' }",
                format!("the repository https://h.example/a at {commit}, folder b"),
            ),
            (
                "vcs = { type = 'git', path = '/a', commit-id = 'COMMIT' }",
                format!("the repository file:///a at {commit}"),
            ),
            (
                "vcs = { type = 'hg', url = 'https://h.example/a', commit-id = '1' }",
                "the repository https://h.example/a at 1".to_owned(),
            ),
            ("vcs = { type = 'git', url = 'ext::sh', commit-id = '1' }", "the repository ext::sh at 1".to_owned()),
        ] {
            let table = table.replace("COMMIT", &commit);
            let lock =
                Lock::parse(&format!("lock-version='1.0'\n[[packages]]\nname='a'\n{table}"), "l").expect("valid");
            let origin = lock.packages[0].origin.as_ref().expect("an origin");
            assert_eq!(origin.to_string(), expected);
            let is_git = table.contains("COMMIT") || table.contains(&commit);
            assert_eq!(matches!(origin, Origin::Git(_)), is_git, "{table}");
        }
    }

    #[test]
    fn every_wrong_value_is_reported_with_its_line() {
        let text =
            GOOD.replace(">=3.8", "3.8 or so").replace("sys_platform ==", "sys ==").replace("foo_bar-1.2-py2", "x");
        let LockError::Values { problems, .. } = Lock::parse(&text, "l").expect_err("three problems") else {
            panic!("values")
        };
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [11, 12, 17]);
    }

    #[test]
    fn an_invalid_lock_is_refused_with_its_line() {
        for (text, line, part) in [
            ("", 1, "lock-version"),
            ("a = 1\nlock-version = '2.0'", 2, "version 1"),
            ("lock-version = '1.0'\npackages = 3", 2, ""),
            ("lock-version = '1.0'\n[[packages]]\nname = 3", 3, ""),
            ("lock-version = '1.0'\n[[packages]]\nname = '.'", 3, "name"),
            ("lock-version =", 1, ""),
            ("lock-version = '1.0'\n[[packages]]\nname='a'\nversion='1'\nwheels=[{}]", 5, "no name, path or url"),
        ] {
            let error = Lock::parse(text, "file").expect_err(text).to_string();
            assert!(error.contains(&format!("{line}:")) && error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_change_of_a_byte_parses_or_is_refused(at in 0..GOOD.len(), byte in 0_u8..128) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = Lock::parse(&String::from_utf8_lossy(&bytes), "file");
        }
    }
}
