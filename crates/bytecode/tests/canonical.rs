//! Canonical bytecode of any code object, however it was marshalled.

mod marshalling;

use marshalling::{code, marshal, style};
use proptest::prelude::*;
use proptest::sample::Index;
use shipwheel_bytecode::canonical;

/// A version, and a code object of it that was written in two ways.
fn written_twice() -> impl Strategy<Value = (u8, Vec<u8>, Vec<u8>)> {
    let codes = prop::sample::select(vec![9, 11, 13, 14]).prop_flat_map(|minor| (Just(minor), code(minor)));
    (codes, style(), style())
        .prop_map(|((minor, code), one, other)| (minor, marshal(&code, minor, &one), marshal(&code, minor, &other)))
}

fn written() -> impl Strategy<Value = (u8, Vec<u8>)> {
    written_twice().prop_map(|(minor, one, _)| (minor, one))
}

proptest! {
    #[test]
    fn however_it_was_marshalled_the_canonical_form_is_one((minor, one, other) in written_twice()) {
        let form = canonical(&one, minor, None).expect("a valid code object");
        prop_assert_eq!(canonical(&other, minor, None), Ok(form.clone()));
        prop_assert_eq!(canonical(&form, minor, None), Ok(form.clone()), "twice is once");
    }

    #[test]
    fn a_former_file_name_leaves_no_trace((minor, body) in written(), former in any::<String>(), name in "[a-c]{0,2}|/app/x.py") {
        let renamed = canonical(&body, minor, Some(&former)).expect("a valid code object");
        prop_assert_eq!(canonical(&renamed, minor, Some(&name)), canonical(&body, minor, Some(&name)));
    }

    #[test]
    fn every_truncation_is_an_error((minor, body) in written(), cut in any::<Index>()) {
        prop_assert!(canonical(&body[..cut.index(body.len())], minor, None).is_err());
    }

    #[test]
    fn mutations_never_panic_and_what_is_taken_is_canonical_at_once(
        (minor, mut body) in written(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..5),
    ) {
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if let Ok(form) = canonical(&body, minor, None) {
            prop_assert_eq!(canonical(&form, minor, None), Ok(form.clone()));
        }
    }
}
