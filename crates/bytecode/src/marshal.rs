//! Reads a marshalled code object: CPython 3.9 to 3.14 (`Python/marshal.c`, versions 4 and 5).
//!
//! What CPython never writes for a code object (lists, dictionaries, mutable sets, numbers in a
//! longer form than needed, texts that are no UTF-8) is refused, as are references that go in a
//! circle. Nothing here recurses: nesting is bounded only by the input's length, and so is memory.

use crate::objects::{NodeId, Objects, Value};

/// A byte string that is not a marshalled code object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("marshal data is broken at byte {offset}: {reason}")]
pub struct MarshalError {
    /// Where reading stopped.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// The fields of a code object in the order in which marshal writes them, one letter each:
/// `i` for a 32-bit integer, `f` for the file name, `o` for any other object.
fn fields_of(minor: u8) -> Option<&'static [u8]> {
    match minor {
        9 | 10 => Some(b"iiiiiioooooofoio"),
        11..=14 => Some(b"iiiiiooooofooioo"),
        _ => None,
    }
}

/// The first version whose compiler writes constant slices.
const FIRST_WITH_SLICES: u8 = 14;

/// An object whose children are being read; they are on top of [`Reader::children`].
struct Open {
    kind: u8,
    /// How many children it will have; for a code object, fields.
    size: usize,
    /// How many of them are read.
    read: usize,
    /// Its place in the table of references, reserved before its children.
    reference: Option<usize>,
}

/// What a reference may name: an object, and whether its text stood there as an interned one.
#[derive(Clone, Copy)]
struct Target {
    node: NodeId,
    interned: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    minor: u8,
    fields: &'static [u8],
    /// What every file name becomes.
    filename: Option<NodeId>,
    objects: Objects<'a>,
    /// `None` for an object that is not complete.
    references: Vec<Option<Target>>,
    open: Vec<Open>,
    children: Vec<NodeId>,
}

/// Reads a whole marshalled code object of CPython 3.`minor`, with another file name if one is given.
///
/// # Errors
/// When the version is not supported, or the bytes are anything else.
pub(crate) fn read<'a>(bytes: &'a [u8], minor: u8, filename: Option<&'a str>) -> Result<Objects<'a>, MarshalError> {
    let at_start = |reason| MarshalError { offset: 0, reason };
    let fields = fields_of(minor).ok_or(at_start("this version of Python is not supported"))?;
    if u32::try_from(bytes.len()).is_err() {
        return Err(at_start("it is larger than four gigabytes"));
    }
    let mut objects = Objects::with_capacity(bytes.len());
    let filename = filename.map(|name| objects.leaf(text_value(name.as_bytes())));
    let (references, open, children) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = Reader { bytes, offset: 0, minor, fields, filename, objects, references, open, children };
    reader.object()?;
    if reader.offset != bytes.len() {
        return Err(reader.error("bytes follow the object"));
    }
    if !reader.objects.ends_in_code() {
        return Err(reader.error("it is not a code object"));
    }
    Ok(reader.objects)
}

