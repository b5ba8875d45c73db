//! A wheel's members against its file name and its RECORD.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use shipwheel_layer::{Content, ContentError};
use shipwheel_oci::Digest;

use crate::name::DistributionName;
use crate::wheel::dist_info::header;
use crate::wheel::error::WheelErrorKind as Kind;
use crate::wheel::member::Member;
use crate::wheel::name::WheelName;
use crate::wheel::record::{Record, RecordRow};
use crate::wheel::strong_hash::{StrongHash, digest};

/// The one `.dist-info` folder at the root, which must be of the distribution in the file name.
pub(super) fn dist_info(name: &WheelName, members: &[Member]) -> Result<String, Kind> {
    let folders = members.iter().filter_map(|member| member.path.split_once('/').map(|(folder, _)| folder));
    let found: BTreeSet<&str> = folders.filter(|folder| folder.ends_with(".dist-info")).collect();
    let mut one = found.iter().filter(|folder| found.len() == 1 && is_of(name, folder));
    one.next().map(|folder| (*folder).to_owned()).ok_or_else(|| Kind::DistInfo {
        expected: format!("{} {}", name.distribution, name.version),
        found: found.iter().map(|folder| (*folder).to_owned()).collect(),
    })
}

/// METADATA is of the distribution and the version that the file name has: the lock chose the wheel by those.
pub(super) fn identity(name: &WheelName, metadata: &str) -> Result<(), Kind> {
    let [distribution, version] = ["Name", "Version"].map(|key| header(metadata, key));
    let is_same = distribution.parse::<DistributionName>().is_ok_and(|distribution| distribution == name.distribution)
        && version.parse::<Version>().is_ok_and(|version| version == name.version);
    let shown = |text: &str| text.chars().take(200).collect::<String>();
    if is_same {
        return Ok(());
    }
    Err(Kind::Identity {
        expected: format!("{} {}", name.distribution, name.version),
        found: format!("`{}` `{}`", shown(distribution), shown(version)),
    })
}

fn is_of(name: &WheelName, folder: &str) -> bool {
    let parts = folder.strip_suffix(".dist-info").and_then(|stem| stem.rsplit_once('-'));
    parts.is_some_and(|(distribution, version)| {
        distribution.parse::<DistributionName>().is_ok_and(|distribution| distribution == name.distribution)
            && version.parse::<Version>().is_ok_and(|version| version == name.version)
    })
}

/// Gives every member its digest from RECORD, or from its bytes where RECORD has none, and says how both differ.
///
/// pip and uv install a wheel whatever its RECORD lists, and write one of their own: the lock's hash of the whole wheel
/// is what its files are held against. So a difference is told and does no harm, except for a hash that is not that of
/// the file.
///
/// # Errors
/// When a file cannot be read, or has another sha384 or sha512. Another sha256 is found wherever a file is read.
pub(super) fn record(
    dist_info: &str,
    members: &mut [Member],
    record: &Record,
    content: impl Fn(&Member) -> Content,
) -> Result<Vec<String>, Kind> {
    // RECORD cannot hold its own digest, and signatures are made of it (PEP 427).
    let unhashed = ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|file| format!("{dist_info}/{file}"));
    let rows = rows_of(record, members);
    let mut differences = Vec::new();
    for member in members.iter_mut().filter(|member| !unhashed.contains(&member.path)) {
        let row = rows.get(&member.path);
        differences.extend(row_difference(member, row.copied()));
        let row = row.map_or_else(RecordRow::default, |(_, row)| **row);
        member.sha256 = Some(match row.sha256 {
            Some(sha256) => sha256,
            None => hashed(&member.path, &content(member), row.stronger.as_ref())?,
        });
    }
    let used: BTreeSet<&str> = rows.values().map(|(written, _)| *written).collect();
    let missing = record.rows.keys().filter(|path| !used.contains(path.as_str()) && !unhashed.contains(path));
    differences.extend(missing.map(|path| format!("`{path}` is missing from the archive")));
    Ok(differences)
}

/// A row and the path that RECORD writes it with.
type Written<'r> = (&'r str, &'r RecordRow);

/// The row of each member, by the member's path. Rows may be written as on Windows, as absolute, or beginning with `./`.
fn rows_of<'r>(record: &'r Record, members: &[Member]) -> BTreeMap<String, Written<'r>> {
    let paths: BTreeSet<&str> = members.iter().map(|member| member.path.as_str()).collect();
    let mut rows: BTreeMap<String, Written<'r>> = BTreeMap::new();
    for (written, row) in &record.rows {
        let slashes = written.replace('\\', "/");
        let meant = slashes.trim_start_matches("./").trim_start_matches('/');
        match (paths.contains(written.as_str()), paths.contains(meant)) {
            (true, _) => drop(rows.insert(written.clone(), (written.as_str(), row))),
            (false, true) => drop(rows.entry(meant.to_owned()).or_insert((written.as_str(), row))),
            (false, false) => {}
        }
    }
    rows
}

fn row_difference(member: &Member, row: Option<Written<'_>>) -> Option<String> {
    let path = &member.path;
    match row {
        None => Some(format!("`{path}` is not in RECORD")),
        Some((written, _)) if written != path => Some(format!("`{path}` is listed as `{written}`")),
        Some((_, row)) if row.size.is_some_and(|size| size != member.size) => {
            Some(format!("`{path}` has another size"))
        }
        Some((_, row)) if row.sha256.is_none() && row.stronger.is_none() => Some(format!("`{path}` has no hash")),
        Some(_) => None,
    }
}

fn hashed(path: &str, content: &Content, expected: Option<&StrongHash>) -> Result<Digest, Kind> {
    let unreadable = |cause| ContentError::Read { source_name: content.source_name(), cause };
    let (sha256, is_same) =
        digest(content, expected).map_err(|cause| Kind::Content { path: path.to_owned(), cause: unreadable(cause) })?;
    match is_same {
        true => Ok(sha256),
        false => Err(Kind::Hash { path: path.to_owned() }),
    }
}
