//! Lines that make files from the sources → steps of `[[app.prepare]]`.
//!
//! A command of Django in the image's own stage, and a stage of Node that does nothing but build what one line copies.

use std::collections::BTreeMap;

use crate::derive::known::Known;
use crate::derive::static_root::static_root;
use crate::derive::write::{self, Line};
use crate::dockerfile::{Command, Copy, Dockerfile, Instruction, Kind, Run, absolute};
use crate::shell::{Surroundings, commands, program};

use super::draft::{CopiedFile, Draft, FrontEnd, Prepared, Step, below};
use super::files::expanded;
use super::layout::Layout;
use super::script::quoted;
use super::settings;

/// Programs that a stage of Node may run.
const OF_NODE: [&str; 9] = ["bun", "corepack", "node", "npm", "npx", "pnpm", "tsc", "vite", "yarn"];

/// Images that such a stage starts from.
const NODE: [&str; 3] = ["bun", "node", "node-slim"];

/// Variables that a step has of its own, or that say nothing to it.
const NOT_GIVEN: [&str; 7] =
    ["HOME", "LANG", "LC_ALL", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TMPDIR"];

/// The stages that become steps, by their places.
pub(super) fn front_ends(known: &Known<'_>, file: &Dockerfile) -> BTreeMap<usize, FrontEnd> {
    let own: Vec<&Instruction> = file.chain(file.last()).into_iter().flat_map(|stage| &stage.instructions).collect();
    let places = 0..file.stages().len();
    let used = |place: &usize| {
        let copies = own.iter().filter_map(|instruction| match &instruction.kind {
            Kind::Copy(copy) if copy.stage == Some(*place) => Some(copy),
            _ => None,
        });
        let copies: Vec<&Copy> = copies.collect();
        if let [copy] = copies[..] { front_end(known, file, *place, copy) } else { None }
    };
    places.filter_map(|place| Some((place, used(&place)?))).collect()
}

fn front_end(known: &Known<'_>, file: &Dockerfile, place: usize, copied: &Copy) -> Option<FrontEnd> {
    let stage = file.stages().get(place).filter(|stage| stage.parent.is_none())?;
    let image = stage.image.rsplit('/').next()?.split([':', '@']).next()?;
    let [source] = &copied.sources[..] else { return None };
    let is_folder = !source.rsplit('/').next()?.contains('.');
    let runs: Vec<(usize, &Run)> = stage.instructions.iter().filter_map(run_of).collect();
    let workdir = runs.first().map(|(_, run)| run.workdir.as_str())?;
    if !NODE.contains(&image) || !is_folder || runs.iter().any(|(_, run)| run.workdir != workdir) {
        return None;
    }
    let mut directory = None;
    for instruction in &stage.instructions {
        match &instruction.kind {
            Kind::Copy(copy) if copy.from().is_none() && copy.documents.is_empty() => {
                for file in expanded(known, copy) {
                    let folder = folder_of(&file, workdir)?;
                    if directory.get_or_insert(folder.clone()) != &folder {
                        return None;
                    }
                }
            }
            Kind::Run(_) | Kind::Workdir(_) | Kind::Env(_) | Kind::Arg(_) | Kind::Label(_) => {}
            _ => return None,
        }
    }
    let environment = runs.iter().flat_map(|(_, run)| run.variables.as_ref().clone()).collect();
    let runs = runs.iter().map(|(line, run)| Some((*line, script(run)?))).collect::<Option<Vec<_>>>()?;
    let made = below(&absolute("/", source), workdir).filter(|made| !made.is_empty())?.to_owned();
    Some(FrontEnd { runs, environment, directory: directory?, made })
}

fn run_of(instruction: &Instruction) -> Option<(usize, &Run)> {
    match &instruction.kind {
        Kind::Run(run) => Some((instruction.line, run)),
        _ => None,
    }
}

/// The folder here that a stage has in its working directory, as far as one file of it tells.
fn folder_of(file: &CopiedFile, workdir: &str) -> Option<String> {
    let rest = below(&file.place, workdir)?;
    let folder = file.source.strip_suffix(rest)?;
    let is_whole = folder.is_empty() || rest.is_empty() || folder.ends_with('/');
    is_whole.then(|| folder.trim_end_matches('/').to_owned())
}

/// The text of a command, if it starts nothing but programs of Node; empty if nothing of it is needed.
fn script(run: &Run) -> Option<String> {
    let text = match &run.command {
        Command::Exec(words) => quoted(words),
        Command::Shell { text, .. } => text.clone(),
    };
    let surroundings = Surroundings { environment: run.variables.as_ref().clone(), arguments: Vec::new() };
    let commands = commands(&text, surroundings);
    let programs: Vec<&str> =
        commands.iter().filter_map(|command| command.words.first()).map(|word| program(&word.text)).collect();
    let is_known = commands.iter().all(|command| command.words.iter().all(|word| !word.is_unknown));
    let is_of_node = is_known && run.documents.is_empty() && programs.iter().all(|name| OF_NODE.contains(name));
    let is_needed = programs.iter().any(|name| *name != "corepack");
    is_of_node.then(|| if is_needed { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { String::new() })
}

/// Takes in a command that makes files; whether it is one that a step may be.
pub(super) fn command(draft: &mut Draft, step: &Step<'_>) -> bool {
    let is_step = step.is_final && (step.has(&["collectstatic"]) || is_of_gettext(step.words));
    if is_step {
        draft.prepared.push(Prepared::Command {
            line: step.line,
            words: step.words.to_vec(),
            environment: step.environment.clone(),
            workdir: step.workdir.to_owned(),
        });
    }
    is_step
}

/// What the user has to do about a step.
pub(super) fn left_to_do(draft: &mut Draft, step: &Step<'_>) {
    let todo = format!(
        "run it before the build, in the folder, or as a step of `[[app.prepare]]` with `run = [{}]`",
        step.words.iter().map(|word| write::text(word)).collect::<Vec<_>>().join(", ")
    );
    draft.account.open(step.line, &step.text(), "makes files, and shipwheel runs no command in the image", todo);
}

fn is_of_gettext(words: &[String]) -> bool {
    let has = |name: &str| words.iter().any(|word| word == name);
    has("compilemessages") || words[0] == "pybabel" && has("compile")
}

/// The steps, each as the lines of its table.
pub(super) fn steps(draft: &mut Draft, known: &Known<'_>, layout: &Layout) -> Vec<Vec<Line>> {
    let prepared = std::mem::take(&mut draft.prepared);
    let step = |prepared| match prepared {
        Prepared::Command { line, words, environment, workdir } => of_command(
            draft,
            known,
            layout,
            Step { line, words: &words, workdir: &workdir, is_final: true, environment: &environment },
        ),
        Prepared::FrontEnd { front_end, line, text, place } => {
            of_front_end(draft, known, layout, (&front_end, line, &text, &place))
        }
    };
    prepared.into_iter().filter_map(step).collect()
}

fn of_command(draft: &mut Draft, known: &Known<'_>, layout: &Layout, step: Step<'_>) -> Option<Vec<Line>> {
    let moved = layout.path(step.workdir);
    let directory = below(&moved, &layout.destination);
    let outputs = if is_of_gettext(step.words) { Some("**/*.mo".to_owned()) } else { static_root(known) };
    let (Some(directory), Some(output)) = (directory, outputs) else {
        left_to_do(draft, &step);
        return None;
    };
    draft.account.became(step.line, &step.text(), format!("app.prepare: {output}"));
    let mut words = step.words.to_vec();
    if step.has(&["collectstatic"]) && !step.has(&["--noinput", "--no-input"]) {
        words.push("--noinput".to_owned());
    }
    let mut lines = vec![Line::new("run", write::list(&words), format!("line {}: {}", step.line, step.text()))];
    lines.push(Line::new("outputs", write::list([output]), ""));
    lines.extend((!directory.is_empty()).then(|| Line::new("directory", write::text(directory), "")));
    lines.extend((words[0] != "python").then(|| Line::new("python", "true", "")));
    lines.extend(environment(step.environment));
    Some(lines)
}

fn of_front_end(
    draft: &mut Draft,
    known: &Known<'_>,
    layout: &Layout,
    (front_end, line, text, place): (&FrontEnd, usize, &str, &str),
) -> Option<Vec<Line>> {
    let FrontEnd { runs, environment: variables, directory, made } = front_end;
    let moved = layout.path(place);
    let target = below(&moved, &layout.destination).filter(|target| !target.is_empty());
    // What the folder has there would be replaced, and Docker puts both together.
    let Some(target) = target.filter(|target| !known.has_below(&format!("{target}/"))) else {
        super::files::left_to_do(draft, line, text);
        return None;
    };
    draft.account.became(line, text, format!("app.prepare: {target}"));
    let mut commands: Vec<String> = Vec::new();
    for (line, script) in runs {
        match script.is_empty() {
            true => draft.account.not_needed(*line, "corepack", "a tool of this machine"),
            false => {
                draft.account.became(*line, script, "app.prepare.run");
                commands.push(script.clone());
            }
        }
    }
    commands.extend(moving(directory, made, target));
    let lines_of: Vec<String> = runs.iter().map(|(line, _)| line.to_string()).collect();
    let reason = format!("lines {}, {line}: what `{text}` copies", lines_of.join(", "));
    let mut lines = vec![Line::new("run", write::list(["sh", "-c", &commands.join(" && ")]), reason)];
    lines.extend((!directory.is_empty()).then(|| Line::new("inputs", write::list([directory]), "")));
    lines.push(Line::new("outputs", write::list([target]), ""));
    lines.extend((!directory.is_empty()).then(|| Line::new("directory", write::text(directory), "")));
    lines.extend(environment(variables));
    Some(lines)
}

/// The command that moves what was made in a folder to where the image has it.
fn moving(directory: &str, made: &str, target: &str) -> Option<String> {
    if absolute(&format!("/{directory}"), made).trim_start_matches('/') == target {
        return None;
    }
    let up = "../".repeat(directory.split('/').filter(|part| !part.is_empty()).count());
    let is_plain = |path: &str| path.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let word = |path: &str| if is_plain(path) { path.to_owned() } else { quoted(&[path.to_owned()]) };
    let above = target.rsplit_once('/').map(|(above, _)| format!("mkdir -p {} && ", word(&format!("{up}{above}"))));
    Some(format!("{}mv {} {}", above.unwrap_or_default(), word(made), word(&format!("{up}{target}"))))
}

/// The variables that a step is given: those that are not for other tools, and name no place of the image.
fn environment(variables: &BTreeMap<String, String>) -> Option<Line> {
    let is_given = |(name, value): &(&String, &String)| {
        !NOT_GIVEN.contains(&name.as_str())
            && !settings::is_of_builds(name)
            && !is_predefined(name)
            && !value.starts_with('/')
    };
    let pairs: Vec<String> = variables
        .iter()
        .filter(is_given)
        .map(|(name, value)| format!("{} = {}", write::key(name), write::text(value)))
        .collect();
    (!pairs.is_empty()).then(|| Line::new("env", format!("{{ {} }}", pairs.join(", ")), ""))
}

/// `TARGETARCH` and its like, which Docker sets.
fn is_predefined(name: &str) -> bool {
    ["BUILD", "TARGET"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| ["ARCH", "OS", "PLATFORM", "STAGE", "VARIANT"].contains(&rest))
    })
}
