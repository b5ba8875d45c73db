//! The records of a pax extended header (POSIX.1-2001, pax, "pax Extended Header").

use super::number::{decimal, time};
use super::refusal::Refusal;

/// What the records say about the next entry; the keys that files in a tree have no use for are checked and dropped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) uid: Option<u64>,
    pub(crate) gid: Option<u64>,
    /// Seconds since 1970.
    pub(crate) modified: Option<i64>,
}

impl Records {
    /// Reads an extended header's data.
    pub(crate) fn parse(mut data: &[u8]) -> Result<Self, Refusal> {
        let mut records = Self::default();
        while !data.is_empty() {
            let (key, value) = take_record(&mut data)?;
            records.add(key, value)?;
        }
        Ok(records)
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), Refusal> {
        match key {
            b"path" => once(&mut self.path, name(value)?),
            b"linkpath" => once(&mut self.link, name(value)?),
            b"size" => once(&mut self.size, decimal(value)?),
            b"uid" => once(&mut self.uid, decimal(value)?),
            b"gid" => once(&mut self.gid, decimal(value)?),
            b"mtime" => once(&mut self.modified, time(value)?),
            // Nothing of these gets into a tree, but Go refuses the whole tar for a wrong one.
            b"atime" | b"ctime" => time(value).map(drop),
            b"uname" | b"gname" if value.contains(&0) => Err(Refusal::Ambiguous("has a pax record with a NUL in it")),
            b"hdrcharset" | b"charset" if !matches!(value, b"BINARY" | b"ISO-IR 10646 2000 UTF-8") => {
                Err(Refusal::Ambiguous("has a name in another character set than UTF-8"))
            }
            _ => refuse_form(key),
        }
    }
}

/// Checks the data of a global header, which libarchive and Go ignore and others apply to every entry.
pub(crate) fn check_global(mut data: &[u8]) -> Result<(), Refusal> {
    const APPLIED: [&[u8]; 13] = [
        b"path",
        b"linkpath",
        b"size",
        b"uid",
        b"gid",
        b"uname",
        b"gname",
        b"mtime",
        b"atime",
        b"ctime",
        b"charset",
        b"hdrcharset",
        b"delete",
    ];
    const VENDORS: [&[u8]; 4] = [b"SCHILY.", b"LIBARCHIVE.", b"RHT.", b"MSWINDOWS."];
    while !data.is_empty() {
        let (key, _) = take_record(&mut data)?;
        refuse_form(key)?;
        if APPLIED.contains(&key) || VENDORS.iter().any(|vendor| key.starts_with(vendor)) {
            return Err(Refusal::Ambiguous("has global pax records, which only some programs apply to the entries"));
        }
    }
    Ok(())
}

/// Refuses the keys that turn the next entry into something else than a file with its data: GNU tar's (sparse files,
/// parts of volumes, lists of folders), and those of star and Solaris for sparse files.
fn refuse_form(key: &[u8]) -> Result<(), Refusal> {
    const SPARSE: [&[u8]; 3] = [b"SCHILY.realsize", b"SCHILY.filetype", b"SUN.holesdata"];
    if key.starts_with(b"GNU.sparse.") || SPARSE.contains(&key) {
        return Err(Refusal::Form("is a sparse file"));
    }
    if key.starts_with(b"GNU.") {
        return Err(Refusal::Form("belongs to a backup of several volumes or levels"));
    }
    Ok(())
}

/// Takes the first record off the data: its key and its value.
///
/// A record is `LENGTH KEY=VALUE\n`, and the decimal length counts all of it.
fn take_record<'a>(data: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Refusal> {
    const REFUSAL: Refusal = Refusal::Ambiguous("has a pax record that is not `LENGTH KEY=VALUE` and a line feed");
    // No length has more than seven digits: the data ends before.
    let space = data.iter().take(8).position(|byte| *byte == b' ').ok_or(REFUSAL)?;
    if !matches!(data[0], b'1'..=b'9') {
        return Err(REFUSAL);
    }
    let length = usize::try_from(decimal(&data[..space]).map_err(|_| REFUSAL)?).map_err(|_| REFUSAL)?;
    let (record, rest) = data.split_at_checked(length).ok_or(REFUSAL)?;
    let record = record.get(space + 1..).and_then(|record| record.strip_suffix(b"\n")).ok_or(REFUSAL)?;
    let equals = record.iter().position(|byte| *byte == b'=').ok_or(REFUSAL)?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    // Some programs skip spaces before a key, or stop at a NUL in it.
    if !key.first().is_some_and(u8::is_ascii_graphic) || key.iter().any(u8::is_ascii_control) {
        return Err(REFUSAL);
    }
    *data = rest;
    Ok((key, value))
}

