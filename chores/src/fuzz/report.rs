//! What one run of libFuzzer came to, read from what it printed.

use std::fmt;

/// What a run reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Edges of the control flow.
    pub edges: u64,
    /// Features: edges with how often they were taken, and comparisons.
    pub features: u64,
}

/// What one run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Inputs that were run.
    pub executions: u64,
    /// How many of them in a second.
    pub rate: u64,
    /// What the inputs reached that were there.
    pub start: Coverage,
    /// What all inputs reached.
    pub end: Coverage,
    /// Inputs that reached something new.
    pub added: u64,
    /// The file of the input that failed, if one did.
    pub finding: Option<String>,
}

impl Report {
    /// Reads what libFuzzer prints to standard error with `-print_final_stats=1`.
    pub fn read(output: &str) -> Self {
        let mut report = Self::default();
        let mut is_started = false;
        for line in output.lines() {
            if let Some((number, rest)) = line.strip_prefix('#').and_then(|line| line.split_once('\t')) {
                report.executions = number.parse().unwrap_or(report.executions);
                if let Some(coverage) = coverage(rest) {
                    report.end = coverage;
                    if !is_started && rest.starts_with("INITED") {
                        (report.start, is_started) = (coverage, true);
                    }
                }
            } else if let Some((name, value)) = line.strip_prefix("stat::").and_then(|line| line.split_once(':')) {
                let value = value.trim().parse().unwrap_or_default();
                match name {
                    "number_of_executed_units" => report.executions = value,
                    "average_exec_per_sec" => report.rate = value,
                    "new_units_added" => report.added = value,
                    _ => {}
                }
            } else if let Some((_, path)) = line.split_once("Test unit written to ") {
                report.finding = Some(path.trim().to_owned());
            }
        }
        report
    }
}

/// `INITED cov: 345 ft: 678 corp: 55/1234b …`.
fn coverage(line: &str) -> Option<Coverage> {
    let after = |name: &str| line.split_once(name)?.1.split_whitespace().next()?.parse().ok();
    Some(Coverage { edges: after(" cov: ")?, features: after(" ft: ")? })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, rate, start, end, added, finding } = self;
        write!(f, "{executions} executions, {rate}/s; edges {} to {}, ", start.edges, end.edges)?;
        write!(f, "features {} to {}; {added} new inputs; ", start.features, end.features)?;
        match finding {
            None => f.write_str("no finding"),
            Some(path) => write!(f, "fails for {path}"),
        }
    }
}

/// The part of libFuzzer's output that says why it ended: from the panic on, without the input's bytes.
pub fn panic(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let is_start = |line: &&str| line.starts_with("thread '") || line.starts_with("==");
    let start = lines.iter().position(is_start).unwrap_or_default();
    let shown = lines[start..].iter().take_while(|line| !line.starts_with("MS: ") && !line.starts_with("stat::"));
    shown.take(40).copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: &str = "INFO: Running with entropic power schedule (0xFF, 100).\n\
        INFO: seed corpus: files: 3 min: 1b max: 9b total: 12b rss: 30Mb\n\
        #4\tINITED cov: 41 ft: 42 corp: 3/12b exec/s: 0 rss: 30Mb\n\
        #9\tNEW    cov: 50 ft: 66 corp: 4/20b lim: 9 exec/s: 0 rss: 30Mb L: 8/9 MS: 1 CopyPart-\n\
        #4096\tpulse  cov: 50 ft: 66 corp: 4/20b lim: 48 exec/s: 1365 rss: 31Mb\n\
        #9000\tDONE   cov: 51 ft: 70 corp: 5/20b lim: 92 exec/s: 1500 rss: 32Mb\n\
        Done 9000 runs in 6 second(s)\n\
        stat::number_of_executed_units: 9001\nstat::average_exec_per_sec:     1500\nstat::new_units_added:          2\n\
        stat::slowest_unit_time_sec:    0\nstat::peak_rss_mb:              32\n";

    const LOUD: &str = "#4\tINITED cov: 41 ft: 42 corp: 3/12b exec/s: 0 rss: 30Mb\n\n\
        thread '<unnamed>' (7) panicked at src/a.rs:1:2:\nit fell over\n\
        ==7== ERROR: libFuzzer: deadly signal\n\
        MS: 1 CopyPart-; base unit: 00\n0x1,0x2,\n\
        artifact_prefix='/w/fuzz/artifacts/a/'; Test unit written to /w/fuzz/artifacts/a/crash-12\nBase64: AQ==\n\
        stat::number_of_executed_units: 77\n";

    #[test]
    fn a_run_without_a_finding_has_its_numbers() {
        let report = Report::read(QUIET);
        let expected = Report {
            executions: 9001,
            rate: 1500,
            start: Coverage { edges: 41, features: 42 },
            end: Coverage { edges: 51, features: 70 },
            added: 2,
            finding: None,
        };
        assert_eq!(report, expected);
        let shown = "9001 executions, 1500/s; edges 41 to 51, features 42 to 70; 2 new inputs; no finding";
        assert_eq!(report.to_string(), shown);
    }

    #[test]
    fn a_run_with_a_finding_names_its_input_and_the_panic() {
        let report = Report::read(LOUD);
        assert_eq!(report.finding.as_deref(), Some("/w/fuzz/artifacts/a/crash-12"));
        assert_eq!((report.executions, report.end.edges), (77, 41));
        assert!(report.to_string().ends_with("fails for /w/fuzz/artifacts/a/crash-12"), "{report}");
        let expected =
            "thread '<unnamed>' (7) panicked at src/a.rs:1:2:\nit fell over\n==7== ERROR: libFuzzer: deadly signal";
        assert_eq!(panic(LOUD), expected);
    }

    #[test]
    fn an_output_of_something_else_is_an_empty_report() {
        assert_eq!(Report::read("error: could not compile\n#\n#x\ty\nstat::\n"), Report::default());
        assert_eq!(panic(""), "");
    }
}
