//! What happens, on standard error: bars on a terminal, plain lines anywhere else.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use shipwheel_builder::Report;
use shipwheel_store::Progress;

use crate::manner;
use crate::program;
use crate::shown;
use crate::table::size;

/// A transfer smaller than this is over before its bar could be read.
const SMALLEST_SHOWN: u64 = 512 << 10;

/// Where there is no terminal, a transfer smaller than this is not worth a line.
const SMALLEST_TOLD: u64 = 4 << 20;

/// Shows transfers and steps.
pub(crate) struct Terminal {
    bars: Option<MultiProgress>,
    open: Mutex<BTreeMap<u64, ProgressBar>>,
    /// Without a terminal: what each transfer is, since when, and how far it came.
    told: Mutex<BTreeMap<u64, (String, Instant, u64)>>,
    next: AtomicU64,
    /// Whether nothing is shown.
    is_quiet: bool,
    /// Whether details are shown.
    is_verbose: bool,
}

impl Terminal {
    /// Bars if standard error is a terminal, and as much as the user asked for.
    pub(crate) fn new() -> Self {
        let (is_quiet, is_verbose) = (manner::is_quiet(), manner::is_verbose());
        let bars = (!is_quiet && std::io::stderr().is_terminal()).then(MultiProgress::new);
        let next = AtomicU64::new(0);
        Self { bars, open: Mutex::default(), told: Mutex::default(), next, is_quiet, is_verbose }
    }

    /// One line, above the bars; a line end in a name begins no other.
    pub(crate) fn line(&self, text: &str) {
        self.lines(&shown::line(text));
    }

    /// Several lines of ours, such as a table: names in them are made safe where they are put in.
    pub(crate) fn lines(&self, text: &str) {
        if self.is_quiet {
            return;
        }
        let text = manner::for_stderr(&shown::lines(&program::spell(text)));
        match &self.bars {
            Some(bars) => bars.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, ProgressBar>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, (String, Instant, u64)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report for Terminal {
    fn step(&self, text: &str) {
        self.line(&format!("  {}", shown::line(text)));
    }

    fn warning(&self, text: &str) {
        self.line(&format!("warning: {}", shown::line(text)));
    }

    fn detail(&self, text: &str) {
        if self.is_verbose {
            self.step(text);
        }
    }
}

impl Progress for Terminal {
    fn begin(&self, name: &str, total: Option<u64>) -> u64 {
        let name = &shown::line(name);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(bars) = self.bars.as_ref().filter(|_| total.is_none_or(|total| total >= SMALLEST_SHOWN)) {
            let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let template = "  {bar:24} {bytes:>10} of {total_bytes:10} {bytes_per_sec:>12}  {msg}";
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let name: String = name.chars().take(60).collect();
            self.open().insert(id, bars.add(bar.with_style(style).with_message(name)));
        }
        if self.bars.is_none() {
            self.told().insert(id, (name.chars().take(60).collect(), Instant::now(), 0));
        }
        id
    }

    fn advance(&self, id: u64, bytes: u64) {
        if let Some(bar) = self.open().get(&id) {
            bar.inc(bytes);
        }
        if let Some((_, _, moved)) = self.told().get_mut(&id) {
            *moved += bytes;
        }
    }

    fn end(&self, id: u64) {
        if let Some(bar) = self.open().remove(&id) {
            bar.finish_and_clear();
        }
        let told = self.told().remove(&id);
        if let Some((name, since, moved)) = told.filter(|(_, _, moved)| *moved >= SMALLEST_TOLD) {
            let seconds = since.elapsed().as_secs_f64().max(0.001);
            let rate = size((moved as f64 / seconds) as u64);
            self.line(&format!("  {name}: {} in {seconds:.1} s, {rate}/s", size(moved)));
        }
    }
}
