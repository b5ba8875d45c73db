//! `[startup]`: what a start of the image may cost; `verify --budget` holds it.

use toml::de::DeValue;

use crate::spec::section::{Located, Section, as_integer};

/// A budget of a start. What is not set is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StartupBudget {
    /// How many modules with a source or a pyc may be imported until the command's own are.
    pub max_modules: Option<u32>,
    /// How much of the wall time of a start without bytecode one with it may take.
    pub max_seconds_ratio: Option<f64>,
    /// Whether every imported module must come from bytecode.
    pub no_compile: bool,
}

// A ratio is read from a text and never NaN.
impl Eq for StartupBudget {}

impl StartupBudget {
    /// Whether it limits nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

const KEYS: &[&str] = &["max-modules", "max-seconds-ratio", "no-compile"];

pub(super) fn read_startup(top: &Section<'_>) -> StartupBudget {
    let Some(startup) = top.section("startup", KEYS) else {
        return StartupBudget::default();
    };
    StartupBudget {
        max_modules: read_modules(&startup),
        max_seconds_ratio: read_ratio(&startup),
        no_compile: startup.boolean("no-compile").unwrap_or(false),
    }
}

fn read_modules(startup: &Section<'_>) -> Option<u32> {
    let Located { value, span } = startup.integer("max-modules")?;
    let count = u32::try_from(value).ok().filter(|count| *count > 0);
    if count.is_none() {
        let message = format!("`startup.max-modules` is {value}, expected a number of modules above 0");
        startup.report_at(span, message);
    }
    count
}

/// `0.5`, or `1` for at most as long as without bytecode.
fn read_ratio(startup: &Section<'_>) -> Option<f64> {
    let value = startup.value("max-seconds-ratio")?;
    let found = match value.get_ref() {
        DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok(),
        other => as_integer(other).and_then(|number| u32::try_from(number).ok()).map(f64::from),
    };
    let ratio = found.filter(|ratio| ratio.is_finite() && *ratio > 0.0);
    if ratio.is_none() {
        let message =
            "`startup.max-seconds-ratio` is not a number above 0, such as 0.5: a start with bytecode in half \
                       the time of one without"
                .to_owned();
        startup.report(value, message);
    }
    ratio
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ImageSpec;

    fn read(lines: &str) -> Result<StartupBudget, String> {
        let toml = format!("base = {{ image = \"python:3.13\" }}\n[startup]\n{lines}");
        ImageSpec::parse(&toml, "image.toml", None).map(|spec| spec.startup).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a_budget_is_read() {
        let budget =
            |max_modules, max_seconds_ratio, no_compile| StartupBudget { max_modules, max_seconds_ratio, no_compile };
        for (lines, expected) in [
            ("", budget(None, None, false)),
            ("max-modules = 1_200\nno-compile = true", budget(Some(1200), None, true)),
            ("max-seconds-ratio = 0.5", budget(None, Some(0.5), false)),
            ("max-seconds-ratio = 1", budget(None, Some(1.0), false)),
            ("max-seconds-ratio = 2.5e-1", budget(None, Some(0.25), false)),
        ] {
            assert_eq!(read(lines), Ok(expected), "{lines}");
        }
    }

    #[test]
    fn what_limits_nothing_is_refused() {
        for (lines, expected) in [
            ("max-modules = 0", "expected a number of modules above 0"),
            ("max-modules = -3", "expected a number of modules above 0"),
            ("max-modules = \"many\"", "an integer"),
            ("max-seconds-ratio = 0.0", "not a number above 0"),
            ("max-seconds-ratio = nan", "not a number above 0"),
            ("max-seconds-ratio = inf", "not a number above 0"),
            ("max-seconds-ratio = \"half\"", "not a number above 0"),
            ("no-compile = 1", "true or false"),
            ("max-module = 1", "max-modules"),
        ] {
            let error = read(lines).unwrap_err();
            assert!(error.contains(expected), "{lines}: {error}");
        }
    }
}
