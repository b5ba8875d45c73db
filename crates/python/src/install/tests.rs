//! What a wheel becomes in the image.

use shipwheel_layer::{Node, Tree, TreePath};

use super::{InstallError, InstallErrorKind, Installed, install};
use crate::install::Scheme;
use crate::wheel::Record;
use crate::wheel::sample::Sample;

const SITE: &str = "/opt/venv/lib/python3.11/site-packages";

fn scheme() -> Scheme {
    Scheme::new("/opt/venv", "3.11.2".parse().expect("valid")).expect("valid")
}

fn installed(sample: Sample) -> Installed {
    install(&sample.open().unwrap_or_else(|e| panic!("{e}")), &scheme()).unwrap_or_else(|e| panic!("{e}"))
}

/// Mode and path of every file, without those of the sample itself.
fn files(tree: &Tree) -> Vec<String> {
    let files = tree.iter().filter_map(|(path, node)| match node {
        Node::File(metadata, _) => Some((metadata.mode, path.as_str().replace(SITE, "SITE"))),
        _ => None,
    });
    let own = ["SITE/pkg/__init__.py", "SITE/pkg-1.0.dist-info/"];
    let others = files.filter(|(_, path)| !own.iter().any(|own| path.starts_with(own)));
    others.map(|(mode, path)| format!("{mode:o} {path}")).collect()
}

fn text(tree: &Tree, path: &str) -> String {
    let path = TreePath::new(path).expect("valid");
    let Some(Node::File(_, content)) = tree.node(&path) else { panic!("{path} is missing") };
    String::from_utf8(content.to_vec().expect("readable")).expect("text")
}

#[test]
fn every_scheme_has_its_place() {
    let data = "pkg-1.0.data";
    let sample = Sample::new()
        .file_with_mode("pkg/tool", b"x", 0o710)
        .file_with_mode(&format!("{data}/purelib/pure.py"), b"1", 0o600)
        .file(&format!("{data}/platlib/plat.so"), b"2")
        .file(&format!("{data}/headers/h.h"), b"3")
        .file(&format!("{data}/data/share/man/x.1"), b"4")
        .file(&format!("{data}/data/lib/python3.11/site-packages/by_data.py"), b"5")
        .file(&format!("{data}/scripts/s"), b"#!/bin/sh\n");
    let installed = installed(sample);
    assert_eq!(
        files(&installed.tree),
        [
            "755 /opt/venv/bin/s",
            "644 /opt/venv/include/site/python3.11/pkg/h.h",
            "644 SITE/by_data.py",
            "755 SITE/pkg/tool",
            "644 SITE/plat.so",
            "644 SITE/pure.py",
            "644 /opt/venv/share/man/x.1",
        ]
    );
    let paths = installed.site_packages.iter().map(|file| file.path.as_str().replace(SITE, ""));
    let paths: Vec<String> = paths.filter(|path| !path.contains(".dist-info/")).collect();
    assert_eq!(paths, ["/by_data.py", "/pkg/__init__.py", "/pkg/tool", "/plat.so", "/pure.py"]);
    assert!(installed.site_packages.iter().all(|file| file.content.expected() == Some(file.sha256)));
}

#[test]
fn a_place_that_no_scheme_has_is_an_error() {
    for (path, expected) in [
        ("pkg-1.0.data/stdlib/os.py", "stdlib"),
        ("pkg-1.0.data/scripts", "scripts"),
        ("pkg-1.0.data/purelib", "purelib"),
        ("pkg-1.0.data/data", "data"),
        ("pkg-1.0.data/headers", "headers"),
    ] {
        let wheel = Sample::new().file(path, b"").open().expect("sound");
        match install(&wheel, &scheme()).map(drop).map_err(|error| error.kind) {
            Err(InstallErrorKind::UnknownScheme { scheme, .. }) => assert_eq!(scheme, expected),
            found => panic!("{path}: {found:?}"),
        }
    }
}

