//! Stacks of layers, one over the other: what umoci unpacks is what shipwheel reads, or shipwheel refuses.
//!
//! The tars themselves are plain; what counts is what a layer does to those below it: folders over links, links over
//! folders, files below links, hard links to lower layers, whiteouts of every kind, names in any encoding.
//! `SHIPWHEEL_STACKS` is the number of stacks, `SHIPWHEEL_STACKS_SEED` the seed.

use std::collections::BTreeMap;

use shipwheel_tests::Random;
use tar::{Builder, EntryType, Header};

use crate::judges::umoci;
use crate::reading::{PERMISSIONS, ours};

/// Few names, so that layers meet.
const NAMES: [&[u8]; 6] = [b"a", b"b", b"c", b"lib", b"caf\xe9", b"\xc3\xa9"];
const TARGETS: [&[u8]; 10] =
    [b"a", b"b", b"../b", b"/a/b", b"lib", b"/lib", b"caf\xe9", b"../../../c", b"nowhere", b"."];

/// An entry as it goes into a tar.
struct Part {
    path: Vec<u8>,
    kind: EntryType,
    target: Vec<u8>,
    content: &'static [u8],
    mode: u32,
}

fn part(random: &mut Random, number: usize) -> Part {
    const CONTENTS: [&[u8]; 3] = [b"", b"one", b"another"];
    let folders = (0..random.below(3)).flat_map(|_| [random.pick(&NAMES), b"/"].concat()).collect::<Vec<u8>>();
    let name = random.pick(&NAMES).to_vec();
    let file = |name: Vec<u8>, content| (name, EntryType::Regular, Vec::new(), content);
    let (name, kind, target, content) = match random.below(14) {
        0..=3 => file(name, random.pick(&CONTENTS)),
        4..=6 => (name, EntryType::Directory, Vec::new(), b"".as_slice()),
        7 | 8 => (name, EntryType::Symlink, random.pick(&TARGETS).to_vec(), b"".as_slice()),
        9 | 10 => {
            let target = [random.pick(&NAMES), b"/", random.pick(&NAMES)].concat();
            (
                name,
                EntryType::Link,
                if random.once_in(2) { target } else { random.pick(&NAMES).to_vec() },
                b"".as_slice(),
            )
        }
        // The lowest layer has nothing to remove.
        _ if number == 0 => file(name, b"lowest"),
        11 | 12 => file([b".wh.", name.as_slice()].concat(), b"".as_slice()),
        _ => file(b".wh..wh..opq".to_vec(), b"".as_slice()),
    };
    let mode = if kind == EntryType::Directory { 0o755 } else { [0o644, 0o755, 0o600][random.below(3)] };
    Part { path: [folders, name].concat(), kind, target, content, mode }
}

fn append(builder: &mut Builder<Vec<u8>>, part: &Part) {
    let mut header = Header::new_ustar();
    let fields = header.as_ustar_mut().unwrap();
    fields.name[..part.path.len()].copy_from_slice(&part.path);
    fields.linkname[..part.target.len()].copy_from_slice(&part.target);
    header.set_entry_type(part.kind);
    header.set_mode(part.mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(part.content.len() as u64);
    header.set_cksum();
    builder.append(&header, part.content).unwrap();
}

fn tar(parts: &[Part]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    parts.iter().for_each(|part| append(&mut builder, part));
    builder.into_inner().unwrap()
}

/// Layers of entries that mostly fit to what is below them: most that come by chance are below a file.
fn stack(random: &mut Random) -> Vec<Vec<u8>> {
    let mut layers: Vec<Vec<u8>> = Vec::new();
    for number in 0..2 + random.below(3) {
        layers.push(tar(&[]));
        let mut parts = Vec::new();
        for _ in 0..2 + random.below(9) {
            parts.push(part(random, number));
            layers[number] = tar(&parts);
            if !random.once_in(60) && ours(&layers, PERMISSIONS).is_err() {
                parts.pop();
                layers[number] = tar(&parts);
            }
        }
    }
    layers
}

/// The layers of one number, as a text for a failure.
fn told(layers: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for (number, layer) in layers.iter().enumerate() {
        for entry in tar::Archive::new(layer.as_slice()).entries().unwrap() {
            let entry = entry.unwrap();
            let (path, link) =
                (entry.path_bytes().into_owned(), entry.link_name_bytes().unwrap_or_default().into_owned());
            let kind = entry.header().entry_type();
            text += &format!("  {number}: {kind:?} {} -> {}\n", path.escape_ascii(), link.escape_ascii());
        }
    }
    text
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn layers_over_one_another_are_what_umoci_unpacks() {
    let (seed, count) = (number("SHIPWHEEL_STACKS_SEED", 1), number("SHIPWHEEL_STACKS", 150));
    let mut tally: BTreeMap<&str, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for at in 0..count {
        let mut random = Random::new(seed, at);
        let layers = stack(&mut random);
        let outcome = match (ours(&layers, PERMISSIONS), umoci(&layers)) {
            (Ok(ours), Ok(theirs)) if ours == theirs => "read alike",
            (Ok(ours), theirs) => {
                wrong.push(format!("{at}:\n{}ours {ours:#?}\numoci {theirs:#?}", told(&layers)));
                "read differently"
            }
            (Err(_), Err(_)) => "refused by both",
            (Err(why), Ok(_)) if why.contains("also removes it") => "refused, for it has two readings",
            (Err(why), Ok(theirs)) => {
                wrong.push(format!("{at}:\n{}refused: {why}\numoci {theirs:#?}", told(&layers)));
                "refused alone"
            }
        };
        *tally.entry(outcome).or_default() += 1;
    }
    let shown = wrong.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "SHIPWHEEL_STACKS_SEED={seed} SHIPWHEEL_STACKS={count}: {tally:?}\n{shown}");
    assert!(tally["read alike"] > count / 3, "seed {seed}: {tally:?}");
}
