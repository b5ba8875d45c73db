//! Errors as users see them: one file for each, with the command line, the exit code and the whole of standard error.

mod base;
mod definition;
pub mod ground;
mod lock;
mod other;
mod registry;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::ground::{Case, Ground};
use crate::snapshot::{check_all, check_no_other};

/// All cases, by what they are about.
fn cases() -> Vec<Case> {
    [other::CASES, definition::CASES, lock::CASES, base::CASES, registry::CASES].concat()
}

#[test]
fn every_error_reads_as_it_did() {
    let cases = cases();
    let next = AtomicUsize::new(0);
    let some = || {
        let taken = std::iter::from_fn(|| cases.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.map(|case| Ok((case.name.to_owned(), case.text()?))).collect::<Vec<_>>()
    };
    // A case is little work and some waiting.
    let texts: Vec<Result<(String, String), String>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..16).map(|_| scope.spawn(some)).collect();
        running.into_iter().flat_map(|some| some.join().unwrap()).collect()
    });
    let wrong: Vec<&String> = texts.iter().filter_map(|text| text.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|text| format!("{text}\n")).collect::<String>());
    check_all("errors", texts.into_iter().flatten());
    check_no_other("errors", &cases.iter().map(|case| case.name).collect::<Vec<_>>());
}

#[test]
fn every_exit_code_is_shown_but_that_of_a_bug() {
    let codes: BTreeSet<i32> = cases().iter().map(|case| case.code).collect();
    // 1 is a bug: no input is known that gives it. What maps to it is tested in crates/cli.
    assert_eq!(codes, BTreeSet::from([2, 3, 4, 5, 6]));
    let folder = Ground::new();
    let run = folder.shipwheel().run(&["--version"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}
