//! `.deb` archives: the control files and the data tar (deb(5)).

use std::io::{self, Write};
use std::sync::Arc;

use shipwheel_layer::{Node, ReadError, ReadLimits, TreePath, read_tar};

use crate::package::compression::{Compression, DecompressError};

/// The most that a control tar may inflate to, in bytes.
const MAX_CONTROL: u64 = 64 << 20;

/// A `.deb` that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    /// The file is not an ar archive, or ends too early.
    #[error("not a complete .deb archive")]
    Archive(#[source] io::Error),
    /// The archive is not a Debian binary package of version 2.
    #[error("not a Debian binary package: {reason}")]
    Form {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The tar of the control files is broken, or programs read it differently.
    #[error("the control files of the .deb cannot be read")]
    Control(#[source] ReadError),
    /// A member cannot be decompressed.
    #[error("member `{member}` of the .deb cannot be read")]
    Member {
        /// The member.
        member: String,
        /// The cause.
        #[source]
        cause: DecompressError,
    },
}

/// An opened `.deb`.
#[derive(Debug, Clone)]
pub struct Deb<'a> {
    /// The control files as an uncompressed tar.
    pub control: Arc<Vec<u8>>,
    /// The data tar as it is stored.
    pub data: &'a [u8],
    /// Its compression.
    pub compression: Compression,
}

/// Reads the members of a `.deb`, and its control files.
///
/// # Errors
/// When it is not a Debian binary package, or its compression is not supported (zstd).
pub fn open_deb(bytes: &[u8]) -> Result<Deb<'_>, DebError> {
    let mut members = members(bytes)?.into_iter();
    match members.next() {
        Some((name, version)) if name == "debian-binary" && version.starts_with(b"2.") => {}
        Some((name, _)) if name == "debian-binary" => return Err(DebError::Form { reason: "its version is not 2" }),
        _ => return Err(DebError::Form { reason: "`debian-binary` is not the first member" }),
    }
    let (mut control, mut data) = (None, None);
    // Members whose names begin with `_` are for later use and must be passed over.
    for (name, bytes) in members.filter(|(name, _)| !name.starts_with('_')) {
        let wanted = match name.split_once(".tar") {
            Some(("control", _)) => &mut control,
            Some(("data", _)) if control.is_some() => &mut data,
            _ => return Err(DebError::Form { reason: "its members are not control.tar and data.tar in this order" }),
        };
        if wanted.is_some() {
            return Err(DebError::Form { reason: "it has a member twice" });
        }
        let compression = compression(&name).map_err(|cause| DebError::Member { member: name.clone(), cause })?;
        *wanted = Some((name, bytes, compression));
    }
    let (Some((member, packed, packed_as)), Some((_, data, compression))) = (control, data) else {
        return Err(DebError::Form { reason: "control.tar or data.tar is missing" });
    };
    let mut control = Vec::new();
    packed_as.write(packed, &mut control, MAX_CONTROL).map_err(|cause| DebError::Member { member, cause })?;
    Ok(Deb { control: Arc::new(control), data, compression })
}

impl Deb<'_> {
    /// Writes the data tar, uncompressed, and gives its size.
    ///
    /// # Errors
    /// When it is broken or larger than `limit` bytes; when the writer fails.
    pub fn write_data_tar(&self, out: &mut dyn Write, limit: u64) -> Result<u64, DebError> {
        let error = |cause| DebError::Member { member: "data.tar".to_owned(), cause };
        self.compression.write(self.data, out, limit).map_err(error)
    }

    /// A control file such as `control` or `md5sums`.
    ///
    /// # Errors
    /// When the control tar is broken.
    pub fn control_file(&self, name: &str) -> Result<Option<Vec<u8>>, DebError> {
        let limits = ReadLimits { entries: 1_000, bytes: MAX_CONTROL };
        let files = read_tar(self.control.clone(), limits).map_err(DebError::Control)?;
        let node = TreePath::new(name).ok().and_then(|path| files.node(&path));
        match node {
            Some(Node::File(_, content)) => {
                Ok(Some(content.to_vec().map_err(|it| DebError::Archive(io::Error::other(it)))?))
            }
            Some(Node::Directory(_) | Node::Symlink(_)) | None => Ok(None),
        }
    }
}

fn compression(member: &str) -> Result<Compression, DecompressError> {
    match member.rsplit_once(".tar").map(|(_, suffix)| suffix) {
        Some("") => Ok(Compression::None),
        Some(".gz") => Ok(Compression::Gzip),
        Some(".xz") => Ok(Compression::Xz),
        suffix => {
            let found = format!("`{}`; supported are xz and gz", suffix.unwrap_or_default().trim_start_matches('.'));
            Err(DecompressError::Unsupported { found })
        }
    }
}