#[test]
fn a_script_that_is_rewritten_has_16_mib_at_most() {
    for (size, fits) in [(16 << 20, true), ((16 << 20) + 1, false)] {
        let mut script = b"#!python\n".to_vec();
        script.resize(size, b'#');
        let wheel = Sample::new().file("pkg-1.0.data/scripts/large", &script).open().expect("sound");
        match install(&wheel, &scheme()).map(drop).map_err(|error| error.kind) {
            Ok(()) => assert!(fits, "{size}"),
            Err(InstallErrorKind::LargeScript { size: found, .. }) => assert_eq!((found, fits), (size as u64, false)),
            Err(other) => panic!("{size}: {other:?}"),
        }
        let mut binary = script;
        binary[0] = b'x';
        let wheel = Sample::new().file("pkg-1.0.data/scripts/large", &binary).open().expect("sound");
        assert!(install(&wheel, &scheme()).is_ok(), "what is not rewritten may have any size");
    }
}

#[test]
fn scripts_run_with_the_interpreter_of_the_image() {
    let sample = Sample::new()
        .file("pkg-1.0.data/scripts/a", b"#!python3 -E\nprint(1)\n")
        .file("pkg-1.0.data/scripts/b", b"#!pythonw\r\nprint(1)\r\n")
        .file("pkg-1.0.data/scripts/c", b"#!/usr/bin/python\n")
        .file("pkg-1.0.data/scripts/d", b"#!python")
        .file("pkg-1.0.dist-info/entry_points.txt", b"[console_scripts]\ne = pkg:main\n[gui_scripts]\nf = pkg:main\n");
    let tree = installed(sample).tree;
    for (name, expected) in [
        ("a", "#!/opt/venv/bin/python\nprint(1)\n"),
        ("b", "#!/opt/venv/bin/python\nprint(1)\r\n"),
        ("c", "#!/usr/bin/python\n"),
        ("d", "#!/opt/venv/bin/python\n"),
    ] {
        assert_eq!(text(&tree, &format!("/opt/venv/bin/{name}")), expected, "{name}");
    }
    assert!(text(&tree, "/opt/venv/bin/e").starts_with("#!/opt/venv/bin/python\n"));
    assert_eq!(files(&tree).len(), 6);
}

#[test]
fn pip_has_a_command_for_the_python_of_the_image() {
    let text = "[console_scripts]\npip3 = pip:three\npip = pip:main\npip3.9 = pip:nine\n";
    let entry_points = crate::wheel::parse_entry_points(text).expect("valid");
    let names = |distribution: &str| {
        let commands = super::commands(distribution, &entry_points, scheme().python());
        commands.into_iter().map(|(name, start)| format!("{name} {}", start.attribute)).collect::<Vec<_>>()
    };
    assert_eq!(names("pip"), ["bin/pip main", "bin/pip3 three", "bin/pip3.11 main"]);
    assert_eq!(names("other"), ["bin/pip main", "bin/pip3 three", "bin/pip3.9 nine"]);
}

#[test]
fn bytecode_and_notes_of_installers_are_left_out() {
    let sample = Sample::new()
        .file("pkg/__pycache__/__init__.cpython-311.pyc", b"x")
        .file("pkg/mod.py", b"x")
        .file("pkg/mod.pyc", b"x")
        .file("pkg/mod.pyo", b"x")
        .file("pkg/sourceless.pyc", b"x")
        .file("pkg-1.0.dist-info/INSTALLER", b"other")
        .file("pkg-1.0.dist-info/direct_url.json", b"{}")
        .unlisted("pkg-1.0.dist-info/RECORD.jws", b"x", 0o644);
    let tree = installed(sample).tree;
    assert_eq!(files(&tree), ["644 SITE/pkg/mod.py", "644 SITE/pkg/sourceless.pyc"]);
    let info: Vec<_> =
        tree.iter().filter(|(path, _)| path.as_str().contains("dist-info/")).map(|(p, _)| p.name()).collect();
    assert_eq!(info, ["METADATA", "RECORD", "WHEEL"]);
}

