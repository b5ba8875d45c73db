//! The commands: one file for each, with its flags and what it prints.

pub(crate) mod bundle;
pub(crate) mod bytecode;
pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod image;
pub(crate) mod index;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod lock;
pub(crate) mod manual;
pub(crate) mod rebase;
pub(crate) mod registry;
pub(crate) mod retrofit;
pub(crate) mod run;
pub(crate) mod sbom;
pub(crate) mod sign;
pub(crate) mod startup;
pub(crate) mod transfer;
pub(crate) mod verify;
