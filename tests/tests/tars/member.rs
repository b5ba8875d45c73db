//! A header block and its data, with every byte as a test wants it.

pub const USTAR: &[u8] = b"ustar\x0000";
pub const GNU: &[u8] = b"ustar  \0";

/// A header field, as offset and length.
pub type Field = (usize, usize);
pub const NAME: Field = (0, 100);
pub const MODE: Field = (100, 8);
pub const UID: Field = (108, 8);
pub const GID: Field = (116, 8);
pub const SIZE: Field = (124, 12);
pub const TIME: Field = (136, 12);
pub const CHECKSUM: Field = (148, 8);
pub const FLAG: Field = (156, 1);
pub const LINK: Field = (157, 100);
pub const MAGIC: Field = (257, 8);
pub const OWNER: Field = (265, 32);
pub const MAJOR: Field = (329, 8);
pub const PREFIX: Field = (345, 155);
pub const TAIL: Field = (500, 12);

/// How a header's checksum is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// As POSIX has it.
    Right,
    /// Signed bytes, as some old programs added them.
    Signed,
    /// Whatever the field has.
    AsItIs,
}

/// A member of an archive, extended headers among them.
#[derive(Debug, Clone)]
pub struct Member {
    pub header: [u8; 512],
    pub data: Vec<u8>,
    pub checksum: Checksum,
}

impl Member {
    /// A ustar member of root's, its size that of the data.
    pub fn new(name: &[u8], flag: u8, data: &[u8]) -> Self {
        let mut member = Self { header: [0; 512], data: data.to_vec(), checksum: Checksum::Right };
        let size = format!("{:011o}", data.len());
        for (field, value) in [
            (NAME, name),
            (MODE, b"0000644"),
            (UID, b"0000000"),
            (GID, b"0000000"),
            (SIZE, size.as_bytes()),
            (TIME, b"00000000001"),
            (FLAG, &[flag]),
            (MAGIC, USTAR),
        ] {
            member.set(field, value);
        }
        member
    }

    /// An extended header with pax records.
    pub fn pax(flag: u8, records: &[(&[u8], &[u8])]) -> Self {
        let data: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        Self::new(b"PaxHeaders/x", flag, &data)
    }

    /// A long name or link target of GNU tar.
    pub fn long(flag: u8, name: &[u8]) -> Self {
        let mut member = Self::new(b"././@LongLink", flag, name);
        member.set(MAGIC, GNU);
        member
    }

    /// Sets a field, and NULs up to its end; what is too long is cut.
    pub fn set(&mut self, (offset, length): Field, value: &[u8]) {
        let value = &value[..value.len().min(length)];
        self.header[offset..offset + length].fill(0);
        self.header[offset..offset + value.len()].copy_from_slice(value);
    }

    pub fn flag(&self) -> u8 {
        self.header[FLAG.0]
    }

    /// Header, data and padding.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_vec();
        if self.checksum != Checksum::AsItIs {
            bytes[CHECKSUM.0..FLAG.0].fill(b' ');
            let signed = self.checksum == Checksum::Signed;
            let value = |byte: &u8| if signed { i32::from(byte.cast_signed()) } else { i32::from(*byte) };
            let sum: i32 = bytes.iter().map(value).sum();
            // A negative sum has no octal form.
            bytes[CHECKSUM.0..FLAG.0].copy_from_slice(format!("{:06o}\0 ", sum.max(0)).as_bytes());
        }
        bytes.extend_from_slice(&self.data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// A pax record with its right length.
pub fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (rest + 1..).find(|length| *length == rest + length.to_string().len()).unwrap();
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}