#[test]
fn record_lists_exactly_what_was_installed() {
    let sample = Sample::new()
        .file("pkg-1.0.data/data/share/x", b"4")
        .file("pkg-1.0.data/scripts/s", b"#!python\n")
        .file("pkg-1.0.dist-info/entry_points.txt", b"[console_scripts]\ne = pkg:main\n");
    let tree = installed(sample).tree;
    let record = Record::parse(text(&tree, &format!("{SITE}/pkg-1.0.dist-info/RECORD")).as_bytes()).expect("valid").0;
    let site = TreePath::new(SITE).expect("valid");
    let installed: Vec<String> = tree
        .iter()
        .filter(|(_, node)| !node.is_directory())
        .map(|(path, _)| match path.starts_with(&site) {
            true => path.as_str()[SITE.len() + 1..].to_owned(),
            false => path.as_str().replace("/opt/venv/", "../../../"),
        })
        .collect();
    assert_eq!(record.rows.keys().cloned().collect::<std::collections::BTreeSet<_>>(), installed.into_iter().collect());
    for (path, row) in &record.rows {
        let found =
            text(&tree, &path.replacen("../../../", "/opt/venv/", 1).replacen("pkg", &format!("{SITE}/pkg"), 1));
        let is_record = path.ends_with("/RECORD");
        assert_eq!(row.size, (!is_record).then_some(found.len() as u64), "{path}");
        assert_eq!(row.sha256, (!is_record).then(|| shipwheel_oci::Digest::of(found.as_bytes())), "{path}");
    }
}

#[test]
fn of_two_files_for_one_place_that_of_data_is_installed() {
    let sample = Sample::new()
        .file("pkg-1.0.data/purelib/pkg/__init__.py", b"other")
        .file("pkg-1.0.data/data/lib/python3.11/site-packages/pkg-1.0.dist-info/METADATA", b"of data");
    let found = installed(sample);
    assert_eq!(text(&found.tree, &format!("{SITE}/pkg/__init__.py")), "other");
    assert_eq!(text(&found.tree, &format!("{SITE}/pkg-1.0.dist-info/METADATA")), "of data");
    assert_eq!(found.site_packages.iter().filter(|file| file.path.name() == "__init__.py").count(), 1);
    let two = Sample::new().file("pkg-1.0.data/purelib/x.py", b"1").file("pkg-1.0.data/platlib/x.py", b"2");
    assert!(install(&two.open().expect("sound"), &scheme()).is_err(), "nothing says which of them");
}

#[test]
fn a_command_that_is_script_and_entry_point_is_the_entry_point() {
    for (name, other) in
        [("scripts/both", "#!python\nprint(1)\n"), ("data/bin/both", "x"), ("scripts/both", "#!/bin/sh\n")]
    {
        let sample = Sample::new()
            .file(&format!("pkg-1.0.data/{name}"), other.as_bytes())
            .file("pkg-1.0.dist-info/entry_points.txt", b"[console_scripts]\nboth = pkg:main # as ever\n");
        let tree = installed(sample).tree;
        assert!(text(&tree, "/opt/venv/bin/both").contains("from pkg import main\n"), "{name}");
        assert!(text(&tree, &format!("{SITE}/pkg-1.0.dist-info/RECORD")).contains("../../../bin/both,sha256="));
    }
    let twice = b"[console_scripts]\nx = pkg:one\n[gui_scripts]\nx = pkg:two\n";
    let tree = installed(Sample::new().file("pkg-1.0.dist-info/entry_points.txt", twice)).tree;
    assert!(text(&tree, "/opt/venv/bin/x").contains("import two"), "of two entry points the last one");
}