/// A name as it is; an empty one takes a record back for some programs, and is a name for others.
fn name(value: &[u8]) -> Result<Vec<u8>, Refusal> {
    if value.is_empty() {
        return Err(Refusal::Ambiguous("has a pax record with an empty name"));
    }
    if value.contains(&0) {
        return Err(Refusal::Ambiguous("has a pax record with a NUL in it"));
    }
    Ok(value.to_vec())
}

/// Keeps a value: some programs use the first of several, others the last.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Ambiguous("has the same pax record twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::append_record;

    /// Records as shipwheel writes them.
    fn written(records: &[(&str, &str)]) -> Vec<u8> {
        let mut data = Vec::new();
        for (key, value) in records {
            append_record(&mut data, key, value.as_bytes());
        }
        data
    }

    #[test]
    fn records_say_what_the_header_cannot() {
        let data = written(&[
            ("path", "é"),
            ("linkpath", "a=b\n"),
            ("size", "8589934592"),
            ("uid", "7"),
            ("gid", "4294967295"),
            ("mtime", "1700000.5"),
            ("atime", "1"),
            ("uname", ""),
            ("hdrcharset", "BINARY"),
            ("SCHILY.xattr.security.capability", "\0with\nnewlines"),
            ("ACME.path", "q"),
        ]);
        let expected = Records {
            path: Some("é".into()),
            link: Some("a=b\n".into()),
            size: Some(8_589_934_592),
            uid: Some(7),
            gid: Some(4_294_967_295),
            modified: Some(1_700_000),
        };
        assert_eq!(Records::parse(&data), Ok(expected));
        assert_eq!(Records::parse(b""), Ok(Records::default()));
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        for (records, expected) in [
            (&[("path", "x"), ("path", "x")][..], "twice"),
            (&[("uid", "1"), ("gid", "1"), ("uid", "1")], "twice"),
            (&[("path", "")], "empty"),
            (&[("linkpath", "")], "empty"),
            (&[("path", "a\0b")], "NUL"),
            (&[("uname", "a\0b")], "NUL"),
            (&[("uid", "-1")], "decimal"),
            (&[("mtime", ".5")], "decimal"),
            (&[("atime", "x")], "decimal"),
            (&[("hdrcharset", "KOI8-R")], "character set"),
            (&[("GNU.sparse.major", "1")], "sparse"),
            (&[("GNU.sparse.anything", "1")], "sparse"),
            (&[("SUN.holesdata", "0 1")], "sparse"),
            (&[("SCHILY.realsize", "1")], "sparse"),
            (&[("GNU.dumpdir", "Yq")], "several volumes"),
            (&[("GNU.volume.filename", "q")], "several volumes"),
            (&[(" path", "x")], "LENGTH"),
            (&[("p\nath", "x")], "LENGTH"),
            (&[("", "x")], "LENGTH"),
        ] {
            let refusal = Records::parse(&written(records)).map_err(|refusal| format!("{refusal:?}"));
            assert!(refusal.as_ref().is_err_and(|text| text.contains(expected)), "{records:?}: {refusal:?}");
        }
    }

    #[test]
    fn records_have_their_exact_length() {
        assert!(Records::parse(b"11 path=xx\n").is_ok());
        for data in [
            "011 path=xx\n",
            "+11 path=xx\n",
            " 11 path=xx\n",
            "10 path=xx\n",
            "12 path=xx\n",
            "99 path=xx\n",
            "11 path=xxy",
            "11 pathxxx\n",
            "11 path=xx\n\0",
            "11 path=xx\njunk",
            "11",
            "1 ",
            "2 \n",
            "0 \n",
            "99999999999999999999999 path=x\n",
        ] {
            assert!(Records::parse(data.as_bytes()).is_err(), "{data:?}");
            assert!(check_global(data.as_bytes()).is_err(), "{data:?}");
        }
    }

    #[test]
    fn only_global_records_that_nobody_applies_are_passed_over() {
        for (key, value, fine) in [
            ("comment", "a commit's hash, by `git archive`", true),
            ("ACME.x", "abc", true),
            ("path", "x", false),
            ("size", "1", false),
            ("mtime", "5", false),
            ("SCHILY.ino", "1", false),
            ("GNU.sparse.major", "1", false),
        ] {
            assert_eq!(check_global(&written(&[(key, value)])).is_ok(), fine, "{key}");
        }
        assert_eq!(check_global(b""), Ok(()));
    }
}
