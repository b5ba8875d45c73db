//! How a base is made.

/// How a base is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseOptions {
    /// Leaves out files that no program reads. In `/usr/share`: `doc` except the `copyright` files and the
    /// links between packages' folders, `man`, `info`, `locale`, `lintian`, `bug`, `doc-base`, `menu`,
    /// `applications`, `pixmaps`, `bash-completion`, `gcc` and `gdb` (printers for debuggers). `__pycache__` is left out in any case.
    pub slim: bool,
    /// The suite's codename: for `/etc/os-release` where no package has it.
    pub codename: Option<String>,
    /// Makes `/etc/ld.so.cache`, for programs that look libraries up by name.
    pub loader_cache: bool,
}

impl Default for BaseOptions {
    fn default() -> Self {
        Self { slim: true, codename: None, loader_cache: false }
    }
}
