//! Wheels that are opened, hostile ones that are refused, and mutated ones that may be either.

use proptest::prelude::*;

use crate::install::{Scheme, install};
use crate::wheel::sample::{Form, Sample, WHEEL, open};
use crate::wheel::{RecordRow, StrongHash, WheelError, WheelErrorKind};
use shipwheel_oci::Digest;

fn refusal(sample: Sample) -> String {
    sample.open().expect_err("hostile").kind.to_string()
}

#[test]
fn a_sound_wheel_opens_with_its_members_still_deflated() {
    let text = b"print('hello hello hello hello')\n";
    for (sample, deflated) in [(Sample::new(), true), (Sample::new().stored(), false)] {
        let wheel = sample.file_with_mode("pkg/run.sh", b"#!/bin/sh\n", 0o755).open().unwrap_or_else(|e| panic!("{e}"));
        let member = wheel.member("pkg/__init__.py").expect("listed");
        assert_eq!((member.deflated, member.executable), (deflated, false));
        assert_eq!(wheel.content(member).to_vec().expect("sound"), text);
        assert_eq!(wheel.content(member).deflated().is_some(), deflated);
        assert_eq!((member.sha256, member.size), (Some(Digest::of(text)), text.len() as u64));
        assert!(wheel.member("pkg/run.sh").expect("listed").executable);
        assert_eq!((wheel.dist_info(), wheel.files().len()), ("pkg-1.0.dist-info", 5));
    }
}

#[test]
fn every_form_of_archive_that_writers_produce_is_read_alike() {
    let scheme = Scheme::new("/opt/venv", "3.11.2".parse().expect("valid")).expect("valid");
    let listed = |form: Form| {
        let sample = Sample::new().file("pkg/large.py", &b"x = 1\n".repeat(9000)).file("pkg/empty", b"").in_form(form);
        let bytes = sample.bytes();
        let wheel = open(bytes.clone()).unwrap_or_else(|error| panic!("{form:?}: {error}: {}", error.kind));
        let installed = install(&wheel, &scheme).expect("sound");
        (bytes, shipwheel_layer::listing(&installed.tree).expect("readable"))
    };
    let (plain, expected) = listed(Form::Plain);
    for form in [Form::Descriptors, Form::Zip64] {
        let (bytes, found) = listed(form);
        assert_ne!(bytes, plain, "{form:?} is another form");
        assert_eq!(found, expected, "{form:?}");
    }
}

/// The layer of everything that a wheel installs, or why there is none.
fn layer(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let scheme = Scheme::new("/opt/venv", "3.11.2".parse().expect("valid")).expect("valid");
    let wheel = open(bytes).map_err(|error| error.kind.to_string())?;
    let installed = install(&wheel, &scheme).map_err(|error| error.kind.to_string())?;
    let written = shipwheel_layer::write_layer(&installed.tree, shipwheel_layer::FileTime::EARLIEST, Vec::new());
    written.map(|(bytes, _)| bytes).map_err(|error| format!("{error}: {:?}", std::error::Error::source(&error)))
}

#[test]
fn a_member_is_taken_over_deflated_only_if_it_is_what_its_headers_say() {
    // Long enough to be passed through, and no two bytes alike for long.
    let text: Vec<u8> =
        (0..9000_u32).flat_map(|n| format!("{:x}\n", n.wrapping_mul(2_654_435_761)).into_bytes()).collect();
    let sound = || Sample::new().file("pkg/aa.txt", &text).bytes();
    let raw = {
        let wheel = open(sound()).expect("sound");
        let member = wheel.member("pkg/aa.txt").expect("listed");
        let start = usize::try_from(member.offset).expect("small");
        sound()[start..start + usize::try_from(member.compressed_size).expect("small")].to_vec()
    };
    let passed = layer(sound()).expect("sound");
    assert!(passed.windows(raw.len()).any(|window| window == raw), "the deflate stream is in the layer as it was");
    let crc = crc_of(&text).to_le_bytes();
    let other_crc = |bytes: Vec<u8>| patched(patched(bytes, &crc, &[1, 2, 3, 4], false), &crc, &[1, 2, 3, 4], true);
    for (name, bytes) in [
        ("another CRC-32", other_crc(sound())),
        ("bytes that do not inflate", patched(sound(), &raw[..8], &[0xff; 8], false)),
        ("a stream that ends early", patched(sound(), &raw[..2], &[0x03, 0x00], false)),
    ] {
        let error = layer(bytes).expect_err(name);
        assert!(error.contains("pkg/aa.txt") || error.contains("inflate"), "{name}: {error}");
    }
}