#[test]
fn what_is_for_lib64_goes_where_the_link_leads() {
    let sample = Sample::new()
        .file("pkg-1.0.data/data/lib64/z.txt", b"z")
        .file("pkg-1.0.data/data/lib64/cmake/z.cmake", b"z")
        .file("pkg-1.0.data/data/lib64/python3.11/site-packages/mod.py", b"1")
        .file("pkg-1.0.data/data/lib64x/y", b"y");
    let installed = installed(sample);
    let expected =
        ["644 /opt/venv/lib/cmake/z.cmake", "644 SITE/mod.py", "644 /opt/venv/lib/z.txt", "644 /opt/venv/lib64x/y"];
    assert_eq!(files(&installed.tree), expected);
    assert!(installed.site_packages.iter().any(|file| file.path.name() == "mod.py"), "it is compiled like others");
}

#[test]
fn a_wheel_cannot_replace_what_the_environment_has() {
    let data = |path: &str| Sample::new().file(&format!("pkg-1.0.data/{path}"), b"#!/bin/sh\n");
    let entry_point = |name: &str| {
        Sample::new()
            .file("pkg-1.0.dist-info/entry_points.txt", format!("[gui_scripts]\n{name} = pkg:main\n").as_bytes())
    };
    for (sample, expected) in [
        (data("scripts/python"), Some("/opt/venv/bin/python")),
        (data("scripts/python3"), Some("/opt/venv/bin/python3")),
        (data("scripts/python3.11/x"), Some("/opt/venv/bin/python3.11")),
        (data("scripts/python3.12"), Some("/opt/venv/bin/python3.12")),
        (data("data/bin/python3.13t"), Some("/opt/venv/bin/python3.13t")),
        (data("data/bin/pyvenv.cfg"), Some("/opt/venv/bin/pyvenv.cfg")),
        (data("data/bin/python3._pth"), Some("/opt/venv/bin/python3._pth")),
        (data("data/pyvenv.cfg"), Some("/opt/venv/pyvenv.cfg")),
        (data("data/lib64"), Some("/opt/venv/lib64")),
        (data("data/lib"), Some("/opt/venv/lib")),
        (data("data/lib/python3.11"), Some("/opt/venv/lib/python3.11")),
        (entry_point("python"), Some("/opt/venv/bin/python")),
        (entry_point("pythonw"), Some("/opt/venv/bin/pythonw")),
        (entry_point("python-argcomplete"), None),
        (entry_point("ipython3"), None),
        (data("data/lib/python3.11/x"), None),
    ] {
        let found = sample.open().map(|wheel| install(&wheel, &scheme())).expect("sound");
        match (found, expected) {
            (Err(InstallError { kind: InstallErrorKind::Environment { path }, .. }), Some(expected)) => {
                assert_eq!(path.as_str(), expected);
            }
            (
                Err(InstallError { kind: InstallErrorKind::Tree(_), .. }),
                Some("/opt/venv/lib" | "/opt/venv/lib/python3.11"),
            ) => {}
            (Ok(_), None) => {}
            (found, expected) => panic!("expected {expected:?}, found {:?}", found.map(|_| "a tree")),
        }
    }
}

#[test]
fn no_name_of_a_wheel_becomes_a_whiteout() {
    for path in ["other/.wh..wh..opq", ".wh.other", ".wh.other/x", "pkg-1.0.data/data/bin/.wh.x"] {
        let Err(error) = Sample::new().file(path, b"").open() else { panic!("{path} is taken") };
        assert!(error.kind.to_string().contains(path), "{}", error.kind);
    }
    let entry_point = b"[console_scripts]\n.wh.other = pkg:main\n";
    let wheel = Sample::new().file("pkg-1.0.dist-info/entry_points.txt", entry_point).open().expect("sound");
    let Err(error) = install(&wheel, &scheme()) else { panic!("the entry point is taken") };
    assert!(error.kind.to_string().contains("/opt/venv/bin/.wh.other"), "{}", error.kind);
}
