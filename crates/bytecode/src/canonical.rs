//! The one canonical form of a marshalled code object.
//!
//! CPython's own bytes depend on reference counts, the hash seed, and what else the process
//! had interned: two compilers of one file disagree. This form depends only on the file:
//!
//! - equal constants are one object, wherever they are; code objects keep their identity, and so
//!   does what does not equal itself, a NaN: `x in {x}` tells whether two of them are one;
//! - the NaN that `inf - inf` gives has no sign, whatever the processor's would be;
//! - the reference flag is set only where something refers back, numbered by first use;
//! - a frozenset's elements are in the order of the digests of their values;
//! - a text is interned when it is empty, one latin-1 character, or interned elsewhere in the file;
//! - texts and tuples have the shortest head that holds them.
//!
//! `canonical(canonical(x)) == canonical(x)`, and what CPython loads from it equals what it
//! loads from the original.

use std::collections::HashMap;

use shipwheel_oci::{Digest, Hasher};

use crate::marshal::{self, MarshalError};
use crate::objects::{Index, Node, NodeId, Objects, Value};

/// Raise this when the canonical form changes: it is part of every bytecode layer's key.
pub const CANONICAL_RECIPE: u32 = 3;

/// Rewrites a marshalled code object of CPython 3.`minor` to its canonical form.
///
/// With a `filename`, every `co_filename` becomes it, so that the result does not depend on
/// the name that the source was compiled under.
///
/// # Errors
/// When the bytes are not a marshalled code object of that version.
pub fn canonical(body: &[u8], minor: u8, filename: Option<&str>) -> Result<Vec<u8>, MarshalError> {
    let mut objects = marshal::read(body, minor, filename)?;
    intern_short_texts(&mut objects);
    let is_shared = merge(&mut objects);
    Ok(Writer::new(&objects, &is_shared, body.len()).write())
}

/// Interns what some processes had interned before they saw the file: `''` and single latin-1 characters.
fn intern_short_texts(objects: &mut Objects<'_>) {
    for (node, interned) in objects.nodes.iter().zip(&mut objects.interned) {
        *interned |= matches!(node, Node::Leaf(Value::Ascii([] | [_]) | Value::Text([0xc2 | 0xc3, _])));
    }
}

/// Makes all children the first of the objects that they equal, and puts frozensets in order.
///
/// Tells of each object whether more than one other holds it.
fn merge(objects: &mut Objects<'_>) -> Vec<bool> {
    let count = objects.nodes.len();
    let mut firsts: Vec<NodeId> = Vec::with_capacity(count);
    let (mut is_held, mut is_shared) = (vec![false; count], vec![false; count]);
    let (mut index, mut digests) = (Index::with_capacity(count / 8), Digests::default());
    for id in 0..NodeId::try_from(count).expect("fewer than the input's bytes") {
        let Node::Container(kind, ..) = objects.nodes[id as usize] else {
            firsts.push(id);
            continue;
        };
        objects.children_mut(id).iter_mut().for_each(|child| *child = firsts[*child as usize]);
        if kind == b'>' {
            digests.sort(objects, id);
        }
        let children = objects.children(id);
        let first = match kind {
            b'c' => id,
            _ => index.find_or_insert((kind, children), id, |other| {
                matches!(objects.nodes[other as usize], Node::Container(it, ..) if it == kind)
                    && objects.children(other) == children
            }),
        };
        firsts.push(first);
        // What merely equals another one is not written, and holds nothing.
        for child in children.iter().filter(|_| first == id) {
            is_shared[*child as usize] |= is_held[*child as usize];
            is_held[*child as usize] = true;
        }
    }
    is_shared
}

/// Digests of the values below frozensets: an order that no process has a say in.
#[derive(Default)]
struct Digests(HashMap<NodeId, Digest>);

