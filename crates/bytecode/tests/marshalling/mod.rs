//! Code objects of any shape, and a writer that marshals them in any of the ways that CPython reads.

use proptest::prelude::*;
use proptest::strategy::Union;

/// What CPython marshals as part of a code object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// A type byte and what follows it.
    Plain(u8, Vec<u8>),
    /// A text in UTF-8, perhaps with surrogates, and whether it is interned.
    Text(Vec<u8>, bool),
    Tuple(Vec<Object>),
    Frozenset(Vec<Object>),
    /// Start, stop and step.
    Slice(Vec<Object>),
    /// A code object of seven objects: code, constants, names, …, file name, name and line table.
    Code(Vec<Object>),
}

/// How to write it: bits that decide, used in turn.
#[derive(Debug, Clone)]
pub struct Style(Vec<bool>);

/// Any style.
pub fn style() -> impl Strategy<Value = Style> {
    prop::collection::vec(any::<bool>(), 1..97).prop_map(Style)
}

fn plain(kind: u8, bytes: impl Into<Vec<u8>>) -> Object {
    Object::Plain(kind, bytes.into())
}

/// Texts: short and long, with surrogates unpaired and in pairs; few, so that some are equal.
fn text() -> impl Strategy<Value = Object> {
    let bytes = prop_oneof![
        Just(Vec::new()),
        Just(b"<filename>".to_vec()),
        "[a-c]{1,2}".prop_map(String::into_bytes),
        "[é£ж中😀]{1,2}".prop_map(String::into_bytes),
        Just(b"\xed\xa0\x80".to_vec()),
        Just(b"a\xed\xa0\xbd\xed\xb8\x80b".to_vec()),
        Just(vec![b'x'; 255]),
        Just(vec![b'x'; 256]),
    ];
    (bytes, any::<bool>()).prop_map(|(bytes, interned)| Object::Text(bytes, interned))
}

/// Floats except NaNs: one that was written twice is two.
fn float() -> impl Strategy<Value = Vec<u8>> {
    let some = prop_oneof![Just(0_f64), Just(-0_f64), Just(1_f64), Just(f64::INFINITY), any::<f64>()];
    some.prop_filter("no NaN", |it| !it.is_nan()).prop_map(|it| it.to_le_bytes().to_vec())
}

/// Numbers of more than 32 bits, in digits of 15.
fn long() -> impl Strategy<Value = Object> {
    (any::<bool>(), prop::collection::vec(0_u16..1 << 15, 3..9), 1_u16..1 << 15).prop_map(|(negative, digits, top)| {
        let count = i32::try_from(digits.len() + 1).expect("few");
        let count = if negative { -count } else { count };
        let digits = digits.into_iter().chain([top]).flat_map(u16::to_le_bytes);
        plain(b'l', count.to_le_bytes().into_iter().chain(digits).collect::<Vec<u8>>())
    })
}

fn leaf() -> impl Strategy<Value = Object> {
    prop_oneof![
        prop::sample::select(b"NTF.".to_vec()).prop_map(|kind| plain(kind, [])),
        prop_oneof![-2..3_i32, any::<i32>()].prop_map(|it| plain(b'i', it.to_le_bytes())),
        long(),
        float().prop_map(|it| plain(b'g', it)),
        (float(), float()).prop_map(|(real, imaginary)| plain(b'y', [real, imaginary].concat())),
        bytes(),
        text(),
    ]
}

/// Byte strings: also what code, exception tables and line tables are.
fn bytes() -> impl Strategy<Value = Object> {
    prop::collection::vec(any::<u8>(), 0..4)
        .prop_map(|it| plain(b's', [&u32::try_from(it.len()).expect("few").to_le_bytes()[..], &it].concat()))
}

/// A code object around constants.
fn around(consts: impl Strategy<Value = Vec<Object>>) -> impl Strategy<Value = Object> {
    let rest = (bytes(), text(), any::<bool>(), text(), bytes());
    (consts, rest).prop_map(|(consts, (code, name, interned, qualname, table))| {
        let filename = Object::Text(b"<filename>".to_vec(), interned);
        Object::Code(vec![code, Object::Tuple(consts), Object::Tuple(vec![]), filename, name, qualname, table])
    })
}

/// Any code object of a version, with others in it.
pub fn code(minor: u8) -> impl Strategy<Value = Object> {
    let object = leaf().prop_recursive(4, 48, 5, move |inner| {
        let few = |count| prop::collection::vec(inner.clone(), count);
        let mut kinds = vec![
            few(0..5).prop_map(Object::Tuple).boxed(),
            few(0..5).prop_map(Object::Frozenset).boxed(),
            around(few(0..5)).boxed(),
        ];
        kinds.extend((minor >= 14).then(|| few(3..4).prop_map(Object::Slice).boxed()));
        Union::new(kinds)
    });
    around(prop::collection::vec(object, 0..7))
}

