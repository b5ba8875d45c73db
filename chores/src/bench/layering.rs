//! What a new version of one small wheel moves: bytes that a push sends again, grouped and in one layer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xshell::cmd;

use super::measurement::{Bench, Findings};
use super::sets::{SETS, Set, uv, write_set};

/// The dependencies' layers of an image: each blob once, with its size and the distributions in it.
pub struct Layers {
    /// By digest.
    blobs: BTreeMap<String, (u64, BTreeSet<String>)>,
    /// The layers of the platform that has most, the base's included.
    pub most: usize,
}

/// Builds three sets, each before and after a small wheel's new version, and prints what moved.
pub fn run(bench: &Bench<'_>) -> Result<Findings, Box<dyn std::error::Error>> {
    let (shell, shipwheel, scratch) = (bench.shell, &bench.shipwheel, bench.scratch.path().join("layering"));
    let uv = uv(shell, &scratch.join("uv"))?;
    let mut table = String::from(
        "| set | layers | all in one layer | mean over all distributions | one bump |\n|---|---|---|---|---|\n",
    );
    for set in &SETS {
        let folder = scratch.join(set.name.replace(' ', "-"));
        let build = |old: bool| -> Result<Layers, Box<dyn std::error::Error>> {
            write_set(shell, &uv, set, &folder, old)?;
            let output = format!("oci:{}", folder.join("out").display());
            let report =
                cmd!(shell, "{shipwheel} image {folder} --json --output {output}").quiet().ignore_stderr().read()?;
            Ok(Layers::of(&serde_json::from_str(&report)?))
        };
        let (old, new) = (build(true)?, build(false)?);
        table += &row(set, &old, &new);
    }
    let about = "What a push sends again, in MiB: dependencies and their bytecode, both platforms.".to_owned();
    Ok(Findings { about, cases: Vec::new(), table })
}

fn row(set: &Set, old: &Layers, new: &Layers) -> String {
    let mib = |bytes: f64| format!("{:.2}", bytes / f64::from(1 << 20));
    let moved: u64 = new.blobs.iter().filter(|(digest, _)| !old.blobs.contains_key(*digest)).map(|(_, b)| b.0).sum();
    format!(
        "| {} | {} | {} | {} | {} ({}) |\n",
        set.name,
        new.most,
        mib(new.total() as f64),
        mib(new.mean()),
        mib(moved as f64),
        set.bump.0
    )
}

impl Layers {
    /// Those that a build's `--json` names.
    pub fn of(report: &Value) -> Self {
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

    /// All bytes.
    pub fn total(&self) -> u64 {
        self.blobs.values().map(|(size, _)| size).sum()
    }

    /// What one distribution's new version moves, every one as likely as any other.
    pub fn mean(&self) -> f64 {
        let names: BTreeSet<&String> = self.blobs.values().flat_map(|(_, names)| names).collect();
        let moved = |name: &String| -> u64 {
            self.blobs.values().filter(|(_, names)| names.contains(name)).map(|(size, _)| size).sum()
        };
        let sum: u64 = names.iter().map(|name| moved(name)).sum();
        sum as f64 / names.len().max(1) as f64
    }
}
