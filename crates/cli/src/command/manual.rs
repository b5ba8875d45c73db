//! `manual`: the man pages, one for each command.

use std::path::PathBuf;

use clap::{Args, Command};
use shipwheel_store::{FileAction, StoreError};

use crate::failure::Failure;
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct ManualArguments {
    /// The folder, such as ~/.local/share/man/man1; it is made where it is missing.
    pub(crate) folder: PathBuf,
}

/// Runs `manual`; the one line is the folder.
pub(crate) fn run(arguments: &ManualArguments, command: Command) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written
        .map_err(|cause| StoreError::File { action: FileAction::Write, path: folder.clone(), cause })
        .map_err(|error| Failure::while_doing("write the man pages")(error))?;
    println!("{}", shown::path(folder));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::command_line;

    #[test]
    fn every_command_has_its_page() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("man/man1");
        run(&ManualArguments { folder: folder.clone() }, command_line()).unwrap();
        let mut command = command_line();
        command.build();
        for page in ["shipwheel".to_owned()]
            .into_iter()
            .chain(
                command
                    .get_subcommands()
                    .filter(|it| it.get_name() != "help")
                    .map(|it| format!("shipwheel-{}", it.get_name())),
            )
            .chain(["shipwheel-cache-du".to_owned(), "shipwheel-registry-probe".to_owned()])
        {
            let text = std::fs::read_to_string(folder.join(format!("{page}.1"))).unwrap();
            assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
        }
    }
}
