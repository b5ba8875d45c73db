//! Which backend builds a project, and which of its packages it may need.

use crate::name::DistributionName;
use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::layout::Layout;
use crate::project::not_static::NotStatic;
use crate::project::{flit, hatchling, pdm, poetry, setuptools, uv_build};

/// What a backend would put into the wheel of a project.
pub(super) type Lay = fn(&Input<'_>) -> Result<Layout, NotStatic>;

/// The backends by the module that `[build-system]` names.
const BACKENDS: [(&str, Lay); 9] = [
    ("flit_core.buildapi", flit::lay),
    ("hatchling.build", hatchling::lay),
    ("pdm.backend", pdm::lay),
    ("poetry.core.masonry.api", poetry::lay),
    // What Poetry had in itself before poetry-core, and still hands on to it.
    ("poetry.masonry.api", poetry::lay),
    ("poetry_dynamic_versioning.backend", poetry::lay),
    ("setuptools.build_meta", setuptools::lay),
    ("setuptools.build_meta:__legacy__", setuptools::lay),
    ("uv_build", uv_build::lay),
];

/// The backend of a file, and the names of what its build requires.
pub(super) fn backend(file: &Keys<'_>) -> Result<(Lay, Vec<DistributionName>), NotStatic> {
    let system = file.table("build-system")?;
    system.only(&["requires", "build-backend", "backend-path"])?;
    system.without(&["backend-path"])?;
    let module = module(file)?;
    let lay = BACKENDS.iter().find(|(name, _)| *name == module).map(|(_, lay)| *lay);
    let lay = lay.ok_or_else(|| NotStatic::because(format!("its build backend is `{module}`")))?;
    let requires = system.texts("requires")?.unwrap_or_default().into_iter().map(|text| {
        let dependency = text.parse::<crate::dependency::Dependency>();
        dependency.map(|it| it.name).map_err(|_| NotStatic::because(format!("its build requires `{text}`")))
    });
    Ok((lay, requires.collect::<Result<_, _>>()?))
}

/// The module of the backend; the default is that of PEP 517.
fn module<'t>(file: &Keys<'t>) -> Result<&'t str, NotStatic> {
    Ok(file.table("build-system")?.text("build-backend")?.unwrap_or("setuptools.build_meta:__legacy__"))
}

/// Whether the backend is setuptools, which reads a setup.py.
pub(super) fn is_setuptools(file: &Keys<'_>) -> Result<bool, NotStatic> {
    Ok(module(file)?.starts_with("setuptools.build_meta"))
}
