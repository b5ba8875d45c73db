//! How much the cache may hold and how long: what goes beyond is removed, the least recently used first.

use std::time::{Duration, SystemTime};

use super::areas::Areas;
use super::folder::Cache;
use super::inventory::{Item, KindUsage};
use super::presence::EXACTNESS;
use crate::disk::unfinished_name;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// How many things are removed while the gate is closed: builds wait for no more.
const BATCH: usize = 64;

/// How often the cache is held against its limit by builds.
const SWEPT_EACH: Duration = Duration::from_secs(24 * 3600);

/// The file whose time says when that was.
const SWEPT: &str = "swept";

/// What may stay; `None` sets no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes.
    pub keep_size: Option<u64>,
    /// How long after its last use.
    pub older_than: Option<Duration>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many things.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that are left.
    pub left: u64,
    /// The bytes that should go and stay, because running processes may use them.
    pub in_use: u64,
}

impl Cache {
    /// What is in the cache, by kind.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn usage(&self) -> Result<Vec<KindUsage>> {
        self.areas.usage()
    }

    /// Removes what is beyond the limits; what another running process may use stays.
    ///
    /// Each thing goes away in one step, so that a kill leaves nothing in part.
    ///
    /// # Errors
    /// When the file system has no locks, or something cannot be read or removed.
    pub fn prune(&self, limits: Limits) -> Result<Pruned> {
        self.areas.prune(limits, false)
    }

    /// Holds the cache against its limit, unless this was done within a day; `None` if nothing was to be done. What
    /// this process and others used stays.
    ///
    /// # Errors
    /// As [`Cache::prune`].
    pub fn sweep(&self, keep_size: u64) -> Result<Option<Pruned>> {
        let root = &self.areas.root;
        if root.age(SWEPT.as_ref()).is_some_and(|age| age < SWEPT_EACH) {
            return Ok(None);
        }
        let path = root.path().join(SWEPT);
        root.open_lock(SWEPT).map_err(StoreError::file(FileAction::Create, &path))?;
        root.touch(SWEPT.as_ref()).map_err(StoreError::file(FileAction::Write, &path))?;
        let pruned = self.areas.prune(Limits { keep_size: Some(keep_size), older_than: None }, true)?;
        Ok((pruned.count > 0 || pruned.in_use > 0).then_some(pruned))
    }
}

impl Areas {
    fn prune(&self, limits: Limits, keep_own: bool) -> Result<Pruned> {
        let mut items = self.items()?;
        items.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.name.cmp(&b.name)));
        let mut pruned = Pruned { left: items.iter().map(|item| item.bytes).sum(), ..Pruned::default() };
        let (now, mut left) = (SystemTime::now(), pruned.left);
        let beyond = |item: &&Item| {
            let too_old = limits.older_than.is_some_and(|age| now.duration_since(item.used).is_ok_and(|it| it >= age));
            let is_beyond = too_old || limits.keep_size.is_some_and(|size| left > size);
            left -= if is_beyond { item.bytes } else { 0 };
            is_beyond
        };
        let beyond: Vec<&Item> = items.iter().filter(beyond).collect();
        for batch in beyond.chunks(BATCH) {
            self.remove(batch, keep_own, &mut pruned)?;
        }
        if !keep_own {
            self.remove_locks()?;
        }
        Ok(pruned)
    }

    /// Removes some things that nobody may use. Folders are moved aside while the gate is closed, and emptied later.
    fn remove(&self, items: &[&Item], keep_own: bool, pruned: &mut Pruned) -> Result<()> {
        let mut aside = Vec::new();
        let gate = self.presence.gate()?;
        let oldest = self.presence.oldest(keep_own)?;
        for item in items {
            let Ok(used) = last_use(item) else { continue };
            let may_be_used = oldest.is_some_and(|begun| item.is_foreign || used + EXACTNESS >= begun);
            if may_be_used || used > item.used {
                pruned.in_use += item.bytes;
                continue;
            }
            if item.is_tree() {
                let name = unfinished_name();
                let moved = item.folder.rename(&item.name, &self.tmp, &name);
                moved.map_err(StoreError::file(FileAction::Remove, &item.folder.path().join(&item.name)))?;
                aside.push(name);
            } else {
                item.folder.remove_file(&item.name)?;
            }
            (pruned.count, pruned.bytes) = (pruned.count + 1, pruned.bytes + item.bytes);
            pruned.left -= item.bytes;
        }
        drop(gate);
        aside.iter().try_for_each(|name| self.tmp.remove_tree(name))
    }

    /// Removes the files that locks were taken on, if nobody else is there to hold one.
    fn remove_locks(&self) -> Result<()> {
        let _gate = self.presence.gate()?;
        if self.presence.oldest(false)?.is_some() {
            return Ok(());
        }
        for (_, folder) in super::inventory::kinds(&self.locks)? {
            folder.names()?.iter().try_for_each(|name| folder.remove_file(name))?;
        }
        Ok(())
    }
}

/// When something was last used, as noted by now.
fn last_use(item: &Item) -> std::io::Result<SystemTime> {
    match item.is_foreign {
        true => item.folder.extent(&item.name).map(|(_, used)| used),
        false => item.folder.stat(&item.name).map(|stat| crate::disk::changed(&stat)),
    }
}

#[cfg(test)]
mod tests;
