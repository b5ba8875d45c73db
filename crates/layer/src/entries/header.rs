//! One header block of a tar: v7, ustar (POSIX.1-1988) or GNU.

use super::number::number;
use super::refusal::Refusal;

/// The size of a header and the unit that data is padded to.
pub(crate) const BLOCK: usize = 512;

/// What a header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An entry.
    Entry(Type),
    /// More about the next entry, or about all that follow.
    Extension(Extension),
}

/// The type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// A file of v7; a directory, if its name ends with a slash.
    OldFile,
    File,
    HardLink,
    Symlink,
    Directory,
    /// A device or a pipe.
    Special,
}

/// A header whose data says more about entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    /// Pax records for the next entry.
    Pax,
    /// Pax records for all entries from here on.
    GlobalPax,
    /// The next entry's name (GNU).
    LongName,
    /// The next entry's link target (GNU).
    LongLink,
}

/// The fields of a header that all programs read alike; texts end before their first NUL.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// With the prefix, where the form has one.
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    /// With bits for the type in some tars.
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) modified: i64,
}

impl Header {
    /// Checks and reads a block that is not all zeros.
    pub(crate) fn parse(block: &[u8; BLOCK]) -> Result<Self, Refusal> {
        check_sum(block)?;
        let kind = kind(block[156])?;
        let form = Form::of(block)?;
        // Of no use here, but Go and Python refuse the whole tar for a wrong one; v7 has none, and GNU tar writes it.
        number(&block[329..337])?;
        number(&block[337..345])?;
        Ok(Self {
            kind,
            name: form.name(block),
            link: text(&block[157..257]).to_vec(),
            // More bits than Unix has, or owners that GNU tar refuses even where a pax record has another one.
            mode: positive(&block[100..108])?,
            uid: positive(&block[108..116])?,
            gid: positive(&block[116..124])?,
            size: positive(&block[124..136])?,
            modified: number(&block[136..148])?,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    V7,
    Ustar,
    Gnu,
}

impl Form {
    /// The form by its magic. What lies behind the form's own fields must be zeros: programs take it for a prefix, a
    /// time or the parts of a sparse file, each in its own way.
    fn of(block: &[u8; BLOCK]) -> Result<Self, Refusal> {
        let (form, used) = match &block[257..265] {
            [b'u', b's', b't', b'a', b'r', 0, _, _] => (Self::Ustar, 500),
            b"ustar  \0" => (Self::Gnu, 345),
            [0, 0, 0, 0, 0, 0, 0, 0] => (Self::V7, 345),
            _ => return Err(Refusal::Ambiguous("has a header that is not v7, ustar or GNU")),
        };
        match block[used..].iter().all(|byte| *byte == 0) {
            true => Ok(form),
            false => Err(Refusal::Ambiguous("has a header with more fields than its form has")),
        }
    }

    fn name(self, block: &[u8; BLOCK]) -> Vec<u8> {
        let name = text(&block[..100]);
        match if self == Self::Ustar { text(&block[345..500]) } else { b"" } {
            b"" => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        }
    }
}

fn kind(flag: u8) -> Result<Kind, Refusal> {
    Ok(match flag {
        0 => Kind::Entry(Type::OldFile),
        b'0' => Kind::Entry(Type::File),
        b'1' => Kind::Entry(Type::HardLink),
        b'2' => Kind::Entry(Type::Symlink),
        b'3' | b'4' | b'6' => Kind::Entry(Type::Special),
        b'5' => Kind::Entry(Type::Directory),
        b'x' => Kind::Extension(Extension::Pax),
        b'g' => Kind::Extension(Extension::GlobalPax),
        b'L' => Kind::Extension(Extension::LongName),
        b'K' => Kind::Extension(Extension::LongLink),
        b'S' => return Err(Refusal::Form("is a sparse file")),
        b'D' | b'M' | b'N' | b'V' => return Err(Refusal::Form("belongs to a backup of several volumes or levels")),
        // Contiguous files (7) among them: container runtimes refuse them.
        _ => return Err(Refusal::Ambiguous("has an unknown type")),
    })
}

/// The sum of all bytes, the checksum's own counted as spaces; some old programs added signed bytes.
fn check_sum(block: &[u8; BLOCK]) -> Result<(), Refusal> {
    const SPACES: i32 = 8 * b' ' as i32;
    let found = number(&block[148..156])?;
    let sum = |value: fn(&u8) -> i32| -> i64 {
        let parts = [&block[..148], &block[156..]];
        i64::from(SPACES + parts.map(|part| part.iter().map(value).sum::<i32>()).iter().sum::<i32>())
    };
    if found == sum(|byte| i32::from(*byte)) || found == sum(|byte| i32::from(byte.cast_signed())) {
        return Ok(());
    }
    Err(Refusal::Ambiguous("has a wrong checksum"))
}

fn positive<T: TryFrom<i64>>(field: &[u8]) -> Result<T, Refusal> {
    T::try_from(number(field)?).map_err(|_| Refusal::Ambiguous("has a number that is negative or too large"))
}

/// A field up to its first NUL.
pub(crate) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes to set, and where.
    type Change<'a> = (usize, &'a [u8]);

    /// A header with some bytes set, and the right checksum.
    fn block(changes: &[Change<'_>]) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let fields: [Change<'_>; 5] =
            [(0, b"name"), (100, b"0000644"), (124, b"00000000000"), (156, b"0"), (257, b"ustar\x0000")];
        for (offset, bytes) in fields.iter().chain(changes) {
            block[*offset..offset + bytes.len()].copy_from_slice(bytes);
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    #[test]
    fn the_forms_have_their_own_fields() {
        const V7: Change<'_> = (257, &[0; 8]);
        const GNU: Change<'_> = (257, b"ustar  \0");
        let cases: &[(&[Change<'_>], Option<&str>)] = &[
            (&[], Some("name")),
            (&[(345, b"prefix")], Some("prefix/name")),
            (&[(345, &[b'p'; 155])], Some("*/name")),
            (&[(4, b"\0junk"), (345, b"p\0junk")], Some("p/name")),
            (&[(263, b"01")], Some("name")),
            (&[GNU], Some("name")),
            (&[V7], Some("name")),
            (&[(0, &[b'n'; 100])], Some("*")),
            // Go and Python take it for a prefix, GNU tar for times.
            (&[GNU, (345, b"00000000001")], None),
            // libarchive reads the size of a sparse file there, whatever the type.
            (&[GNU, (483, b"00000001000")], None),
            (&[V7, (345, b"prefix")], None),
            (&[V7, (265, b"root"), (329, b"0000000")], Some("name")),
            (&[V7, (329, b"junk")], None),
            (&[(508, b"tar\0")], None),
            (&[(257, b"ustar 00")], None),
            (&[(257, b"junkjunk")], None),
            (&[(329, b"x")], None),
            (&[(337, b"x")], None),
        ];
        for (changes, expected) in cases {
            let name =
                Header::parse(&block(changes)).ok().map(|header| String::from_utf8_lossy(&header.name).into_owned());
            let matches = match (&name, expected) {
                (Some(name), Some(expected)) => name.ends_with(expected.trim_start_matches('*')),
                (name, expected) => name.is_none() && expected.is_none(),
            };
            assert!(matches, "{changes:?}: {name:?}");
        }
    }

    #[test]
    fn the_checksum_may_add_signed_bytes() {
        let mut header = block(&[(0, "é".as_bytes())]);
        assert!(Header::parse(&header).is_ok());
        let sum: i32 = header[..148].iter().chain(&header[156..]).map(|byte| i32::from(byte.cast_signed())).sum();
        header[148..156].copy_from_slice(format!("{:06o}\0 ", sum + 256).as_bytes());
        assert!(Header::parse(&header).is_ok());
        header[0] ^= 1;
        assert_eq!(Header::parse(&header).map(drop), Err(Refusal::Ambiguous("has a wrong checksum")));
    }

    #[test]
    fn only_types_that_all_know_are_read() {
        for flag in 0..=255u8 {
            let parsed = Header::parse(&block(&[(156, &[flag])]));
            let known = [0, b'0', b'1', b'2', b'3', b'4', b'5', b'6', b'x', b'g', b'L', b'K'].contains(&flag);
            assert_eq!(parsed.is_ok(), known, "{flag}");
            let form = matches!(parsed, Err(Refusal::Form(_)));
            assert_eq!(form, b"SDMNV".contains(&flag), "{flag}");
        }
    }

    #[test]
    fn modes_have_16_bits_and_owners_32() {
        for (offset, value, fine) in [
            (100, &b"00177777"[..], true),
            (100, b"00200000", false),
            (100, b"77777777", false),
            (100, b"\x80\0\0\0\0\x01\0\0", false),
            (108, b"\x80\0\0\0\xff\xff\xff\xff", true),
            (108, b"\x80\0\0\x01\0\0\0\0", false),
            (116, b"\x80\0\0\0\xff\xff\xff\xff", true),
            (116, b"\x80\0\0\x01\0\0\0\0", false),
        ] {
            let parsed = Header::parse(&block(&[(offset, value)]));
            assert_eq!(parsed.is_ok(), fine, "{offset} {:?}", value.escape_ascii().to_string());
        }
    }

    #[test]
    fn negative_numbers_are_refused_but_for_times() {
        for (offset, size, fine) in
            [(100, 8, false), (108, 8, false), (116, 8, false), (124, 12, false), (136, 12, true)]
        {
            let parsed = Header::parse(&block(&[(offset, &[0xff; 12][..size])]));
            assert_eq!(parsed.is_ok(), fine, "{offset}");
        }
    }
}