impl Digests {
    fn sort(&mut self, objects: &mut Objects<'_>, frozenset: NodeId) {
        for child in objects.children(frozenset) {
            self.add(objects, *child);
        }
        objects.children_mut(frozenset).sort_by_key(|child| self.0[child]);
    }

    /// Adds an object's digest, and before it those of all below it.
    fn add(&mut self, objects: &Objects<'_>, id: NodeId) {
        let mut todo = vec![id];
        while let Some(id) = todo.last().copied() {
            let missing = todo.len();
            todo.extend(objects.children(id).iter().filter(|child| !self.0.contains_key(child)));
            if todo.len() == missing {
                todo.pop();
                let digest = self.of(objects, id);
                self.0.insert(id, digest);
            }
        }
    }

    /// The digest of an object below which all have one.
    fn of(&self, objects: &Objects<'_>, id: NodeId) -> Digest {
        let node = &objects.nodes[id as usize];
        let (kind, length) = head(node, objects.interned[id as usize]);
        let field = |child: &&NodeId| matches!(objects.nodes[**child as usize], Node::Leaf(Value::Field(_)));
        let mut bytes = Vec::new();
        if let Node::Leaf(value) = node {
            bytes.extend_from_slice(length.bytes());
            value.write(&mut bytes);
        }
        for integer in objects.children(id).iter().filter(field) {
            if let Node::Leaf(value) = &objects.nodes[*integer as usize] {
                value.write(&mut bytes);
            }
        }
        let mut hasher = Hasher::new();
        hasher.field([kind]).field(bytes);
        hasher.fields(objects.children(id).iter().filter(|child| !field(child)).map(|child| self.0[child]));
        hasher.finish()
    }
}

/// How long an object is, as written after its type.
enum Length {
    None,
    Byte([u8; 1]),
    Word([u8; 4]),
}

impl Length {
    fn short(length: usize) -> Option<Self> {
        u8::try_from(length).ok().map(|length| Self::Byte([length]))
    }

    fn word(length: usize) -> Self {
        Self::Word(u32::try_from(length).expect("fewer than the input's bytes").to_le_bytes())
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Byte(byte) => byte,
            Self::Word(word) => word,
        }
    }
}

/// The type byte of an object and its length: the shortest that CPython writes for it.
fn head(node: &Node<'_>, interned: bool) -> (u8, Length) {
    let pick = |plain, when_interned| if interned { when_interned } else { plain };
    match node {
        Node::Leaf(Value::Singleton(kind) | Value::Number(kind, _)) => (*kind, Length::None),
        Node::Leaf(Value::Field(_)) => (0, Length::None),
        Node::Leaf(Value::Bytes(bytes)) => (b's', Length::word(bytes.len())),
        Node::Leaf(Value::Text(text)) => (pick(b'u', b't'), Length::word(text.len())),
        Node::Leaf(Value::Ascii(text)) => match Length::short(text.len()) {
            Some(length) => (pick(b'z', b'Z'), length),
            None => (pick(b'a', b'A'), Length::word(text.len())),
        },
        Node::Container(b'(', from, to) => {
            let length = (to - from) as usize;
            Length::short(length).map_or((b'(', Length::word(length)), |length| (b')', length))
        }
        Node::Container(b'>', from, to) => (b'>', Length::word((to - from) as usize)),
        Node::Container(kind, ..) => (*kind, Length::None),
    }
}

