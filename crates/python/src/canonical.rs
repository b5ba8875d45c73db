//! The one canonical form of a marshalled code object.
//!
//! CPython's own bytes depend on reference counts, the hash seed, and what else the process
//! had interned: two compilers of one file disagree. This form looks at the file alone:
//!
//! - equal constants are one object, wherever they stand (code objects keep their identity);
//! - the reference flag stands only where something refers back, numbered by first use;
//! - a frozenset's elements stand in the order of the digests of their values;
//! - a text is interned when it is empty, one latin-1 character, or interned elsewhere in the file.
//!
//! `canonical(canonical(x)) == canonical(x)`, and what CPython loads from it equals what it
//! loads from the original.

use std::collections::{BTreeSet, HashMap};

use shipwheel_oci::{Digest, Hasher};

use crate::marshal::{self, CodeLayout, MarshalError, Node, NodeId, Objects, is_singleton};

/// Raise this when the canonical form changes: it is part of every bytecode layer's key.
pub const CANONICAL_RECIPE: u32 = 1;

/// Rewrites a marshalled code object of CPython 3.`minor` to its canonical form.
///
/// With a `filename`, every `co_filename` becomes it, so that the result does not depend on
/// the name that the source was compiled under.
///
/// # Errors
/// When the bytes are no marshalled code object of that version.
pub fn canonical(body: &[u8], minor: u8, filename: Option<&str>) -> Result<Vec<u8>, MarshalError> {
    let mut objects = marshal::read(body, minor)?;
    let layout = CodeLayout::of(minor).expect("the reader knows the version");
    if let Some(filename) = filename {
        rename(&mut objects, &layout, filename);
    }
    intern(&mut objects.nodes);
    sort_frozensets(&mut objects.nodes);
    let values = Values::of(&objects);
    Ok(Writer::new(&objects, &values, &layout).write())
}

/// Whether the text of this type is interned, and its bytes without their length.
fn text(node: &Node) -> Option<(bool, &[u8])> {
    match node.kind {
        b'z' | b'Z' => Some((node.kind == b'Z', &node.leaf[1..])),
        b'a' | b'A' => Some((node.kind == b'A', &node.leaf[4..])),
        b'u' | b't' => Some((node.kind == b't', &node.leaf[4..])),
        _ => None,
    }
}

fn text_node(text: &str) -> Node {
    let size = u32::try_from(text.len()).expect("file names are short");
    let (kind, mut leaf) = match (text.is_ascii(), u8::try_from(text.len())) {
        (true, Ok(size)) => (b'z', vec![size]),
        (true, Err(_)) => (b'a', size.to_le_bytes().to_vec()),
        (false, _) => (b'u', size.to_le_bytes().to_vec()),
    };
    leaf.extend_from_slice(text.as_bytes());
    Node { kind, leaf, children: Vec::new() }
}

/// Gives every code object the file name, as one more object at the front.
///
/// It is not interned, whatever the name before was: an empty one, say, always is.
fn rename(objects: &mut Objects, layout: &CodeLayout, filename: &str) {
    objects.nodes.insert(0, text_node(filename));
    objects.root += 1;
    for node in &mut objects.nodes[1..] {
        node.children.iter_mut().for_each(|child| *child += 1);
        if node.kind == b'c' {
            node.children[layout.filename] = 0;
        }
    }
}

fn intern(nodes: &mut [Node]) {
    let interned: BTreeSet<Vec<u8>> =
        nodes.iter().filter_map(text).filter(|(interned, _)| *interned).map(|(_, text)| text.to_vec()).collect();
    for node in nodes {
        let Some((false, text)) = text(node) else { continue };
        let one_latin1 = matches!(text, [] | [_] | [0xc2 | 0xc3, _]);
        if one_latin1 || interned.contains(text) {
            node.kind = match node.kind {
                b'z' => b'Z',
                b'a' => b'A',
                _ => b't',
            };
        }
    }
}

fn sort_frozensets(nodes: &mut [Node]) {
    if !nodes.iter().any(|node| node.kind == b'>') {
        return;
    }
    let mut digests: Vec<Digest> = Vec::with_capacity(nodes.len());
    for node in nodes {
        if node.kind == b'>' {
            node.children.sort_by_key(|child| digests[*child as usize]);
        }
        let mut hasher = Hasher::new();
        hasher.field([node.kind]).field(&node.leaf);
        hasher.fields(node.children.iter().map(|child| digests[*child as usize]));
        digests.push(hasher.finish());
    }
}

/// Which objects are equal: each node's value, and how often each value is referred to.
struct Values {
    of_node: Vec<NodeId>,
    uses: Vec<u32>,
}

