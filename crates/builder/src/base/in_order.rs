//! Platforms at once, and all that is said of them as if it were one after the other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use shipwheel_oci::Platform;

use crate::error::BuildError;
use crate::session::{Report, Session};

/// Does something for each platform at once.
///
/// # Errors
/// That of the first platform that has one. What the platforms behind it said is not told.
pub(super) fn each<T: Send>(
    session: &Session<'_>,
    platforms: &[Platform],
    one: impl Fn(&Session<'_>, &Platform) -> Result<T, BuildError> + Sync,
) -> Result<Vec<T>, BuildError> {
    let turns = Turns::of(platforms.len(), session.report);
    let run = |(number, platform)| {
        let turn = Turn { turns: &turns, number };
        let done = one(&session.reporting_to(&turn), platform);
        turns.end(number, done.is_ok());
        done
    };
    let done: Vec<_> = platforms.par_iter().enumerate().map(run).collect();
    done.into_iter().collect()
}

/// What is said by the turns that are to come.
struct Turns<'r> {
    report: &'r dyn Report,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    /// Whose turn it is.
    now: usize,
    lines: Vec<Vec<Line>>,
    /// How each ended: whether the next one may speak.
    ends: Vec<Option<bool>>,
}

enum Line {
    Step(String),
    Warning(String),
    Detail(String),
}

impl<'r> Turns<'r> {
    fn of(count: usize, report: &'r dyn Report) -> Self {
        let lines = std::iter::repeat_with(Vec::new).take(count).collect();
        Self { report, waiting: Mutex::new(Waiting { now: 0, lines, ends: vec![None; count] }) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, number: usize, line: Line) {
        let mut waiting = self.lock();
        waiting.lines[number].push(line);
        self.tell(&mut waiting);
    }

    fn end(&self, number: usize, may_go_on: bool) {
        let mut waiting = self.lock();
        waiting.ends[number] = Some(may_go_on);
        self.tell(&mut waiting);
    }

    /// Tells what those say whose turn has come.
    fn tell(&self, waiting: &mut Waiting) {
        while let Some(lines) = waiting.lines.get_mut(waiting.now) {
            for line in lines.drain(..) {
                match line {
                    Line::Step(text) => self.report.step(&text),
                    Line::Warning(text) => self.report.warning(&text),
                    Line::Detail(text) => self.report.detail(&text),
                }
            }
            if waiting.ends[waiting.now] != Some(true) {
                return;
            }
            waiting.now += 1;
        }
    }
}

/// Receives what is said of one platform.
struct Turn<'t> {
    turns: &'t Turns<'t>,
    number: usize,
}

impl Report for Turn<'_> {
    fn step(&self, text: &str) {
        self.turns.say(self.number, Line::Step(text.to_owned()));
    }

    fn warning(&self, text: &str) {
        self.turns.say(self.number, Line::Warning(text.to_owned()));
    }

    fn detail(&self, text: &str) {
        self.turns.say(self.number, Line::Detail(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Said(Mutex<Vec<String>>);

    impl Report for Said {
        fn step(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }

        fn warning(&self, text: &str) {
            self.0.lock().unwrap().push(format!("warning: {text}"));
        }
    }

    #[test]
    fn what_is_said_comes_in_turn_whoever_says_it_first() {
        for (last_ok, expected) in
            [(true, vec!["a 1", "warning: a 2", "b", "c"]), (false, vec!["a 1", "warning: a 2", "b"])]
        {
            let said = Said::default();
            let turns = Turns::of(3, &said);
            let [a, b, c] = [0, 1, 2].map(|number| Turn { turns: &turns, number });
            c.step("c");
            turns.end(2, true);
            a.step("a 1");
            assert_eq!(*said.0.lock().unwrap(), ["a 1"], "the first one never waits");
            b.step("b");
            turns.end(1, last_ok);
            a.warning("a 2");
            turns.end(0, true);
            assert_eq!(*said.0.lock().unwrap(), expected);
        }
    }
}