impl<'a> Reader<'a> {
    fn error(&self, reason: &'static str) -> MarshalError {
        MarshalError { offset: self.offset, reason }
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], MarshalError> {
        let bytes: &'a [u8] = self.bytes;
        let taken = bytes[self.offset..].get(..size).ok_or_else(|| self.error("it ends too early"))?;
        self.offset += size;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, MarshalError> {
        Ok(self.take(1)?[0])
    }

    fn integer(&mut self) -> Result<i32, MarshalError> {
        let bytes = self.take(4)?;
        Ok(i32::from_le_bytes(bytes.try_into().expect("four were taken")))
    }

    fn length(&mut self) -> Result<usize, MarshalError> {
        let length = self.integer()?;
        usize::try_from(length).map_err(|_| self.error("a length is negative"))
    }

    /// Reads one object to its end, with everything in it.
    fn object(&mut self) -> Result<(), MarshalError> {
        loop {
            let mut done = self.begin()?;
            // A finished object may finish the one around it, and so on outwards.
            while let Some(target) = done {
                let Some(mut parent) = self.open.pop() else { return Ok(()) };
                let child = self.child(&parent, target)?;
                self.children.push(child);
                parent.read += 1;
                done = self.resume(parent)?;
            }
        }
    }

    /// The child that an object gets: the one read, except for a file name that becomes another.
    fn child(&mut self, parent: &Open, child: Target) -> Result<NodeId, MarshalError> {
        if parent.kind == b'c' && self.fields[parent.read] == b'f' {
            if !self.objects.is_text(child.node) {
                return Err(self.error("a file name is not a text"));
            }
            if let Some(filename) = self.filename {
                return Ok(filename);
            }
        }
        if child.interned {
            self.objects.intern(child.node);
        }
        Ok(child.node)
    }

    /// Reads a type byte and what follows it; gives the object if it has no children to come.
    fn begin(&mut self) -> Result<Option<Target>, MarshalError> {
        let byte = self.byte()?;
        let kind = byte & 0x7f;
        let size = match kind {
            b'r' => {
                let index = self.length()?;
                let target = self.references.get(index).copied().flatten();
                return target.map(Some).ok_or_else(|| self.error("a reference names nothing that is complete"));
            }
            b')' => usize::from(self.byte()?),
            b'(' | b'>' => self.length()?,
            b':' if self.minor >= FIRST_WITH_SLICES => 3,
            b'c' => self.fields.len(),
            _ => {
                let target = self.leaf(kind)?;
                // As in CPython, singletons take no place in the table, whatever their flag says.
                if byte & 0x80 != 0 && !self.objects.is_singleton(target.node) {
                    self.references.push(Some(target));
                }
                return Ok(Some(target));
            }
        };
        // A length that the rest cannot hold reserves nothing: the input ends before its children do.
        let reference = (byte & 0x80 != 0).then(|| {
            self.references.push(None);
            self.references.len() - 1
        });
        let kind = if kind == b')' { b'(' } else { kind };
        self.resume(Open { kind, size, read: 0, reference })
    }

    /// Goes on with an object: reads a code object's integers up to its next child, or ends it.
    fn resume(&mut self, mut object: Open) -> Result<Option<Target>, MarshalError> {
        while object.kind == b'c' && self.fields.get(object.read) == Some(&b'i') {
            let integer = Value::Field(self.take(4)?);
            let integer = self.objects.leaf(integer);
            self.children.push(integer);
            object.read += 1;
        }
        if object.read < object.size {
            self.open.push(object);
            return Ok(None);
        }
        let first = self.children.len() - object.size;
        let node = self.objects.container(object.kind, &self.children[first..]);
        self.children.truncate(first);
        let target = Target { node, interned: false };
        if let Some(index) = object.reference {
            self.references[index] = Some(target);
        }
        Ok(Some(target))
    }

    /// Reads an object that has no children.
    fn leaf(&mut self, kind: u8) -> Result<Target, MarshalError> {
        let value = match kind {
            b'N' | b'F' | b'T' | b'S' | b'.' => Value::Singleton(kind),
            b'i' => Value::Number(kind, self.take(4)?),
            b'l' => Value::Number(kind, self.long()?),
            b'g' => Value::Number(kind, self.take(8)?),
            b'y' => Value::Number(kind, self.take(16)?),
            b's' => {
                let size = self.length()?;
                Value::Bytes(self.take(size)?)
            }
            b't' | b'u' | b'a' | b'A' | b'z' | b'Z' => self.text(kind)?,
            _ => return Err(MarshalError { offset: self.offset - 1, reason: "a type that a code object cannot hold" }),
        };
        Ok(Target { node: self.objects.leaf(value), interned: matches!(kind, b't' | b'A' | b'Z') })
    }

    fn text(&mut self, kind: u8) -> Result<Value<'a>, MarshalError> {
        let start = self.offset;
        let size = if matches!(kind, b'z' | b'Z') { usize::from(self.byte()?) } else { self.length()? };
        let value = text_value(self.take(size)?);
        let reason = match (kind, value) {
            (b'a' | b'A' | b'z' | b'Z', Value::Text(_)) => "a text is not the ASCII that it says it is",
            (_, Value::Text(text)) if !is_python_text(text) => "a text is not UTF-8",
            _ => return Ok(value),
        };
        Err(MarshalError { offset: start, reason })
    }

    /// The digits of a large number, with their count: base 2¹⁵, none superfluous.
    fn long(&mut self) -> Result<&'a [u8], MarshalError> {
        let start = self.offset;
        let count = self.integer()?;
        let size = 2 * u64::from(count.unsigned_abs());
        let digits = self.take(usize::try_from(size).map_err(|_| self.error("it ends too early"))?)?;
        let digit = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        if digits.chunks_exact(2).any(|pair| digit(pair) >> 15 != 0) {
            return Err(MarshalError { offset: start, reason: "a digit of a number is too large" });
        }
        let magnitude =
            |digits: &[u8]| digits.chunks_exact(2).rev().fold(0, |sum, pair| sum << 15 | i64::from(digit(pair)));
        // Three digits hold any number of 32 bits, which has a shorter form of its own.
        let small = digits.len() <= 6 && i32::try_from(magnitude(digits) * i64::from(count.signum())).is_ok();
        if small || digits.ends_with(&[0, 0]) {
            return Err(MarshalError { offset: start, reason: "a number is longer than it need be" });
        }
        Ok(&self.bytes[start..self.offset])
    }
}

/// A text by what it holds: CPython has a shorter form for ASCII.
fn text_value(text: &[u8]) -> Value<'_> {
    if text.is_ascii() { Value::Ascii(text) } else { Value::Text(text) }
}

/// Whether these bytes are a text as CPython marshals it: UTF-8, in which surrogates may be unpaired.
fn is_python_text(mut text: &[u8]) -> bool {
    while let Err(error) = std::str::from_utf8(text) {
        match text[error.valid_up_to()..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => text = &text[error.valid_up_to() + 3..],
            _ => return false,
        }
    }
    true
}
