//! Archives from seeds: for each, all judges read what shipwheel reads, or shipwheel refuses it.
//!
//! `SHIPWHEEL_TARS` is the number of archives, `SHIPWHEEL_TARS_SEED` the seed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shipwheel_tests::scratch;

use crate::generator;
use crate::judges::{bsdtar, gnu_tar, python, umoci};
use crate::member::{FLAG, GNU, MAGIC, USTAR};
use crate::reading::{PERMISSIONS, Reading, ours};
use shipwheel_tests::Random;

/// How many archives a plain run makes.
const ARCHIVES: u64 = 1500;

/// How many archives umoci gets at once, as layers of one image: it starts slowly.
const LAYERS: usize = 50;

struct Archive {
    number: u64,
    bytes: Vec<u8>,
    path: PathBuf,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn every_reader_reads_what_shipwheel_reads() {
    let (count, seed) = (setting("SHIPWHEEL_TARS", ARCHIVES), setting("SHIPWHEEL_TARS_SEED", 1));
    let folder = scratch();
    let (mut accepted, mut refusals) = (Vec::new(), BTreeMap::<String, usize>::new());
    for number in 0..count {
        let mut random = Random::new(seed, number);
        let is_honest = number % 5 == 0;
        let bytes = if is_honest { generator::honest } else { generator::odd }(&mut random, &format!("t{number}"));
        let path = folder.path().join(format!("{number}.tar"));
        std::fs::write(&path, &bytes).unwrap();
        match ours(std::slice::from_ref(&bytes), PERMISSIONS) {
            Ok(_) => accepted.push(Archive { number, bytes, path }),
            Err(error) => {
                assert!(!is_honest, "seed {seed}, archive {number} is honest: {error}");
                *refusals.entry(kind_of(&error)).or_default() += 1;
            }
        }
    }
    // What is refused must not be all that is odd, and what is read not all.
    let refused: usize = refusals.values().sum();
    let odd = count as usize * 4 / 5;
    assert!((odd / 4..odd * 9 / 10).contains(&refused), "seed {seed}: {refused} of {odd} refused: {refusals:#?}");
    let faults = [by_python(&accepted), by_unpacking(&accepted), by_umoci(&accepted)].concat();
    let shown = faults.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(
        faults.is_empty(),
        "seed {seed}, {} of {} archives are read differently:\n{shown}",
        faults.len(),
        accepted.len()
    );
}

/// The end of an error, without the names in it.
fn kind_of(error: &str) -> String {
    error
        .rsplit('`')
        .next()
        .unwrap_or_default()
        .split(" byte ")
        .last()
        .unwrap_or_default()
        .trim_matches(char::is_numeric)
        .to_owned()
}

fn by_python(archives: &[Archive]) -> Vec<String> {
    let paths: Vec<PathBuf> = archives.iter().map(|archive| archive.path.clone()).collect();
    let readings = python(&paths);
    assert_eq!(readings.len(), archives.len());
    let faults =
        archives.iter().zip(readings).filter_map(|(archive, theirs)| fault(archive, "tarfile", 0o7777, theirs));
    faults.collect()
}

fn by_unpacking(archives: &[Archive]) -> Vec<String> {
    let unpack = |archive: &Archive| {
        let judged = [("GNU tar", gnu_tar(&archive.path)), ("bsdtar", bsdtar(&archive.path))];
        judged.into_iter().filter_map(|(name, theirs)| fault(archive, name, PERMISSIONS, theirs)).collect::<Vec<_>>()
    };
    let half = archives.len() / 2;
    let (first, second) = archives.split_at(half);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| first.iter().flat_map(unpack).collect::<Vec<_>>());
        let own: Vec<String> = second.iter().flat_map(unpack).collect();
        [other.join().unwrap(), own].concat()
    })
}

fn by_umoci(archives: &[Archive]) -> Vec<String> {
    // umoci refuses global headers, which Docker and containerd pass over.
    let archives: Vec<&Archive> = archives.iter().filter(|archive| !has_global_header(&archive.bytes)).collect();
    let mut faults = Vec::new();
    for some in archives.chunks(LAYERS) {
        let tars: Vec<Vec<u8>> = some.iter().map(|archive| archive.bytes.clone()).collect();
        let whole = umoci(&tars).and_then(|theirs| difference(&ours(&tars, PERMISSIONS)?, &theirs));
        let Err(whole) = whole else { continue };
        let alone: Vec<String> = some
            .iter()
            .filter_map(|archive| fault(archive, "umoci", PERMISSIONS, umoci(std::slice::from_ref(&archive.bytes))))
            .collect();
        faults.extend(if alone.is_empty() {
            vec![format!("from {} on, as layers: umoci: {whole}", some[0].number)]
        } else {
            alone
        });
    }
    faults
}

fn has_global_header(tar: &[u8]) -> bool {
    let forms = [USTAR, GNU, &[0; 8]];
    let is_header = |block: &[u8]| forms.iter().any(|magic| block[MAGIC.0..].starts_with(&magic[..5]));
    tar.chunks_exact(512).any(|block| block[FLAG.0] == b'g' && is_header(block))
}

/// What a judge read otherwise.
fn fault(archive: &Archive, judge: &str, modes: u32, theirs: Result<Reading, String>) -> Option<String> {
    let own = ours(std::slice::from_ref(&archive.bytes), modes).unwrap();
    let fault = theirs.and_then(|theirs| difference(&own, &theirs)).err()?;
    Some(format!("archive {}: {judge}: {fault}", archive.number))
}

fn difference(ours: &Reading, theirs: &Reading) -> Result<(), String> {
    let without = |these: &Reading, those: &Reading| -> Vec<String> {
        let own = these.iter().filter(|(path, line)| those.get(*path) != Some(line));
        own.map(|(path, line)| format!("{path:?} {line}")).collect()
    };
    let (own, other) = (without(ours, theirs), without(theirs, ours));
    match own.is_empty() && other.is_empty() {
        true => Ok(()),
        false => Err(format!("we read {own:?}, it reads {other:?}")),
    }
}
