//! What an ELF file is and needs: machine, loader, libraries and glibc's symbol versions, read from its bytes.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use object::elf::{DT_NEEDED, DT_SONAME, FileHeader32, FileHeader64, PT_DYNAMIC};
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};
use shipwheel_oci::Platform;

use self::parts::{MAX_NAME, Parts};

mod parts;
#[cfg(test)]
mod sample;

/// No library needs more; a hostile file must not keep us longer.
const MAX_ENTRIES: usize = 4096;

/// How many bytes [`ElfMachine::read`] looks at.
pub const ELF_HEAD: usize = 20;

/// The processor that an ELF file is for: `e_machine` of its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ElfMachine(pub u16);

/// Processors by their names in a platform, and their numbers in ELF.
const MACHINES: [(&str, u16, &str); 8] = [
    ("amd64", 62, "x86-64"),
    ("arm64", 183, "AArch64"),
    ("386", 3, "x86"),
    ("arm", 40, "ARM"),
    ("ppc64le", 21, "POWER"),
    ("riscv64", 243, "RISC-V"),
    ("s390x", 22, "S/390"),
    ("loong64", 258, "LoongArch"),
];

impl ElfMachine {
    /// The machine of a platform; `None` for a processor that is not known here.
    pub fn of(platform: &Platform) -> Option<Self> {
        let found = MACHINES.iter().find(|(name, _, _)| *name == platform.architecture);
        found.map(|(_, number, _)| Self(*number))
    }

    /// The machine in a file's first [`ELF_HEAD`] bytes; `None` if the file is not an ELF file.
    pub fn read(head: &[u8]) -> Option<Self> {
        if !head.starts_with(b"\x7fELF") {
            return None;
        }
        let bytes: [u8; 2] = head.get(18..20)?.try_into().ok()?;
        Some(Self(if head[5] == 2 { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }))
    }
}

impl fmt::Display for ElfMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MACHINES.iter().find(|(_, number, _)| *number == self.0) {
            Some((_, _, name)) => f.write_str(name),
            None => write!(f, "machine {}", self.0),
        }
    }
}

/// A file that begins as an ELF file and is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a valid ELF file: {reason}")]
pub struct ElfError {
    /// What is wrong with it.
    pub reason: String,
}

impl From<object::Error> for ElfError {
    fn from(error: object::Error) -> Self {
        Self { reason: error.to_string() }
    }
}

/// What an ELF file is and needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfFacts {
    /// The processor.
    pub machine: ElfMachine,
    /// The dynamic loader it asks for (`PT_INTERP`): programs do, libraries do not.
    pub interpreter: Option<String>,
    /// Its own name as a library (`DT_SONAME`).
    pub soname: Option<String>,
    /// The libraries it needs (`DT_NEEDED`), in its order.
    pub needed: Vec<String>,
    /// The newest `GLIBC_x.y` among the symbol versions it needs.
    pub glibc: Option<(u32, u32)>,
    /// The symbol versions that it needs, each with the library that has to have it: `libssl.so.3`, `OPENSSL_3.0.0`.
    pub versions: Vec<(String, String)>,
}

impl ElfFacts {
    /// Reads an ELF file of 32 or 64 bits and either byte order; `None` if it is not one at all.
    ///
    /// # Errors
    /// When it begins as one and is broken.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, ElfError> {
        let Some(machine) = ElfMachine::read(bytes) else { return Ok(None) };
        facts_of(machine, bytes)
    }

    /// Reads an ELF file of `size` bytes by its parts: `fetch` gives the bytes of a range. They are asked for in rounds,
    /// in the order of the file within each, and in a library as linkers write it only the first round goes far: a
    /// stream is read little more than once, and never held.
    ///
    /// # Errors
    /// The error of `fetch`; within, that it begins as an ELF file and is broken.
    pub fn read_parts<E>(
        size: u64,
        mut fetch: impl FnMut(Range<u64>) -> Result<Vec<u8>, E>,
    ) -> Result<Result<Option<Self>, ElfError>, E> {
        let mut parts = Parts::new(size);
        parts.add(&mut fetch)?;
        let Some(machine) = ElfMachine::read(parts.head()) else { return Ok(Ok(None)) };
        loop {
            let read = facts_of(machine, &parts);
            match parts.is_complete() {
                Ok(true) => return Ok(read),
                Ok(false) => parts.add(&mut fetch)?,
                Err(reason) => return Ok(Err(ElfError { reason })),
            }
        }
    }
}

fn facts_of<'a>(machine: ElfMachine, data: impl ReadRef<'a>) -> Result<Option<ElfFacts>, ElfError> {
    let read = match FileKind::parse(data) {
        Ok(FileKind::Elf32) => facts::<FileHeader32<Endianness>, _>(machine, data),
        Ok(FileKind::Elf64) => facts::<FileHeader64<Endianness>, _>(machine, data),
        Ok(_) => return Ok(None),
        Err(error) => Err(error.into()),
    };
    read.map(Some)
}

