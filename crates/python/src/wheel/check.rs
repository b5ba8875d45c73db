//! A wheel's members against its file name and its RECORD.

use std::collections::BTreeSet;

use pep440_rs::Version;

use crate::name::DistributionName;
use crate::wheel::dist_info::header;
use crate::wheel::error::WheelErrorKind as Kind;
use crate::wheel::member::Member;
use crate::wheel::name::WheelName;
use crate::wheel::record::Record;

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

/// Gives every member its digest from RECORD; both must list the same files with the same sizes.
pub(super) fn record(dist_info: &str, members: &mut [Member], record: &Record) -> Result<(), Kind> {
    // RECORD cannot hold its own digest, and signatures are made of it (PEP 427).
    let unhashed = ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|file| format!("{dist_info}/{file}"));
    let mut differences = Vec::new();
    for member in members.iter_mut() {
        let row = record.rows.get(&member.path);
        if unhashed.contains(&member.path) {
            continue;
        }
        match row {
            None => differences.push(format!("`{}` is not in RECORD", member.path)),
            Some(row) if row.sha256.is_none() => differences.push(format!("`{}` has no sha256", member.path)),
            Some(row) if row.size.is_some_and(|size| size != member.size) => {
                differences.push(format!("`{}` has another size", member.path));
            }
            Some(row) => member.sha256 = row.sha256,
        }
    }
    let paths: BTreeSet<&str> = members.iter().map(|member| member.path.as_str()).collect();
    let missing = record.rows.keys().filter(|path| !paths.contains(path.as_str()) && !unhashed.contains(path));
    differences.extend(missing.map(|path| format!("`{path}` is missing from the archive")));
    if differences.is_empty() { Ok(()) } else { Err(Kind::Unrecorded(differences)) }
}
