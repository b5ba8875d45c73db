//! What `startup --profile --json` printed, as a picture: each import as wide as the time it took, below what imported it.

use std::path::Path;

use serde_json::{Value, json};
use shipwheel_store::{FileAction, StoreError, read_small};

use crate::failure::Failure;

/// The largest file that is read.
const MAX_FILE: u64 = 64 << 20;

/// The most imports of one module that are read.
const MAX_IMPORTS: usize = 50_000;

/// Imports that took less than this share of the start are not drawn.
const SMALLEST: f64 = 0.0008;

/// How many of the slowest imports are listed.
const MAX_SLOWEST: usize = 10;

/// How many compiled sources are listed.
const MAX_COMPILED: usize = 500;

/// A report of `startup` with profiles.
pub(crate) struct Profile(Value);

/// One import.
struct Import {
    module: String,
    depth: usize,
    own: f64,
    total: f64,
}

impl Profile {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or has no profile in it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let doing = format!("read {}", path.display());
        let fail = |cause| StoreError::File { action: FileAction::Read, path: path.to_owned(), cause };
        let bytes = read_small(path, MAX_FILE).map_err(fail);
        let report: Value = serde_json::from_slice(&bytes.map_err(Failure::while_doing(doing))?).unwrap_or_default();
        let modules = report.get("modules").and_then(Value::as_array).into_iter().flatten();
        match modules.filter_map(|module| module.get("profile")).any(Value::is_object) {
            true => Ok(Self(report)),
            false => Err(Failure::usage(
                format!("{} has no start-up profile", path.display()),
                Some("write one with `shipwheel startup IMAGE --profile --json`"),
            )),
        }
    }

    /// What the page draws: for each module its costs, its imports as rectangles, the slowest, and what was compiled.
    pub(super) fn to_json(&self) -> Value {
        let modules = self.0.get("modules").and_then(Value::as_array).into_iter().flatten();
        let drawn: Vec<Value> = modules.filter_map(drawn).collect();
        json!({ "platform": self.0.get("platform"), "runs": self.0.get("runs"), "modules": drawn })
    }
}

fn drawn(module: &Value) -> Option<Value> {
    let profile = module.get("profile").filter(|profile| profile.is_object())?;
    let imports = profile.get("imports").and_then(Value::as_array).into_iter().flatten();
    let imports: Vec<Import> = imports.filter_map(import).take(MAX_IMPORTS).collect();
    let mut slowest: Vec<&Import> = imports.iter().collect();
    slowest.sort_by(|a, b| b.own.total_cmp(&a.own).then_with(|| a.module.cmp(&b.module)));
    let slowest = slowest.iter().take(MAX_SLOWEST).map(|it| json!([it.module, it.own, it.total]));
    let compiled = profile.get("compiled").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let compiled: Vec<&str> = compiled.collect();
    let (total, rectangles) = icicle(&imports);
    Some(json!({
        "module": module.get("module"),
        "with": module.get("with"),
        "without": module.get("without"),
        "imports": imports.len(),
        "seconds": total,
        "rectangles": rectangles,
        "slowest": slowest.collect::<Vec<_>>(),
        "compiled": compiled.len(),
        "compiledSources": compiled.iter().take(MAX_COMPILED).collect::<Vec<_>>(),
    }))
}

fn import(value: &Value) -> Option<Import> {
    let seconds = |key: &str| value.get(key).and_then(Value::as_f64).filter(|it| it.is_finite() && *it >= 0.0);
    Some(Import {
        module: value.get("module")?.as_str()?.to_owned(),
        depth: usize::try_from(value.get("depth")?.as_u64()?).ok()?,
        own: seconds("own_seconds")?,
        total: seconds("total_seconds")?,
    })
}

/// The whole time, and a rectangle for each import that can be seen: `[module, depth, x, width, own, total]`, the
/// places in percent of the whole.
fn icicle(imports: &[Import]) -> (f64, Vec<Value>) {
    let whole: f64 = imports.iter().filter(|it| it.depth == 0).map(|it| it.total).sum();
    let mut rectangles = Vec::new();
    // Where the next import of each depth begins, and where the one around it ends.
    let mut next: Vec<f64> = vec![0.0];
    for import in imports {
        // An import is never more than one deeper than the one before it.
        let depth = import.depth.min(next.len() - 1);
        next.truncate(depth + 1);
        let from = next[depth];
        next[depth] = from + import.total;
        next.push(from);
        if whole > 0.0 && import.total / whole >= SMALLEST {
            let percent = |seconds: f64| (seconds / whole * 100_000.0).round() / 1_000.0;
            let (x, width) = (percent(from), percent(import.total));
            rectangles.push(json!([import.module, depth, x, width, import.own, import.total]));
        }
    }
    (whole, rectangles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(all: &[(&str, usize, f64, f64)]) -> Vec<Import> {
        let import = |(module, depth, own, total): &(&str, usize, f64, f64)| Import {
            module: (*module).to_owned(),
            depth: *depth,
            own: *own,
            total: *total,
        };
        all.iter().map(import).collect()
    }

    #[test]
    fn imports_lie_below_what_imported_them_one_beside_the_other() {
        let all = imports(&[
            ("a", 0, 1.0, 4.0),
            ("b", 1, 1.0, 2.0),
            ("c", 2, 1.0, 1.0),
            ("d", 1, 1.0, 1.0),
            ("e", 0, 4.0, 4.0),
        ]);
        let (whole, found) = icicle(&all);
        let expected = json!([
            ["a", 0, 0.0, 50.0, 1.0, 4.0],
            ["b", 1, 0.0, 25.0, 1.0, 2.0],
            ["c", 2, 0.0, 12.5, 1.0, 1.0],
            ["d", 1, 25.0, 12.5, 1.0, 1.0],
            ["e", 0, 50.0, 50.0, 4.0, 4.0],
        ]);
        assert_eq!((whole, json!(found)), (8.0, expected));
    }

    #[test]
    fn depths_that_no_start_has_are_no_error() {
        let (_, found) = icicle(&imports(&[("a", 7, 1.0, 1.0), ("b", 0, 1.0, 1.0), ("c", 9, 0.0, 0.0)]));
        assert_eq!(found.len(), 2);
        assert_eq!(icicle(&[]), (0.0, Vec::new()));
    }

    #[test]
    fn a_file_without_a_profile_says_how_to_write_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        for (text, fits) in [
            ("{}", false),
            ("no json", false),
            (r#"{"modules":[{"module":"a","profile":null}]}"#, false),
            (
                r#"{"modules":[{"module":"a","profile":{"imports":[{"module":"a","depth":0,"own_seconds":1,"total_seconds":1}]}}]}"#,
                true,
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Profile::read(&path).is_ok(), fits, "{text}");
        }
        let drawn = Profile::read(&path).unwrap_or_else(|_| panic!("a profile")).to_json();
        assert_eq!(drawn["modules"][0]["rectangles"], json!([["a", 0, 0.0, 100.0, 1.0, 1.0]]));
        assert_eq!(Profile::read(&folder.path().join("none")).map(drop).unwrap_err().exit_code(), 3);
    }
}