fn crc_of(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn members_that_no_wheel_may_have_are_refused() {
    for (path, part) in [
        ("/etc/passwd", "absolute"),
        ("../evil.py", "`..`"),
        ("pkg/../../evil.py", "`..`"),
        ("pkg\\evil.py", "backslashes"),
        ("pkg/./evil.py", "shortest"),
        ("pkg//evil.py", "shortest"),
        ("pkg/ev\0il.py", "control"),
        ("pkg/ev\nil.py", "control"),
    ] {
        let text = refusal(Sample::new().file(path, b"x"));
        assert!(text.contains(part), "{path:?}: {text}");
    }
    let link = refusal(Sample::new().unlisted("pkg/link", b"/etc/passwd", 0o120_777));
    assert!(link.contains("neither a file nor a folder"), "{link}");
}

#[test]
fn metadata_must_be_there_once_and_of_this_distribution() {
    for (sample, part) in [
        (Sample::new().file("other-1.0.dist-info/METADATA", b""), "found other-1.0.dist-info, pkg-1.0.dist-info"),
        (Sample::new().without("pkg-1.0.dist-info/WHEEL"), "`pkg-1.0.dist-info/WHEEL` is missing"),
        (Sample::new().file("pkg-1.0.dist-info/entry_points.txt", b"[console_scripts]\n../x=a:b\n"), "file name"),
    ] {
        let text = refusal(sample);
        assert!(text.contains(part), "{text}");
    }
    let wheel = |text: &str| {
        Sample::new().without("pkg-1.0.dist-info/WHEEL").file("pkg-1.0.dist-info/WHEEL", text.as_bytes()).open()
    };
    assert!(wheel(&WHEEL.replace("1.0", "2.0")).is_err());
    let elsewhere = "pkg-1.1-py3-none-any.whl".parse().expect("valid");
    let error = super::Wheel::open(elsewhere, std::sync::Arc::new(Sample::new().bytes())).expect_err("another version");
    assert!(error.kind.to_string().contains("expected one .dist-info folder of pkg 1.1, found pkg-1.0.dist-info"));
}

#[test]
fn metadata_files_have_limits_that_honest_ones_keep() {
    let with = |file: &str, text: String| {
        let path = format!("pkg-1.0.dist-info/{file}");
        Sample::new().without(&path).file(&path, text.as_bytes()).open().map_err(|error| error.kind.to_string())
    };
    let padded = |text: &str, size: usize| format!("{text}{}", "\n".repeat(size - text.len()));
    let metadata = "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n";
    for (file, text, limit) in [
        ("WHEEL", WHEEL, 1 << 20),
        ("METADATA", metadata, 16 << 20),
        ("entry_points.txt", "[console_scripts]\n", 1 << 20),
    ] {
        assert!(with(file, padded(text, limit)).is_ok(), "{file}");
        let error = with(file, padded(text, limit + 1)).expect_err("too large");
        assert!(error.contains("is too large for a metadata file"), "{file}: {error}");
    }
}

#[test]
fn what_a_wheel_depends_on_is_read_from_its_metadata() {
    let with = |lines: &str| {
        let path = "pkg-1.0.dist-info/METADATA";
        let text = format!("Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n{lines}\n\nRequires-Dist: text\n");
        Sample::new().without(path).file(path, text.as_bytes()).open().unwrap_or_else(|error| panic!("{error}"))
    };
    let names = |lines: &str| {
        let dependencies = with(lines).dependencies();
        dependencies.map(|all| all.iter().map(|one| one.name.to_string()).collect::<Vec<_>>()).ok()
    };
    assert_eq!(names(""), Some(Vec::new()));
    let two = "Requires-Dist: Numpy>=1\nrequires-dist: b [x] ; extra == 'y'";
    assert_eq!(names(two), Some(vec!["numpy".to_owned(), "b".to_owned()]));
    assert_eq!(names("Requires-Dist: not a dependency"), None);
    assert_eq!(names(&format!("Summary: {}", "x".repeat(2 << 20))), Some(Vec::new()), "a long description");
    assert_eq!(format!("{:?}", with("")), "Wheel(pkg-1.0-py3-none-any.whl, 4 files)");
}

/// Sets the Unix mode that the directory says of a member (APPNOTE 4.4.15).
fn with_mode(mut bytes: Vec<u8>, path: &str, mode: u32) -> Vec<u8> {
    let name = bytes.windows(path.len()).rposition(|window| window == path.as_bytes()).expect("it is there");
    bytes[name - 46 + 38..name - 46 + 42].copy_from_slice(&(mode << 16).to_le_bytes());
    bytes
}

#[test]
fn a_member_is_a_file_or_an_empty_folder() {
    let sound = || Sample::new().file("pkg/aa.py", b"1").bytes();
    for (mode, expected) in [
        (0, Ok(false)),
        (0o644, Ok(false)),
        (0o100_644, Ok(false)),
        (0o100_755, Ok(true)),
        (0o100_010, Ok(true)),
        (0o100_001, Ok(true)),
        (0o120_777, Err("is neither a file nor a folder")),
        (0o010_644, Err("is neither a file nor a folder")),
        (0o020_644, Err("is neither a file nor a folder")),
        (0o060_644, Err("is neither a file nor a folder")),
        (0o140_644, Err("is neither a file nor a folder")),
        (0o040_755, Err("is a folder without `/` at its end")),
    ] {
        let found = open(with_mode(sound(), "pkg/aa.py", mode));
        match (found.map(|wheel| wheel.member("pkg/aa.py").is_some_and(|member| member.executable)), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{mode:o}"),
            (Err(error), Err(expected)) => {
                assert!(error.kind.to_string().contains(expected), "{mode:o}: {}", error.kind)
            }
            (found, expected) => panic!("{mode:o}: {:?}, not {expected:?}", found.is_ok()),
        }
    }
    let folder = Sample::new().unlisted("pkg/folder/", b"", 0o755).open().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(folder.files().len(), 4, "folders are left out");
    let text = refusal(Sample::new().unlisted("pkg/folder/", b"x", 0o755));
    assert!(text.contains("is a folder with content"), "{text}");
}

#[test]
fn a_name_that_is_not_ascii_is_utf_8_and_marked_so() {
    let sound = || Sample::new().file("pkg/\u{fc}.py", b"1").bytes();
    assert!(open(sound()).is_ok_and(|wheel| wheel.member("pkg/\u{fc}.py").is_some()));
    // Bit 11 of the flags says UTF-8 (APPNOTE 4.4.4).
    let mut unmarked = sound();
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let places: Vec<usize> = (0..unmarked.len() - 4).filter(|at| unmarked[*at..*at + 4] == *signature).collect();
        places.into_iter().for_each(|at| unmarked[at + flags + 1] &= !0x08);
    }
    let broken = patched(patched(sound(), b"/\xc3\xbc.", b"/\xc3x.", false), b"/\xc3\xbc.", b"/\xc3x.", true);
    for (name, bytes) in [("not marked", unmarked), ("not UTF-8", broken)] {
        let error = open(bytes).expect_err(name).kind.to_string();
        assert!(error.contains("it is not UTF-8, or not marked so"), "{name}: {error}");
    }
}

