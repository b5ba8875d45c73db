//! Markers hold exactly where Python's own `packaging` says so: the copy inside pip is the judge of a generated corpus.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test runs the judge; the crate itself never runs a process"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use shipwheel_python::Target;
use shipwheel_python::marker::{Environment, Marker};

/// Reads a Python version in the first line and a marker in each further one; prints whether it holds.
const JUDGE: &str = r#"
import sys
from pip._vendor.packaging.markers import Marker
version, *markers = sys.stdin.read().splitlines()
environment = {
    "python_version": ".".join(version.split(".")[:2]),
    "python_full_version": version,
    "implementation_version": version,
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_machine": "aarch64",
    "platform_system": "Linux",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "platform_release": "",
    "platform_version": "",
    "extra": "fast",
}
for marker in markers:
    print(Marker(marker).evaluate(environment))
"#;

/// Every comparison of version variables with versions, of texts with texts, and of the extra, from both sides.
fn comparisons() -> Vec<String> {
    let mut all = Vec::new();
    for variable in ["python_version", "python_full_version", "implementation_version"] {
        for version in ["3", "3.9", "3.11", "3.11.0", "3.11.9", "3.11.10", "3.12", "3.12.0rc1", "3.11.9.post1", "4"] {
            for comparator in ["<", "<=", "==", "!=", ">=", ">", "===", "~="] {
                if comparator != "~=" || version.contains('.') {
                    all.push(format!("{variable} {comparator} '{version}'"));
                }
                // `packaging` before 22, which older pips have, lets no pre-release satisfy a specifier.
                if !version.contains("rc") {
                    all.push(format!("'{version}' {comparator} {variable}"));
                }
            }
        }
        for prefix in ["3.*", "3.1.*", "3.11.*", "3.11.9.*", "3.12.*"] {
            all.extend(["==", "!="].map(|comparator| format!("{variable} {comparator} '{prefix}'")));
        }
        for list in ["3.9 3.10 3.11", "3.11.9", "2.7, 3.1"] {
            all.extend(["in", "not in"].map(|comparator| format!("{variable} {comparator} '{list}'")));
        }
    }
    for variable in ["os_name", "sys_platform", "platform_machine", "platform_system", "implementation_name"] {
        for text in ["posix", "linux", "aarch64", "Linux", "cpython", "win32", "lin", ""] {
            for comparator in ["==", "!=", "in", "not in"] {
                all.push(format!("{variable} {comparator} '{text}'"));
                all.push(format!("'{text}' {comparator} {variable}"));
            }
        }
    }
    for extra in ["fast", "other"] {
        all.extend(["==", "!="].map(|comparator| format!("extra {comparator} '{extra}'")));
    }
    all
}

/// The comparisons on their own, and joined with their neighbors in ways whose value depends on precedence.
fn corpus() -> Vec<String> {
    let all = comparisons();
    let joined = all.iter().zip(all.iter().skip(7)).zip(all.iter().skip(31)).flat_map(|((a, b), c)| {
        [format!("{a} or {b} and {c}"), format!("({a} or {b}) and {c}"), format!("{a} and ({b} or {c}) or {b}")]
    });
    all.iter().cloned().chain(joined).collect()
}

fn judged(python: &str, markers: &[String]) -> Vec<bool> {
    let mut judge = Command::new("python3");
    let judge = judge.args(["-c", JUDGE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut judge = judge.expect("python3 is on PATH");
    let mut input = judge.stdin.take().expect("it is piped");
    let text = format!("{python}\n{}\n", markers.join("\n"));
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = judge.wait_with_output().expect("it runs");
    writer.join().expect("it does not panic").expect("the judge reads all");
    assert!(output.status.success(), "python3 has pip with packaging");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line == "True").collect()
}

#[test]
fn a_marker_holds_where_packaging_says_so() {
    let markers = corpus();
    for python in ["3.9.2", "3.11.9", "3.12.0"] {
        let target = Target {
            python: python.parse().expect("valid"),
            platform: "linux/arm64".parse().expect("valid"),
            libc: shipwheel_python::Libc::Glibc { major: 2, minor: 36 },
        };
        let environment = Environment::new(&target).with_extras(["fast"]);
        let expected = judged(python, &markers);
        assert_eq!(expected.len(), markers.len(), "the judge answers for each marker");
        let differing: Vec<String> = markers
            .iter()
            .zip(expected)
            .filter_map(|(text, expected)| {
                let found = text.parse::<Marker>().map(|marker| marker.evaluate(&environment));
                (found.as_ref().ok() != Some(&expected)).then(|| format!("{text}: {expected}, found {found:?}"))
            })
            .collect();
        assert!(
            differing.is_empty(),
            "{} of {}: {:#?}",
            differing.len(),
            markers.len(),
            &differing[..differing.len().min(20)]
        );
    }
}
