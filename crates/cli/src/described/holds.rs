//! What a layer holds, in a few words, and the names of kinds.

use std::collections::BTreeMap;

use shipwheel_builder::{Contents, Owner, Part, Weight, counted};

/// How the lines of history begin that builds of ours write.
const OWN: &str = "shipwheel: ";

/// The longest line of another builder's history that is shown, in characters.
const MAX_HISTORY: usize = 72;

/// How many owners are named of a layer.
const MAX_NAMED: usize = 3;

/// The name of a kind of owner in `--json`.
pub(crate) fn kind(owner: Owner) -> &'static str {
    match owner {
        Owner::Package(_) => "package",
        Owner::Distribution(_) => "distribution",
        Owner::Interpreter => "interpreter",
        Owner::System => "system",
        Owner::Application => "application",
    }
}

/// The name of an owner with its version.
pub(crate) fn name(contents: &Contents, owner: Owner) -> String {
    match contents.name_of(owner) {
        (name, Some(version)) => format!("{name} {version}"),
        (name, None) => name.to_owned(),
    }
}

/// The parts of each layer, largest first.
pub(crate) fn parts(contents: &Contents) -> Vec<Vec<(Part, Weight)>> {
    let mut parts = vec![Vec::new(); contents.layers.len()];
    for (part, weight) in contents.weights() {
        if let Some(parts) = parts.get_mut(part.0) {
            parts.push((part, weight));
        }
    }
    for parts in &mut parts {
        parts.sort_by_key(|(part, weight)| (std::cmp::Reverse(weight.bytes), *part));
    }
    parts
}

/// What a layer is, in a line: as our builds say it, or else by what is in it.
pub(crate) fn title(contents: &Contents, layer: usize, parts: &[(Part, Weight)]) -> String {
    let made_by = contents.layers.get(layer).and_then(|layer| layer.made_by.as_deref()).unwrap_or_default();
    if let Some(own) = made_by.strip_prefix(OWN) {
        return own.to_owned();
    }
    let history: String = made_by.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_HISTORY).collect();
    let held = held(contents, parts);
    match (history.as_str(), held.as_str()) {
        ("", "") => "nothing".to_owned(),
        (_, "") => history,
        ("", _) => held,
        _ => format!("{history}: {held}"),
    }
}

/// The largest owners of what is in a layer; packages are only counted where there are several.
fn held(contents: &Contents, parts: &[(Part, Weight)]) -> String {
    let packages = parts.iter().filter(|((_, owner, _), _)| matches!(owner, Owner::Package(_)));
    let packages: BTreeMap<Owner, u64> = packages.map(|((_, owner, _), weight)| (*owner, weight.bytes)).collect();
    let mut named: Vec<String> = Vec::new();
    if packages.len() > 1 {
        named.push(counted(packages.len(), "package"));
    }
    for ((_, owner, is_bytecode), _) in parts {
        let is_counted = packages.len() > 1 && packages.contains_key(owner);
        let suffix = if *is_bytecode { " (bytecode)" } else { "" };
        let text = format!("{}{suffix}", name(contents, *owner));
        if !is_counted && !named.contains(&text) {
            named.push(text);
        }
    }
    match named.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named[..MAX_NAMED].join(", ")),
    }
}
