//! Reads a marshalled code object: CPython 3.9 to 3.14 (`Python/marshal.c`, versions 4 and 5).
//!
//! What a code object cannot hold (lists, dictionaries, mutable sets) is refused, as are
//! references that go in a circle. Nothing here recurses: nesting is bounded by the input's
//! length alone, and so is memory.

/// A byte string that is no marshalled code object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("marshal data is broken at byte {offset}: {reason}")]
pub struct MarshalError {
    /// Where reading stopped.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// The fields of a code object, in the order in which marshal writes them.
pub(crate) struct CodeLayout {
    /// `true` for a 32-bit integer, `false` for an object.
    pub(crate) fields: &'static [bool],
    /// Which of the objects is `co_filename`.
    pub(crate) filename: usize,
}

const I: bool = true;
const O: bool = false;

impl CodeLayout {
    /// The layout of CPython 3.`minor`; `None` for versions that are not supported.
    pub(crate) fn of(minor: u8) -> Option<Self> {
        match minor {
            9 | 10 => Some(Self { fields: &[I, I, I, I, I, I, O, O, O, O, O, O, O, O, I, O], filename: 6 }),
            11..=14 => Some(Self { fields: &[I, I, I, I, I, O, O, O, O, O, O, O, O, I, O, O], filename: 5 }),
            _ => None,
        }
    }
}

/// A node's place in [`Objects`].
pub(crate) type NodeId = u32;

/// One object: a type byte without its reference flag, bytes of its own, and children.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: u8,
    /// The bytes behind the type: a number, a text with its length, a code object's integers.
    pub(crate) leaf: Vec<u8>,
    pub(crate) children: Vec<NodeId>,
}

/// The objects of one marshalled code object; children stand before their parents, the root last.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) nodes: Vec<Node>,
    pub(crate) root: NodeId,
}

/// Types that have no identity worth a reference: `None`, `True`, `False`, `...`, `StopIteration`.
pub(crate) fn is_singleton(kind: u8) -> bool {
    matches!(kind, b'N' | b'F' | b'T' | b'S' | b'.' | b'0')
}

/// An object whose children are being read.
struct Open {
    kind: u8,
    leaf: Vec<u8>,
    children: Vec<NodeId>,
    /// Children still to come; for a code object the fields still to come.
    left: usize,
    /// Its place in the table of references, reserved before its children.
    reference: Option<usize>,
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    layout: CodeLayout,
    nodes: Vec<Node>,
    references: Vec<Option<NodeId>>,
    open: Vec<Open>,
}

/// Reads a whole marshalled code object of CPython 3.`minor`.
///
/// # Errors
/// When the version is not supported, or the bytes are anything else.
pub(crate) fn read(bytes: &[u8], minor: u8) -> Result<Objects, MarshalError> {
    let layout =
        CodeLayout::of(minor).ok_or(MarshalError { offset: 0, reason: "this version of Python is not supported" })?;
    let mut reader = Reader { bytes, offset: 0, layout, nodes: Vec::new(), references: Vec::new(), open: Vec::new() };
    let root = reader.object()?;
    if reader.offset != bytes.len() {
        return Err(reader.error("bytes follow the object"));
    }
    if reader.nodes[root as usize].kind != b'c' {
        return Err(reader.error("it is no code object"));
    }
    Ok(Objects { nodes: reader.nodes, root })
}

impl Reader<'_> {
    fn error(&self, reason: &'static str) -> MarshalError {
        MarshalError { offset: self.offset, reason }
    }

    fn take(&mut self, size: usize) -> Result<&[u8], MarshalError> {
        let end = self.offset.checked_add(size).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(MarshalError { offset: self.offset, reason: "it ends too early" })?;
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, MarshalError> {
        Ok(self.take(1)?[0])
    }

    fn length(&mut self) -> Result<usize, MarshalError> {
        let bytes: [u8; 4] = self.take(4)?.try_into().expect("four were taken");
        usize::try_from(i32::from_le_bytes(bytes)).map_err(|_| self.error("a length is negative"))
    }

    /// Reads one object to its end, with everything in it.
    fn object(&mut self) -> Result<NodeId, MarshalError> {
        loop {
            let mut done = self.begin()?;
            // A finished object may finish the one around it, and so on outwards.
            while let Some(id) = done {
                let Some(mut parent) = self.open.pop() else { return Ok(id) };
                parent.children.push(id);
                parent.left -= 1;
                done = self.resume(parent)?;
            }
        }
    }

    /// Reads a type byte and what follows it; gives the node if it has no children to come.
    fn begin(&mut self) -> Result<Option<NodeId>, MarshalError> {
        let byte = self.byte()?;
        let kind = byte & 0x7f;
        if kind == b'r' {
            let index = self.length()?;
            let target = self.references.get(index).copied().flatten();
            return target.map(Some).ok_or_else(|| self.error("a reference names nothing that is complete"));
        }
        let reference = (byte & 0x80 != 0).then(|| {
            self.references.push(None);
            self.references.len() - 1
        });
        let start = self.offset;
        let mut left = 0;
        match kind {
            _ if is_singleton(kind) => {}
            b'i' => drop(self.take(4)?),
            b'g' => drop(self.take(8)?),
            b'y' => drop(self.take(16)?),
            b'l' => {
                let bytes: [u8; 4] = self.take(4)?.try_into().expect("four were taken");
                let digits = i32::from_le_bytes(bytes).unsigned_abs() as usize;
                self.take(digits.checked_mul(2).ok_or_else(|| self.error("a number is too long"))?)?;
            }
            b's' | b't' | b'u' | b'a' | b'A' => {
                let size = self.length()?;
                self.take(size)?;
            }
            b'z' | b'Z' => {
                let size = usize::from(self.byte()?);
                self.take(size)?;
            }
            b')' => left = usize::from(self.byte()?),
            b'(' | b'>' => left = self.length()?,
            b':' => left = 3,
            b'c' => left = self.layout.fields.len(),
            _ => return Err(MarshalError { offset: start - 1, reason: "a type that a code object cannot hold" }),
        }
        // Lengths of containers are not part of the leaf: they are written anew.
        let container = matches!(kind, b')' | b'(' | b'>');
        let leaf = if container { Vec::new() } else { self.bytes[start..self.offset].to_vec() };
        // Each child takes a byte at least: a length that the rest cannot hold is refused at once.
        if left > self.bytes.len() - self.offset {
            return Err(self.error("it ends too early"));
        }
        self.resume(Open { kind, leaf, children: Vec::new(), left, reference })
    }

    /// Goes on with an object: reads a code object's integers up to its next child, or ends it.
    fn resume(&mut self, mut object: Open) -> Result<Option<NodeId>, MarshalError> {
        while object.kind == b'c' && object.left > 0 {
            let field = self.layout.fields.len() - object.left;
            if self.layout.fields[field] == O {
                break;
            }
            let integer = self.take(4)?;
            object.leaf.extend_from_slice(integer);
            object.left -= 1;
        }
        if object.left > 0 {
            self.open.push(object);
            return Ok(None);
        }
        let id = NodeId::try_from(self.nodes.len()).map_err(|_| self.error("it has too many objects"))?;
        if let Some(index) = object.reference {
            self.references[index] = Some(id);
        }
        self.nodes.push(Node { kind: object.kind, leaf: object.leaf, children: object.children });
        Ok(Some(id))
    }
}
