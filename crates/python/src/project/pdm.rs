//! pdm-backend: the packages at the top or in `src`, or what `[tool.pdm.build]` includes.

use std::collections::BTreeMap;

use crate::glob::{Hidden, matches_name, matches_path, normal};
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::layout::Layout;
use crate::project::licenses::licenses;
use crate::project::not_static::NotStatic;
use crate::project::version_source;
use crate::project::version_tool::VersionTool;

/// What pdm-backend puts into a wheel.
pub(super) fn lay(input: &Input<'_>) -> Result<Layout, NotStatic> {
    input.needs_only(&["pdm-backend"])?;
    input.dynamic_only(&["version"])?;
    // The other keys of [tool.pdm] are those of PDM itself.
    let (build, version) = (input.tool.table("pdm")?.table("build")?, input.tool.table("pdm")?.table("version")?);
    build.only(&[
        "includes",
        "excludes",
        "source-includes",
        "package-dir",
        "is-purelib",
        "editable-backend",
        "run-setuptools",
        "custom-hook",
        "wheel-data",
        "hooks",
    ])?;
    build.without(&["run-setuptools", "custom-hook", "wheel-data", "hooks"])?;
    if input.files.files.contains_key("pdm_build.py") || build.flag("is-purelib")? == Some(false) {
        return Err(NotStatic::because("its build runs code of its own (pdm_build.py, `is-purelib`)"));
    }
    let licenses = licenses(input, &["LICEN[CS]E*", "COPYING*", "NOTICE*"])?;
    let mut layout = Layout { licenses, hides_licenses: true, ..Layout::default() };
    if input.is_dynamic("version")? {
        layout.version = Some(match version.text("source")?.unwrap_or("file") {
            "scm" => input.tagged_version(VersionTool::Pdm)?,
            "file" => version_source::in_file(input, &version_source::path_of(&version)?, &["__version__", "VERSION"])?,
            source => return Err(NotStatic::because(format!("its version comes from `{source}`"))),
        });
    }
    // It writes the two groups of commands in any case.
    layout.notes.insert("entry_points.txt", "[console_scripts]\n\n[gui_scripts]\n\n".to_owned());
    Selection::read(input, &build)?.add(input, &mut layout)?;
    Ok(layout)
}

/// Paths that match a pattern, each with the pattern that decides about it.
type Matched = BTreeMap<String, String>;

struct Selection {
    package_dir: String,
    includes: Vec<String>,
    excludes: Vec<String>,
}

impl Selection {
    fn read(input: &Input<'_>, build: &Keys<'_>) -> Result<Self, NotStatic> {
        let texts = |key: &str| Ok::<_, NotStatic>(build.texts(key)?.unwrap_or_default());
        let (mut includes, mut excludes) = (texts("includes")?, texts("excludes")?);
        let source_includes = Some(texts("source-includes")?).filter(|list| !list.is_empty()).unwrap_or(vec!["tests"]);
        let is_src = |path: &&str| *path == "src" || path.starts_with("src/");
        let in_src = (input.files.is_folder("src") && includes.is_empty())
            || (includes.iter().any(is_src) && !excludes.iter().any(|path| path.trim_end_matches('/') == "src"));
        let package_dir = build.text("package-dir")?.unwrap_or(if in_src { "src" } else { "" });
        let package_dir = normal(package_dir).ok_or_else(|| NotStatic::because("`package-dir` leads out of it"))?;
        let prefix = if package_dir.is_empty() { String::new() } else { format!("{package_dir}/") };
        let found: Vec<String> = match includes.is_empty() {
            true => top_packages(input, &package_dir).into_iter().map(|name| format!("{prefix}{name}")).collect(),
            false => Vec::new(),
        };
        let modules = format!("{prefix}*.py");
        match (includes.is_empty(), found.is_empty()) {
            (true, true) => includes.push(&modules),
            (true, false) => includes.extend(found.iter().map(String::as_str)),
            (false, _) => {}
        }
        includes.extend(&source_includes);
        excludes.extend(source_includes);
        excludes.push(".pdm-build");
        let (includes, excludes) = merged(matched(input, &includes)?, matched(input, &excludes)?);
        Ok(Self { package_dir, includes, excludes })
    }

    fn add(&self, input: &Input<'_>, layout: &mut Layout) -> Result<(), NotStatic> {
        let prefix = if self.package_dir.is_empty() { String::new() } else { format!("{}/", self.package_dir) };
        for include in &self.includes {
            let taken: Vec<&str> = match input.files.files.get_key_value(include.as_str()) {
                Some((path, _)) => vec![path],
                None => input.files.below(include).filter(|path| !self.leaves_out(path)).collect(),
            };
            for path in taken {
                layout.add(path.strip_prefix(&prefix).unwrap_or(path), path)?;
            }
        }
        Ok(())
    }

    fn leaves_out(&self, path: &str) -> bool {
        let is_in = |folder: &String| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        path.ends_with(".pyc")
            || self.excludes.iter().any(|excluded| path == excluded || is_in(excluded) || matches_name(excluded, path))
    }
}

/// The packages directly in a folder.
fn top_packages<'i>(input: &'i Input<'_>, folder: &str) -> Vec<&'i str> {
    let has = |name: &str, file: &str| {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        input.files.files.contains_key(&format!("{prefix}{name}/{file}"))
    };
    let is_package = |name: &&str| {
        let is_stubs = name.ends_with("-stubs") && has(name, "__init__.pyi");
        (has(name, "__init__.py") || is_stubs) && !["__pycache__", "__pypackages__"].contains(name)
    };
    input.files.folders_in(folder).into_iter().filter(is_package).collect()
}

/// The files and folders that match patterns.
fn matched(input: &Input<'_>, patterns: &[&str]) -> Result<Matched, NotStatic> {
    let mut matched = Matched::new();
    for pattern in patterns {
        if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
            return Err(NotStatic::because(format!("the pattern `{pattern}` leads out of it")));
        }
        for path in input.files.files.keys() {
            for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
                if matches_path(pattern, &path[..end], Hidden::Passed) {
                    matched.insert(path[..end].to_owned(), (*pattern).to_owned());
                }
            }
        }
    }
    Ok(matched)
}

/// Of a path that both have, the longer and plainer pattern decides; the exclusion, where they are alike.
fn merged(includes: Matched, mut excludes: Matched) -> (Vec<String>, Vec<String>) {
    let weight = |pattern: &str| {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let wild = parts.iter().map(|part| match () {
            () if *part == "**" => 2,
            () if part.contains(['*', '?', '[']) => 1,
            () => 0,
        });
        (parts.len(), -wild.sum::<i32>())
    };
    let mut taken = Vec::new();
    for (path, pattern) in includes {
        if let Some(excluding) = excludes.get(&path) {
            if weight(&pattern) <= weight(excluding) {
                continue;
            }
            excludes.remove(&path);
        }
        taken.push(path);
    }
    (taken, excludes.into_keys().collect())
}
