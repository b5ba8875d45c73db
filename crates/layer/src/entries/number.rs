//! Numbers in tar headers and in pax records, in the forms that every program reads alike.

use super::refusal::Refusal;

/// A number of a header: octal digits after any spaces and before any spaces and NULs, only NULs (0), or base-256.
///
/// Go's archive/tar, GNU tar, libarchive and Python's tarfile differ in everything else: signs, other spaces, digits
/// behind a NUL, only spaces, other marks of base-256 than 0x80 (positive) and 0xff (negative).
pub(crate) fn number(field: &[u8]) -> Result<i64, Refusal> {
    match field.first() {
        Some(0x80 | 0xff) => base_256(field),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Result<i64, Refusal> {
    const REFUSAL: Refusal = Refusal::Ambiguous("has a number that is not octal digits");
    if field.iter().all(|byte| *byte == 0) {
        return Ok(0);
    }
    let start = field.iter().position(|byte| *byte != b' ').ok_or(REFUSAL)?;
    let digits = field[start..].iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (digits, rest) = field[start..].split_at(digits);
    if digits.is_empty() || !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return Err(REFUSAL);
    }
    // No field has more than twelve digits.
    Ok(digits.iter().fold(0, |value, digit| value * 8 + i64::from(digit - b'0')))
}

/// Two's complement, big-endian, behind a first byte that is the sign (GNU tar and others).
fn base_256(field: &[u8]) -> Result<i64, Refusal> {
    let sign = if field[0] == 0xff { -1 } else { 0 };
    field[1..].iter().try_fold(sign, |value: i64, byte| {
        let shifted = value.checked_mul(256).and_then(|value| value.checked_add(i64::from(*byte)));
        shifted.ok_or(Refusal::Ambiguous("has a number that is too large"))
    })
}

/// A decimal number of a pax record, without sign or spaces.
pub(crate) fn decimal(value: &[u8]) -> Result<u64, Refusal> {
    const REFUSAL: Refusal = Refusal::Ambiguous("has a pax record whose number is not decimal digits");
    if !value.iter().all(u8::is_ascii_digit) {
        return Err(REFUSAL);
    }
    let value = std::str::from_utf8(value).map_err(|_| REFUSAL)?;
    // Programs count in signed numbers.
    value.parse::<i64>().map_err(|_| REFUSAL)?.try_into().map_err(|_| REFUSAL)
}

/// Seconds since 1970 of a pax record such as `-12.5`, without the fraction.
pub(crate) fn time(value: &[u8]) -> Result<i64, Refusal> {
    const REFUSAL: Refusal = Refusal::Ambiguous("has a pax record whose time is not decimal digits");
    let (sign, value) = value.strip_prefix(b"-").map_or((1, value), |value| (-1, value));
    let whole = value.split(|byte| *byte == b'.').next().unwrap_or_default();
    let fraction = value.get(whole.len() + 1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(REFUSAL);
    }
    let seconds = i64::try_from(decimal(whole).map_err(|_| REFUSAL)?).map_err(|_| REFUSAL)?;
    Ok(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_headers_have_the_forms_that_all_read_alike() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"00000644", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"644     ", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"777777777777", Some(0o777_777_777_777)),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX)),
            (b"\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", Some(i64::MIN)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\x80\0\x01\0\0\0\0\0\0\0\0\x03", None),
            (b"\xff\xff\xff\xff\x7f\0\0\0\0\0\0\0", None),
            (b"\x81\0\0\0\0\0\x01\0", None),
            (b"\xc0\0\0\0\0\0\x01\0", None),
            (b"        ", None),
            (b"\0\0\x00644\0", None),
            (b"644\0junk", None),
            (b"644 junk", None),
            (b"644 1   ", None),
            (b"-644\0\0\0\0", None),
            (b"+644\0\0\0\0", None),
            (b"6_44\0\0\0\0", None),
            (b"0o644\0\0\0", None),
            (b"0000684\0", None),
            (b"\t644\0\0\0\0", None),
        ] {
            assert_eq!(number(field).ok(), expected, "{:?}", field.escape_ascii().to_string());
        }
    }

    #[test]
    fn numbers_of_pax_records_are_decimal_digits() {
        for (value, expected) in [
            ("0", Some(0)),
            ("08589934592", Some(8_589_934_592)),
            ("9223372036854775807", Some(i64::MAX as u64)),
            ("9223372036854775808", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            (" 1", None),
            ("1 ", None),
            ("1_0", None),
            ("0x1", None),
            ("1.0", None),
        ] {
            assert_eq!(decimal(value.as_bytes()).ok(), expected, "{value:?}");
        }
        for (value, expected) in [
            ("5", Some(5)),
            ("5.", Some(5)),
            ("1700000000.123456789", Some(1_700_000_000)),
            ("-5.5", Some(-5)),
            ("-0.5", Some(0)),
            ("", None),
            (".5", None),
            ("-", None),
            ("5.x", None),
            ("5.5.5", None),
            ("5e3", None),
            ("+5", None),
            ("nan", None),
        ] {
            assert_eq!(time(value.as_bytes()).ok(), expected, "{value:?}");
        }
    }
}
