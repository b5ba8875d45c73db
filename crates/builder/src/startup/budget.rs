//! A start held against its budget.

use shipwheel_plan::spec::StartupBudget;

use super::{StartupModule, StartupReport};
use crate::inspect::chain::shown;
use crate::inspect::finding::{Finding, FindingKind};

impl StartupReport {
    /// What costs more than the budget, each a problem.
    pub fn beyond(&self, budget: &StartupBudget) -> Vec<Finding> {
        let of = |module| beyond(module, budget).into_iter();
        let findings = self.modules.iter().flat_map(of);
        findings.map(|finding| Finding { platform: Some(self.platform.clone()), ..finding }).collect()
    }
}

fn beyond(module: &StartupModule, budget: &StartupBudget) -> Vec<Finding> {
    let name = module.name.as_deref().unwrap_or("python");
    let problem = |expected: String, found: String| {
        Finding::problem(FindingKind::Startup, expected, format!("{found} to import {name}"))
    };
    let modules = module.with.from_pycs + module.with.compiled;
    let mut findings = Vec::new();
    if let Some(most) = budget.max_modules.filter(|most| modules > *most as usize) {
        findings.push(problem(format!("at most {most} modules (startup.max-modules)"), format!("{modules}")));
    }
    let (with, without) = (module.with.wall.as_secs_f64(), module.without.wall.as_secs_f64());
    if let Some(most) = budget.max_seconds_ratio.filter(|most| with > without * most) {
        let expected = format!("at most {most} of the time without bytecode (startup.max-seconds-ratio)");
        findings.push(problem(expected, format!("{:.2} ({with:.3} s of {without:.3} s)", with / without)));
    }
    if budget.no_compile && module.with.compiled > 0 {
        let sources = module.profile.iter().flat_map(|profile| profile.compiled.iter().cloned()).collect();
        let which = match shown(&sources) {
            none if none.is_empty() => String::new(),
            some => format!(" ({some})"),
        };
        let expected = "every module from bytecode (startup.no-compile)".to_owned();
        findings.push(problem(expected, format!("{} compiled{which}", module.with.compiled)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shipwheel_oci::Platform;

    use super::*;
    use crate::startup::{StartupCost, StartupProfile};

    fn report(compiled: &[&str]) -> StartupReport {
        let cost = |millis, from_pycs, compiled| StartupCost {
            wall: Duration::from_millis(millis),
            cpu: Duration::from_millis(millis),
            peak: 1 << 20,
            from_pycs,
            compiled,
        };
        let compiled: Vec<String> = compiled.iter().map(|path| (*path).to_owned()).collect();
        let module = StartupModule {
            name: Some("shop".to_owned()),
            with: cost(500, 90, compiled.len()),
            without: cost(1000, 0, 90 + compiled.len()),
            profile: Some(StartupProfile { imports: Vec::new(), compiled }),
            files: Vec::new(),
        };
        StartupReport { platform: Platform::linux_amd64(), way: "user namespace", runs: 1, modules: vec![module] }
    }

    #[test]
    fn each_limit_is_a_problem_of_its_own_and_what_is_within_is_none() {
        let within = StartupBudget { max_modules: Some(90), max_seconds_ratio: Some(0.5), no_compile: true };
        assert_eq!(report(&[]).beyond(&within), []);
        assert_eq!(report(&["/app/a.py"]).beyond(&StartupBudget::default()), []);
        let tight = StartupBudget { max_modules: Some(90), max_seconds_ratio: Some(0.4), no_compile: true };
        let found: Vec<String> = report(&["/app/a.py"]).beyond(&tight).into_iter().map(|it| it.found).collect();
        let expected =
            ["91 to import shop", "0.50 (0.500 s of 1.000 s) to import shop", "1 compiled (/app/a.py) to import shop"];
        assert_eq!(found, expected);
    }
}
