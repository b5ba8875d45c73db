//! Whether a project has the package that its build backend looks for; many applications name a backend and have none.

use std::collections::BTreeSet;

use toml::{Table, Value};

/// What a backend that looks for a package of the project's name is called, and the tables that say otherwise.
const BY_NAME: [(&str, &[&str], &[&str]); 3] = [
    ("hatchling.build", &["tool", "hatch", "build"], &[]),
    ("poetry.core.masonry.api", &["tool", "poetry", "packages"], &["tool", "poetry", "build"]),
    ("poetry.masonry.api", &["tool", "poetry", "packages"], &["tool", "poetry", "build"]),
];

/// Whether the backend looks for a package of a name that no file has: it fails, whoever runs it.
///
/// Hatchling ends with "Unable to determine which files to ship", poetry-core with "No file/folder found for package".
pub(super) fn is_missing(pyproject: &str, name: &str, files: &BTreeSet<String>) -> bool {
    let Ok(table) = pyproject.parse::<Table>() else { return false };
    let backend = at(&table, &["build-system", "build-backend"]).and_then(Value::as_str).unwrap_or_default();
    let Some((_, packages, making)) = BY_NAME.iter().find(|(of, ..)| *of == backend) else { return false };
    let is_said = [packages, making].into_iter().any(|path| !path.is_empty() && at(&table, path).is_some());
    let name = normal(name);
    let is_there = |path: &String| path.split('/').any(|part| normal(part.strip_suffix(".py").unwrap_or(part)) == name);
    !is_said && !files.iter().any(is_there)
}

fn at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Value> {
    let (last, above) = path.split_last()?;
    let table = above.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?;
    table.get(*last)
}

fn normal(name: &str) -> String {
    name.to_lowercase().replace(['-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_that_finds_no_package_of_the_projects_name_is_told() {
        let backend = |name: &str| format!("[build-system]\nbuild-backend = \"{name}\"\n");
        let poetry = backend("poetry.core.masonry.api");
        for (pyproject, files, expected) in [
            (backend("hatchling.build"), &["api/app.py", "main.py"][..], true),
            (backend("hatchling.build"), &["src/my_shop/__init__.py"], false),
            (backend("hatchling.build"), &["My-Shop/__init__.py"], false),
            (backend("hatchling.build"), &["my_shop.py"], false),
            (
                backend("hatchling.build") + "[tool.hatch.build.targets.wheel]\npackages = ['api']\n",
                &["api/a.py"],
                false,
            ),
            (poetry.clone(), &["app/main.py"], true),
            (poetry.clone() + "[[tool.poetry.packages]]\ninclude = 'app'\n", &["app/main.py"], false),
            (poetry + "[tool.poetry.build]\nscript = 'build.py'\n", &["app/main.py"], false),
            (backend("setuptools.build_meta"), &["app/main.py"], false),
            ("[build-system\n".to_owned(), &["app/main.py"], false),
        ] {
            let files = files.iter().map(|path| (*path).to_owned()).collect();
            assert_eq!(is_missing(&pyproject, "my.Shop", &files), expected, "{pyproject} {files:?}");
        }
    }
}
