//! Broken input made of sound input: for the tests that hold parsers to never panic. Other crates share it.

use proptest::prelude::*;
use proptest::sample::Index;

/// One change to some bytes.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    /// Repeats from one place to another, somewhere else.
    Repeat(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    // Bytes that formats give a meaning to come up as often as all others.
    let byte = || {
        prop_oneof![any::<u8>(), prop::sample::select(b"\0\n\r\t \"'()[]{}<>,;:=@/\\.-+0919az\x7f\x80\xff".to_vec())]
    };
    prop_oneof![
        6 => (any::<Index>(), byte()).prop_map(|(place, byte)| Change::Set(place, byte)),
        3 => (any::<Index>(), byte()).prop_map(|(place, byte)| Change::Insert(place, byte)),
        2 => any::<Index>().prop_map(Change::Remove),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => any::<(Index, Index, Index)>().prop_map(|(from, to, at)| Change::Repeat(from, to, at)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |index: &Index| index.index(bytes.len() + 1);
    match change {
        Change::Set(at, byte) => {
            let at = place(at);
            bytes.get_mut(at).into_iter().for_each(|it| *it = *byte);
        }
        Change::Insert(at, byte) => bytes.insert(place(at), *byte),
        Change::Remove(at) => drop(bytes.get(place(at)).is_some().then(|| bytes.remove(at.index(bytes.len())))),
        Change::Cut(at) => bytes.truncate(place(at)),
        Change::Repeat(from, to, at) => {
            let (from, to, at) = (place(from), place(to), place(at));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

/// Up to eight changes to one of these; or any bytes at all.
pub fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changed =
        (prop::sample::select(seeds), prop::collection::vec(change(), 0..8)).prop_map(|(mut bytes, changes)| {
            changes.iter().for_each(|change| apply(&mut bytes, change));
            bytes
        });
    prop_oneof![9 => changed, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

/// The same for texts; bytes that are no longer UTF-8 become replacement characters.
#[allow(dead_code, reason = "not every crate that shares this parses texts")]
pub fn mutated_text(seeds: &[&str]) -> impl Strategy<Value = String> + use<> {
    let seeds = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    mutated(seeds).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
