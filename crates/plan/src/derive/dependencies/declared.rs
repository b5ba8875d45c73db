//! Places that declare dependencies and lock none: what of them is taken instead, or what to do about them.

use shipwheel_python::setup::{Requires, Setup};

use super::conda;
use super::declaration::Declared;
use crate::derive::known::Known;

/// Files whose texts are asked for.
pub(super) const FILES: [&str; 3] = ["Pipfile", "setup.cfg", "setup.py"];

/// Every such place of a folder, the one that is most likely meant first.
pub(super) fn all(known: &Known<'_>) -> Vec<Declared> {
    let places = [of_pyproject(known), of_pipfile(known), of_setup(known)];
    places.into_iter().flatten().chain(conda::all(known)).collect()
}

fn of_pyproject(known: &Known<'_>) -> Option<Declared> {
    let file = known.text("pyproject.toml").parse::<toml::Table>().unwrap_or_default();
    let has_tool = |name: &str| file.get("tool").and_then(|tools| tools.get(name)).is_some();
    let tool = [("poetry", "poetry lock"), ("pdm", "pdm lock")].into_iter().find(|(name, _)| has_tool(name));
    let lock = tool.map_or("uv lock", |(_, command)| command);
    let is_dynamic = known.project.is_dynamic("dependencies");
    if is_dynamic {
        let place = "pyproject.toml (its build backend makes up the dependencies)".to_owned();
        let advice = format!("lock them with `{lock}`, or name the file that has them: `--lock FILE`");
        return Some(Declared { place, advice });
    }
    let is_own = file.contains_key("project") || has_tool("poetry");
    let advice = format!("lock the dependencies, for example with `{lock}`");
    (is_own && !known.project.dependencies.is_empty()).then(|| Declared { place: "pyproject.toml".to_owned(), advice })
}

fn of_pipfile(known: &Known<'_>) -> Option<Declared> {
    let file = known.text("Pipfile").parse::<toml::Table>().ok()?;
    let packages = file.get("packages")?.as_table()?;
    (!packages.is_empty()).then(|| Declared {
        place: "Pipfile".to_owned(),
        advice: "lock the dependencies with `pipenv lock`".to_owned(),
    })
}

fn of_setup(known: &Known<'_>) -> Option<Declared> {
    let (cfg, script) = (known.text("setup.cfg"), known.text("setup.py"));
    let place = |cfg: &str| if Setup::read(cfg, "").requires == Requires::Nothing { "setup.py" } else { "setup.cfg" };
    let place = place(cfg);
    let lock = "`uv pip compile setup.py --generate-hashes -o requirements.txt`, which runs it";
    match Setup::read(cfg, script).requires {
        Requires::Nothing => None,
        Requires::Listed(texts) => Some(Declared {
            place: place.to_owned(),
            advice: format!(
                "copy them into a requirements.in ({}), which shipwheel locks, or lock with {lock}",
                texts.join(", ")
            ),
        }),
        Requires::Computed => Some(Declared {
            place: format!("{place} (it computes the dependencies)"),
            advice: format!("name the file that has them: `--lock FILE`, or lock with {lock}"),
        }),
    }
}
