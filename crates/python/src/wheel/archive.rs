//! A wheel's central directory, with everything refused that no wheel may have.

use shipwheel_layer::{ByteReader, ByteSource, TreePath};
use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config, ZipArchive, ZipFile};

use crate::wheel::error::WheelErrorKind as Kind;
use crate::wheel::member::Member;

/// More members than any wheel known; the largest have some 15,000.
const MAX_MEMBERS: usize = 200_000;

/// More bytes than any wheel known; CUDA's have about 3 GiB.
const MAX_SIZE: u64 = 16 << 30;

/// Wheels below this may inflate as they like; above, to [`MAX_RATIO`] times their size.
const SMALL_SIZE: u64 = 64 << 20;
const MAX_RATIO: u64 = 100;

/// The flag of a member whose name is UTF-8 (APPNOTE 4.4.4, bit 11).
const UTF_8: u16 = 1 << 11;

type Archive<'a> = ZipArchive<ByteReader<&'a dyn ByteSource>>;

/// The files of a wheel, sorted by path, folders left out.
pub(super) fn members(source: &dyn ByteSource) -> Result<Vec<Member>, Kind> {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, ByteReader::new(source))?;
    if archive.len() > MAX_MEMBERS {
        return Err(Kind::Limit { limit: "200,000 members" });
    }
    // Duplicates, overlaps and local headers that say something else than the directory: what
    // another reader would see is what is installed.
    archive.validate_header_consistency()?;
    let mut members = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        members.extend(member(source, &mut archive, index)?);
    }
    let size = members.iter().try_fold(0_u64, |sum, member| sum.checked_add(member.size));
    let limit = MAX_SIZE.min(SMALL_SIZE.max(source.size().saturating_mul(MAX_RATIO)));
    if size.is_none_or(|size| size > limit) {
        return Err(Kind::Limit { limit: "16 GiB, or 100 times its size" });
    }
    members.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(members)
}

fn member(source: &dyn ByteSource, archive: &mut Archive<'_>, index: usize) -> Result<Option<Member>, Kind> {
    let file = archive.by_index_raw(index)?;
    let mode = unix_mode(source, file.central_header_start())?;
    let raw = String::from_utf8_lossy(file.name_raw()).into_owned();
    let path = checked_path(&file, &raw)?;
    let refuse = |reason| Err(Kind::Member { path: raw.clone(), reason });
    // The kind of file in a Unix mode: S_IFMT, S_IFREG, S_IFDIR.
    let kind = mode & 0o170_000;
    if file.encrypted() {
        return refuse("is encrypted");
    }
    if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
        return refuse("is neither a file nor a folder");
    }
    if raw.ends_with('/') {
        return if file.size() == 0 { Ok(None) } else { refuse("is a folder with content") };
    }
    if kind == 0o040_000 {
        return refuse("is a folder without `/` at its end");
    }
    let deflated = match file.compression() {
        CompressionMethod::Deflated => true,
        CompressionMethod::Stored if file.compressed_size() == file.size() => false,
        CompressionMethod::Stored => return refuse("is stored with two sizes"),
        _ => return refuse("is compressed with a method other than deflate"),
    };
    let Some(offset) = file.data_start() else { return refuse("has no data") };
    Ok(Some(Member {
        path,
        offset,
        compressed_size: file.compressed_size(),
        size: file.size(),
        crc32: file.crc32(),
        deflated,
        executable: mode & 0o111 != 0,
        sha256: None,
    }))
}

/// The Unix mode of the member whose header in the directory begins here; 0 where it has none (APPNOTE 4.4.15).
///
/// The system that made the archive does not matter, as it does not to pip and uv: Python writes modes on Windows, too,
/// and the zip crate passes those over.
fn unix_mode(source: &dyn ByteSource, header: u64) -> Result<u32, Kind> {
    let mut attributes = [0; 4];
    source
        .read_exact_at(&mut attributes, header.saturating_add(38))
        .map_err(|cause| Kind::Zip(Box::new(cause.into())))?;
    Ok(u32::from_le_bytes(attributes) >> 16)
}

/// The path of a member: relative, in normal form, and the same to every reader.
fn checked_path<R: std::io::Read>(file: &ZipFile<'_, R>, raw: &str) -> Result<String, Kind> {
    let error = |reason| Kind::Path { path: raw.chars().take(200).collect(), reason };
    // A name that is not ASCII and not marked as UTF-8 is in whatever code page.
    let is_marked = raw.is_ascii() || file.flags().as_u16() & UTF_8 != 0;
    if !is_marked || raw.as_bytes() != file.name_raw() {
        return Err(error("it is not UTF-8, or not marked so"));
    }
    if raw.contains('\\') || raw.chars().any(char::is_control) {
        return Err(error("backslashes and control characters are not allowed"));
    }
    if raw.starts_with('/') {
        return Err(error("it is absolute"));
    }
    let path = TreePath::new(raw).map_err(|cause| error(cause.reason))?;
    if path.is_root() || path.relative() != raw.strip_suffix('/').unwrap_or(raw) {
        return Err(error("it is not in its shortest form"));
    }
    Ok(path.relative().to_owned())
}
