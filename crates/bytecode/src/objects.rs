//! The objects of one marshalled code object, each leaf kept once, whatever holds it.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// An object's place among [`Objects`].
pub(crate) type NodeId = u32;

/// What x86 makes of `inf - inf` when the compiler folds it: its sign is set.
const X86_NAN: u64 = 0xfff8 << 48;

/// What ARM makes of it. IEEE 754 leaves the sign open: no source says which one it means.
const ARM_NAN: [u8; 8] = (0x7ff8_u64 << 48).to_le_bytes();

/// What an object without children is; its bytes are those of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Value<'a> {
    /// `None`, `True`, `False`, `...` or `StopIteration`, by its type byte: no identity worth a reference.
    Singleton(u8),
    /// A number's type byte and the bytes behind it.
    Number(u8, &'a [u8]),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A text of only ASCII.
    Ascii(&'a [u8]),
    /// Any other text, in UTF-8 in which surrogates may be unpaired.
    Text(&'a [u8]),
    /// An integer field of a code object: no object of its own.
    Field(&'a [u8]),
}

impl Value<'_> {
    /// Writes the bytes behind the type and the length.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Singleton(_) => {}
            Self::Number(b'g' | b'y', floats) => {
                for float in floats.chunks(8) {
                    out.extend_from_slice(if float == X86_NAN.to_le_bytes() { &ARM_NAN } else { float });
                }
            }
            Self::Number(_, bytes)
            | Self::Bytes(bytes)
            | Self::Ascii(bytes)
            | Self::Text(bytes)
            | Self::Field(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// Whether two of these are one object to CPython's compiler: not those that do not equal themselves.
    fn equals_itself(&self) -> bool {
        let is_nan = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("read as eight")).is_nan();
        match self {
            Self::Number(b'g' | b'y', bytes) => !bytes.chunks(8).any(is_nan),
            _ => true,
        }
    }
}

/// One object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node<'a> {
    /// It has no children.
    Leaf(Value<'a>),
    /// It has a type byte (`(` for every tuple, `>`, `:` or `c`), and children from one place up to another.
    Container(u8, u32, u32),
}

/// Objects, children before what holds them, the outermost last.
pub(crate) struct Objects<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// For each object, whether it is an interned text.
    pub(crate) interned: Vec<bool>,
    children: Vec<NodeId>,
    leaves: Index,
}

impl<'a> Objects<'a> {
    /// None, with room for those of so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let count = bytes / 32;
        Self {
            nodes: Vec::with_capacity(count),
            interned: Vec::with_capacity(count),
            children: Vec::with_capacity(count),
            leaves: Index::with_capacity(count / 2),
        }
    }

    fn push(&mut self, node: Node<'a>) -> NodeId {
        let id = NodeId::try_from(self.nodes.len()).expect("fewer than the input's bytes");
        self.nodes.push(node);
        self.interned.push(false);
        id
    }

    /// The object of this value: the existing one, or a new one.
    pub(crate) fn leaf(&mut self, value: Value<'a>) -> NodeId {
        if !value.equals_itself() {
            return self.push(Node::Leaf(value));
        }
        let (id, nodes) = (self.nodes.len(), &self.nodes);
        let id = NodeId::try_from(id).expect("fewer than the input's bytes");
        let known = self.leaves.find_or_insert(
            value,
            id,
            |other| matches!(nodes[other as usize], Node::Leaf(leaf) if leaf == value),
        );
        if known == id { self.push(Node::Leaf(value)) } else { known }
    }

    /// A new object of this type with these children.
    pub(crate) fn container(&mut self, kind: u8, children: &[NodeId]) -> NodeId {
        let place = |length: usize| u32::try_from(length).expect("fewer than the input's bytes");
        let first = place(self.children.len());
        self.children.extend_from_slice(children);
        self.push(Node::Container(kind, first, place(self.children.len())))
    }

    /// Remembers that a text is interned somewhere in the file.
    pub(crate) fn intern(&mut self, id: NodeId) {
        self.interned[id as usize] = true;
    }

    /// The children of an object.
    pub(crate) fn children(&self, id: NodeId) -> &[NodeId] {
        match self.nodes[id as usize] {
            Node::Container(_, from, to) => &self.children[from as usize..to as usize],
            Node::Leaf(_) => &[],
        }
    }

    /// The children of an object, to be replaced or sorted.
    pub(crate) fn children_mut(&mut self, id: NodeId) -> &mut [NodeId] {
        match self.nodes[id as usize] {
            Node::Container(_, from, to) => &mut self.children[from as usize..to as usize],
            Node::Leaf(_) => &mut [],
        }
    }

    /// Whether the outermost object is a code object.
    pub(crate) fn ends_in_code(&self) -> bool {
        matches!(self.nodes.last(), Some(Node::Container(b'c', ..)))
    }

    /// Whether an object is a text.
    pub(crate) fn is_text(&self, id: NodeId) -> bool {
        matches!(self.nodes[id as usize], Node::Leaf(Value::Ascii(_) | Value::Text(_)))
    }

    /// Whether an object has no identity worth a reference.
    pub(crate) fn is_singleton(&self, id: NodeId) -> bool {
        matches!(self.nodes[id as usize], Node::Leaf(Value::Singleton(_)))
    }
}

/// Objects by their hash. What is found never depends on the hash's seed, which hostile input cannot know.
pub(crate) struct Index {
    hasher: DefaultHashBuilder,
    known: HashTable<(u64, NodeId)>,
}

impl Index {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { hasher: DefaultHashBuilder::default(), known: HashTable::with_capacity(count) }
    }

    /// The object that has this key and that `is_equal` knows; `new` from now on if there was none.
    pub(crate) fn find_or_insert(&mut self, key: impl Hash, new: NodeId, is_equal: impl Fn(NodeId) -> bool) -> NodeId {
        let hash = self.hasher.hash_one(key);
        let found = self.known.entry(hash, |(other, id)| *other == hash && is_equal(*id), |(hash, _)| *hash);
        found.or_insert((hash, new)).get().1
    }
}
