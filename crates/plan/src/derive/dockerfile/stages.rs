//! The stages that the image is made of, line by line.

use std::collections::BTreeSet;

use crate::derive::known::Known;
use crate::dockerfile::{Dockerfile, Instruction, Kind};

use super::draft::Draft;
use super::files::{self, CopyLine};
use super::{prepared, run};

/// Reads every stage that the last one needs; others are named.
pub(super) fn read(draft: &mut Draft, known: &Known<'_>, file: &Dockerfile) {
    let needed = needed(file);
    draft.front_ends = prepared::front_ends(known, file);
    let chain: Vec<usize> = file.chain(file.last()).iter().map(|stage| stage.line).collect();
    for (place, stage) in file.stages().iter().enumerate() {
        let is_final = chain.contains(&stage.line);
        if !needed.contains(&place) {
            draft.account.not_needed(stage.line, &stage.text, "its stage is not part of the image");
            continue;
        }
        match (is_final, stage.parent) {
            (true, Some(_)) => draft.account.not_needed(stage.line, &stage.text, "it follows from a stage above"),
            (true, None) => {}
            (false, _) => draft.account.not_needed(stage.line, &stage.text, "its stage only builds"),
        }
        let is_front_end = draft.front_ends.contains_key(&place);
        for instruction in &stage.instructions {
            // Its commands are told where the step is written.
            if !is_front_end || !matches!(instruction.kind, Kind::Run(_)) {
                instruction_of(draft, known, file, instruction, is_final);
            }
        }
    }
}

/// The last stage, those that it follows from, and those that one of them copies from.
fn needed(file: &Dockerfile) -> BTreeSet<usize> {
    let (mut needed, mut open) = (BTreeSet::new(), vec![file.last()]);
    while let Some(place) = open.pop() {
        let Some(stage) = file.stages().get(place).filter(|_| needed.insert(place)) else { continue };
        open.extend(stage.parent);
        for instruction in &stage.instructions {
            if let Kind::Copy(copy) | Kind::Add(copy) = &instruction.kind {
                open.extend(copy.stage);
            }
            if let Kind::Run(run) = &instruction.kind {
                let mounts =
                    run.flags.iter().filter(|(name, _)| name == "mount").flat_map(|(_, mount)| mount.split(','));
                open.extend(mounts.filter_map(|part| file.stage(part.strip_prefix("from=")?)));
            }
        }
    }
    needed
}

fn instruction_of(draft: &mut Draft, known: &Known<'_>, file: &Dockerfile, instruction: &Instruction, is_final: bool) {
    let Instruction { line, text, kind } = instruction;
    match kind {
        Kind::Run(run) => {
            files::mounted(draft, run);
            run::run(draft, *line, run, is_final);
        }
        Kind::Copy(copy) | Kind::Add(copy) => {
            draft.placed.extend(files::expanded(known, copy).into_iter().filter(|_| copy.from().is_none()));
            let is_add = matches!(kind, Kind::Add(_));
            match is_final {
                true => files::copy(draft, known, file, &CopyLine { line: *line, text, copy, is_add }),
                false => draft.account.not_needed(*line, text, "taken where the image copies it from this stage"),
            }
        }
        Kind::Arg(pairs) => {
            let values: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or_default())).collect();
            let why = format!("the value without a flag is taken: {}", values.join(" "));
            draft.account.not_needed(*line, text, why);
        }
        Kind::Shell(_) => draft.account.not_needed(*line, text, "no line is run"),
        Kind::Onbuild(_) => draft.account.not_needed(*line, text, "it concerns images that start from this one"),
        Kind::Maintainer(_) => {
            let todo = "set the label `org.opencontainers.image.authors` in `config.labels`";
            draft.account.open(*line, text, "Docker does not use it any more", todo);
        }
        Kind::Healthcheck(None) => draft.account.not_needed(*line, text, "an image has none"),
        Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Env(_) | Kind::Expose(_) | Kind::Healthcheck(_) => {
            setting(draft, instruction, is_final);
        }
        Kind::Label(_) | Kind::StopSignal(_) | Kind::User(_) | Kind::Volume(_) | Kind::Workdir(_) => {
            setting(draft, instruction, is_final);
        }
    }
}

/// What the image's config says is read from all its stages together; a stage that only builds has its own.
fn setting(draft: &mut Draft, instruction: &Instruction, is_final: bool) {
    match is_final {
        true => draft.settings.push((instruction.line, instruction.text.clone())),
        false => draft.account.not_needed(instruction.line, &instruction.text, "its stage only builds"),
    }
}
