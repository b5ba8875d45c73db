//! What a stage's image tells the runtime: the sum of the instructions of the stage and of those that it follows from.

use std::collections::BTreeMap;

use super::instruction::{Command, Healthcheck, Instruction, Kind};

/// A value, and the line that it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The number of the line, from 1.
    pub line: usize,
    /// The value.
    pub value: T,
}

/// The configuration of a stage's image, without what its base image brings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageConfig {
    /// The entry point.
    pub entrypoint: Option<At<Command>>,
    /// The arguments of the entry point, or what is started.
    pub cmd: Option<At<Command>>,
    /// Variables.
    pub env: BTreeMap<String, At<String>>,
    /// Ports as they are written: `8000`, `53/udp`, `8000-8010`.
    pub exposed: Vec<At<String>>,
    /// The folder in which it starts.
    pub workdir: Option<At<String>>,
    /// The user.
    pub user: Option<At<String>>,
    /// What says whether it is well; `None` also for `HEALTHCHECK NONE`.
    pub healthcheck: Option<At<Healthcheck>>,
    /// Labels.
    pub labels: BTreeMap<String, At<String>>,
    /// The signal that ends it.
    pub stop_signal: Option<At<String>>,
    /// Folders for data.
    pub volumes: Vec<At<String>>,
}

impl ImageConfig {
    /// Takes in the instructions of one stage.
    pub(super) fn apply(&mut self, instructions: &[Instruction]) {
        let mut has_cmd = false;
        for Instruction { line, kind, .. } in instructions {
            let at = |value: &String| At { line: *line, value: value.clone() };
            match kind {
                Kind::Cmd(command) => {
                    has_cmd = true;
                    self.cmd = Some(At { line: *line, value: command.clone() });
                }
                Kind::Entrypoint(command) => {
                    self.entrypoint = Some(At { line: *line, value: command.clone() });
                    // The arguments of another entry point are not this one's.
                    self.cmd.take_if(|_| !has_cmd);
                }
                Kind::Env(pairs) => self.env.extend(pairs.iter().map(|(name, value)| (name.clone(), at(value)))),
                Kind::Label(pairs) => self.labels.extend(pairs.iter().map(|(name, value)| (name.clone(), at(value)))),
                Kind::Expose(ports) => add(&mut self.exposed, ports.iter().map(at)),
                Kind::Volume(paths) => add(&mut self.volumes, paths.iter().map(at)),
                Kind::Workdir(path) => self.workdir = Some(at(path)),
                Kind::User(user) => self.user = Some(at(user)),
                Kind::StopSignal(signal) => self.stop_signal = Some(at(signal)),
                Kind::Healthcheck(check) => {
                    self.healthcheck = check.clone().map(|value| At { line: *line, value });
                }
                Kind::Add(_) | Kind::Arg(_) | Kind::Copy(_) | Kind::Maintainer(_) | Kind::Onbuild(_) => {}
                Kind::Run(_) | Kind::Shell(_) => {}
            }
        }
    }
}

/// Adds what is not there yet.
fn add(list: &mut Vec<At<String>>, new: impl Iterator<Item = At<String>>) {
    for at in new {
        if !list.iter().any(|known| known.value == at.value) {
            list.push(at);
        }
    }
}
