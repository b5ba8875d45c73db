//! `Release`: a suite's description of itself and its indexes, read only from signed text.

mod error;

use std::collections::BTreeMap;

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use shipwheel_oci::Digest;
use shipwheel_openpgp::{Keyring, VerifyError};

pub use error::ReleaseError;

/// A package index as a release names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// The path below the suite's folder: `main/binary-amd64/Packages.xz`.
    pub path: String,
    /// The path that names it by digest, if the archive has such paths: a fetch then cannot race with an update.
    pub by_hash: Option<String>,
    /// Its sha256.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A suite's release file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Release {
    /// `oldstable`, `stable-security`; equals the codename where the file has none.
    pub suite: String,
    /// `bookworm`, `bookworm-security`.
    pub codename: String,
    /// When it was made.
    pub date: Timestamp,
    /// When it expires.
    pub valid_until: Option<Timestamp>,
    /// Whether files can be fetched by digest.
    pub acquire_by_hash: bool,
    /// `amd64`, `arm64`.
    pub architectures: Vec<String>,
    /// `main`, `updates/main`.
    pub components: Vec<String>,
    /// Sha256 and size in bytes of each file, by its path below the suite's folder.
    pub files: BTreeMap<String, (Digest, u64)>,
}

impl Release {
    /// How far the clocks of an archive and of this machine may differ, in seconds; apt allows as much.
    const MAX_SKEW: i64 = 10;

    /// Checks an `InRelease` file and reads the part of it that is signed.
    ///
    /// # Errors
    /// When the file is anything but one cleartext message, when no signature counts (made by a key of the keyring
    /// that is valid at `now`), or when the signed text is not a release.
    pub fn verify(in_release: &[u8], keyring: &Keyring, now: Timestamp) -> Result<Self, ReleaseError> {
        let text = keyring.verify_cleartext(in_release, now.as_second()).map_err(|error| match error {
            VerifyError::Format(cause) => ReleaseError::NotSigned(cause),
            VerifyError::Refused(refusals) => ReleaseError::NoGoodSignature { refusals },
        })?;
        Self::parse(&String::from_utf8(text).map_err(ReleaseError::NotUtf8)?)
    }

    /// Reads the text of a release: only what a signature covers.
    fn parse(text: &str) -> Result<Self, ReleaseError> {
        let malformed =
            |found: String| ReleaseError::Field { field: "Release", found: found.chars().take(200).collect() };
        let paragraphs = BorrowedParser::new(text).parse_all().map_err(|error| malformed(error.to_string()))?;
        let [paragraph] = &paragraphs[..] else {
            return Err(malformed(format!("{} paragraphs instead of one", paragraphs.len())));
        };
        let words = |field| -> Vec<String> {
            single(paragraph, field).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        let (suite, codename) = (single(paragraph, "Suite"), single(paragraph, "Codename"));
        let missing = ReleaseError::Field { field: "Codename", found: String::new() };
        let codename = codename.or(suite).ok_or(missing)?.to_owned();
        Ok(Self {
            suite: suite.unwrap_or(&codename).to_owned(),
            codename,
            date: date(paragraph, "Date")?.ok_or(ReleaseError::Field { field: "Date", found: String::new() })?,
            valid_until: date(paragraph, "Valid-Until")?,
            acquire_by_hash: single(paragraph, "Acquire-By-Hash") == Some("yes"),
            architectures: words("Architectures"),
            components: words("Components"),
            files: files(paragraph)?,
        })
    }

    /// Checks that the release may still be used.
    ///
    /// # Errors
    /// When its `Valid-Until` has passed. One without that date never expires.
    pub fn check_valid_until(&self, now: Timestamp) -> Result<(), ReleaseError> {
        match self.valid_until {
            Some(valid_until) if valid_until < now => {
                Err(ReleaseError::Expired { suite: self.codename.clone(), valid_until, now })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the release is of the past, and not older than the newest one that this archive had before.
    ///
    /// # Errors
    /// When its `Date` is in the future, or before `seen`. apt takes neither.
    pub fn check_date(&self, now: Timestamp, seen: Option<Timestamp>) -> Result<(), ReleaseError> {
        let (suite, date) = (self.codename.clone(), self.date);
        if date.as_second() > now.as_second().saturating_add(Self::MAX_SKEW) {
            return Err(ReleaseError::Future { suite, date, now });
        }
        match seen {
            Some(seen) if date < seen => Err(ReleaseError::Older { suite, date, seen }),
            _ => Ok(()),
        }
    }

    /// Checks that this is the release that was asked for: the same keys sign those of other suites.
    ///
    /// # Errors
    /// When neither codename nor suite is the one asked for.
    pub fn check_suite(&self, expected: &str) -> Result<(), ReleaseError> {
        if self.codename == expected || self.suite == expected {
            return Ok(());
        }
        let (suite, codename) = (self.suite.clone(), self.codename.clone());
        Err(ReleaseError::WrongSuite { expected: expected.to_owned(), suite, codename })
    }

    /// The package index of a component for an architecture: as xz, else as gzip.
    pub fn packages_index(&self, component: &str, architecture: &str) -> Option<IndexFile> {
        self.index(&format!("{component}/binary-{architecture}"), "Packages")
    }

    /// The list of the files that the packages of a component for an architecture have: as xz, else as gzip.
    pub fn contents_index(&self, component: &str, architecture: &str) -> Option<IndexFile> {
        self.index(component, &format!("Contents-{architecture}"))
    }

    fn index(&self, folder: &str, name: &str) -> Option<IndexFile> {
        ["xz", "gz"].into_iter().find_map(|suffix| {
            let path = format!("{folder}/{name}.{suffix}");
            let (digest, size) = *self.files.get(&path)?;
            let by_hash = self.acquire_by_hash.then(|| format!("{folder}/by-hash/SHA256/{}", digest.hex()));
            Some(IndexFile { path, by_hash, digest, size })
        })
    }
}

fn single<'a>(paragraph: &BorrowedParagraph<'a>, field: &str) -> Option<&'a str> {
    paragraph.get_single(field).map(str::trim).filter(|value| !value.is_empty())
}

fn date(paragraph: &BorrowedParagraph<'_>, field: &'static str) -> Result<Option<Timestamp>, ReleaseError> {
    let Some(text) = single(paragraph, field) else { return Ok(None) };
    let parsed = DateTimeParser::new().parse_timestamp(text.replace("UTC", "+0000"));
    parsed.map(Some).map_err(|_| ReleaseError::Field { field, found: text.chars().take(200).collect() })
}

fn files(paragraph: &BorrowedParagraph<'_>) -> Result<BTreeMap<String, (Digest, u64)>, ReleaseError> {
    let lines = paragraph.get("SHA256").unwrap_or_default();
    lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).map(file).collect()
}

fn file(line: &str) -> Result<(String, (Digest, u64)), ReleaseError> {
    let error = || ReleaseError::Field { field: "SHA256", found: line.chars().take(200).collect() };
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(digest), Some(size), Some(path), None) => {
            let digest = Digest::from_hex(digest).map_err(|_| error())?;
            Ok((path.to_owned(), (digest, size.parse().map_err(|_| error())?)))
        }
        _ => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn text() -> String {
        format!(
            "Suite: oldstable-security\nCodename: bookworm-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n\
             Valid-Until: Sat, 28 Nov 2026 00:53:02 UTC\nAcquire-By-Hash: yes\nArchitectures: amd64 arm64\n\
             Components: updates/main\nSHA256:\n {DIGEST}   20 main/binary-amd64/Packages.gz\n \
             {DIGEST} 10 main/binary-amd64/Packages.xz\n {DIGEST} 20 main/binary-arm64/Packages.gz\n \
             {DIGEST} 30 main/Contents-amd64.gz\n"
        )
    }

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn a_release_names_its_indexes() {
        let release = Release::parse(&text()).expect("valid");
        assert_eq!(release.date, time("2026-11-21T00:53:02Z"));
        assert_eq!(release.architectures, ["amd64", "arm64"]);
        let index = release.packages_index("main", "amd64").expect("listed");
        assert_eq!((index.path.as_str(), index.size), ("main/binary-amd64/Packages.xz", 10));
        assert_eq!(index.by_hash, Some(format!("main/binary-amd64/by-hash/SHA256/{DIGEST}")));
        assert_eq!(release.packages_index("main", "arm64").expect("listed").path, "main/binary-arm64/Packages.gz");
        assert_eq!(release.packages_index("contrib", "amd64"), None);
        let contents = release.contents_index("main", "amd64").expect("listed");
        assert_eq!((contents.path.as_str(), contents.size), ("main/Contents-amd64.gz", 30));
        assert_eq!(contents.by_hash, Some(format!("main/by-hash/SHA256/{DIGEST}")));
    }

