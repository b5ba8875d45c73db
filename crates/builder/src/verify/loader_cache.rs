//! `/etc/ld.so.cache`: which file each library's name stands for, in the order that the loader takes (glibc's
//! `dl-cache.h`).

use shipwheel_layer::Content;

/// Larger caches are not read.
const MAX_SIZE: u64 = 64 << 20;

/// What the older format begins with; the newer one may follow it.
const OLD: &[u8] = b"ld.so-1.7.0";
const OLD_HEADER: usize = 16;
const OLD_ENTRY: usize = 12;

const NEW: &[u8] = b"glibc-ld.so.cache1.1";
const NEW_HEADER: usize = 48;
const NEW_ENTRY: usize = 24;

/// What a cache says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LoaderCache {
    /// Names with paths.
    pub(super) entries: Vec<(String, String)>,
}

impl LoaderCache {
    /// Reads a cache; `None` if it is broken or too large.
    pub(super) fn read(content: &Content) -> Option<Self> {
        let bytes = (content.size() <= MAX_SIZE).then(|| content.to_vec().ok()).flatten()?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(NEW) {
            return Self::new_format(bytes);
        }
        let count = usize::try_from(number(bytes.strip_prefix(OLD).and(bytes.get(12..16))?)?).ok()?;
        let end = OLD_HEADER.checked_add(count.checked_mul(OLD_ENTRY)?)?;
        let aligned = end.next_multiple_of(8);
        match bytes.get(aligned..).filter(|rest| rest.starts_with(NEW)) {
            Some(new) => Self::new_format(new),
            None => Self::entries(bytes.get(OLD_HEADER..end)?, OLD_ENTRY, bytes.get(end..)?),
        }
    }

    fn new_format(bytes: &[u8]) -> Option<Self> {
        let count = usize::try_from(number(bytes.get(20..24)?)?).ok()?;
        let end = NEW_HEADER.checked_add(count.checked_mul(NEW_ENTRY)?)?;
        Self::entries(bytes.get(NEW_HEADER..end)?, NEW_ENTRY, bytes)
    }

    /// The entries of a table: flags, and where in `strings` the name and the path are.
    fn entries(table: &[u8], size: usize, strings: &[u8]) -> Option<Self> {
        let text = |at: &[u8]| {
            let rest = strings.get(usize::try_from(number(at)?).ok()?..)?;
            let end = rest.iter().take(4096).position(|byte| *byte == 0)?;
            Some(String::from_utf8_lossy(&rest[..end]).into_owned())
        };
        let entry = |entry: &[u8]| Some((text(entry.get(4..8)?)?, text(entry.get(8..12)?)?));
        table.chunks_exact(size).map(entry).collect::<Option<_>>().map(|entries| Self { entries })
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod sample {
    /// A cache of the newer format.
    pub(in super::super) fn cache(entries: &[(&str, &str)]) -> Vec<u8> {
        let start = super::NEW_HEADER + super::NEW_ENTRY * entries.len();
        let (mut table, mut strings) = (Vec::new(), Vec::new());
        let mut place = |text: &str| {
            let at = u32::try_from(start + strings.len()).expect("small");
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            at
        };
        for (name, path) in entries {
            for number in [0x0303, place(name), place(path), 0, 0, 0] {
                table.extend_from_slice(&number.to_le_bytes());
            }
        }
        let mut header = super::NEW.to_vec();
        header.extend_from_slice(&u32::try_from(entries.len()).expect("small").to_le_bytes());
        header.resize(super::NEW_HEADER, 0);
        [header, table, strings].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read_and_broken_ones_are_none() {
        let entries = [("liba.so.1", "/usr/lib/liba.so.1"), ("libb.so", "/lib/libb.so")];
        let expected = entries.map(|(name, path)| (name.to_owned(), path.to_owned())).to_vec();
        let new = sample::cache(&entries);
        assert_eq!(LoaderCache::parse(&new).expect("a cache").entries, expected);
        let mut both = [OLD, &[0], &1u32.to_le_bytes(), &[0; 12]].concat();
        both.resize(both.len().next_multiple_of(8), 0);
        both.extend_from_slice(&new);
        assert_eq!(LoaderCache::parse(&both).expect("a cache").entries, expected);
        let old =
            [OLD, &[0], &1u32.to_le_bytes(), &3u32.to_le_bytes(), &0u32.to_le_bytes(), &2u32.to_le_bytes(), b"a\0/a\0"];
        assert_eq!(LoaderCache::parse(&old.concat()).expect("a cache").entries, [("a".to_owned(), "/a".to_owned())]);
        for end in 0..new.len() - 1 {
            assert_eq!(LoaderCache::parse(&new[..end]), None, "{end}");
        }
        assert_eq!(LoaderCache::parse(b"ld.so-1.7.0\0\xff\xff\xff\xff"), None);
    }
}
