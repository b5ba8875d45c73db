//! Wheels as they are in the wild: a RECORD that is not that of the archive, and commands that two wheels have.

use shipwheel_tests::{Definition, Layout, Rootfs, Run, SampleBase, SampleWheel, Shipwheel};

/// An image of these wheels over a base of fixed bytes, without bytecode; `keys` go into `[python]`.
fn definition(wheels: &[SampleWheel], keys: &str) -> Definition {
    let mut lock = String::from("lock-version = \"1.0\"\ncreated-by = \"test\"\n");
    let mut definition = Definition::empty();
    SampleBase::FULL.write(&definition.path().join("base"));
    std::fs::create_dir(definition.path().join("wheels")).unwrap();
    for wheel in wheels {
        let (file, sha256) = (&wheel.file_name, wheel.sha256());
        let name = file.split('-').next().unwrap();
        lock += &format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1.0\"\nwheels = [{{ name = \"{file}\", path = \"wheels/{file}\", \
             hashes = {{ sha256 = \"{sha256}\" }} }}]\n"
        );
        std::fs::write(definition.path().join("wheels").join(file), &wheel.bytes).unwrap();
    }
    let toml = format!(
        "base = {{ layout = \"base\" }}\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\nbytecode.enabled = false\n\
         [app]\nsources = [\"main.py\"]\n[python]\nlock = \"pylock.toml\"\n{keys}\n"
    );
    definition = definition.with("main.py", "print('hello')\n").with("pylock.toml", &lock);
    definition.with("image.toml", &toml)
}

fn build(definition: &Definition) -> Run {
    Shipwheel::apart(definition.path()).within(120).run(&["image", ".", "--output", "oci:output"])
}

/// A wheel with two modules, whose RECORD is changed.
fn recorded(name: &str, record: impl FnOnce(String) -> String) -> SampleWheel {
    let (module, extra) = (format!("{name}/__init__.py"), format!("{name}/extra.py"));
    SampleWheel::recorded(name, "1.0", "py3-none-any", &[(&module, b""), (&extra, b"a = 1\n")], record)
}

/// RECORD with the row of `extra.py` as this makes it.
fn with_row(record: &str, change: impl Fn(&str) -> String) -> String {
    record.lines().map(|row| if row.contains("extra.py") { change(row) } else { format!("{row}\n") }).collect()
}

#[test]
fn a_record_that_differs_is_a_warning_and_strict_records_an_error() {
    let wheels = [
        recorded("right", |record| record),
        recorded("missing", |record| with_row(&record, |_| String::new())),
        recorded("toomany", |record| record + "x/gone.py,,\n"),
        recorded("folder", |record| record + "folder/,,\n"),
        recorded("unhashed", |record| with_row(&record, |row| format!("{},,\n", row.split(',').next().unwrap()))),
        recorded("weak", |record| with_row(&record, |row| row.replace("sha256=", "md5=") + "\n")),
        recorded("size", |record| with_row(&record, |row| format!("{row}9\n"))),
        recorded("windows", |record| with_row(&record, |row| row.replace('/', "\\") + "\n")),
        recorded("empty", |_| String::new()),
    ];
    let lenient = definition(&wheels, "");
    let run = build(&lenient).succeeded();
    let told = [
        "the RECORD of missing-1.0-py3-none-any.whl is wrong: `missing/extra.py` is not in RECORD (see `python.strict-records`)",
        "the RECORD of toomany-1.0-py3-none-any.whl is wrong: `x/gone.py` is missing from the archive",
        "the RECORD of folder-1.0-py3-none-any.whl is wrong: `folder/` is missing from the archive",
        "the RECORD of unhashed-1.0-py3-none-any.whl is wrong: `unhashed/extra.py` has no hash",
        "which is not a sha256, sha384 or sha512",
        "the RECORD of size-1.0-py3-none-any.whl is wrong: `size/extra.py` has another size",
        "the RECORD of windows-1.0-py3-none-any.whl is wrong: `windows/extra.py` is listed as `windows\\extra.py`",
        "`empty-1.0.dist-info/METADATA` is not in RECORD, `empty-1.0.dist-info/WHEEL` is not in RECORD, \
         `empty/__init__.py` is not in RECORD and 1 more",
    ];
    for text in told {
        assert_eq!(run.stderr.matches(text).count(), 1, "{text}\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("right-1.0"), "{}", run.stderr);
    let rootfs = Rootfs::unpack(&Layout::new(&lenient.output()), "arm64");
    for wheel in ["right", "missing", "toomany", "folder", "unhashed", "weak", "size", "windows", "empty"] {
        let site = "/opt/venv/lib/python3.11/site-packages";
        assert_eq!(std::fs::read(rootfs.join(&format!("{site}/{wheel}/extra.py"))).unwrap(), b"a = 1\n");
        let record = std::fs::read_to_string(rootfs.join(&format!("{site}/{wheel}-1.0.dist-info/RECORD"))).unwrap();
        assert!(record.contains(&format!("{wheel}/extra.py,sha256=")) && !record.contains("gone"), "{record}");
    }
    // What was remembered of the wheels says it again.
    let again = build(&lenient).succeeded();
    assert!(again.stderr.contains(told[0]), "{}", again.stderr);
    let strict = definition(&wheels, "strict-records = true");
    build(&strict)
        .failed(3, &["missing-1.0-py3-none-any.whl: `missing/extra.py` is not in RECORD", "and 2 more", "hint: "]);
    build(&definition(&wheels[..1], "strict-records = true")).succeeded();
}

#[test]
fn a_hash_in_record_that_is_not_the_file_s_is_an_error() {
    let other = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    let wrong = |record: String| with_row(&record, |_| format!("one/extra.py,sha256={other},6\n"));
    let twice = |record: String| format!("{record}two/extra.py,sha256={other},6\n");
    let strong = |record: String| with_row(&record, |_| format!("strong/extra.py,sha512={},6\n", "A".repeat(86)));
    for (wheel, code, said) in [
        (recorded("one", wrong), 5, "/site-packages/one/extra.py` has another hash than RECORD says"),
        (recorded("two", twice), 3, "`two/extra.py` is listed twice, with different hashes"),
        (recorded("strong", strong), 5, "`strong/extra.py` has another hash than RECORD says"),
    ] {
        let file = wheel.file_name.clone();
        build(&definition(&[wheel], "")).failed(code, &[&file, said]);
    }
}

#[test]
fn two_wheels_with_one_command_are_a_warning_and_prefer_decides() {
    let wheel = |name: &str| {
        let (module, entry) = (format!("{name}.py"), format!("[console_scripts]\nrun = {name}:main\n"));
        let points = format!("{name}-1.0.dist-info/entry_points.txt");
        SampleWheel::new(name, "1.0", "py3-none-any", &[(&module, b"def main(): pass\n"), (&points, entry.as_bytes())])
    };
    let wheels = ["one", "two"].map(wheel);
    for (keys, winner) in [("", "one"), ("prefer = [\"two\"]", "two"), ("prefer = [\"one\"]", "one")] {
        let definition = definition(&wheels, keys);
        let run = build(&definition).succeeded();
        let warning = "one and two have different files at /opt/venv/bin/run: one's is taken (see `python.prefer`)";
        assert_eq!(run.stderr.contains(warning), keys.is_empty(), "{}", run.stderr);
        let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
        let script = std::fs::read_to_string(rootfs.join("/opt/venv/bin/run")).unwrap();
        assert!(script.contains(&format!("from {winner} import main")), "{keys}: {script}");
    }
}
