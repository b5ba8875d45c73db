//! End to end: the real command on the real example, judged by other people's programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod arm64;
mod base;
mod bytecode;
mod canonical;
mod container;
mod coverage;
mod dependencies;
mod derived;
mod dockerignore;
mod fetching;
mod files;
mod folder;
mod hostile_base;
mod hostile_start;
mod image_lock;
mod imports;
mod indexes;
mod layering;
mod layout;
mod leftovers;
mod libraries;
mod locks;
mod long_names;
mod many;
mod output;
mod places;
mod prepare;
mod prepare_examples;
mod project;
mod proof;
mod refusal;
mod registry;
mod reproducible;
mod retrofit;
mod shapes;
mod startup;
mod static_projects;
mod switches;
mod template;
mod unnamed_code;
mod verify;
mod wheels;
mod writable;