struct Writer<'a> {
    objects: &'a Objects<'a>,
    is_shared: &'a [bool],
    /// The number of each shared object that is written already.
    references: Vec<Option<u32>>,
    next: u32,
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(objects: &'a Objects<'a>, is_shared: &'a [bool], size: usize) -> Self {
        let references = vec![None; objects.nodes.len()];
        Self { objects, is_shared, references, next: 0, out: Vec::with_capacity(size) }
    }

    /// Writes the outermost object, which is the last one, and all below it.
    fn write(mut self) -> Vec<u8> {
        let mut todo = vec![self.objects.nodes.len() - 1];
        while let Some(id) = todo.pop() {
            match &self.objects.nodes[id] {
                Node::Leaf(Value::Field(bytes)) => self.out.extend_from_slice(bytes),
                Node::Leaf(Value::Singleton(kind)) => self.out.push(*kind),
                node if self.begin(id, node) => {
                    let children = self.objects.children(id as NodeId);
                    todo.extend(children.iter().rev().map(|child| *child as usize));
                }
                _ => {}
            }
        }
        self.out
    }

    /// Writes an object without its children, or a reference to it; tells whether its children are to follow.
    fn begin(&mut self, id: usize, node: &Node<'_>) -> bool {
        if let Some(number) = self.references[id] {
            self.out.push(b'r');
            self.out.extend_from_slice(&number.to_le_bytes());
            return false;
        }
        let (kind, length) = head(node, self.objects.interned[id]);
        self.out.push(kind | if self.is_shared[id] { 0x80 } else { 0 });
        if self.is_shared[id] {
            self.references[id] = Some(self.next);
            self.next += 1;
        }
        self.out.extend_from_slice(length.bytes());
        if let Node::Leaf(value) = node {
            value.write(&mut self.out);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code object of 3.11 with the given constants, everything else empty.
    fn code(consts: &[u8]) -> Vec<u8> {
        let mut bytes = vec![b'c' | 0x80];
        bytes.extend([0; 20]);
        bytes.extend(b"s\x02\0\0\0\x97\0");
        bytes.extend(consts);
        bytes.extend(b")\0)\0s\0\0\0\0z\x04a.pyZ\x01mZ\x01m");
        bytes.extend([1, 0, 0, 0]);
        bytes.extend(b"s\0\0\0\0s\0\0\0\0");
        bytes
    }

    fn check(one: &[u8], other: &[u8]) {
        let (one, other) = (canonical(&code(one), 11, None), canonical(&code(other), 11, None));
        assert!(one.is_ok(), "{one:?}");
        assert_eq!(one, other);
        assert_eq!(canonical(one.as_ref().expect("checked"), 11, None), one, "canonical twice is canonical once");
    }

    #[test]
    fn reference_flags_that_nothing_refers_to_do_not_matter() {
        check(b")\x02\xe9\x01\0\0\0i\x02\0\0\0", b"\xa9\x02i\x01\0\0\0\xe9\x02\0\0\0");
    }

    #[test]
    fn equal_constants_are_one_whether_or_not_the_compiler_merged_them() {
        // The code object itself takes reference 0.
        check(b")\x02\xda\x02abr\x01\0\0\0", b")\x02Z\x02abZ\x02ab");
    }

    #[test]
    fn constants_that_cpython_distinguishes_stay_distinct() {
        let nan = [&b"g"[..], &f64::NAN.to_le_bytes()].concat();
        let complex_nan = [&b"y"[..], &0_f64.to_le_bytes(), &f64::NAN.to_le_bytes()].concat();
        let [zero, minus_zero, one] = [0.0, -0.0, 1.0_f64].map(|it| [&b"g"[..], &it.to_le_bytes()].concat());
        for (first, second) in [
            (&nan[..], &nan[..]),
            (&complex_nan, &complex_nan),
            (&zero, &minus_zero),
            (&one, b"i\x01\0\0\0"),
            (b"T", b"i\x01\0\0\0"),
            (b"F", b"i\0\0\0\0"),
            (b"z\x02ab", b"s\x02\0\0\0ab"),
            (b")\x01N", b">\x01\0\0\0N"),
        ] {
            let consts = [b")\x02", first, second].concat();
            let written = canonical(&code(&consts), 11, None).expect("valid");
            // Neither is flagged, nor a reference to the other.
            assert!(written.windows(consts.len()).any(|window| window == consts), "{first:?} {second:?}");
        }
    }

    #[test]
    fn the_nan_of_one_processor_is_that_of_the_other() {
        let number = |kind: u8, floats: &[u64]| {
            [&[kind][..], &floats.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>()].concat()
        };
        let [x86, arm, one, payload] = [0xfff8 << 48, 0x7ff8 << 48, 1_f64.to_bits(), 0xfff8 << 48 | 1];
        let consts = |floats: [u64; 2]| [b")\x02", &number(b'g', &floats[..1])[..], &number(b'y', &floats)].concat();
        check(&consts([x86, one]), &consts([arm, one]));
        check(&consts([one, x86]), &consts([one, arm]));
        let written = canonical(&code(&consts([payload, one])), 11, None).expect("valid");
        assert!(written.windows(8).any(|bytes| bytes == payload.to_le_bytes()), "any other one stays");
    }

    #[test]
    fn heads_are_the_shortest_whatever_they_were() {
        check(b"(\x01\0\0\0u\x02\0\0\0ab", b")\x01z\x02ab");
        check(b")\x02a\x02\0\0\0abA\x02\0\0\0ab", b")\x02Z\x02abz\x02ab");
    }

    #[test]
    fn frozensets_do_not_depend_on_the_hash_seed() {
        check(b")\x01>\x02\0\0\0z\x02abz\x02cd", b")\x01>\x02\0\0\0z\x02cdz\x02ab");
    }

    #[test]
    fn single_characters_and_texts_interned_elsewhere_are_interned() {
        check(b")\x03z\x01xz\0z\x01m", b")\x03Z\x01xZ\0Z\x01m");
        check(b")\x02z\x02abZ\x02ab", b")\x02Z\x02abZ\x02ab");
    }

    #[test]
    fn code_objects_stay_apart_even_when_they_are_equal() {
        // Two lambdas on one line have the same code, and `f.__code__ is g.__code__` is false.
        let lambda = [b"\xe3", &code(b")\0")[1..]].concat();
        let plain = [b"c", &code(b")\0")[1..]].concat();
        let apart = canonical(&code(&[b")\x02", &plain[..], &plain].concat()), 11, None).expect("valid");
        let same = canonical(&code(&[b")\x02", &lambda[..], b"r\x01\0\0\0"].concat()), 11, None).expect("valid");
        let heads = |form: &[u8]| form.iter().filter(|byte| **byte & 0x7f == b'c').count();
        assert_eq!((heads(&apart), heads(&same)), (3, 2));
        for form in [apart, same] {
            assert_eq!(canonical(&form, 11, None), Ok(form));
        }
    }

    #[test]
    fn a_new_filename_takes_the_place_of_the_old_one() {
        let renamed = canonical(&code(b")\0"), 11, Some("/app/main.py")).expect("valid");
        assert_eq!(renamed, canonical(&renamed, 11, Some("/app/main.py")).expect("valid"));
        let mut interned = code(b")\0");
        let name = interned.windows(6).position(|window| window == b"z\x04a.py").expect("it has a name");
        interned[name] = b'Z';
        assert_eq!(
            canonical(&interned, 11, Some("/app/main.py")).as_ref(),
            Ok(&renamed),
            "whatever the name was before"
        );
        assert!(renamed.windows(12).any(|window| window == b"/app/main.py"));
        assert!(!renamed.windows(4).any(|window| window == b"a.py"));
    }

    #[test]
    fn broken_data_is_an_error_and_never_a_panic() {
        let valid = code(b")\x02i\x01\0\0\0>\x01\0\0\0z\x02ab");
        for end in 0..valid.len() {
            assert!(canonical(&valid[..end], 11, None).is_err(), "{end}");
        }
        for position in 0..valid.len() {
            for byte in [0, 1, b'(', b'[', b'c', b'r', 0x7f, 0xff] {
                let mut mutated = valid.clone();
                mutated[position] = byte;
                let _ = canonical(&mutated, 11, None);
            }
        }
        let deep = [b")\x01".repeat(200_000), b"N".to_vec()].concat();
        assert!(canonical(&code(&deep), 11, None).is_ok(), "depth costs memory, not stack");
        for (bytes, reason) in [
            (&b"N"[..], "it is not a code object"),
            (b"[\0\0\0\0", "a type that a code object cannot hold"),
            (b"(\xff\xff\xff\x7f", "it ends too early"),
            (b"\xa9\x01r\0\0\0\0", "a reference names nothing that is complete"),
            (b")\x02\xcer\0\0\0\0", "a reference names nothing that is complete"),
            (b":NNN", "a type that a code object cannot hold"),
            (b"l\x01\0\0\0\x05\0", "a number is longer than it need be"),
            (b"l\x03\0\0\0\x05\0\0\0\0\0", "a number is longer than it need be"),
            (b"l\x01\0\0\0\xff\xff", "a digit of a number is too large"),
            (b"l\0\0\0\0", "a number is longer than it need be"),
            (b"l\0\0\0\x80", "it ends too early"),
            (b"z\x01\xff", "a text is not the ASCII that it says it is"),
            (b"u\x01\0\0\0\xff", "a text is not UTF-8"),
        ] {
            assert_eq!(canonical(bytes, 11, None).expect_err(reason).reason, reason);
        }
    }

    #[test]
    fn an_error_says_where_reading_stopped() {
        for (bytes, offset) in [
            (&b""[..], 0),
            (b"[", 0),
            (b")\x01[", 2),
            (b"i\0\0", 1),
            (b"z\x05ab", 2),
            (b"(\xff\xff\xff\x7fN", 6),
            (b"z\x01\xff", 1),
            (b"u\x01\0\0\0\xff", 1),
            (b"l\x01\0\0\0\x05\0", 1),
            (b"NN", 1),
        ] {
            assert_eq!(canonical(bytes, 11, None).expect_err("broken").offset, offset, "{bytes:?}");
        }
    }

    #[test]
    fn numbers_of_32_bits_have_their_own_form_and_larger_ones_are_taken() {
        // Digits of 15 bits, the lowest first; a negative count is the sign.
        for (count, digits, is_taken) in [
            (1, &[1_u16][..], false),
            (3, &[0x7fff, 0x7fff, 1], false),
            (3, &[0, 0, 2], true),
            (3, &[1, 0, 2], true),
            (-3, &[0x7fff, 0x7fff, 1], false),
            (-3, &[0, 0, 2], false),
            (-3, &[1, 0, 2], true),
            (4, &[0, 0, 0, 1], true),
            (-4, &[0, 0, 0, 1], true),
            (4, &[0, 0, 2, 0], false),
        ] {
            let digits: Vec<u8> = digits.iter().flat_map(|digit| digit.to_le_bytes()).collect();
            let consts = [b")\x01l", &i32::to_le_bytes(count)[..], &digits].concat();
            let found = canonical(&code(&consts), 11, None);
            assert_eq!(found.is_ok(), is_taken, "{count} {digits:?}: {found:?}");
            assert!(!is_taken || found.expect("taken").windows(consts.len()).any(|window| window == consts));
        }
    }

    #[test]
    fn a_file_name_that_is_not_a_text_is_refused() {
        let bytes = code(b")\0");
        let name = bytes.windows(6).position(|window| window == b"z\x04a.py").expect("it has a name");
        for other in [&b"N"[..], b"i\0\0\0\0", b"s\x01\0\0\0a", b")\0"] {
            let bytes = [&bytes[..name], other, &bytes[name + 6..]].concat();
            for filename in [None, Some("/app/main.py")] {
                let error = canonical(&bytes, 11, filename).expect_err("not a text");
                assert_eq!(error.reason, "a file name is not a text", "{other:?}");
            }
        }
        let bytes = [&bytes[..name], b"u\x02\0\0\0\xc3\xa9", &bytes[name + 6..]].concat();
        assert!(canonical(&bytes, 11, None).is_ok(), "any text is one");
    }
}
