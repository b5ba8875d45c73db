//! One interpreter compiles many files in one way of many; the canonical form is the same in all of them.

use std::collections::BTreeMap;

use shipwheel_bytecode::canonical;
use shipwheel_oci::Digest;

use crate::{Interpreter, Suite};

const DUMP: &str = include_str!("dump.py");

/// Everything that one process may do otherwise than another.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The optimization levels, as digits.
    pub levels: &'static str,
    /// `sorted`, `reversed` or `shuffled`.
    pub order: &'static str,
    /// `clean`, or `dirty`: after 70 imports, with all latin-1 characters interned.
    pub process: &'static str,
    /// PYTHONHASHSEED.
    pub seed: &'static str,
    /// Among how many processes the files are dealt out.
    pub workers: usize,
    /// Every how many-th file is taken.
    pub every: usize,
}

impl Way {
    /// The plainest: all files, all levels, one clean process, sorted.
    pub const PLAIN: Self = Self { levels: "012", order: "sorted", process: "clean", seed: "0", workers: 1, every: 1 };
}

/// The canonical digest of each level and file, and how many bytes there were.
#[derive(Debug, Default)]
pub struct Compiled {
    digests: BTreeMap<(u8, String), Digest>,
    raw: BTreeMap<(u8, String), Digest>,
}

impl Compiled {
    /// Compiles what lies below some folders or files of the image.
    ///
    /// # Panics
    /// When the interpreter fails, or its bytes are refused or not canonical at once.
    pub fn new(interpreter: &Interpreter, suite: Suite, roots: &[&str], way: Way) -> Self {
        let mut compiled = Self::default();
        let (python, seed) = (suite.python(), format!("PYTHONHASHSEED={}", way.seed));
        let [every, workers] = [way.every, way.workers].map(|number| number.to_string());
        for part in 0..way.workers {
            let part = part.to_string();
            let ways = ["/dump", way.levels, way.order, way.process, &part, &workers, &every];
            let command = [&[python.as_str(), "-B", "-S", "-c", DUMP], &ways[..], roots].concat();
            interpreter.run(&[&seed], &command);
            compiled.read(&std::fs::read(interpreter.rootfs().join("/dump")).expect("it was written"), suite.minor);
        }
        compiled
    }

    fn read(&mut self, mut dump: &[u8], minor: u8) {
        let size = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four")) as usize;
        while let [level, rest @ ..] = dump {
            let (name, body) = (size(&rest[..4]), size(&rest[4..8]));
            let (name, rest) = rest[8..].split_at(name);
            let (body, rest) = rest.split_at(body);
            let name = String::from_utf8_lossy(name).into_owned();
            let form = if body.is_empty() { Vec::new() } else { self.canonical(body, minor, &name) };
            let key = (*level, name);
            self.raw.insert(key.clone(), Digest::of(body));
            self.digests.insert(key, Digest::of(&form));
            dump = rest;
        }
    }

    fn canonical(&self, body: &[u8], minor: u8, name: &str) -> Vec<u8> {
        let form = canonical(body, minor, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(canonical(&form, minor, None).as_ref(), Ok(&form), "{name}: canonical twice is canonical once");
        canonical(body, minor, Some(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// How many files and levels were compiled.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// In how many the interpreters' own bytes differ.
    pub fn raw_differences(&self, other: &Self) -> usize {
        self.raw.iter().filter(|(key, digest)| other.raw.get(*key).is_some_and(|it| it != *digest)).count()
    }

    /// The files whose canonical form differs, or that only one of the two has, with the level in front.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let names = |(level, path): &(u8, String)| format!("{level} {path}");
        let here = self.digests.iter().filter(|(key, digest)| other.digests.get(*key) != Some(digest));
        let there = other.digests.keys().filter(|key| !self.digests.contains_key(*key));
        here.map(|(key, _)| names(key)).chain(there.map(names)).collect()
    }
}
