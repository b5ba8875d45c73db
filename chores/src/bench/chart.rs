//! The times as bars in an SVG picture: each case by itself, the slowest tool as wide as the picture.

use std::fmt::Write as _;

use super::timing::{Case, Samples, shown};

/// Sizes in pixels.
const WIDTH: f64 = 760.0;
const NAMES: f64 = 250.0;
const FIGURES: f64 = 80.0;
const BAR: f64 = 16.0;
const GAP: f64 = 12.0;

/// A picture of some cases; its colors fit light and dark pages.
pub fn svg<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let (mut bars, mut y) = (String::new(), GAP);
    for case in cases {
        y += BAR;
        let _ = writeln!(bars, r#"<text class="case" x="0" y="{:.0}">{}</text>"#, y - 4.0, escaped(&case.what));
        let slowest = case.tools.iter().map(Samples::median).fold(f64::MIN_POSITIVE, f64::max);
        for (number, tool) in case.tools.iter().enumerate() {
            let width = ((WIDTH - NAMES - FIGURES) * tool.median() / slowest).max(1.0);
            let (class, base) = (if number == 0 { "own" } else { "peer" }, y + BAR - 5.0);
            let _ = writeln!(
                bars,
                r#"<text x="12" y="{base:.0}">{}</text><rect class="{class}" x="{NAMES:.0}" y="{:.0}" width="{width:.1}" height="{:.0}"/><text x="{:.1}" y="{base:.0}">{} s</text>"#,
                escaped(&tool.tool),
                y + 1.0,
                BAR - 3.0,
                NAMES + width + 5.0,
                shown(tool.median()),
            );
            y += BAR;
        }
        y += GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {y:.0}\" role=\"img\" \
         aria-label=\"Seconds of each tool; shorter is faster\">\n<style>text{{font:12px system-ui,sans-serif;fill:#59636e}}\
         .case{{font-weight:600}}.own{{fill:#1f883d}}.peer{{fill:#8c959f}}</style>\n{bars}</svg>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
