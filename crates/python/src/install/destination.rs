//! Where each file of a wheel goes, and which ones go nowhere.

use crate::install::error::InstallErrorKind;
use crate::install::scheme::Scheme;
use crate::wheel::{Member, Wheel};

/// The place of a file, relative to the environment's prefix.
pub(super) enum Destination {
    /// Below site-packages.
    Module(String),
    /// A command.
    Script(String),
    /// Anything else: `share/...`, headers.
    Data(String),
}

impl Destination {
    /// The path below the prefix.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Module(path) | Self::Script(path) | Self::Data(path) => path,
        }
    }
}

/// What follows `NAME-VERSION.data/` in a path.
fn in_data<'m>(wheel: &Wheel, member: &'m Member) -> Option<&'m str> {
    let stem = wheel.dist_info().strip_suffix(".dist-info").unwrap_or_default();
    member.path.strip_prefix(stem).and_then(|rest| rest.strip_prefix(".data/"))
}

/// Whether a member is in `NAME-VERSION.data`.
pub(super) fn is_in_data(wheel: &Wheel, member: &Member) -> bool {
    in_data(wheel, member).is_some()
}

/// The place of a member: the root and `NAME-VERSION.data/{purelib,platlib,scripts,headers,data}`.
pub(super) fn destination(wheel: &Wheel, scheme: &Scheme, member: &Member) -> Result<Destination, InstallErrorKind> {
    let site = scheme.site();
    let Some(rest) = in_data(wheel, member) else { return Ok(Destination::Module(format!("{site}/{}", member.path))) };
    let (key, rest) = rest.split_once('/').unwrap_or((rest, ""));
    match key {
        _ if rest.is_empty() => {}
        "purelib" | "platlib" => return Ok(Destination::Module(format!("{site}/{rest}"))),
        "scripts" => return Ok(Destination::Script(format!("{}/{rest}", Scheme::BIN))),
        "headers" => {
            let headers = scheme.headers(wheel.name().distribution.as_str());
            return Ok(Destination::Data(format!("{headers}/{rest}")));
        }
        "data" => return Ok(below_prefix(&site, rest)),
        _ => {}
    }
    Err(InstallErrorKind::UnknownScheme { path: member.path.clone(), scheme: key.to_owned() })
}

/// Some wheels put modules into site-packages by way of `data`: they are modules all the same. The environment's
/// `lib64` is a link to its `lib`, and what is installed below the one is below the other.
fn below_prefix(site: &str, rest: &str) -> Destination {
    let path = rest.strip_prefix("lib64/").map_or_else(|| rest.to_owned(), |rest| format!("lib/{rest}"));
    let is_module = path.strip_prefix(site).is_some_and(|module| module.starts_with('/'));
    if is_module { Destination::Module(path) } else { Destination::Data(path) }
}

/// Whether a file is left out: RECORD (shipwheel writes its own) and its signatures, what another installer
/// noted, and bytecode that has its source beside it (it has layers of its own).
pub(super) fn is_left_out(wheel: &Wheel, member: &Member) -> bool {
    let path = member.path.as_str();
    let noted = path.strip_prefix(wheel.dist_info()).and_then(|rest| rest.strip_prefix('/'));
    let of_installer = matches!(
        noted,
        Some(
            "RECORD"
                | "RECORD.jws"
                | "RECORD.p7s"
                | "INSTALLER"
                | "REQUESTED"
                | "direct_url.json"
                | "uv_cache.json"
                | "uv_build.json"
        )
    );
    of_installer || path.split('/').any(|part| part == "__pycache__") || is_stray_bytecode(wheel, path)
}

/// `mod.pyc` beside `mod.py`; without its source it is the module itself, and stays.
fn is_stray_bytecode(wheel: &Wheel, path: &str) -> bool {
    let source = path.strip_suffix(".pyc").or_else(|| path.strip_suffix(".pyo")).map(|stem| format!("{stem}.py"));
    source.is_some_and(|source| wheel.member(&source).is_some())
}