    #[test]
    fn an_expired_release_is_refused_with_the_way_out() {
        let release = Release::parse(&text()).expect("valid");
        assert!(release.check_valid_until(time("2026-11-28T00:53:02Z")).is_ok());
        let error = release.check_valid_until(time("2026-11-28T00:53:03Z")).expect_err("expired");
        assert!(error.to_string().contains("valid until 2026-11-28T00:53:02Z"), "{error}");
        assert!(error.to_string().contains("`check-valid-until = false`"), "{error}");
    }

    #[test]
    fn a_release_is_of_the_past_and_never_goes_back() {
        let release = Release::parse(&text()).expect("valid");
        let check = |now: &str, seen: Option<&str>| release.check_date(time(now), seen.map(time));
        let (made, later) = ("2026-11-21T00:53:02Z", "2026-11-22T00:00:00Z");
        assert!(check(made, None).is_ok());
        assert!(check("2026-11-21T00:52:52Z", None).is_ok());
        assert!(matches!(check("2026-11-21T00:52:51Z", None), Err(ReleaseError::Future { .. })));
        assert!(matches!(check("1970-01-01T00:00:00Z", None), Err(ReleaseError::Future { .. })));
        assert!(check(later, Some(made)).is_ok());
        assert!(check(later, Some("2026-11-20T00:00:00Z")).is_ok());
        assert!(matches!(check(later, Some("2026-11-21T00:53:03Z")), Err(ReleaseError::Older { .. })));
    }

    #[test]
    fn a_release_of_another_suite_is_refused() {
        let release = Release::parse(&text()).expect("valid");
        for (suite, good) in
            [("bookworm-security", true), ("oldstable-security", true), ("bookworm", false), ("", false)]
        {
            assert_eq!(release.check_suite(suite).is_ok(), good, "{suite}");
        }
    }

    #[test]
    fn fields_that_cannot_be_right_are_errors() {
        for (good, bad, expected) in [
            ("Sat, 21 Nov", "21.11.", "`Date`"),
            ("Date: ", "Day: ", "`Date`"),
            ("Valid-Until: Sat", "Valid-Until: never", "`Valid-Until`"),
            (" 10 main", " ten main", "`SHA256`"),
            (DIGEST, "00", "`SHA256`"),
            ("Codename: bookworm-security", "", "`Release`"),
            ("Suite", "\u{0}", "nothing"),
        ] {
            match Release::parse(&text().replacen(good, bad, 1)) {
                Ok(_) => assert_eq!(expected, "nothing"),
                Err(error) => assert!(error.to_string().contains(expected), "{error}"),
            }
        }
    }
}
