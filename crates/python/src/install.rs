//! A wheel as the files that an image will have: the installation of PEP 427, without a disk.
//!
//! The files are those of `uv pip install --no-installer-metadata`, byte for byte except for the
//! scripts of entry points, whose text is our own, and for bytecode, which has layers of its own.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{Content, Tree, TreeError, TreePath};
use shipwheel_oci::Digest;

use crate::wheel::{EntryPoint, Member, Record, RecordRow, Wheel};

mod destination;
mod error;
mod installed;
mod scheme;
mod shared;
mod venv;

use destination::{Destination, destination, is_in_data, is_left_out};
use venv::replaced;

pub use error::{InstallError, InstallErrorKind};
pub use installed::{Installed, InstalledFile};
pub use scheme::{Scheme, SchemeError};
pub use shared::{Overlap, OverlapError, Settled, settle};
pub use venv::virtual_environment;

/// Raise this when the files that a wheel becomes change: it is part of every key of a layer.
pub const INSTALL_RECIPE: u32 = 3;

/// Scripts with `#!python` are read to memory; larger files are not scripts.
const MAX_SCRIPT: u64 = 16 << 20;

/// Installs a wheel into an environment's tree. Nothing is read but scripts.
///
/// # Errors
/// When a file has no place in the scheme, two want one place, or a script cannot be read.
pub fn install(wheel: &Wheel, scheme: &Scheme) -> Result<Installed, InstallError> {
    let mut installation = Installation::new(wheel, scheme);
    installation.run().map_err(|kind| InstallError { wheel: wheel.name().file_name().to_owned(), kind })?;
    let Installation { tree, mut site_packages, .. } = installation;
    site_packages.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Installed { tree, site_packages })
}

struct Installation<'a> {
    wheel: &'a Wheel,
    scheme: &'a Scheme,
    tree: Tree,
    record: Record,
    site_packages: Vec<InstalledFile>,
}

impl<'a> Installation<'a> {
    fn new(wheel: &'a Wheel, scheme: &'a Scheme) -> Self {
        Self { wheel, scheme, tree: Tree::new(), record: Record::default(), site_packages: Vec::new() }
    }

    fn run(&mut self) -> Result<(), InstallErrorKind> {
        let distribution = self.wheel.name().distribution.as_str();
        let commands = commands(distribution, self.wheel.entry_points(), self.scheme.python());
        for (destination, member) in self.members()? {
            // A command that is an entry point as well: pip and uv write the entry point's script last.
            if !commands.keys().any(|command| command == destination.path()) {
                self.add_member(member, destination)?;
            }
        }
        for (path, entry_point) in commands {
            let script = entry_point.script(self.scheme.interpreter());
            self.add_bytes(&path, 0o755, script.into_bytes())?;
        }
        self.add_record()?;
        match replaced(&self.tree, self.scheme)? {
            Some(path) => Err(InstallErrorKind::Environment { path }),
            None => Ok(()),
        }
    }

    /// The members that are installed and their places. What `.data` has for a place of the wheel's root is what pip
    /// and uv leave there.
    fn members(&self) -> Result<Vec<(Destination, &'a Member)>, InstallErrorKind> {
        let installed = self.wheel.files().iter().filter(|member| !is_left_out(self.wheel, member));
        let placed = installed.map(|member| Ok((destination(self.wheel, self.scheme, member)?, member)));
        let placed: Vec<(Destination, &Member)> = placed.collect::<Result<_, InstallErrorKind>>()?;
        let in_data = |member: &Member| is_in_data(self.wheel, member);
        let of_data = placed.iter().filter(|(_, member)| in_data(member)).map(|(place, _)| place.path().to_owned());
        let of_data: BTreeSet<String> = of_data.collect();
        let kept = placed.into_iter().filter(|(place, member)| in_data(member) || !of_data.contains(place.path()));
        Ok(kept.collect())
    }

    fn add_member(&mut self, member: &Member, destination: Destination) -> Result<(), InstallErrorKind> {
        match destination {
            Destination::Script(path) => self.add_script(member, &path),
            Destination::Module(path) => {
                self.add_content(&path, mode(member), member)?;
                if let Some(sha256) = member.sha256 {
                    let (path, content) = (self.path(&path)?, self.wheel.content(member));
                    self.site_packages.push(InstalledFile { path, sha256, content });
                }
                Ok(())
            }
            Destination::Data(path) => self.add_content(&path, mode(member), member),
        }
    }