/// All that is needed next is asked for before a part that is not there is an error: the parts of a round.
fn facts<'a, H, R>(machine: ElfMachine, data: R) -> Result<ElfFacts, ElfError>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'a>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, data)?;
    let sections = header.sections(endian, data);
    for segment in segments.iter().filter(|segment| segment.p_type(endian) == PT_DYNAMIC) {
        // Where linkers put it, the section that is read is the same.
        let _ = segment.data(endian, data);
    }
    let mut facts =
        ElfFacts { machine, interpreter: None, soname: None, needed: Vec::new(), glibc: None, versions: Vec::new() };
    for segment in segments {
        if let Some(name) = segment.interpreter(endian, data)? {
            // Linux reads the first one, and no other.
            facts.interpreter = Some(text(name)?);
            break;
        }
    }
    let sections = sections?;
    let versions = sections.gnu_verneed(endian, data);
    let table = sections.dynamic_table(endian, data)?;
    let entries = table.iter().take(MAX_ENTRIES).filter(|entry| [DT_NEEDED, DT_SONAME].contains(&entry.tag));
    let names: Vec<_> = entries.map(|entry| (entry.tag, table.string(entry))).collect();
    let mut version_names = Vec::new();
    if let Some((mut needs, link)) = versions? {
        let strings = sections.strings(endian, data, link)?;
        'all: while let Some((need, mut versions)) = needs.next()? {
            let library = need.file(endian, strings);
            while let Some(version) = versions.next()? {
                if version_names.len() == MAX_ENTRIES {
                    break 'all;
                }
                version_names.push((library, version.name(endian, strings)));
            }
        }
    }
    for (tag, name) in names {
        match tag {
            DT_NEEDED => facts.needed.push(text(name?)?),
            _ => facts.soname = Some(text(name?)?),
        }
    }
    for (library, name) in version_names {
        let name = text(name?)?;
        facts.glibc = facts.glibc.max(glibc_version(&name));
        facts.versions.push((text(library?)?, name));
    }
    Ok(facts)
}

/// The symbol versions that a library has (`.gnu.version_d`): `GLIBC_2.34`; none for one that does not count them.
///
/// # Errors
/// When it begins as an ELF file and is broken.
pub fn symbol_versions(bytes: &[u8]) -> Result<BTreeSet<String>, ElfError> {
    match FileKind::parse(bytes) {
        Ok(FileKind::Elf32) => defined::<FileHeader32<Endianness>>(bytes),
        Ok(FileKind::Elf64) => defined::<FileHeader64<Endianness>>(bytes),
        Ok(_) | Err(_) => Ok(BTreeSet::new()),
    }
}

fn defined<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Result<BTreeSet<String>, ElfError> {
    let header = H::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let mut found = BTreeSet::new();
    let Some((mut definitions, link)) = sections.gnu_verdef(endian, bytes)? else { return Ok(found) };
    let strings = sections.strings(endian, bytes, link)?;
    for _ in 0..MAX_ENTRIES {
        let Some((_, mut names)) = definitions.next()? else { break };
        // The others are those that it inherits.
        if let Some(name) = names.next()? {
            found.insert(text(name.name(endian, strings)?)?);
        }
    }
    Ok(found)
}

