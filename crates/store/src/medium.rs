//! The kinds of files and folders that hold an image on this machine.

/// A kind of file or folder that holds an image, by the name that comes before its path.
///
/// A new one is a variant and its arms; the compiler asks for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// `oci`: an OCI image layout folder.
    Layout,
    /// `oci-archive`: an OCI image layout in a tar.
    OciArchive,
    /// `docker-archive`: what `docker load` takes, for one platform.
    DockerArchive,
}

impl Medium {
    /// Every medium, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Layout, Self::OciArchive, Self::DockerArchive];

    /// The medium that follows in [`ALL`](Self::ALL).
    const fn next(self) -> Option<Self> {
        match self {
            Self::Layout => Some(Self::OciArchive),
            Self::OciArchive => Some(Self::DockerArchive),
            Self::DockerArchive => None,
        }
    }

    /// The name before a path, such as `oci-archive` in `oci-archive:FILE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Layout => "oci",
            Self::OciArchive => "oci-archive",
            Self::DockerArchive => "docker-archive",
        }
    }

    /// The medium of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|medium| medium.name() == name)
    }

    /// All names as a message lists them: `a, b or c`.
    pub fn names() -> String {
        let names = Self::ALL.map(Self::name);
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} or {last}", first.join(", ")),
            None => String::new(),
        }
    }
}

/// `ALL` leaves out nothing that `next` leads to.
const _: () = {
    let mut place = 0;
    while place < Medium::ALL.len() {
        match Medium::ALL[place].next() {
            Some(next) => assert!(Medium::ALL[place + 1] as usize == next as usize),
            None => assert!(place + 1 == Medium::ALL.len()),
        }
        place += 1;
    }
};
