//! Programs and libraries of an image: are they for its processor?

use rayon::prelude::*;
use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_oci::Platform;
use shipwheel_python::elf::{ELF_HEAD, ElfMachine};

use crate::error::BuildError;
use crate::inspect::finding::{Finding, FindingKind, Severity};

/// Checks every program and library: their number, and those for another processor.
///
/// # Errors
/// When a layer's file cannot be read.
pub(crate) fn check(tree: &Tree, platform: &Platform) -> Result<(usize, Vec<Finding>), BuildError> {
    let Some(expected) = ElfMachine::of(platform) else { return Ok((0, Vec::new())) };
    let files: Vec<(&TreePath, &Content)> = tree
        .iter()
        .filter_map(|(path, node)| match node {
            Node::File(metadata, content) if path.name().contains(".so") || metadata.mode & 0o111 != 0 => {
                Some((path, content))
            }
            _ => None,
        })
        .collect();
    let machines: Vec<Option<ElfMachine>> = files
        .par_iter()
        .map(|(_, content)| Ok(ElfMachine::read(&content.head(ELF_HEAD)?)))
        .collect::<Result<_, BuildError>>()?;
    let count = machines.iter().flatten().count();
    let foreign = files.iter().zip(machines).filter_map(|(file, machine)| Some((file, machine?)));
    let findings = foreign.filter(|(_, machine)| *machine != expected).map(|((path, content), machine)| {
        let harmless = runs_too(expected, machine) || is_of_any_platform(tree, path);
        let severity = if harmless { Severity::Warning } else { Severity::Problem };
        let finding = Finding::problem(FindingKind::Machine, expected.to_string(), machine.to_string());
        Finding { severity, ..finding.at(path.to_string()).in_layer_of(content) }
    });
    Ok((count, findings.collect()))
}

/// 64-bit processors run the code of their 32-bit predecessors: bases have libraries for those.
fn runs_too(expected: ElfMachine, found: ElfMachine) -> bool {
    matches!((expected.0, found.0), (62, 3) | (183, 40))
}

/// Whether a file is from a wheel for any platform: such wheels bring a library for each.
fn is_of_any_platform(tree: &Tree, path: &TreePath) -> bool {
    let Some((folder, inside)) = ["/site-packages/", "/dist-packages/"].iter().find_map(|part| {
        let end = path.as_str().find(part)? + part.len();
        Some(path.as_str().split_at(end))
    }) else {
        return false;
    };
    let Ok(folder) = TreePath::new(folder) else { return false };
    let rows = [format!("{inside},"), format!("\"{inside}\",")];
    let records = tree.below(&folder).filter(|(path, _)| {
        path.name() == "RECORD" && path.parent().is_some_and(|parent| parent.name().ends_with(".dist-info"))
    });
    let owner = records.filter(|(_, node)| {
        let Some(text) = text(node) else { return false };
        text.lines().any(|line| rows.iter().any(|row| line.starts_with(row)))
    });
    owner.take(1).any(|(record, _)| {
        let wheel = record.parent().and_then(|parent| parent.join("WHEEL").ok());
        let text = wheel.and_then(|wheel| tree.node(&wheel)).and_then(text).unwrap_or_default();
        let mut tags = text.lines().filter_map(|line| line.strip_prefix("Tag:")).peekable();
        tags.peek().is_some() && tags.all(|tag| tag.trim().ends_with("-any"))
    })
}

/// A small text file.
fn text(node: &Node) -> Option<String> {
    match node {
        Node::File(_, content) if content.size() < 64 << 20 => String::from_utf8(content.to_vec().ok()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0rest";

    fn check_one(name: &str, tag: &str) -> Vec<(Severity, String)> {
        let mut tree = Tree::new();
        let site = "/opt/venv/lib/python3.11/site-packages";
        let mut file = |path: &str, bytes: &[u8]| {
            tree.insert_file(&format!("{site}/{path}"), 0o644, Content::from_bytes(bytes.to_vec())).expect("new");
        };
        file(name, X86);
        file("x-1.dist-info/RECORD", format!("{name},sha256=x,1\n").as_bytes());
        file("x-1.dist-info/WHEEL", format!("Wheel-Version: 1.0\nTag: {tag}\n").as_bytes());
        let (count, findings) = check(&tree, &Platform::linux_arm64()).expect("readable");
        assert!(count <= 1);
        findings.into_iter().map(|finding| (finding.severity, finding.found)).collect()
    }

    #[test]
    fn a_foreign_library_is_a_problem_unless_its_wheel_is_for_any_platform() {
        let x86 = || "x86-64".to_owned();
        assert_eq!(check_one("x/a.so", "cp311-cp311-manylinux_2_17_aarch64"), [(Severity::Problem, x86())]);
        assert_eq!(check_one("x/a.so", "py3-none-any"), [(Severity::Warning, x86())]);
        assert_eq!(check_one("x/data.bin", "cp311-cp311-manylinux_2_17_aarch64"), []);
    }
}
