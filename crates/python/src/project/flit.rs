//! flit_core: one module or package, at the top or in `src`.

use crate::project::input::Input;
use crate::project::layout::Layout;
use crate::project::licenses::{USUAL, licenses};
use crate::project::not_static::NotStatic;
use crate::project::python_text::{Literal, docstring, literal};

/// What flit_core puts into a wheel.
pub(super) fn lay(input: &Input<'_>) -> Result<Layout, NotStatic> {
    input.needs_only(&["flit-core"])?;
    input.dynamic_only(&["version", "description"])?;
    if input.project.value("description").is_none() && !input.is_dynamic("description")? {
        return Err(NotStatic::because("flit refuses a project without a `description`"));
    }
    let flit = input.tool.table("flit")?;
    flit.only(&["module", "sdist"])?;
    let module = flit.table("module")?;
    module.only(&["name"])?;
    let named = module.text("name")?.map(str::to_owned);
    let module = find(input, &named.unwrap_or_else(|| input.raw_name.replace('-', "_")))?;
    let mut layout = Layout { licenses: licenses(input, &USUAL)?, ..Layout::default() };
    module.describe(input, &mut layout)?;
    module.add(input, &mut layout)?;
    Ok(layout)
}

/// The module that is packaged.
struct Module {
    path: String,
    is_package: bool,
    /// The folder that it is imported from, with `/` at its end, or empty.
    root: &'static str,
}

fn find(input: &Input<'_>, name: &str) -> Result<Module, NotStatic> {
    let path = name.replace('.', "/");
    let mut found = Vec::new();
    for root in ["", "src/"] {
        let (folder, file) = (format!("{root}{path}"), format!("{root}{path}.py"));
        if input.files.is_folder(&folder) {
            found.push(Module { path: folder, is_package: true, root });
        }
        if input.files.files.contains_key(&file) {
            found.push(Module { path: file, is_package: false, root });
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(module), true) => Ok(module),
        (Some(_), false) => Err(NotStatic::because(format!("flit finds several modules `{name}`"))),
        (None, _) => Err(NotStatic::because(format!("flit finds no module `{name}`"))),
    }
}

impl Module {
    fn add(&self, input: &Input<'_>, layout: &mut Layout) -> Result<(), NotStatic> {
        if !self.is_package {
            return layout.add(&self.path[self.root.len()..], &self.path);
        }
        for path in input.files.below(&self.path).filter(|path| !is_bytecode(path)) {
            layout.add(&path[self.root.len()..], path)?;
        }
        Ok(())
    }

    /// Reads what `dynamic` leaves to the module: its version and its docstring's first line.
    fn describe(&self, input: &Input<'_>, layout: &mut Layout) -> Result<(), NotStatic> {
        let main = if self.is_package { format!("{}/__init__.py", self.path) } else { self.path.clone() };
        if input.is_dynamic("description")? {
            let text = docstring(&input.files.text(&main)?);
            let text = text.ok_or_else(|| NotStatic::because(format!("`{main}` begins with no plain docstring")))?;
            layout.summary = text.trim_start().lines().next().map(str::to_owned);
        }
        if input.is_dynamic("version")? {
            layout.version = Some(self.version(input, main)?);
        }
        Ok(())
    }

    fn version(&self, input: &Input<'_>, main: String) -> Result<String, NotStatic> {
        let others = ["version.py", "_version.py", "__version__.py"].map(|name| format!("{}/{name}", self.path));
        let others = others.into_iter().filter(|path| self.is_package && input.files.is_file(path));
        for path in std::iter::once(main).chain(others) {
            match literal(&input.files.text(&path)?, &["__version__"]) {
                Literal::Text(version) => return Ok(version),
                Literal::Missing => {}
                Literal::Other => {
                    return Err(NotStatic::because(format!("`{path}` does not say the version in one plain line")));
                }
            }
        }
        Err(NotStatic::because("no module of it says its version"))
    }
}

fn is_bytecode(path: &str) -> bool {
    path.split('/').any(|part| part == "__pycache__") || path.ends_with(".pyc")
}
