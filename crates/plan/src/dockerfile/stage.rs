//! A stage of a Dockerfile: a `FROM` and what follows it.

use super::instruction::Instruction;

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The number of the line of its `FROM`, from 1.
    pub line: usize,
    /// The `FROM` as it is written.
    pub text: String,
    /// The image, or the name of the stage, that it follows from; variables replaced by what they are without flags.
    pub image: String,
    /// The stage that it follows from, as its place among the stages.
    pub parent: Option<usize>,
    /// Its own name, in lower case.
    pub name: Option<String>,
    /// `--platform`.
    pub platform: Option<String>,
    /// What follows, `ONBUILD` of its parent first.
    pub instructions: Vec<Instruction>,
}