/// Adds an extra field to a member, in its local header and in the directory.
fn with_extra_field(mut bytes: Vec<u8>, path: &str, field: &[u8]) -> Vec<u8> {
    let names: Vec<usize> =
        (0..bytes.len() - path.len()).filter(|at| bytes[*at..*at + path.len()] == *path.as_bytes()).collect();
    let (local, central) = (names[0], names[names.len() - 1]);
    let length = u8::try_from(field.len()).expect("short");
    let add = |bytes: &mut Vec<u8>, at: usize| {
        let number = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        bytes[at..at + 4].copy_from_slice(&(number + u32::from(length)).to_le_bytes());
    };
    // From behind to the front, so that places stay: the end of the directory, the directory, the local header.
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06").expect("an end");
    add(&mut bytes, end + 12);
    add(&mut bytes, end + 16);
    let headers: Vec<usize> = (local..end).filter(|at| bytes[*at..*at + 4] == *b"PK\x01\x02").collect();
    for header in headers {
        let offset = u32::from_le_bytes(bytes[header + 42..header + 46].try_into().expect("four bytes"));
        if offset as usize > local {
            add(&mut bytes, header + 42);
        }
    }
    bytes[central - 46 + 30] = length;
    bytes.splice(central + path.len()..central + path.len(), field.iter().copied());
    bytes[local - 30 + 28] = length;
    bytes.splice(local + path.len()..local + path.len(), field.iter().copied());
    bytes
}

