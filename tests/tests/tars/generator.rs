//! Archives from a seed: as honest tools write them, or with something odd in them.

use crate::member::{
    CHECKSUM, Checksum, FLAG, Field, GID, GNU, LINK, MAGIC, MAJOR, MODE, Member, NAME, OWNER, PREFIX, SIZE, TAIL, TIME,
    UID, USTAR, record,
};
use shipwheel_tests::Random;

/// An archive as honest tools write it, all of it below a folder of its own.
pub fn honest(random: &mut Random, folder: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = members(random, folder).iter().flat_map(Member::bytes).collect();
    bytes.resize(bytes.len() + random.pick(&[&1024usize, &1024, &10_240, &512, &0]), 0);
    bytes
}

/// An archive with one or two odd things in it.
pub fn odd(random: &mut Random, folder: &str) -> Vec<u8> {
    let mut members = members(random, folder);
    for _ in 0..1 + random.below(2) {
        match random.below(8) {
            0 | 1 => number(random, &mut members),
            2 => form(random, &mut members),
            3 => name(random, &mut members),
            4 | 5 => extension(random, &mut members),
            6 => records(random, &mut members),
            _ => byte(random, &mut members),
        }
    }
    let mut bytes: Vec<u8> = members.iter().flat_map(Member::bytes).collect();
    end(random, &mut bytes);
    bytes
}

fn members(random: &mut Random, folder: &str) -> Vec<Member> {
    let mut members = vec![Member::new(format!("{folder}/").as_bytes(), b'5', b"")];
    members[0].set(MODE, b"0000755");
    let mut files: Vec<Vec<u8>> = Vec::new();
    if random.once_in(6) {
        members.push(Member::pax(b'g', &[(b"comment", b"a commit, by git archive")]));
    }
    for number in 0..1 + random.below(5) {
        let mut name = format!("{folder}/{number}").into_bytes();
        if random.once_in(4) {
            name.extend_from_slice(random.pick(&[&b"-"[..], "é".as_bytes(), b" b", &[b'n'; 150]]));
        }
        let file = file(random);
        let target = files.get(random.below(files.len().max(1))).cloned();
        match (random.below(8), target) {
            (0, _) => entry(random, &mut members, Member::new(b"", b'5', b""), &[&name[..], b"/"].concat(), b""),
            (1, _) => {
                let target = random.pick(&[&b"../x"[..], b"/etc/x", &[b't'; 120], "ü".as_bytes()]);
                entry(random, &mut members, Member::new(b"", b'2', b""), &name, target);
            }
            (2, Some(target)) => entry(random, &mut members, Member::new(b"", b'1', b""), &name, &target),
            (3, _) => entry(random, &mut members, Member::new(b"", b'6', b""), &name, b""),
            (4, Some(again)) => entry(random, &mut members, file, &again, b""),
            _ => {
                entry(random, &mut members, file, &name, b"");
                files.push(name);
            }
        }
    }
    members
}

fn file(random: &mut Random) -> Member {
    let size = *random.pick(&[&0usize, &1, &3, &511, &512, &513, &1500]);
    let letter = b'a' + u8::try_from(random.below(26)).unwrap();
    let mut file = Member::new(b"", if random.once_in(8) { 0 } else { b'0' }, &vec![letter; size]);
    file.set(MODE, random.pick(&[&b"0000644"[..], b"0000755", b"0100640", b"   600 ", b"00000444"]));
    file
}

/// Adds a member under a name and with a link target, in one of the forms that have room for them.
fn entry(random: &mut Random, members: &mut Vec<Member>, mut member: Member, name: &[u8], link: &[u8]) {
    let mut pax: Vec<(&[u8], &[u8])> = Vec::new();
    if random.once_in(4) {
        pax.push(*random.pick(&[
            &(&b"mtime"[..], &b"1700000000.25"[..]),
            &(b"uid", b"3000000"),
            &(b"SCHILY.xattr.user.a", b"b\0\nc"),
            &(b"comment", b"c"),
        ]));
    }
    let is_long = name.len() > 100 || link.len() > 100;
    let as_gnu = pax.is_empty() && random.once_in(2);
    match (is_long, as_gnu) {
        (true, true) => {
            member.set(MAGIC, GNU);
            if link.len() > 100 {
                members.push(Member::long(b'K', &[link, b"\0"].concat()));
            }
            if name.len() > 100 {
                members.push(Member::long(b'L', &[name, b"\0"].concat()));
            }
        }
        (true, false) => {
            pax.extend([(&b"path"[..], name), (b"linkpath", link)].into_iter().filter(|(_, text)| text.len() > 100));
        }
        (false, _) => {
            let magic = random.pick(&[USTAR, GNU, &[0; 8]]);
            member.set(MAGIC, magic);
            let slash = name.iter().rposition(|byte| *byte == b'/').filter(|slash| slash + 1 < name.len());
            if let Some(slash) = slash.filter(|_| magic == USTAR && random.once_in(4)) {
                member.set(NAME, &name[slash + 1..]);
                member.set(PREFIX, &name[..slash]);
            }
        }
    }
    if member.header[PREFIX.0] == 0 {
        member.set(NAME, name);
    }
    member.set(LINK, link);
    if !pax.is_empty() {
        members.push(Member::pax(b'x', &pax));
    }
    members.push(member);
}

