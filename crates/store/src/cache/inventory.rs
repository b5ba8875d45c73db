//! What is in the cache: each thing with its size and its last use, and the sums by kind.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::time::SystemTime;

use super::areas::{Areas, UV};
use crate::disk::{Folder, changed, file_size};
use crate::error::Result;

/// Records that are no results, but what protects the next build: the dates against which a mirror that goes back in
/// time is seen.
const MEMORY: [&str; 1] = ["newest-release"];

/// How blobs begin, and what they are therefore.
const FORMATS: [(&[u8], &str); 6] = [
    (&[0x1f, 0x8b], "layers and other gzip files"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "layers (zstd)"),
    (b"PK\x03\x04", "wheels and other zip files"),
    (b"!<arch>\n", "Debian packages"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "indexes (xz)"),
    (b"{", "manifests, configs and other JSON"),
];

/// What the name of a folder of packs ends with.
pub(super) const PACKS: &str = "-packs";

/// A folder with files of one value each, or with packs.
pub(super) struct ValueFolder {
    pub(super) kind: String,
    pub(super) folder: Folder,
    pub(super) packed: bool,
}

/// All things of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindUsage {
    /// What they are, as users see it.
    pub kind: String,
    /// How many there are.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// One thing that can be removed by itself.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) folder: Folder,
    pub(super) name: OsString,
    /// Empty for blobs: what they are is in their bytes.
    kind: String,
    pub(super) bytes: u64,
    pub(super) used: SystemTime,
    /// Whether the time of its last use is not noted: it stays for as long as anybody runs.
    pub(super) is_foreign: bool,
}

impl Item {
    /// Whether it is a folder, which goes away as a whole before anything in it does.
    pub(super) fn is_tree(&self) -> bool {
        self.folder.leads_on(&self.name)
    }

    fn kind(&self) -> String {
        match self.kind.is_empty() {
            true => format_of(&self.folder, &self.name).to_owned(),
            false => self.kind.clone(),
        }
    }
}

/// What a blob is, by its first bytes.
fn format_of(folder: &Folder, name: &OsStr) -> &'static str {
    let mut head = Vec::new();
    let read = folder.open_file(name).and_then(|file| file.take(8).read_to_end(&mut head));
    let found = FORMATS.iter().find(|(start, _)| read.is_ok() && head.starts_with(start));
    found.map_or("sources and other blobs", |(_, kind)| kind)
}

impl Areas {
    /// Everything that can be removed.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn items(&self) -> Result<Vec<Item>> {
        let mut items = files(&self.blobs, "")?;
        for (kind, folder) in kinds(&self.records)?.into_iter().filter(|(kind, _)| !MEMORY.contains(&kind.as_str())) {
            items.extend(files(&folder, &format!("records: {kind}"))?);
        }
        for values in self.values()? {
            items.extend(files(&values.folder, &format!("values: {}", values.kind))?);
        }
        for (kind, folder) in kinds(&self.folders)? {
            items.extend(trees(&folder, folder.names()?, &format!("folders: {kind}"), false));
        }
        items.extend(trees(&self.root, vec![UV.into()], "uv's own cache", true));
        Ok(items)
    }

    /// The folders of values.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn values(&self) -> Result<Vec<ValueFolder>> {
        let mut all = Vec::new();
        for (kind, folder) in kinds(&self.entries)? {
            match kind.strip_suffix(PACKS) {
                Some(kind) => all.extend(kinds(&folder)?.into_iter().map(|(_, folder)| ValueFolder {
                    kind: kind.to_owned(),
                    folder,
                    packed: true,
                })),
                None => all.push(ValueFolder { kind, folder, packed: false }),
            }
        }
        Ok(all)
    }

    /// The sums by kind, the largest first.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn usage(&self) -> Result<Vec<KindUsage>> {
        let mut sums = BTreeMap::<String, (u64, u64)>::new();
        let unfinished = trees(&self.tmp, self.tmp.names()?, "not finished yet", true);
        for item in self.items()?.into_iter().chain(unfinished) {
            let (count, bytes) = sums.entry(item.kind()).or_default();
            (*count, *bytes) = (*count + 1, *bytes + item.bytes);
        }
        let mut usage: Vec<KindUsage> =
            sums.into_iter().map(|(kind, (count, bytes))| KindUsage { kind, count, bytes }).collect();
        usage.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.kind.cmp(&b.kind)));
        Ok(usage)
    }
}

/// The folders of an area by their names.
pub(super) fn kinds(area: &Folder) -> Result<Vec<(String, Folder)>> {
    let mut kinds = Vec::new();
    for name in area.names()?.into_iter().filter(|name| area.leads_on(name)) {
        if let (Some(text), Some(folder)) = (name.to_str(), area.below(&name)?) {
            kinds.push((text.to_owned(), folder));
        }
    }
    Ok(kinds)
}

/// The regular files in a folder; what another process removes in the meantime is not there.
fn files(folder: &Folder, kind: &str) -> Result<Vec<Item>> {
    let item = |name: OsString| {
        let stat = folder.stat(&name).ok()?;
        let (bytes, used) = (file_size(&stat)?, changed(&stat));
        Some(Item { folder: folder.clone(), name, kind: kind.to_owned(), bytes, used, is_foreign: false })
    };
    Ok(folder.names()?.into_iter().filter_map(item).collect())
}

/// Some things in a folder, each with all that is below it.
fn trees(folder: &Folder, names: Vec<OsString>, kind: &str, is_foreign: bool) -> Vec<Item> {
    let item = |name: OsString| {
        let (bytes, newest) = folder.extent(&name).ok()?;
        let used = if is_foreign { newest } else { changed(&folder.stat(&name).ok()?) };
        Some(Item { folder: folder.clone(), name, kind: kind.to_owned(), bytes, used, is_foreign })
    };
    names.into_iter().filter_map(item).collect()
}