#[test]
fn a_second_name_in_an_extra_field_is_refused() {
    let sound = || Sample::new().file("pkg/aa.py", b"1").bytes();
    let private = [0xfe, 0xca, 1, 0, 7];
    assert!(open(with_extra_field(sound(), "pkg/aa.py", &private)).is_ok(), "fields for private use are passed over");
    // The version, the CRC-32 of the name in the header, and the other name (APPNOTE 4.6.9).
    let field = [&[0x75, 0x70, 14, 0, 1][..], &crc_of(b"pkg/aa.py").to_le_bytes(), b"pkg/bb.py"].concat();
    assert!(open(with_extra_field(sound(), "pkg/aa.py", &field)).is_err());
}

#[test]
fn a_stored_member_has_one_size() {
    let sound = || Sample::new().file("pkg/aa.py", b"1").stored().bytes();
    let name = |bytes: &[u8], last: bool| {
        let mut places = bytes.windows(9).enumerate().filter(|(_, window)| *window == b"pkg/aa.py").map(|(at, _)| at);
        if last { places.next_back() } else { places.next() }.expect("it is there")
    };
    // The inflated size in the local header and in the directory (APPNOTE 4.3.7, 4.3.12).
    let mut bytes = sound();
    let (local, central) = (name(&bytes, false) - 30 + 22, name(&bytes, true) - 46 + 24);
    assert_eq!((bytes[local], bytes[central]), (1, 1));
    (bytes[local], bytes[central]) = (2, 2);
    let error = open(bytes).expect_err("two sizes").kind.to_string();
    assert!(error.contains("is stored with two sizes"), "{error}");
}

