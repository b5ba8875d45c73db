//! The errors of `run` and `load`, with their kinds and hints.

use shipwheel_store::{ErrorKind, StoreError};

use super::BuildError;
use crate::confine::run_error::RunError;
use crate::program::load_error::LoadError;

#[test]
fn an_image_that_does_not_run_or_load_says_whose_fault_it_is_and_what_to_do() {
    use ErrorKind::{Configuration, Outside};
    let text = || "n\u{1b}[31m".to_owned();
    let cases: [(BuildError, ErrorKind); 7] = [
        (RunError::NoCommand { image: text() }.into(), Configuration),
        (RunError::UnknownUser { user: text(), reason: text() }.into(), Configuration),
        (RunError::NoVolume { path: "/data".into() }.into(), Configuration),
        (RunError::NoWay { reasons: vec![("own", text())] }.into(), Outside),
        (LoadError::NotThere { program: "ctr" }.into(), Outside),
        (LoadError::Nothing { reason: text() }.into(), Outside),
        (StoreError::Docker { host: text(), reason: text() }.into(), Outside),
    ];
    for (error, kind) in cases {
        let (text, hint) = (error.to_string(), error.hint().expect("all of them have a hint"));
        assert_eq!(error.kind(), kind, "the kind of: {text}");
        for text in [text, hint] {
            assert!(!text.is_empty() && !text.ends_with('.'), "a fragment without a full stop: {text}");
        }
    }
}