/// Names come from files of others, and are only compared and shown.
fn text(bytes: &[u8]) -> Result<String, ElfError> {
    match bytes.len() > MAX_NAME {
        true => Err(ElfError { reason: format!("a name in it is longer than {MAX_NAME} bytes") }),
        false => Ok(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// `GLIBC_2.34` and `GLIBC_2.2.5`; not `GLIBC_PRIVATE`, `GLIBC_ABI_DT_RELR` or `CXXABI_1.3`.
fn glibc_version(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.strip_prefix("GLIBC_")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::sample::SampleElf;
    use proptest::prelude::*;

    #[test]
    fn a_library_is_read_in_32_and_in_64_bits() {
        for bits in [32, 64] {
            let elf = SampleElf { bits, machine: 183, needed: &["libc.so.6", "libgomp.so.1"], glibc: "GLIBC_2.34" };
            let facts = ElfFacts::read(&elf.bytes()).expect("valid").expect("an ELF file");
            assert_eq!(facts.machine, ElfMachine(183));
            assert_eq!(facts.needed, ["libc.so.6", "libgomp.so.1"], "{bits} bits");
            assert_eq!(facts.glibc, Some((2, 34)));
            assert_eq!(facts.versions, [("libc.so.6".to_owned(), "GLIBC_2.34".to_owned())]);
            assert_eq!((facts.interpreter, facts.soname), (None, None));
        }
    }

    #[test]
    fn a_name_as_long_as_the_file_is_refused_however_often_it_is_named() {
        let [plain, long] = [MAX_NAME, MAX_NAME + 1].map(|length| "n".repeat(length));
        for (needed, glibc, is_read) in
            [(plain.as_str(), "GLIBC_2.34", true), (&long, "GLIBC_2.34", false), ("libc.so.6", &long, false)]
        {
            let elf = SampleElf { bits: 64, machine: 62, needed: &[needed; 3], glibc };
            let read = ElfFacts::read(&elf.bytes());
            assert_eq!(read.is_ok(), is_read, "{read:?}");
        }
    }

    #[test]
    fn the_first_loader_is_the_loader() {
        let segment = |offset: u64, size: u64| {
            [3u32, 4]
                .map(u32::to_le_bytes)
                .concat()
                .into_iter()
                .chain([offset, 0, 0, size, size, 1].map(u64::to_le_bytes).concat())
        };
        let mut file = SampleElf { bits: 64, machine: 62, needed: &[], glibc: "" }.bytes();
        let (table, names) = (file.len() as u64, file.len() as u64 + 2 * 56);
        file[32..40].copy_from_slice(&table.to_le_bytes());
        file[56] = 2;
        file.extend(segment(names, 3).chain(segment(names + 3, 3)));
        file.extend_from_slice(b"/a\0/b\0");
        let facts = ElfFacts::read(&file).expect("valid").expect("an ELF file");
        assert_eq!(facts.interpreter.as_deref(), Some("/a"));
    }

    #[test]
    fn machines_have_the_names_of_platforms() {
        assert_eq!(ElfMachine::of(&Platform::linux_arm64()), Some(ElfMachine(183)));
        assert_eq!(ElfMachine(62).to_string(), "x86-64");
        assert_eq!(ElfMachine(9).to_string(), "machine 9");
        assert_eq!(ElfMachine::read(b"#!/bin/sh, and much more of it"), None);
        assert_eq!(ElfMachine::read(b"\x7fELF"), None);
    }

    #[test]
    fn only_numbered_versions_of_glibc_count() {
        for (name, expected) in [
            ("GLIBC_2.34", Some((2, 34))),
            ("GLIBC_2.2.5", Some((2, 2))),
            ("GLIBC_PRIVATE", None),
            ("GLIBCXX_3.4", None),
        ] {
            assert_eq!(glibc_version(name), expected, "{name}");
        }
    }

    /// What is read of a file by its parts, and which of its bytes were asked for, at the most often one.
    fn by_parts(bytes: &[u8]) -> (Result<Option<ElfFacts>, ElfError>, u64) {
        let mut asked = 0;
        let read = ElfFacts::read_parts(bytes.len() as u64, |range| {
            asked += range.end - range.start;
            let range = range.start as usize..range.end as usize;
            Ok::<_, ()>(bytes.get(range).expect("inside of the file").to_vec())
        });
        (read.expect("in memory"), asked)
    }

    #[test]
    fn a_large_library_is_read_by_few_of_its_bytes() {
        for bits in [32, 64] {
            let long = "n".repeat(MAX_NAME);
            let elf = SampleElf { bits, machine: 62, needed: &["libc.so.6", &long], glibc: "GLIBC_2.34" };
            let mut bytes = elf.bytes();
            let expected = ElfFacts::read(&bytes);
            assert_eq!(by_parts(&bytes).0, expected);
            bytes.resize(bytes.len() + (64 << 20), 7);
            let (read, asked) = by_parts(&bytes);
            assert_eq!(read, expected, "{bits} bits");
            assert!(asked < 64 << 10, "{asked}");
        }
        assert_eq!(by_parts(b"#!/bin/sh").0, Ok(None));
        assert_eq!(by_parts(b"").0, Ok(None));
    }

    #[test]
    fn a_table_without_an_end_is_refused_and_not_fetched() {
        let mut bytes = SampleElf { bits: 64, machine: 62, needed: &["libc.so.6"], glibc: "GLIBC_2.17" }.bytes();
        let sections = u64::from_le_bytes(bytes[40..48].try_into().expect("eight")) as usize;
        bytes.resize(64 << 20, 0);
        for section in 0..usize::from(u16::from_le_bytes([bytes[60], bytes[61]])) {
            let size = sections + section * 64 + 32;
            bytes[size..size + 8].copy_from_slice(&(32u64 << 20).to_le_bytes());
        }
        let (read, asked) = by_parts(&bytes);
        assert!(read.is_err() && asked < 1 << 20, "{read:?} {asked}");
    }

    proptest! {
        #[test]
        fn a_broken_file_is_an_error_and_never_a_panic(
            bits in prop_oneof![Just(32u8), Just(64)],
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
            end in any::<prop::sample::Index>(),
        ) {
            let elf = SampleElf { bits, machine: 62, needed: &["libc.so.6"], glibc: "GLIBC_2.17" };
            let mut bytes = elf.bytes();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            for bytes in [&bytes[..], &bytes[..end.index(bytes.len())]] {
                let (whole, parts) = (ElfFacts::read(bytes), by_parts(bytes).0);
                prop_assert_eq!(whole.is_ok(), parts.is_ok(), "{:?} {:?}", whole, parts);
                if whole.is_ok() {
                    prop_assert_eq!(whole, parts);
                }
            }
        }

        #[test]
        fn any_bytes_behind_the_mark_are_read_without_a_panic(tail in prop::collection::vec(any::<u8>(), 0..400)) {
            let bytes = [b"\x7fELF".as_slice(), &tail].concat();
            prop_assert_eq!(ElfFacts::read(&bytes).is_ok(), by_parts(&bytes).0.is_ok());
        }
    }
}