#[test]
fn record_may_differ_from_the_archive_and_every_difference_is_told() {
    let row = |size| RecordRow { size: Some(size), ..RecordRow::of(b"x") };
    let wheel = Sample::new()
        .unlisted("pkg/unlisted.py", b"x", 0o644)
        .row("pkg/gone.py", row(1))
        .row("pkg/", RecordRow::default())
        .unlisted("pkg/size.py", b"x", 0o644)
        .row("pkg/size.py", row(2))
        .unlisted("pkg/unhashed.py", b"x", 0o644)
        .row("pkg/unhashed.py", RecordRow::default())
        .unlisted("pkg/windows.py", b"x", 0o644)
        .row("pkg\\windows.py", row(1))
        .unlisted("pkg/absolute.py", b"x", 0o644)
        .row("/pkg/absolute.py", row(1))
        .unlisted("pkg/dot.py", b"x", 0o644)
        .row("./pkg/dot.py", row(1))
        .row("../pkg/dot.py", row(1))
        .open()
        .unwrap_or_else(|error| panic!("{}", error.kind));
    let expected = [
        "`pkg/absolute.py` is listed as `/pkg/absolute.py`",
        "`pkg/dot.py` is listed as `./pkg/dot.py`",
        "`pkg/size.py` has another size",
        "`pkg/unhashed.py` has no hash",
        "`pkg/unlisted.py` is not in RECORD",
        "`pkg/windows.py` is listed as `pkg\\windows.py`",
        "`../pkg/dot.py` is missing from the archive",
        "`pkg/` is missing from the archive",
        "`pkg/gone.py` is missing from the archive",
    ];
    assert_eq!(wheel.differences(), expected);
    let files =
        wheel.files().iter().filter(|member| member.path.starts_with("pkg/") && member.path != "pkg/__init__.py");
    assert_eq!(files.map(|file| file.sha256).collect::<Vec<_>>(), [Some(Digest::of(b"x")); 6], "each has its digest");
    assert_eq!(Sample::new().open().map(|wheel| wheel.differences().len()).ok(), Some(0));
}

#[test]
fn a_stronger_hash_than_sha256_is_checked_when_the_wheel_is_opened() {
    use sha2::Digest as _;
    let strong = |bytes: &[u8]| {
        let (sha384, sha512) = (sha2::Sha384::digest(bytes).into(), sha2::Sha512::digest(bytes).into());
        [StrongHash::Sha384(sha384), StrongHash::Sha512(sha512)]
    };
    let opened = |stronger| {
        let row = RecordRow { sha256: None, stronger: Some(stronger), size: None };
        Sample::new().unlisted("pkg/x.py", b"good", 0o644).row("pkg/x.py", row).open()
    };
    for stronger in strong(b"good") {
        let wheel = opened(stronger).unwrap_or_else(|error| panic!("{}", error.kind));
        assert_eq!(wheel.member("pkg/x.py").and_then(|member| member.sha256), Some(Digest::of(b"good")));
        assert!(wheel.differences().is_empty());
    }
    for stronger in strong(b"evil") {
        let error = opened(stronger).expect_err("another hash").kind.to_string();
        assert_eq!(error, "`pkg/x.py` has another hash than RECORD says");
    }
}

/// Says of every member in the directory that it was made on this system (APPNOTE 4.4.2).
fn made_on(mut bytes: Vec<u8>, system: u8) -> Vec<u8> {
    let headers: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == *b"PK\x01\x02").collect();
    headers.into_iter().for_each(|header| bytes[header + 5] = system);
    bytes
}

#[test]
fn modes_count_whatever_system_made_the_wheel() {
    // 3 is Unix, 0 is DOS, 10 is NTFS, 19 is macOS.
    for system in [3, 0, 10, 19] {
        let sample = Sample::new().file_with_mode("pkg/tool", b"#!/bin/sh\n", 0o755).file("pkg/data", b"");
        let wheel = open(made_on(sample.bytes(), system)).unwrap_or_else(|error| panic!("{system}: {}", error.kind));
        let executable = |path: &str| wheel.member(path).expect("listed").executable;
        assert_eq!((executable("pkg/tool"), executable("pkg/data")), (true, false), "{system}");
        let link = Sample::new().unlisted("pkg/link", b"/etc/passwd", 0o120_777).bytes();
        let error = open(made_on(link, system)).expect_err("a link").kind.to_string();
        assert!(error.contains("neither a file nor a folder"), "{system}: {error}");
    }
}

#[test]
fn a_file_that_is_not_what_record_says_is_an_error_when_read() {
    let row = RecordRow::of(b"good");
    let wheel = Sample::new().unlisted("pkg/x.py", b"evil", 0o644).row("pkg/x.py", row).open().expect("sizes agree");
    let member = wheel.member("pkg/x.py").expect("listed");
    assert!(wheel.content(member).to_vec().is_err());
}

