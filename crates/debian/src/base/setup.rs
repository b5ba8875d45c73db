//! The changes that maintainer scripts and debootstrap make to a machine, applied to a tree.

use shipwheel_layer::{Content, Metadata, Node, Tree, TreeError, TreePath};

use crate::base::error::AssembleError;
use crate::base::loader_cache;
use crate::package::Package;

/// The account that an image's process runs as; the number is the one distroless images use.
const NONROOT: u32 = 65532;

const PASSWD: &str = "root:x:0:0:root:/root:/sbin/nologin\n\
    nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n\
    nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n";

/// The groups of the accounts, and those that packages give files to.
const GROUP: &str = "root:x:0:\ntty:x:5:\nmail:x:8:\nshadow:x:42:\nutmp:x:43:\nstaff:x:50:\n\
    nonroot:x:65532:\nnogroup:x:65534:\n";

/// Without this file, glibc does not read `/etc/hosts` first, and some versions never ask DNS.
const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files dns\nnetworks: files\n\
    protocols: files\nservices: files\n";

/// Directories with special modes, which win over those of packages.
const SPECIAL: [(&str, Metadata); 5] = [
    ("/tmp", Metadata::root(0o1777)),
    ("/var/tmp", Metadata::root(0o1777)),
    ("/run/lock", Metadata::root(0o1777)),
    ("/root", Metadata::root(0o700)),
    ("/home/nonroot", Metadata { mode: 0o700, uid: NONROOT, gid: NONROOT }),
];

/// Directories that every machine has: base-files ships the first, its script makes the others.
const USUAL: [&str; 21] = [
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/proc",
    "/run",
    "/sys",
    "/usr",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/spool",
    "/media",
    "/mnt",
    "/opt",
    "/srv",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/share",
];

/// Makes `/etc/ld.so.cache`, as ldconfig does.
pub(crate) fn loader_cache(tree: &mut Tree, architecture: &str) -> Result<(), TreeError> {
    match loader_cache::loader_cache(tree, architecture)? {
        Some(cache) => put(tree, "/etc/ld.so.cache", Node::File(Metadata::root(0o644), Content::from_bytes(cache))),
        None => Ok(()),
    }
}

/// Makes `/bin`, `/sbin`, `/lib` (and amd64's `/lib64`) links into `/usr`, as debootstrap does.
pub(crate) fn merge_usr(tree: &mut Tree, amd64: bool) -> Result<(), TreeError> {
    for name in ["bin", "sbin", "lib"].into_iter().chain(amd64.then_some("lib64")) {
        tree.insert_directory(&format!("/usr/{name}"), 0o755)?;
        tree.insert_symlink(&format!("/{name}"), &format!("usr/{name}"))?;
    }
    Ok(())
}

/// Makes the usual directories, and `/var/run` and `/var/lock` as links.
pub(crate) fn directories(tree: &mut Tree) -> Result<(), TreeError> {
    for path in USUAL {
        put(tree, path, Node::Directory(Metadata::root(0o755)))?;
    }
    for (path, metadata) in SPECIAL {
        tree.insert(TreePath::new(path)?, Node::Directory(metadata))?;
    }
    for (path, target) in [("/var/run", "/run"), ("/var/lock", "/run/lock")] {
        let path = TreePath::new(path)?;
        let empty = tree.below(&path).next().is_none();
        if empty && tree.node(&path).is_none_or(Node::is_directory) {
            tree.replace(path, Node::Symlink(target.into()))?;
        }
    }
    Ok(())
}

/// Writes the accounts `root`, `nobody` and `nonroot`, and the order of name services.
pub(crate) fn accounts(tree: &mut Tree) -> Result<(), TreeError> {
    for (path, text) in [("/etc/passwd", PASSWD), ("/etc/group", GROUP), ("/etc/nsswitch.conf", NSSWITCH)] {
        put(tree, path, file(text))?;
    }
    Ok(())
}

/// Writes `os-release` where base-files is not among the packages: scanners need it.
pub(crate) fn os_release(tree: &mut Tree, codename: Option<&str>) -> Result<(), TreeError> {
    let number = match codename {
        Some("bullseye") => Some(11),
        Some("bookworm") => Some(12),
        Some("trixie") => Some(13),
        Some("forky") => Some(14),
        _ => None,
    };
    let mut text = "ID=debian\nNAME=\"Debian GNU/Linux\"\n".to_owned();
    match (codename, number) {
        (Some(name), Some(number)) => {
            text += &format!("PRETTY_NAME=\"Debian GNU/Linux {number} ({name})\"\nVERSION_ID=\"{number}\"\n");
            text += &format!("VERSION=\"{number} ({name})\"\nVERSION_CODENAME={name}\n");
        }
        _ => text += "PRETTY_NAME=\"Debian GNU/Linux\"\n",
    }
    put(tree, "/usr/lib/os-release", file(text))?;
    put(tree, "/etc/os-release", Node::Symlink("../usr/lib/os-release".into()))
}

