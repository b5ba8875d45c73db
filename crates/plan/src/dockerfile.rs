//! A Dockerfile's text → its stages, and what the image of a stage tells the runtime. Nothing is built or run.
//!
//! Read as BuildKit reads it: directives, continuations, here-documents, variables with the values that they have
//! without flags of the build, and both forms of commands. What a `RUN` does is not looked at.
//!
//! ```
//! use shipwheel_plan::dockerfile::Dockerfile;
//! let text = "ARG V=3.13\nFROM python:$V-slim AS base\nENV PORT=80\nFROM base\nCMD [\"python\", \"app.py\"]\n";
//! let dockerfile = Dockerfile::parse(text).unwrap();
//! let image = dockerfile.image(dockerfile.last());
//! assert_eq!((dockerfile.base(1), image.env["PORT"].line), ("python:3.13-slim", 3));
//! assert_eq!(image.cmd.unwrap().value.argv(), ["python", "app.py"]);
//! ```

mod error;
mod folders;
mod image;
mod instruction;
mod lines;
mod path;
mod read;
mod stage;
#[cfg(test)]
mod tests;
mod words;

pub use error::DockerfileError;
pub use image::{At, ImageConfig};
pub use instruction::{Command, Copy, Flags, Healthcheck, Instruction, Kind, Run, flag};
pub use lines::Document;
pub(crate) use path::absolute;
pub use stage::Stage;
pub use words::Variables;

/// The longest text that is read: no Dockerfile that was written by hand comes near.
pub const MAX_DOCKERFILE: u64 = 1 << 20;

/// A Dockerfile: at least one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a text.
    ///
    /// # Errors
    /// For the first line that Docker refuses too, or a text beyond all bounds.
    pub fn parse(text: &str) -> Result<Self, DockerfileError> {
        if text.len() as u64 > MAX_DOCKERFILE {
            return Err(DockerfileError::new(1, format!("the file has more than {MAX_DOCKERFILE} bytes")));
        }
        let mut stages = read::stages(text)?;
        folders::mark(&mut stages);
        Ok(Self { stages })
    }

    /// The stages, in their order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The place of the last stage, which is what is built unless another is named.
    pub fn last(&self) -> usize {
        self.stages.len() - 1
    }

    /// The place of the stage of a name or number.
    pub fn stage(&self, name: &str) -> Option<usize> {
        let lower = name.to_ascii_lowercase();
        let named = self.stages.iter().rposition(|stage| stage.name.as_ref() == Some(&lower));
        named.or_else(|| name.parse().ok().filter(|number| *number < self.stages.len()))
    }

    /// A stage and those that it follows from, the first of them first.
    pub fn chain(&self, stage: usize) -> Vec<&Stage> {
        let following = std::iter::successors(self.stages.get(stage), |stage| self.stages.get(stage.parent?));
        let mut chain: Vec<&Stage> = following.collect();
        chain.reverse();
        chain
    }

    /// The image that a stage begins with, whatever stages lie between.
    pub fn base(&self, stage: usize) -> &str {
        self.chain(stage).first().map_or("", |first| first.image.as_str())
    }

    /// The text of an instruction of the image, by the line that it begins on.
    pub fn text(&self, line: usize) -> &str {
        let stages = self.chain(self.last());
        let mut instructions = stages.into_iter().flat_map(|stage| &stage.instructions);
        instructions.find(|it| it.line == line).map_or("", |it| it.text.as_str())
    }

    /// What the image of a stage tells the runtime, without what its base image brings.
    pub fn image(&self, stage: usize) -> ImageConfig {
        let mut config = ImageConfig::default();
        self.chain(stage).iter().for_each(|stage| config.apply(&stage.instructions));
        config
    }
}
