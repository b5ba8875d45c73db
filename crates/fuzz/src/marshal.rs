//! Marshalled code objects and their canonical form.

use shipwheel_bytecode::canonical;

/// The first byte selects the version of Python and whether the file gets another name; a code object follows.
pub(crate) fn marshal(input: &[u8]) {
    let Some((options, body)) = input.split_first() else { return };
    let minor = 9 + options % 8;
    let filename = [None, Some(""), Some("/app/main.py"), Some("é")][usize::from(options >> 6)];
    let Ok(written) = canonical(body, minor, filename) else { return };
    let again = canonical(&written, minor, filename).expect("the canonical form is a code object");
    assert_eq!(again, written, "the canonical form of the canonical form is itself");
    // The smallest object that can become a reference has two bytes, and a reference has five.
    assert!(written.len() <= 3 * body.len() + 64, "{} bytes became {}", body.len(), written.len());
}