/// Sets the time zone to UTC where tzdata is there.
pub(crate) fn timezone(tree: &mut Tree) -> Result<(), TreeError> {
    const UTC: &str = "/usr/share/zoneinfo/Etc/UTC";
    if tree.resolve(&TreePath::new(UTC)?).is_some() {
        put(tree, "/etc/localtime", Node::Symlink(UTC.into()))?;
        put(tree, "/etc/timezone", file("Etc/UTC\n"))?;
    }
    Ok(())
}

/// Links `/usr/bin/python3` to the newest `python3.X`, where the metapackage `python3` is not there.
pub(crate) fn python(tree: &mut Tree) -> Result<(), TreeError> {
    let bin = TreePath::new("/usr/bin")?;
    let minors = tree.below(&bin).filter_map(|(path, _)| path.name().strip_prefix("python3.")?.parse::<u16>().ok());
    match minors.max() {
        Some(minor) => put(tree, "/usr/bin/python3", Node::Symlink(format!("python3.{minor}").into())),
        None => Ok(()),
    }
}

/// Does what `update-ca-certificates` does, except for the links by hash: the bundle in the order of
/// `LC_ALL=C sort`, a `.pem` link for each, and the links where OpenSSL's library looks for them.
pub(crate) fn certificates(tree: &mut Tree) -> Result<(), AssembleError> {
    const FOLDER: &str = "/usr/share/ca-certificates";
    let folder = TreePath::new(FOLDER).map_err(|error| AssembleError::Setup(error.into()))?;
    let (mut bundle, mut names) = (Vec::new(), Vec::new());
    for (path, node) in tree.below(&folder) {
        let Node::File(_, content) = node else { continue };
        if !path.name().ends_with(".crt") {
            continue;
        }
        let pem = content.to_vec().map_err(|cause| AssembleError::Content { path: path.clone(), cause })?;
        bundle.extend_from_slice(&pem);
        if !pem.ends_with(b"\n") {
            bundle.push(b'\n');
        }
        names.push(path.as_str()[FOLDER.len() + 1..].to_owned());
    }
    if names.is_empty() { Ok(()) } else { put_certificates(tree, bundle, &names).map_err(AssembleError::Setup) }
}

fn put_certificates(tree: &mut Tree, bundle: Vec<u8>, names: &[String]) -> Result<(), TreeError> {
    put(tree, "/etc/ssl/certs/ca-certificates.crt", file(bundle))?;
    put(tree, "/etc/ca-certificates.conf", file(names.join("\n") + "\n"))?;
    for name in names {
        let base = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".crt");
        let base = base.replace([' ', ','], "_").replace(['(', ')'], "=");
        let target = format!("/usr/share/ca-certificates/{name}");
        put(tree, &format!("/etc/ssl/certs/{base}.pem"), Node::Symlink(target.into()))?;
    }
    // The package `openssl` ships these two: a base without that program needs them as well.
    put(tree, "/usr/lib/ssl/cert.pem", Node::Symlink("/etc/ssl/certs/ca-certificates.crt".into()))?;
    put(tree, "/usr/lib/ssl/certs", Node::Symlink("/etc/ssl/certs".into()))
}

/// Writes a package's stanza where scanners look for it in images without dpkg.
pub(crate) fn status(tree: &mut Tree, package: &Package, md5sums: Option<&[u8]>) -> Result<(), TreeError> {
    let path = format!("/var/lib/dpkg/status.d/{}", package.name);
    put(tree, &path, file(control(&package.stanza)))?;
    match md5sums {
        Some(sums) => put(tree, &format!("{path}.md5sums"), file(sums.to_vec())),
        None => Ok(()),
    }
}

/// A stanza as the package itself has it: without the fields that the archive adds.
fn control(stanza: &str) -> String {
    const ARCHIVES: [&str; 6] = ["Filename", "Size", "MD5sum", "SHA1", "SHA256", "Description-md5"];
    let (mut text, mut keep) = (String::new(), true);
    for line in stanza.lines() {
        if !line.starts_with([' ', '\t']) {
            let field = line.split(':').next().unwrap_or_default();
            keep = !ARCHIVES.iter().any(|archive| archive.eq_ignore_ascii_case(field));
        }
        if keep {
            text += line;
            text.push('\n');
        }
    }
    text
}

fn file(content: impl Into<Vec<u8>>) -> Node {
    Node::File(Metadata::root(0o644), Content::from_bytes(content.into()))
}

/// Adds an entry if its path is free; follows links to directories.
fn put(tree: &mut Tree, path: &str, node: Node) -> Result<(), TreeError> {
    let path = tree.resolve_parent(&TreePath::new(path)?);
    if tree.node(&path).is_some() { Ok(()) } else { tree.insert(path, node) }
}
