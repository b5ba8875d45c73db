//! Environments of conda, whose packages are no wheels: what they ask for, as lines of requirements to start from.

use super::declaration::Declared;
use crate::derive::known::Known;

/// Ends of the names of files that describe environments.
const ENVIRONMENTS: [&str; 4] = ["environment.yml", "environment.yaml", "conda.yml", "conda.yaml"];

/// Files of the same world that have nothing to start from.
const OTHERS: [&str; 5] = ["conda-lock.yml", "conda-lock.yaml", "meta.yaml", "pixi.toml", "pixi.lock"];

/// What an environment has besides the application's dependencies.
const NOT_ASKED_FOR: [&str; 6] = ["conda", "nodejs", "pip", "python", "setuptools", "wheel"];

/// Whether a file's text is asked for.
pub(super) fn is_read(path: &str) -> bool {
    ENVIRONMENTS.contains(&path)
}

/// The environments of a folder.
pub(super) fn all(known: &Known<'_>) -> Vec<Declared> {
    let environments = ENVIRONMENTS.into_iter().filter(|file| known.has(file)).filter_map(|file| {
        let lines = requirements(known.text(file));
        let advice = format!(
            "write what it asks for into a requirements.in, by the names that the packages have in a package index: {}",
            lines.join(", ")
        );
        (!lines.is_empty()).then(|| Declared { place: of_conda(file), advice })
    });
    let others = OTHERS.into_iter().filter(|file| known.has(file)).map(|file| Declared {
        place: of_conda(file),
        advice: "write what the application needs from a package index into a requirements.in".to_owned(),
    });
    environments.chain(others).collect()
}

fn of_conda(file: &str) -> String {
    format!("{file} (of conda, whose packages are no wheels)")
}

/// The packages of an environment, those for pip among them, as they are asked for.
fn requirements(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default();
        let Some(item) = line.trim_start().strip_prefix("- ") else {
            // Every key at the margin ends the list.
            if !line.trim().is_empty() && !line.starts_with([' ', '#']) {
                is_inside = line.trim_end() == "dependencies:";
            }
            continue;
        };
        let item = item.trim().trim_matches(['"', '\'']);
        if is_inside && !item.ends_with(':') {
            found.extend(requirement(item));
        }
    }
    found
}

/// `conda-forge::numpy=1.26=py311_0` → `numpy==1.26`; what is written for pip stays.
fn requirement(item: &str) -> Option<String> {
    let item = item.rsplit("::").next().unwrap_or(item);
    let end = item.find(['=', '<', '>', '!', '~', ' ', '[', ';']).unwrap_or(item.len());
    let (name, rest) = item.split_at(end);
    if NOT_ASKED_FOR.contains(&name) || name.starts_with('-') {
        return None;
    }
    let exact = rest.strip_prefix('=').filter(|rest| !rest.starts_with('='));
    let version = exact.map(|version| version.split('=').next().unwrap_or(version));
    Some(version.map_or_else(|| item.to_owned(), |version| format!("{name}=={version}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_shown_as_requirements() {
        let text = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip\n  - numpy=1.26=py311_0\n\
                    - conda-forge::scipy >=1.10  # why\n  - 'flask'\n  - pip:\n      - idna==3.7\n      - uvicorn[standard]\n\
                    prefix: /opt\nvariables:\n  - no\n";
        let found = requirements(text);
        assert_eq!(found, ["numpy==1.26", "scipy >=1.10", "flask", "idna==3.7", "uvicorn[standard]"]);
        assert!(requirements("dependencies:\n  - python\n").is_empty());
    }
}
