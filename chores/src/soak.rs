//! `cargo xtask soak [--minutes N] [--seed S] [--kills N] [--faults N]`: kills commands that write, and breaks registries.

use std::ffi::OsString;
use std::time::{SystemTime, UNIX_EPOCH};

use xshell::{Shell, cmd};

use crate::test;
use crate::workspace::Outcome;

/// How often commands are killed where nobody says.
const KILLS: u64 = 200;

/// How often something goes wrong between the client and a registry.
const FAULTS: u64 = 10_000;

/// How much is tried, and by which seed.
#[derive(Debug, PartialEq, Eq)]
struct Extent {
    seed: u64,
    kills: u64,
    faults: u64,
    minutes: Option<u64>,
}

/// Runs both parts of the soak test, one after the other; the tests print counts and the line that repeats a run.
pub fn run(shell: &Shell, arguments: &[OsString]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let extent = Extent::parse(&words, seed_of_now())?;
    test::set_up(shell)?;
    let test = "test --package shipwheel-tests --test soak -- --nocapture --test-threads 1".split(' ');
    let command = cmd!(shell, "cargo {test...}")
        .env("SHIPWHEEL_SOAK_SEED", extent.seed.to_string())
        .env("SHIPWHEEL_SOAK_KILLS", extent.kills.to_string())
        .env("SHIPWHEEL_SOAK_FAULTS", extent.faults.to_string());
    match extent.minutes {
        Some(minutes) => command.env("SHIPWHEEL_SOAK_MINUTES", minutes.to_string()).run()?,
        None => command.run()?,
    }
    Ok(())
}

/// Another seed each time: a run that finds nothing should not be repeated.
fn seed_of_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Extent {
    /// What the flags say. `--minutes` ends each part early.
    fn parse(words: &[&str], seed: u64) -> Result<Self, String> {
        let mut extent = Self { seed, kills: KILLS, faults: FAULTS, minutes: None };
        for pair in words.chunks(2) {
            let number = pair.get(1).and_then(|text| text.parse().ok());
            match (pair[0], number) {
                ("--seed", Some(number)) => extent.seed = number,
                ("--kills", Some(number)) => extent.kills = number,
                ("--faults", Some(number)) => extent.faults = number,
                ("--minutes", Some(number)) => extent.minutes = Some(number),
                _ => {
                    let expected = "--minutes, --seed, --kills or --faults with a number";
                    return Err(format!("expected {expected}, found `{}`", pair.join(" ")));
                }
            }
        }
        Ok(extent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_how_much_is_tried() {
        let parse = |text: &str| Extent::parse(&text.split_whitespace().collect::<Vec<_>>(), 7);
        assert_eq!(parse(""), Ok(Extent { seed: 7, kills: KILLS, faults: FAULTS, minutes: None }));
        let given = Extent { seed: 1, kills: 0, faults: 30, minutes: Some(5) };
        assert_eq!(parse("--seed 1 --kills 0 --faults 30 --minutes 5"), Ok(given));
        for wrong in ["--seed", "--kills many", "30", "--tries 3"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
