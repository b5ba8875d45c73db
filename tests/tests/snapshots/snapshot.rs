//! One way to compare a text with its file.

/// Compares a text with `<folder>/<name>.snap` beside the tests.
///
/// # Panics
/// When they differ; insta shows how.
#[track_caller]
pub fn check(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Compares many texts, and names all that differ.
///
/// # Panics
/// When any differs.
#[track_caller]
pub fn check_all(folder: &str, texts: impl IntoIterator<Item = (String, String)>) {
    let differs = |(name, text): (String, String)| {
        // Each comparison panics for itself; all of them are to be seen in one run.
        std::panic::catch_unwind(|| check(folder, &name, &text)).is_err().then_some(name)
    };
    let differing: Vec<String> = texts.into_iter().filter_map(differs).collect();
    assert!(differing.is_empty(), "these differ from {folder}/: {}", differing.join(", "));
}
