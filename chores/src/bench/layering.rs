//! What a new version of one small wheel moves: bytes that a push sends again, grouped and in one layer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use xshell::{Shell, cmd};

use super::sets::{SETS, Set, uv, write_set};
use crate::workspace::Outcome;

/// The dependencies' layers of an image: each blob once, with its size and the distributions in it.
struct Layers {
    /// By digest.
    blobs: BTreeMap<String, (u64, BTreeSet<String>)>,
    /// The layers of the platform that has most, the base's included.
    most: usize,
}

/// Builds three sets, each before and after a small wheel's new version, and prints what moved.
pub fn run(shell: &Shell, shipwheel: &Path) -> Outcome {
    let scratch = tempfile::tempdir()?;
    let uv = uv(shell, &scratch.path().join("uv"))?;
    println!("Dependencies and their bytecode, both platforms, MiB to push again:");
    println!("| set | layers | all in one layer | mean over all distributions | one bump |");
    println!("|---|---|---|---|---|");
    for set in &SETS {
        let folder = scratch.path().join(set.name.replace(' ', "-"));
        let build = |old: bool| -> Result<Layers, Box<dyn std::error::Error>> {
            write_set(shell, &uv, set, &folder, old)?;
            let output = format!("oci:{}", folder.join("out").display());
            let report =
                cmd!(shell, "{shipwheel} image {folder} --json --output {output}").quiet().ignore_stderr().read()?;
            Ok(Layers::of(&serde_json::from_str(&report)?))
        };
        let (old, new) = (build(true)?, build(false)?);
        print_row(set, &old, &new);
    }
    Ok(())
}

fn print_row(set: &Set, old: &Layers, new: &Layers) {
    let mib = |bytes: f64| format!("{:.2}", bytes / f64::from(1 << 20));
    let moved: u64 = new.blobs.iter().filter(|(digest, _)| !old.blobs.contains_key(*digest)).map(|(_, b)| b.0).sum();
    println!(
        "| {} | {} | {} | {} | {} ({}) |",
        set.name,
        new.most,
        mib(new.total() as f64),
        mib(new.mean()),
        mib(moved as f64),
        set.bump.0
    );
}

impl Layers {
    fn of(report: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut layers = Self { blobs: BTreeMap::new(), most: 0 };
        for platform in list(&report["platforms"]) {
            let all = list(&platform["layers"]);
            layers.most = layers.most.max(all.len());
            for layer in all.iter().filter(|layer| !list(&layer["members"]).is_empty()) {
                let digest = layer["digest"].as_str().unwrap_or_default().to_owned();
                let names = list(&layer["members"]);
                let names = names.iter().filter_map(|name| name.as_str()?.split(' ').next().map(str::to_owned));
                layers.blobs.insert(digest, (layer["size"].as_u64().unwrap_or_default(), names.collect()));
            }
        }
        layers
    }

    fn total(&self) -> u64 {
        self.blobs.values().map(|(size, _)| size).sum()
    }

    /// What one distribution's new version moves, every one as likely as any other.
    fn mean(&self) -> f64 {
        let names: BTreeSet<&String> = self.blobs.values().flat_map(|(_, names)| names).collect();
        let moved = |name: &String| -> u64 {
            self.blobs.values().filter(|(_, names)| names.contains(name)).map(|(size, _)| size).sum()
        };
        let sum: u64 = names.iter().map(|name| moved(name)).sum();
        sum as f64 / names.len().max(1) as f64
    }
}