#[test]
fn signatures_of_record_need_no_row() {
    let sample = Sample::new().unlisted("pkg-1.0.dist-info/RECORD.jws", b"x", 0o644);
    assert!(sample.open().is_ok());
}

#[test]
fn a_bomb_is_refused_by_the_sizes_it_states() {
    let text = refusal(Sample::new().file("pkg/zeros", &vec![0; 65 << 20]));
    assert!(text.contains("possible zip bomb"), "{text}");
}

/// Replaces the first or last of the places where some bytes stand.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8], last: bool) -> Vec<u8> {
    let mut places = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from).map(|(at, _)| at);
    let at = if last { places.next_back() } else { places.next() }.expect("it is there");
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// Sets the flag for encryption in the last header with a signature (APPNOTE 4.4.4).
fn with_flags(mut bytes: Vec<u8>, signature: &[u8], flags_at: usize) -> Vec<u8> {
    let at = bytes.windows(4).rposition(|window| window == signature).expect("it is there");
    bytes[at + flags_at] |= 1;
    bytes
}

#[test]
fn archives_that_contradict_themselves_are_refused() {
    let sound = || Sample::new().file("pkg/aa.py", b"1").file("pkg/bb.py", b"2").bytes();
    assert!(open(sound()).is_ok());
    for (name, bytes) in [
        ("a duplicate", patched(patched(sound(), b"pkg/bb.py", b"pkg/aa.py", false), b"pkg/bb.py", b"pkg/aa.py", true)),
        ("two names", patched(sound(), b"pkg/bb.py", b"pkg/cc.py", false)),
        ("encryption", with_flags(with_flags(sound(), b"PK\x03\x04", 6), b"PK\x01\x02", 8)),
        ("something before it", [b"#!/bin/sh\n".to_vec(), sound()].concat()),
        ("no end", sound()[..200].to_vec()),
        ("nothing", Vec::new()),
    ] {
        assert!(open(bytes).is_err(), "{name}");
    }
}

/// All that a build does with a wheel, as far as it gets.
fn use_wheel(bytes: Vec<u8>) -> Result<(), WheelError> {
    let wheel = open(bytes)?;
    let scheme = Scheme::new("/opt/venv", "3.11.2".parse().expect("valid")).expect("valid");
    if let Ok(installed) = install(&wheel, &scheme) {
        let _ = shipwheel_layer::listing(&installed.tree);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_change_of_bytes_makes_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = Sample::new().file("pkg-1.0.data/scripts/x", b"#!python\n").bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = use_wheel(bytes);
    }

    #[test]
    fn no_cut_makes_it_panic(from in any::<prop::sample::Index>(), length in 0_usize..64) {
        let mut bytes = Sample::new().bytes();
        let from = from.index(bytes.len());
        bytes.drain(from..(from + length).min(bytes.len()));
        let _ = use_wheel(bytes);
    }
}

#[test]
fn metadata_of_another_distribution_or_version_is_refused() {
    let metadata = |text: &str| {
        let sample = Sample::new().without("pkg-1.0.dist-info/METADATA");
        sample.file("pkg-1.0.dist-info/METADATA", format!("Metadata-Version: 2.1\n{text}\nHello\n").as_bytes()).open()
    };
    for (text, good) in [
        ("Name: pkg\nVersion: 1.0\n", true),
        ("Name: PKG\nVersion: 1.0.0\n", true),
        ("Name: other\nVersion: 1.0\n", false),
        ("Name: pkg\nVersion: 1.1\n", false),
        ("Name: pkg\n\nVersion: 1.0\n", false),
        ("Version: 1.0\n", false),
    ] {
        match metadata(text) {
            Ok(_) => assert!(good, "{text}"),
            Err(error) => {
                assert!(!good && matches!(error.kind, WheelErrorKind::Identity { .. }), "{text}: {}", error.kind)
            }
        }
    }
}
