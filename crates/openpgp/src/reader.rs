//! A cursor over untrusted bytes: every read is checked.

/// The bytes that are still to be read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes that follow their 16-bit count.
    pub(crate) fn counted(&mut self) -> Option<&'a [u8]> {
        let count = self.u16()?;
        self.take(count.into())
    }

    /// A multiprecision integer (RFC 9580, 3.2) as big-endian bytes without zeros in front.
    pub(crate) fn mpi(&mut self) -> Option<&'a [u8]> {
        let bits = usize::from(self.u16()?);
        let bytes = self.take(bits.div_ceil(8))?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(&bytes[zeros..])
    }
}

/// Big-endian bytes widened to `width` with zeros in front; `None` if they are longer.
pub(crate) fn widen(bytes: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut wide = vec![0; width.checked_sub(bytes.len())?];
    wide.extend_from_slice(bytes);
    Some(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_past_the_end_give_nothing() {
        let mut reader = Reader(&[0, 2, 7, 8, 0, 17]);
        assert_eq!(reader.counted(), Some(&[7, 8][..]));
        assert_eq!(reader.mpi(), None);
        assert_eq!(Reader(&[0]).u16(), None);
        assert_eq!(Reader(&[0, 9, 0, 3]).mpi(), Some(&[3][..]));
    }
}
