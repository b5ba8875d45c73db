//! `cargo xtask dist [--output DIR] [--smoke]`: what a release consists of, for this machine, in one folder.
//!
//! Each kind of artifact is a file in `dist/`, and a row of [`ARTIFACTS`].

mod bill;
mod checksums;
mod completions;
mod manual;
mod notes;
mod program;
mod release;
mod site;
mod tools;
mod wheel;

use std::ffi::OsString;
use std::path::PathBuf;

use xshell::Shell;

use self::release::Release;
use crate::program::shipwheel;
use crate::workspace::{Outcome, workspace};

/// A kind of artifact.
struct Artifact {
    name: &'static str,
    make: fn(&Release<'_>) -> Outcome,
}

/// In the order in which they are made: the checksums are of all that is there.
const ARTIFACTS: [Artifact; 8] = [
    Artifact { name: "program", make: program::make },
    Artifact { name: "completions", make: completions::make },
    Artifact { name: "man pages", make: manual::make },
    Artifact { name: "wheel", make: wheel::make },
    Artifact { name: "SBOM", make: bill::make },
    Artifact { name: "site", make: site::make },
    Artifact { name: "notes", make: notes::make },
    Artifact { name: "checksums", make: checksums::make },
];

/// Makes all artifacts; what an earlier run wrote to the folder is replaced.
pub fn run(shell: &Shell, arguments: &[OsString]) -> Outcome {
    let Flags { output, smoke } = Flags::parse(arguments)?;
    let release = Release { shell, program: shipwheel(shell, !smoke)?, output, smoke };
    replace_folder(&release.output)?;
    for Artifact { name, make } in &ARTIFACTS {
        println!("{name}");
        make(&release).map_err(|error| format!("failed to make the {name}: {error}"))?;
    }
    println!("written to {}", release.output.display());
    Ok(())
}

/// Empties a folder that an earlier run filled; another one that has files is not touched.
fn replace_folder(folder: &std::path::Path) -> Outcome {
    let has_files = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if has_files && !folder.join(checksums::NAME).is_file() {
        let message = format!("{} has files, and no {} of an earlier run", folder.display(), checksums::NAME);
        return Err(format!("{message}; name a new folder with `--output`").into());
    }
    if has_files {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(std::fs::create_dir_all(folder)?)
}

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
struct Flags {
    output: PathBuf,
    /// Whether the development build serves: a release build takes minutes.
    smoke: bool,
}

impl Flags {
    fn parse(arguments: &[OsString]) -> Result<Self, String> {
        let mut flags = Self { output: workspace().join("target/dist"), smoke: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--smoke") => flags.smoke = true,
                Some("--output") => {
                    let folder = arguments.next().ok_or("`--output` needs a folder")?;
                    flags.output = std::path::absolute(folder).map_err(|error| format!("--output: {error}"))?;
                }
                _ => {
                    return Err(format!(
                        "`{}` is no flag of dist; expected --output DIR or --smoke",
                        argument.display()
                    ));
                }
            }
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_parse() {
        let parse = |words: &[&str]| Flags::parse(&words.iter().map(OsString::from).collect::<Vec<_>>());
        let usual = workspace().join("target/dist");
        assert_eq!(parse(&[]), Ok(Flags { output: usual.clone(), smoke: false }));
        assert_eq!(parse(&["--smoke"]), Ok(Flags { output: usual, smoke: true }));
        assert_eq!(parse(&["--output", "/a/b"]), Ok(Flags { output: "/a/b".into(), smoke: false }));
        assert_eq!(parse(&["--output"]).unwrap_err(), "`--output` needs a folder");
        assert!(parse(&["--release"]).unwrap_err().starts_with("`--release` is no flag of dist"));
    }

    #[test]
    fn a_folder_of_others_is_not_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let (own, new) = (folder.path().join("own"), folder.path().join("new/folder"));
        replace_folder(&new).unwrap();
        assert!(new.is_dir());
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("a"), "").unwrap();
        assert!(replace_folder(&own).unwrap_err().to_string().contains("no SHA256SUMS of an earlier run"));
        std::fs::write(own.join(checksums::NAME), "").unwrap();
        replace_folder(&own).unwrap();
        assert_eq!(own.read_dir().unwrap().count(), 0);
    }
}
