//! Counts what changes in folders, to kill in the short time between two changes.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

/// What is counted: names that appear and go, and files that were written.
const WANTED: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::CLOSE_WRITE);

/// Changes below a folder since it is watched.
///
/// A folder that appears is watched from then on. What happens in it before that is not counted.
pub(crate) struct Changes {
    inotify: OwnedFd,
    folders: HashMap<i32, PathBuf>,
    count: u64,
}

impl Changes {
    pub(crate) fn below(folder: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        let mut changes = Self { inotify, folders: HashMap::new(), count: 0 };
        changes.watch(folder);
        changes
    }

    /// Watches a folder and those below it; one that went away meanwhile is left out.
    fn watch(&mut self, folder: &Path) {
        let flags = WANTED | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW;
        let Ok(number) = inotify::add_watch(&self.inotify, folder, flags) else { return };
        self.folders.insert(number, folder.to_owned());
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.watch(&entry.path());
            }
        }
    }

    /// How many there were until now.
    pub(crate) fn count(&mut self) -> u64 {
        let mut appeared = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        // The first error says that there are no more for now.
        while let Ok(event) = events.next() {
            self.count += 1;
            let is_folder = event.events().contains(ReadFlags::ISDIR);
            let is_new = event.events().intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
            if let (true, Some(name), Some(folder)) =
                (is_folder && is_new, event.file_name(), self.folders.get(&event.wd()))
            {
                appeared.push(folder.join(std::ffi::OsStr::from_bytes(name.to_bytes())));
            }
        }
        appeared.iter().for_each(|folder| self.watch(folder));
        self.count
    }
}

#[test]
fn names_that_appear_and_go_are_counted_also_in_new_folders() {
    let folder = shipwheel_tests::scratch();
    let mut changes = Changes::below(folder.path());
    std::fs::create_dir(folder.path().join("new")).unwrap();
    assert_eq!(changes.count(), 1);
    std::fs::write(folder.path().join("new/file"), "x").unwrap();
    assert_eq!(changes.count(), 3, "it appeared, and it was written");
    std::fs::remove_file(folder.path().join("new/file")).unwrap();
    assert_eq!(changes.count(), 4);
}
