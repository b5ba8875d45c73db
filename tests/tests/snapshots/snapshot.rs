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

/// Checks that a folder has a file for each of these names and no other, since nothing compares such a file.
///
/// Where insta updates all files, one that is left over is removed.
///
/// # Panics
/// When a file is left over.
#[track_caller]
pub fn check_no_other(folder: &str, names: &[&str]) {
    let path = shipwheel_tests::workspace().join("tests/tests/snapshots").join(folder);
    let files = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let known = |file: &String| file.strip_suffix(".snap").is_some_and(|name| names.contains(&name));
    let mut left: Vec<String> = files.filter(|file| file.ends_with(".snap") && !known(file)).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        left.drain(..).for_each(|file| std::fs::remove_file(path.join(file)).unwrap());
    }
    assert!(left.is_empty(), "nothing compares {left:?} in {folder}/: remove what is left over");
}