/// The members of an ar archive as slices of it.
///
/// Read here because the `ar` crate panics on an index into a table of long names that is not
/// there; a `.deb` has neither long names nor symbols.
fn members(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, DebError> {
    const HEADER: usize = 60;
    let error = |kind: io::ErrorKind| DebError::Archive(kind.into());
    let mut rest = bytes.strip_prefix(b"!<arch>\n").ok_or_else(|| error(io::ErrorKind::InvalidData))?;
    let mut members = Vec::new();
    while !rest.is_empty() {
        let header = rest.get(..HEADER).ok_or_else(|| error(io::ErrorKind::UnexpectedEof))?;
        let field = |range| String::from_utf8_lossy(&header[range]).trim_end().to_owned();
        if !header.ends_with(b"`\n") {
            return Err(error(io::ErrorKind::InvalidData));
        }
        // Digits alone, as dpkg reads it: `parse` takes a sign, too.
        let digits = Some(field(48..58)).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let size = digits.and_then(|text| text.parse::<usize>().ok());
        let size = size.ok_or_else(|| error(io::ErrorKind::InvalidData))?;
        let end = HEADER.saturating_add(size);
        let member = rest.get(HEADER..end).ok_or_else(|| error(io::ErrorKind::UnexpectedEof))?;
        // Some programs end names with a slash, as System V does.
        members.push((field(0..16).trim_end_matches('/').to_owned(), member));
        // Members begin at even offsets; the last one's padding may be missing.
        rest = rest.get(end.saturating_add(size % 2)..).unwrap_or_default();
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = ar::Builder::new(Vec::new());
        for (name, content) in members {
            let header = ar::Header::new(name.as_bytes().to_vec(), content.len() as u64);
            builder.append(&header, *content).expect("to memory");
        }
        builder.into_inner().expect("to memory")
    }

    fn tar(path: &str, content: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).expect("to memory");
        builder.into_inner().expect("to memory")
    }

    fn xz(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        liblzma::read::XzEncoder::new(data, 6).read_to_end(&mut out).expect("to memory");
        out
    }

    #[test]
    fn a_deb_has_control_files_and_data() {
        let (control, data) = (tar("./md5sums", b"0  usr/bin/a\n"), tar("./usr/bin/a", b"elf"));
        let deb = ar(&[
            ("debian-binary", b"2.0\n"),
            ("control.tar.xz", &xz(&control)),
            ("_future", b"x"),
            ("data.tar", &data),
        ]);
        let opened = open_deb(&deb).expect("valid");
        assert_eq!(opened.control_file("md5sums").expect("valid").as_deref(), Some(&b"0  usr/bin/a\n"[..]));
        assert_eq!(opened.control_file("nothing").expect("valid"), None);
        let mut out = Vec::new();
        assert_eq!(opened.write_data_tar(&mut out, 1 << 20).expect("valid"), data.len() as u64);
        assert_eq!(out, data);
        assert!(opened.write_data_tar(&mut out, data.len() as u64 - 1).is_err());
    }

    #[test]
    fn files_other_than_debs_are_errors() {
        let (control, data) = (("control.tar.xz", &xz(b"")[..]), ("data.tar", &b""[..]));
        let binary = ("debian-binary", &b"2.0\n"[..]);
        for (members, expected) in [
            (&[][..], "not a complete"),
            (&[control, data], "first member"),
            (&[("debian-binary", b"3.0\n"), control, data], "version"),
            (&[binary, data, control], "order"),
            (&[binary, control, control, data], "twice"),
            (&[binary, control], "missing"),
            (&[binary, ("control.tar.xz", b"junk"), data], "`control.tar.xz`"),
        ] {
            let deb = ar(members);
            let error = open_deb(&deb).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(open_deb(b"junk").is_err());
        let deb = ar(&[binary, control, ("data.tar.xz", &xz(b"x"))]);
        let write = |deb: &[u8]| open_deb(deb)?.write_data_tar(&mut Vec::new(), 10);
        assert!((0..deb.len() - 1).all(|end| write(&deb[..end]).is_err()));
    }

    #[test]
    fn a_deb_with_any_byte_changed_is_read_without_a_panic() {
        let deb =
            ar(&[("debian-binary", b"2.0\n"), ("control.tar", &tar("./control", b"x")), ("data.tar.xz", &xz(b"x"))]);
        for position in 0..deb.len() {
            for byte in [b'/', b'#', b'9', b' ', 0, 0xff] {
                let mut changed = deb.clone();
                changed[position] = byte;
                if let Ok(opened) = open_deb(&changed) {
                    let _ = (opened.control_file("control"), opened.write_data_tar(&mut Vec::new(), 10));
                }
            }
        }
    }

    #[test]
    fn zstd_is_named_as_unsupported() {
        let deb = ar(&[("debian-binary", b"2.0\n"), ("control.tar.zst", b""), ("data.tar.zst", b"")]);
        let DebError::Member { member, cause } = open_deb(&deb).expect_err("zstd") else { panic!("another error") };
        assert_eq!(member, "control.tar.zst");
        assert_eq!(cause.to_string(), "unsupported compression: `zst`; supported are xz and gz");
    }
}