fn any<'a>(random: &mut Random, members: &'a mut [Member]) -> &'a mut Member {
    let number = random.below(members.len());
    &mut members[number]
}

/// An odd number, or an odd form of a number.
fn number(random: &mut Random, members: &mut [Member]) {
    let fields: [&Field; 7] = [&SIZE, &SIZE, &MODE, &UID, &GID, &TIME, &MAJOR];
    let values: [&[u8]; 26] = [
        b"",
        b"        ",
        b"   3",
        b"3 ",
        b"3 \0",
        b"3\0junk",
        b"3 junk",
        b"3 4",
        b"-3",
        b"+3",
        b"0_3",
        b"0o3",
        b"8",
        b"\0\x003",
        b"zz",
        b"\t3",
        b"600",
        b"0000003",
        b"00000003",
        b"\x80\0\0\0\0\0\0\x03",
        b"\x80\0\0\0\0\0\0\0\0\0\0\x03",
        b"\x81\0\0\0\0\0\0\x03",
        b"\xc0\0\0\0\0\0\0\x03",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"77777777777",
        b"\x80\0\0\x01\0\0\0\0",
    ];
    let (field, value) = (*random.pick(&fields), random.pick(&values));
    let member = any(random, members);
    if random.once_in(8) {
        member.checksum = Checksum::AsItIs;
        member.set(CHECKSUM, value);
    } else {
        member.set(field, value);
    }
}

/// An odd type or magic, or bytes where a form has no fields.
fn form(random: &mut Random, members: &mut [Member]) {
    let member = any(random, members);
    match random.below(5) {
        0 => member.set(
            FLAG,
            &[*random.pick(&[&0, &b'0', &b'1', &b'2', &b'5', &b'7', &b'S', &b'D', &b'M', &b'V', &b'X', &b'z'])],
        ),
        1 => member.set(
            MAGIC,
            random.pick(&[USTAR, GNU, &[0; 8], b"ustar\x0001", b"ustar\0\0\0", b"ustar 00", b"ustar\0  ", b"junkjunk"]),
        ),
        2 => {
            let gnu: [&[u8]; 6] =
                [b"p", b"00000000001", b"00000000001\x0000000000002\0", b"p\0junk", &[b'p'; 155], b"p/"];
            member.set(PREFIX, random.pick(&gnu));
        }
        3 => {
            let offset = PREFIX.0 + random.below(155);
            member.set((offset, 12), random.pick(&[&b"00000000001"[..], b"1", b"\x80"]));
        }
        _ => member
            .set(*random.pick(&[&TAIL, &OWNER, &MAJOR]), random.pick(&[&b"root"[..], b"\0\0\0\0\0\0\0\0tar\0", b"1"])),
    }
}

/// An odd name or link target, or a signed checksum.
fn name(random: &mut Random, members: &mut [Member]) {
    let member = any(random, members);
    let name: Vec<u8> = member.header[..100].split(|byte| *byte == 0).next().unwrap().to_vec();
    match random.below(9) {
        0 => member.set(NAME, &[&name[..], b"/"].concat()),
        1 => member.set(NAME, &[&name[..], b"\0junk"].concat()),
        2 => member.set(NAME, b""),
        3 => member.set(NAME, &[b"/", &name[..]].concat()),
        4 => member.set(NAME, &[b".//", &name[..]].concat()),
        5 => member.set(NAME, name.strip_suffix(b"/").unwrap_or(&name)),
        6 => member.set(LINK, b""),
        7 => member.set(LINK, random.pick(&[&b"x\0junk"[..], b"x/", b"./x"])),
        _ => member.checksum = Checksum::Signed,
    }
}

