//! What was measured, kept beside the page and the chart that are made of it, so that any checkout can renew a section.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::chart::svg;
use super::timing::{Case, Samples, shown};

/// The file that a report is kept in.
const KEPT: &str = "benchmarks.json";

/// What one part measured, at one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Section {
    /// What is compared, and what each side is given: a paragraph of Markdown.
    pub about: String,
    /// The commit, the machine, and the releases of the peers.
    pub measured: Vec<String>,
    /// The times.
    pub cases: Vec<Case>,
    /// A table of other figures, in Markdown.
    pub table: String,
}

/// All sections that were measured here, by their titles.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    sections: BTreeMap<String, Section>,
}

impl Report {
    /// The report that is kept in a folder; an empty one where there is none, or one of an earlier form.
    pub fn open(folder: &Path) -> Self {
        let kept = std::fs::read(folder.join(KEPT)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        kept.unwrap_or_default()
    }

    /// Puts a section in the place of the one that has its title.
    pub fn add(&mut self, title: &str, section: Section) {
        self.sections.insert(title.to_owned(), section);
    }

    /// Keeps the report in a folder, and writes the page and the chart there.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
        std::fs::write(folder.join(KEPT), serde_json::to_string_pretty(self)? + "\n")?;
        std::fs::write(folder.join("benchmarks.svg"), svg(self.cases()))?;
        let page = folder.join("benchmarks.md");
        std::fs::write(&page, self.page())?;
        Ok(page)
    }

    fn cases(&self) -> impl Iterator<Item = &Case> {
        self.sections.values().flat_map(|section| &section.cases)
    }

    /// The page, in Markdown.
    fn page(&self) -> String {
        let mut page = String::from(
            "# Benchmarks\n\nWritten by `cargo xtask bench`: run it to measure your own machine. Every command is a whole \
             process. The tools of one case run one after the other in each round, so that a busy machine is busy for all \
             of them. Times are medians, with the least and the most in brackets; memory is the most that one process had.\n\n\
             ![The times of each tool, side by side](benchmarks.svg)\n",
        );
        for (title, section) in &self.sections {
            let _ = write!(page, "\n## {title}\n\n{}\n", section.about);
            if !section.cases.is_empty() {
                page += "\n| | with | seconds | CPU seconds | MiB |\n|---|---|---|---|---|\n";
            }
            for case in &section.cases {
                for (number, samples) in case.tools.iter().enumerate() {
                    let what = if number == 0 { case.what.as_str() } else { "" };
                    page += &row(what, samples);
                }
            }
            if !section.table.is_empty() {
                let _ = write!(page, "\n{}", section.table);
            }
            let _ = write!(page, "\nMeasured: {}.\n", section.measured.join("; "));
        }
        page
    }
}

fn row(what: &str, samples: &Samples) -> String {
    let (least, most) = (samples.seconds.first(), samples.seconds.last());
    let range = least.zip(most).map(|(least, most)| format!("{} to {}", shown(*least), shown(*most)));
    format!(
        "| {what} | {} | {} ({}) | {} | {} |\n",
        samples.tool,
        shown(samples.median()),
        range.unwrap_or_default(),
        shown(samples.cpu),
        samples.peak.div_ceil(1024)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(what: &str, tools: &[(&str, &[f64])]) -> Case {
        let samples = |(tool, seconds): &(&str, &[f64])| Samples {
            tool: (*tool).to_owned(),
            seconds: seconds.to_vec(),
            cpu: 0.5,
            peak: 2048,
        };
        Case { what: what.to_owned(), tools: tools.iter().map(samples).collect() }
    }

    #[test]
    fn a_part_that_is_measured_again_takes_the_place_of_its_section_and_leaves_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let section = |what: &str, seconds: &[f64]| Section {
            about: "Both from the same.".to_owned(),
            measured: vec!["commit abc".to_owned()],
            cases: vec![case(what, &[("shipwheel", seconds), ("peer <1>", &[12.5])])],
            table: String::new(),
        };
        let mut report = Report::open(folder.path());
        report.add("Builds", section("cold", &[1.0, 2.0, 3.0]));
        report.add("Pushes", section("push", &[0.1]));
        report.write(folder.path()).expect("written");
        let mut report = Report::open(folder.path());
        report.add("Builds", section("cold", &[0.25]));
        let page = report.write(folder.path()).expect("written");
        let page = std::fs::read_to_string(page).expect("written");
        assert!(page.contains("| cold | shipwheel | 0.250 (0.250 to 0.250) | 0.500 | 2 |"), "{page}");
        assert!(page.contains("|  | peer <1> | 12.5 (12.5 to 12.5) |") && page.contains("| push | shipwheel | 0.100"));
        let chart = std::fs::read_to_string(folder.path().join("benchmarks.svg")).expect("written");
        assert!(chart.contains("peer &lt;1&gt;") && chart.contains("0.250 s"), "{chart}");
    }

    #[test]
    fn the_page_and_the_chart_in_docs_are_what_the_kept_figures_give() {
        let docs = crate::workspace::workspace().join("docs");
        let folder = tempfile::tempdir().expect("a folder");
        Report::open(&docs).write(folder.path()).expect("written");
        for name in [KEPT, "benchmarks.md", "benchmarks.svg"] {
            let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).expect("a file");
            assert!(
                read(&docs) == read(folder.path()),
                "{name} was edited by hand; `cargo xtask bench PART` renews it"
            );
        }
    }
}
