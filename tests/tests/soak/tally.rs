//! What was tried and what came of it.

use std::collections::BTreeMap;
use std::time::Instant;

/// Counts of outcomes for each thing that was tried, and everything that was wrong.
#[derive(Debug)]
pub(crate) struct Tally {
    begun: Instant,
    counts: BTreeMap<String, BTreeMap<String, u64>>,
    wrong: Vec<String>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), counts: BTreeMap::new(), wrong: Vec::new() }
    }

    pub(crate) fn count(&mut self, what: &str, outcome: &str) {
        *self.counts.entry(what.to_owned()).or_default().entry(outcome.to_owned()).or_default() += 1;
    }

    /// How often something had an outcome, whatever was tried.
    pub(crate) fn total(&self, outcome: &str) -> u64 {
        self.counts.values().filter_map(|outcomes| outcomes.get(outcome)).sum()
    }

    /// Says how far a long run has come, now and then.
    pub(crate) fn progress(&self, what: &str, done: u64, of: u64) {
        let step = of.div_ceil(10).max(1);
        if done > 0 && done.is_multiple_of(step) {
            println!("  {done} of {of} {what} after {:.0} s", self.begun.elapsed().as_secs_f64());
        }
    }

    pub(crate) fn wrong(&mut self, text: String) {
        println!("WRONG: {text}");
        self.wrong.push(text);
    }

    /// Prints the counts.
    ///
    /// # Panics
    /// When anything was wrong; the message has the line that repeats the run.
    #[track_caller]
    pub(crate) fn finish(self, title: &str, again: &str) {
        println!("{title}, in {:.0} s; again with `{again}`", self.begun.elapsed().as_secs_f64());
        for (what, outcomes) in &self.counts {
            let counts: Vec<String> = outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            println!("  {what:<36} {}", counts.join(", "));
        }
        let wrong = self.wrong.len();
        assert!(wrong == 0, "{wrong} wrong results; again with `{again}`:\n{}", self.wrong.join("\n"));
    }
}
