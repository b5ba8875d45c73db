//! The text files of a `.dist-info` folder that matter to an installation.

/// A metadata file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DistInfoError {
    /// WHEEL lacks a key or has a value that is not known.
    #[error("WHEEL: expected {expected}, found `{found}`")]
    Wheel {
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A line of `entry_points.txt` is not an entry point.
    #[error("entry_points.txt:{line}: {reason}: `{found}`")]
    EntryPoint {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
        /// The text that was found.
        found: String,
    },
}

/// What WHEEL says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WheelMetadata {
    /// Whether its root holds no machine code. Both roots are one folder in a virtual environment.
    pub root_is_purelib: bool,
}

impl WheelMetadata {
    /// Parses the text of WHEEL.
    ///
    /// # Errors
    /// When its version is not 1.x, or `Root-Is-Purelib` is not `true` or `false`.
    pub fn parse(text: &str) -> Result<Self, DistInfoError> {
        let version = header(text, "Wheel-Version");
        if version.split('.').next() != Some("1") {
            return Err(DistInfoError::Wheel { expected: "Wheel-Version 1.x", found: version.to_owned() });
        }
        let purelib = header(text, "Root-Is-Purelib");
        match purelib.to_ascii_lowercase().as_str() {
            "true" => Ok(Self { root_is_purelib: true }),
            "false" => Ok(Self { root_is_purelib: false }),
            _ => Err(DistInfoError::Wheel { expected: "Root-Is-Purelib true or false", found: purelib.to_owned() }),
        }
    }
}

/// The value of a header, empty where it is missing.
pub(super) fn header<'a>(text: &'a str, name: &'a str) -> &'a str {
    headers(text, name).next().unwrap_or_default()
}

/// The values of a header that may occur several times; a blank line ends the headers.
pub(crate) fn headers<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().take_while(|line| !line.trim().is_empty()).filter_map(|line| line.split_once(':'));
    lines.filter(move |(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A command that a distribution installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// The command's name, one path component.
    pub name: String,
    /// The module, dotted.
    pub module: String,
    /// The callable in it, dotted.
    pub attribute: String,
}

/// Parses `console_scripts` and `gui_scripts` of an entry_points.txt; other groups are passed over.
///
/// # Errors
/// When one is not `NAME = MODULE:CALLABLE`, or its name is not a file name.
pub fn parse_entry_points(text: &str) -> Result<Vec<EntryPoint>, DistInfoError> {
    let mut wanted = false;
    let mut entry_points = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            wanted = matches!(section.trim(), "console_scripts" | "gui_scripts");
        } else if wanted && !line.is_empty() && !line.starts_with(['#', ';']) {
            let entry_point = entry_point(line);
            entry_points.push(entry_point.map_err(|reason| DistInfoError::EntryPoint {
                line: number,
                reason,
                found: line.chars().take(200).collect(),
            })?);
        }
    }
    Ok(entry_points)
}

/// `name = module:attribute [extra]`; the extras were given up (PEP 660's tools ignore them too). What follows ` #` is
/// a comment.
fn entry_point(line: &str) -> Result<EntryPoint, &'static str> {
    let (name, value) = line.split_once('=').ok_or("expected NAME = MODULE:CALLABLE")?;
    let value = value.split(" #").next().unwrap_or_default();
    let (name, value) = (name.trim(), value.split('[').next().unwrap_or_default().trim());
    let (module, attribute) = value.split_once(':').ok_or("expected MODULE:CALLABLE")?;
    let (module, attribute) = (module.trim(), attribute.trim());
    if !is_dotted(module) || !is_dotted(attribute) {
        return Err("the module or the callable is not a dotted name");
    }
    let printable = name.chars().all(|c| !c.is_control() && c != '/' && c != '\\');
    if name.is_empty() || name == "." || name == ".." || name.len() > 255 || !printable {
        return Err("the name is not a file name");
    }
    Ok(EntryPoint { name: name.to_owned(), module: module.to_owned(), attribute: attribute.to_owned() })
}

/// Whether a text is Python names with dots between: it goes into a script as it is.
fn is_dotted(text: &str) -> bool {
    let is_name = |part: &str| {
        part.chars().all(|c| c.is_alphanumeric() || c == '_') && part.starts_with(|c: char| !c.is_numeric())
    };
    text.split('.').all(is_name)
}

impl EntryPoint {
    /// The script that starts it: `interpreter` is the image's, as an absolute path.
    pub fn script(&self, interpreter: &str) -> String {
        let Self { module, attribute, .. } = self;
        let imported = attribute.split('.').next().unwrap_or(attribute);
        format!(
            "#!{interpreter}\n\
             # Starts {module}:{attribute}, as the wheel's entry_points.txt says.\n\
             import sys\n\
             \n\
             from {module} import {imported}\n\
             \n\
             if __name__ == \"__main__\":\n    \
                 sys.exit({attribute}())\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_version_one_wheels_are_read() {
        for (text, expected) in [
            ("Wheel-Version: 1.0\nRoot-Is-Purelib: true\n", Some(true)),
            ("wheel-version: 1.9\r\nroot-is-purelib: False\r\nTag: x\r\n", Some(false)),
            ("Wheel-Version: 2.0\nRoot-Is-Purelib: true\n", None),
            ("Root-Is-Purelib: true\n", None),
            ("Wheel-Version: 1.0\n", None),
        ] {
            assert_eq!(WheelMetadata::parse(text).ok().map(|wheel| wheel.root_is_purelib), expected, "{text}");
        }
    }

    #[test]
    fn commands_are_read_and_other_groups_passed_over() {
        let text =
            "[other]\nbad\n[console_scripts]\n# comment\n a.b-c = pkg.mod:Class.main [x]\n\n[gui_scripts]\ng=m:f\n";
        let found = parse_entry_points(text).expect("valid");
        let names: Vec<_> = found.iter().map(|e| format!("{} {} {}", e.name, e.module, e.attribute)).collect();
        assert_eq!(names, ["a.b-c pkg.mod Class.main", "g m f"]);
    }

    #[test]
    fn hostile_entry_points_are_refused_with_their_line() {
        for line in [
            ". = m:f",
            ".. = m:f",
            &format!("{} = m:f", "x".repeat(256)),
            "../x = m:f",
            "x = m",
            "x",
            "x = m:f()",
            "x = m;import os:f",
            "= m:f",
            "x = m:f\u{7f}",
            "x=:f",
            "a\\b=m:f",
        ] {
            let error = parse_entry_points(&format!("[console_scripts]\n{line}\n")).expect_err(line);
            assert!(matches!(error, DistInfoError::EntryPoint { line: 2, .. }), "{error}");
        }
        let longest = "x".repeat(255);
        let found = parse_entry_points(&format!("[console_scripts]\n{longest} = m:f\n")).expect("a file name");
        assert_eq!(found[0].name, longest);
    }

    #[test]
    fn a_script_imports_and_calls_with_the_interpreter_of_the_image() {
        let [entry_point] = &parse_entry_points("[console_scripts]\nx=a.b:C.run").expect("valid")[..] else { panic!() };
        let script = entry_point.script("/opt/venv/bin/python");
        assert_eq!(
            script,
            "#!/opt/venv/bin/python\n# Starts a.b:C.run, as the wheel's entry_points.txt says.\nimport sys\n\n\
             from a.b import C\n\nif __name__ == \"__main__\":\n    sys.exit(C.run())\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "(\\[console_scripts\\]|\n|a|=|:|\\.|/| |é){0,20}") {
            let _ = parse_entry_points(&text);
            let _ = WheelMetadata::parse(&text);
        }
    }
}
