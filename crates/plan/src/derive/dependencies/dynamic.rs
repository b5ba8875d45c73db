//! Files that a pyproject.toml names as the place of its dynamic dependencies.

/// The keys of build backends that name such files: a path, or a list of them.
const KEYS: [&[&str]; 2] = [
    &["tool", "setuptools", "dynamic", "dependencies", "file"],
    &["tool", "hatch", "metadata", "hooks", "requirements_txt", "files"],
];

/// The files that the text of a pyproject.toml names.
pub(super) fn files(pyproject: &str) -> Vec<String> {
    let Ok(file) = pyproject.parse::<toml::Table>() else { return Vec::new() };
    let file = toml::Value::Table(file);
    let values = KEYS.iter().filter_map(|key| key.iter().try_fold(&file, |value, part| value.get(part)));
    let texts = values.flat_map(|value| match value.as_array() {
        Some(list) => list.iter().filter_map(toml::Value::as_str).collect(),
        None => Vec::from_iter(value.as_str()),
    });
    texts.map(|path| path.trim_start_matches("./").to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_names_them_in_its_own_way() {
        for (text, expected) in [
            ("[tool.setuptools.dynamic]\ndependencies = { file = ['a.txt', './b.txt'] }", &["a.txt", "b.txt"][..]),
            ("[tool.setuptools.dynamic]\ndependencies = { file = 'a.txt' }", &["a.txt"]),
            ("[tool.hatch.metadata.hooks.requirements_txt]\nfiles = ['c.txt']", &["c.txt"]),
            ("[project]\nname = 'x'", &[]),
            ("no toml [", &[]),
        ] {
            assert_eq!(files(text), expected, "{text}");
        }
    }
}
