//! uv_build: the modules that it is told or that have the project's name, in `src`.

use crate::glob;
use crate::project::input::Input;
use crate::project::layout::Layout;
use crate::project::licenses::licenses;
use crate::project::not_static::NotStatic;

/// What uv_build puts into a wheel.
pub(super) fn lay(input: &Input<'_>) -> Result<Layout, NotStatic> {
    input.needs_only(&["uv-build", "uv"])?;
    input.dynamic_only(&[])?;
    let settings = input.tool.table("uv")?.table("build-backend")?;
    settings.only(&[
        "module-root",
        "module-name",
        "namespace",
        "default-excludes",
        "source-include",
        "source-exclude",
        "wheel-exclude",
        "data",
    ])?;
    settings.without(&["source-exclude", "wheel-exclude", "data"])?;
    if settings.flag("default-excludes")? == Some(false) {
        return Err(NotStatic::because("pyproject.toml sets `tool.uv.build-backend.default-excludes`"));
    }
    let root = glob::normal(settings.text("module-root")?.unwrap_or("src"));
    let root = root.ok_or_else(|| NotStatic::because("`tool.uv.build-backend.module-root` leads out of it"))?;
    let names = match settings.value("module-name") {
        None => vec![input.module_name()],
        Some(toml::Value::String(name)) => vec![name.clone()],
        Some(_) => settings.texts("module-name")?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
    };
    let is_namespace = settings.flag("namespace")?.unwrap_or(false);
    let mut layout = Layout { licenses: licenses(input, &[])?, ..Layout::default() };
    for name in names {
        add_module(input, &mut layout, &root, &name, is_namespace)?;
    }
    Ok(layout)
}

fn add_module(
    input: &Input<'_>,
    layout: &mut Layout,
    root: &str,
    name: &str,
    is_namespace: bool,
) -> Result<(), NotStatic> {
    let prefix = if root.is_empty() { String::new() } else { format!("{root}/") };
    let folder = format!("{prefix}{}", name.replace('.', "/"));
    let first = if name.split('.').next().is_some_and(|top| top.ends_with("-stubs")) { "pyi" } else { "py" };
    if !is_namespace && !input.files.is_file(&format!("{folder}/__init__.{first}")) {
        return Err(NotStatic::because(format!("uv_build finds no `{folder}/__init__.{first}`")));
    }
    // uv refuses a namespace that is a package.
    let parents = folder.match_indices('/').map(|(at, _)| &folder[..at]).filter(|parent| parent.len() > root.len());
    for parent in parents {
        if input.files.files.contains_key(&format!("{parent}/__init__.py")) {
            return Err(NotStatic::because(format!("the namespace `{parent}` is a package")));
        }
    }
    for path in input.files.below(&folder).filter(|path| !is_bytecode(path)) {
        layout.add(&path[prefix.len()..], path)?;
    }
    Ok(())
}

fn is_bytecode(path: &str) -> bool {
    path.split('/').any(|part| part == "__pycache__") || path.ends_with(".pyc") || path.ends_with(".pyo")
}