/// Extended headers where they do not belong, or members lost behind them.
fn extension(random: &mut Random, members: &mut Vec<Member>) {
    let at = random.below(members.len() + 1);
    if random.once_in(5) && at < members.len() {
        members.remove(at);
        return;
    }
    let path = |flag, text: &[u8]| Member::pax(flag, &[(b"path", text)]);
    let new = match random.below(12) {
        0 => path(b'x', b"other"),
        1 => path(b'g', b"other"),
        2 => Member::long(b'L', random.pick(&[&b"other\0"[..], b"other", b"other\0junk", b"", b"\0", b"other/\0"])),
        3 => Member::long(b'K', random.pick(&[&b"other\0"[..], b""])),
        4 => Member::pax(b'g', &[(b"comment", b"x")]),
        5 => Member::pax(
            b'g',
            &[(random.pick(&[&b"size"[..], b"mtime", b"uid", b"GNU.sparse.major", b"linkpath"]), b"1")],
        ),
        6 => Member::pax(
            b'x',
            &[(b"size", random.pick(&[&b"3"[..], b"0", b"600", b"-1", b"+3", b"3 ", b"", b"0x3", b"03"]))],
        ),
        7 => Member::pax(b'x', &[(b"linkpath", b"other")]),
        8 => path(b'x', random.pick(&[&b"other/"[..], b"", b"a\0b", b"/other", b"./other"])),
        9 => Member::pax(b'x', &[]),
        10 => Member::pax(b'x', &[(b"uid", random.pick(&[&b"7"[..], b"-7", b"x", b"4294967296"]))]),
        _ => Member::pax(b'x', &[(b"mtime", random.pick(&[&b"5"[..], b"5.5", b"-5.5", b".5", b"5e3", b"nan", b""]))]),
    };
    members.insert(at, new);
}

/// Odd records before an entry, or in an extended header that is there.
fn records(random: &mut Random, members: &mut Vec<Member>) {
    let keys: [&[u8]; 18] = [
        b"GNU.sparse.name",
        b"GNU.sparse.realsize",
        b"GNU.sparse.size",
        b"GNU.sparse.map",
        b"GNU.sparse.major",
        b"GNU.dumpdir",
        b"GNU.volume.filename",
        b"SCHILY.realsize",
        b"SUN.holesdata",
        b"SCHILY.ino",
        b"SCHILY.filetype",
        b"LIBARCHIVE.symlinktype",
        b"hdrcharset",
        b"ACME.path",
        b"atime",
        b"uname",
        b" path",
        b"PATH",
    ];
    let mut data = match random.below(4) {
        0 => record(random.pick(&keys), random.pick(&[&b"1"[..], b"other", b"BINARY", b"0,1"])),
        1 => [record(b"path", b"one"), record(b"path", b"two")].concat(),
        2 => [record(b"mtime", b"5"), record(b"comment", b"x\n9 path=y\n")].concat(),
        _ => random
            .pick(&[
                &b"011 path=xx\n"[..],
                b"+11 path=xx\n",
                b" 11 path=xx\n",
                b"9 path=xx\n",
                b"99 path=xx\n",
                b"11 path=xxy",
                b"11 pathxxx\n",
                b"7 =abc\n",
                b"11 path=xx\n\0",
                b"11 path=xx\njunk",
                b"12  path=xx\n",
                b"11 path=xx\n",
            ])
            .to_vec(),
    };
    let hidden = random.once_in(6);
    let there = members.iter().position(|member| member.flag() == b'x').filter(|_| random.once_in(2));
    match there {
        Some(there) => {
            data.extend_from_slice(&members[there].data);
            members[there] = Member::new(b"PaxHeaders/x", b'x', &data);
        }
        None => {
            let at = random.below(members.len());
            let mut member = Member::new(b"PaxHeaders/x", b'x', &data);
            if hidden {
                member.set(SIZE, b"0");
            }
            members.insert(at, member);
        }
    }
}

/// Any byte of a header, with the right checksum.
fn byte(random: &mut Random, members: &mut [Member]) {
    let value = *random.pick(&[&0, &b' ', &b'/', &b'1', &b'7', &b'A', &0x80, &0xff]);
    let offset = random.below(512);
    any(random, members).header[offset] = value;
}

/// Ends an archive, mostly as it should be.
fn end(random: &mut Random, bytes: &mut Vec<u8>) {
    let entry = Member::new(b"hidden", b'0', b"x").bytes();
    match random.below(20) {
        0 => bytes.truncate(bytes.len() - random.below(600).min(bytes.len())),
        1 => bytes.extend([&[0; 512][..], &entry].concat()),
        2 => bytes.extend([&[0; 1024][..], &entry].concat()),
        3 => bytes.extend([&[0; 1024][..], b"junk"].concat()),
        4 => bytes.resize(bytes.len() + 1500, 0),
        5 | 6 => bytes.resize(bytes.len() + 512, 0),
        7 | 8 => {}
        _ => bytes.resize(bytes.len() + 1024, 0),
    }
}