/// Marshals a code object for CPython 3.`minor`.
pub fn marshal(object: &Object, minor: u8, style: &Style) -> Vec<u8> {
    let mut writer = Writer { minor, style, step: 0, references: Vec::new(), out: Vec::new() };
    writer.write(object);
    writer.out
}

struct Writer<'a> {
    minor: u8,
    style: &'a Style,
    step: usize,
    /// The table of references; `None` where an object is not complete.
    references: Vec<Option<&'a Object>>,
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn decide(&mut self) -> bool {
        self.step += 1;
        self.style.0[self.step % self.style.0.len()]
    }

    fn write(&mut self, object: &'a Object) {
        let known = self.references.iter().position(|it| *it == Some(object));
        if let Some(number) = known.filter(|_| !holds_code(object) && self.decide()) {
            self.out.push(b'r');
            return self.word(number);
        }
        // Singletons are never flagged: they take no place in the table.
        let is_flagged = !matches!(object, Object::Plain(b'N' | b'T' | b'F' | b'.', _)) && self.decide();
        let (start, place) = (self.out.len(), self.references.len());
        self.references.extend(is_flagged.then_some(None));
        self.write_out(object);
        if is_flagged {
            self.out[start] |= 0x80;
            self.references[place] = Some(object);
        }
    }

    fn write_out(&mut self, object: &'a Object) {
        match object {
            Object::Plain(kind, bytes) => self.bytes(*kind, bytes),
            Object::Text(text, interned) => self.text(text, *interned),
            Object::Tuple(items) if items.len() < 256 && self.decide() => {
                self.bytes(b')', &[u8::try_from(items.len()).expect("few")]);
                items.iter().for_each(|item| self.write(item));
            }
            Object::Tuple(items) => {
                self.out.push(b'(');
                self.word(items.len());
                items.iter().for_each(|item| self.write(item));
            }
            Object::Frozenset(items) => {
                self.out.push(b'>');
                self.word(items.len());
                let middle = if self.decide() { items.len() / 2 } else { 0 };
                items[middle..].iter().chain(&items[..middle]).for_each(|item| self.write(item));
            }
            Object::Slice(parts) => {
                self.out.push(b':');
                parts.iter().for_each(|part| self.write(part));
            }
            Object::Code(parts) => self.code(parts),
        }
    }

    /// 3.9 has one integer more in front, and the objects that later versions put into one.
    fn code(&mut self, parts: &'a [Object]) {
        let [code, consts, names, filename, name, qualname, table] = parts else { panic!("seven") };
        self.out.push(b'c');
        (0..if self.minor < 11 { 6 } else { 5 }).for_each(|number| self.word(number));
        let before = [code, consts, names, names];
        before.into_iter().for_each(|part| self.write(part));
        let (variables, after) =
            if self.minor < 11 { (vec![names, names], vec![table]) } else { (vec![code], vec![table, table]) };
        variables.into_iter().for_each(|part| self.write(part));
        [filename, name].into_iter().for_each(|part| self.write(part));
        (self.minor >= 11).then(|| self.write(qualname));
        self.word(7);
        after.into_iter().for_each(|part| self.write(part));
    }

    fn text(&mut self, text: &[u8], interned: bool) {
        let kind = |plain, when_interned| if interned { when_interned } else { plain };
        match u8::try_from(text.len()) {
            Ok(length) if text.is_ascii() && self.decide() => self.bytes(kind(b'z', b'Z'), &[length]),
            _ => {
                let is_ascii = text.is_ascii() && self.decide();
                self.out.push(if is_ascii { kind(b'a', b'A') } else { kind(b'u', b't') });
                self.word(text.len());
            }
        }
        self.out.extend_from_slice(text);
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.out.push(kind);
        self.out.extend_from_slice(bytes);
    }

    fn word(&mut self, number: usize) {
        self.out.extend_from_slice(&u32::try_from(number).expect("small").to_le_bytes());
    }
}

/// Code objects keep their identity: what holds one is never the same as another.
fn holds_code(object: &Object) -> bool {
    match object {
        Object::Code(_) => true,
        Object::Tuple(items) | Object::Frozenset(items) | Object::Slice(items) => items.iter().any(holds_code),
        Object::Plain(..) | Object::Text(..) => false,
    }
}