impl Values {
    fn of(objects: &Objects) -> Self {
        let mut known: HashMap<(u8, &[u8], Vec<NodeId>), NodeId> = HashMap::new();
        let mut of_node: Vec<NodeId> = Vec::with_capacity(objects.nodes.len());
        for (id, node) in (0..).zip(&objects.nodes) {
            let children = node.children.iter().map(|child| of_node[*child as usize]).collect();
            let value = match node.kind {
                b'c' => id,
                kind => *known.entry((kind, &node.leaf, children)).or_insert(id),
            };
            of_node.push(value);
        }
        let mut uses = vec![0; objects.nodes.len()];
        let mut todo = vec![of_node[objects.root as usize]];
        while let Some(value) = todo.pop() {
            uses[value as usize] += 1;
            if uses[value as usize] == 1 {
                todo.extend(objects.nodes[value as usize].children.iter().map(|child| of_node[*child as usize]));
            }
        }
        Self { of_node, uses }
    }
}

/// What is still to be written: an object, or integers of a code object.
enum Step<'a> {
    Object(NodeId),
    Integers(&'a [u8]),
}

struct Writer<'a> {
    objects: &'a Objects,
    values: &'a Values,
    layout: &'a CodeLayout,
    references: Vec<Option<u32>>,
    next: u32,
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(objects: &'a Objects, values: &'a Values, layout: &'a CodeLayout) -> Self {
        Self { objects, values, layout, references: vec![None; objects.nodes.len()], next: 0, out: Vec::new() }
    }

    fn write(mut self) -> Vec<u8> {
        let mut todo = vec![Step::Object(self.objects.root)];
        while let Some(step) = todo.pop() {
            match step {
                Step::Integers(bytes) => self.out.extend_from_slice(bytes),
                Step::Object(id) => self.begin(id, &mut todo),
            }
        }
        self.out
    }

    /// Writes an object's head and puts what is in it on top of what is to do.
    fn begin(&mut self, id: NodeId, todo: &mut Vec<Step<'a>>) {
        let value = self.values.of_node[id as usize] as usize;
        let node = &self.objects.nodes[value];
        if is_singleton(node.kind) {
            return self.out.push(node.kind);
        }
        if let Some(number) = self.references[value] {
            self.out.push(b'r');
            return self.out.extend_from_slice(&number.to_le_bytes());
        }
        let again = self.values.uses[value] > 1;
        if again {
            self.references[value] = Some(self.next);
            self.next += 1;
        }
        self.out.push(node.kind | if again { 0x80 } else { 0 });
        match node.kind {
            b'c' => return self.begin_code(node, todo),
            b')' => self.out.push(u8::try_from(node.children.len()).expect("read from one byte")),
            b'(' | b'>' => {
                let size = u32::try_from(node.children.len()).expect("read from four bytes");
                self.out.extend_from_slice(&size.to_le_bytes());
            }
            _ => self.out.extend_from_slice(&node.leaf),
        }
        todo.extend(node.children.iter().rev().map(|child| Step::Object(*child)));
    }

    fn begin_code(&mut self, node: &'a Node, todo: &mut Vec<Step<'a>>) {
        let (mut integers, mut children) = (node.leaf.chunks(4), node.children.iter());
        let steps: Vec<Step<'a>> = self
            .layout
            .fields
            .iter()
            .map(|integer| match integer {
                true => Step::Integers(integers.next().expect("the reader took one for each field")),
                false => Step::Object(*children.next().expect("the reader took one for each field")),
            })
            .collect();
        todo.extend(steps.into_iter().rev());
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
    fn frozensets_do_not_depend_on_the_hash_seed() {
        check(b")\x01>\x02\0\0\0z\x02abz\x02cd", b")\x01>\x02\0\0\0z\x02cdz\x02ab");
    }

    #[test]
    fn single_characters_and_texts_interned_elsewhere_are_interned() {
        check(b")\x03z\x01xz\0z\x01m", b")\x03Z\x01xZ\0Z\x01m");
        check(b")\x02z\x02abZ\x02ab", b")\x02Z\x02abZ\x02ab");
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
            (&b"N"[..], "it is no code object"),
            (b"[\0\0\0\0", "a type that a code object cannot hold"),
            (b"(\xff\xff\xff\x7f", "it ends too early"),
            (b"\xa9\x01r\0\0\0\0", "a reference names nothing that is complete"),
        ] {
            assert_eq!(canonical(bytes, 11, None).expect_err(reason).reason, reason);
        }
    }
}
