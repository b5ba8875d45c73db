//! An image.lock as text: the same for the same lock, one thing on a line, so that a change reads well.

use std::fmt;

use super::{ImageLock, LockedFile, LockedLayer, LockedPlatform, VERSION};

/// The first lines of the file.
const HEADER: &str = "# What the image is made of and what it comes to, by `shipwheel lock`. Not to be edited: builds take\n\
                      # the base from it, `shipwheel lock --upgrade` renews it, and `--locked` refuses what would differ.\n";

impl fmt::Display for ImageLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}version = {VERSION}\nroot = \"{}\"\n\n[format]", self.root)?;
        for (name, version) in &self.format {
            writeln!(f, "{name} = {version}")?;
        }
        writeln!(f, "\n[base]\nkind = \"{}\"\ninputs = \"{}\"", self.base.kind.name(), self.base.inputs)?;
        self.platforms.iter().try_for_each(|platform| write_platform(f, platform))
    }
}

fn write_platform(f: &mut fmt::Formatter<'_>, platform: &LockedPlatform) -> fmt::Result {
    writeln!(f, "\n[[platform]]\nname = {}", quoted(&platform.platform.to_string()))?;
    for (key, digest) in [("manifest", platform.manifest), ("base", platform.base)] {
        if let Some(digest) = digest {
            writeln!(f, "{key} = \"{digest}\"")?;
        }
    }
    write_list(f, "packages", platform.packages.iter().map(file))?;
    write_list(f, "wheels", platform.wheels.iter().map(file))?;
    write_list(f, "layers", platform.layers.iter().map(layer))
}

fn file(file: &LockedFile) -> String {
    let (name, version) = (quoted(&file.name), quoted(&file.version));
    format!("name = {name}, version = {version}, digest = \"{}\"", file.digest)
}

fn layer(layer: &LockedLayer) -> String {
    let inputs = layer.inputs.map(|inputs| format!(", inputs = \"{inputs}\"")).unwrap_or_default();
    let (kind, title) = (layer.kind.name(), quoted(&layer.title));
    format!("kind = \"{kind}\", title = {title}, digest = \"{}\"{inputs}", layer.digest)
}

fn write_list(f: &mut fmt::Formatter<'_>, key: &str, lines: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    if lines.len() == 0 {
        return Ok(());
    }
    writeln!(f, "{key} = [")?;
    for line in lines {
        writeln!(f, "    {{ {line} }},")?;
    }
    writeln!(f, "]")
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