    fn add_content(&mut self, below_prefix: &str, mode: u32, member: &Member) -> Result<(), InstallErrorKind> {
        let row = RecordRow { sha256: member.sha256, stronger: None, size: Some(member.size) };
        self.add(below_prefix, mode, self.wheel.content(member), row)
    }

    fn add_bytes(&mut self, below_prefix: &str, mode: u32, bytes: Vec<u8>) -> Result<(), InstallErrorKind> {
        let (sha256, row) = (Digest::of(&bytes), RecordRow::of(&bytes));
        self.add(below_prefix, mode, Content::from_bytes(bytes).with_expected(sha256), row)
    }

    fn add(&mut self, below_prefix: &str, mode: u32, content: Content, row: RecordRow) -> Result<(), InstallErrorKind> {
        self.tree.insert_file(self.path(below_prefix)?.as_str(), mode, content)?;
        self.record.rows.insert(self.recorded(below_prefix), row);
        Ok(())
    }

    /// A script: one that asks for any Python gets the environment's, all others stay as they are.
    fn add_script(&mut self, member: &Member, path: &str) -> Result<(), InstallErrorKind> {
        let read_error = |cause| InstallErrorKind::Read { path: member.path.clone(), cause };
        if !self.wheel.begins_with(member, b"#!python").map_err(read_error)? {
            return self.add_content(path, 0o755, member);
        }
        if member.size > MAX_SCRIPT {
            return Err(InstallErrorKind::LargeScript { path: member.path.clone(), size: member.size });
        }
        let script = self.wheel.content(member).to_vec();
        let script = script.map_err(|cause| InstallErrorKind::Content { path: member.path.clone(), cause })?;
        let rest = script.iter().position(|byte| *byte == b'\n').map_or(&[][..], |end| &script[end + 1..]);
        let mut bytes = format!("#!{}\n", self.scheme.interpreter()).into_bytes();
        bytes.extend_from_slice(rest);
        self.add_bytes(path, 0o755, bytes)
    }

    fn add_record(&mut self) -> Result<(), InstallErrorKind> {
        let path = format!("{}/{}/RECORD", self.scheme.site(), self.wheel.dist_info());
        self.record.rows.insert(self.recorded(&path), RecordRow::default());
        let bytes = self.record.to_bytes();
        let sha256 = Digest::of(&bytes);
        let content = Content::from_bytes(bytes).with_expected(sha256);
        Ok(self.tree.insert_file(self.path(&path)?.as_str(), 0o644, content)?)
    }

    fn path(&self, below_prefix: &str) -> Result<TreePath, TreeError> {
        Ok(self.scheme.prefix().join(below_prefix)?)
    }

    /// A path as RECORD has it: relative to site-packages.
    fn recorded(&self, below_prefix: &str) -> String {
        match below_prefix.strip_prefix(&self.scheme.site()).and_then(|rest| rest.strip_prefix('/')) {
            Some(module) => module.to_owned(),
            None => format!("../../../{below_prefix}"),
        }
    }
}

/// The scripts of entry points, by their paths below the prefix: of two with one name the last one is written, as by
/// pip. pip itself has one more, `pip3.11`, for the Python at hand: pip and uv install it
/// whatever its wheel was built with.
fn commands<'e>(
    distribution: &str,
    entry_points: &'e [EntryPoint],
    python: PythonVersion,
) -> BTreeMap<String, &'e EntryPoint> {
    let pip = entry_points.iter().find(|entry_point| distribution == "pip" && entry_point.name == "pip");
    let named = entry_points.iter().filter(|entry_point| pip.is_none() || !entry_point.name.starts_with("pip3."));
    let versioned = pip.map(|pip| (format!("pip{}.{}", python.major, python.minor), pip));
    let all = named.map(|entry_point| (entry_point.name.clone(), entry_point)).chain(versioned);
    all.map(|(name, entry_point)| (format!("{}/{name}", Scheme::BIN), entry_point)).collect()
}

fn mode(member: &Member) -> u32 {
    if member.executable { 0o755 } else { 0o644 }
}

#[cfg(test)]
mod tests;
