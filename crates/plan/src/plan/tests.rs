//! Tests of planning.

use super::*;
use std::collections::BTreeMap;

use crate::facts::{AppFile, BaseFacts, PlatformFacts, PythonFacts, SourceFile, SpecialDirectory, WheelFacts};
use crate::layer::{LayerInputs, LayerKind, VENV};
use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{FileTime, Metadata, TreePath};
use shipwheel_oci::Digest;
use shipwheel_python::Libc;

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: TreePath::new(path).expect("valid"),
        digest: Digest::of(text.as_bytes()),
        size: text.len() as u64,
    }
}

fn facts(platform: &Platform) -> PlatformFacts {
    let machine = platform.machine();
    let python = PythonFacts {
        version: PythonVersion { major: 3, minor: 11, micro: 2 },
        magic_number: *b"\xa7\r\r\n",
        executable: "/usr/bin/python3.11".to_owned(),
        stdlib: "/usr/lib/python3.11".to_owned(),
        sources: vec![
            source(&format!("/usr/lib/python3.11/_sysconfigdata__{machine}.py"), machine),
            source("/usr/lib/python3.11/os.py", "os"),
        ],
    };
    let wheel = |name: &str, size, pure| WheelFacts {
        left_out: Vec::new(),
        name: name.parse().expect("valid"),
        version: "1".parse().expect("valid"),
        file_name: String::new(),
        digest: Digest::of(format!("{name} {}", if pure { "any" } else { machine }).as_bytes()),
        size,
        pure,
        reads_source: None,
        sources: vec![
            source(&format!("/opt/venv/lib/python3.11/site-packages/{name}/__config__.py"), machine),
            source(&format!("/opt/venv/lib/python3.11/site-packages/{name}/a.py"), name),
        ],
    };
    let base = BaseFacts {
        stray_bytecode: None,
        users: BTreeMap::from([("app".to_owned(), 1000)]),
        layers: Vec::new(),
        config: "{}".to_owned(),
        python: Some(python),
        directories: BTreeMap::from([("/opt".to_owned(), SpecialDirectory::Directory { mode: 0o700, uid: 1, gid: 2 })]),
        libc: Some(Libc::Glibc { major: 2, minor: 36 }),
        libraries: Vec::new(),
    };
    PlatformFacts {
        base,
        wheels: vec![wheel("numpy", 1 << 20, false), wheel("six", 9, true), wheel("tiny", 9, true)],
        installed: Vec::new(),
    }
}

fn plan(platforms: &[Platform], toml: &str) -> Result<Plan, PlanError> {
    let text = format!("{toml}\n[python]\nlock = \"x\"\n[app]\nsources = [\"x\"]");
    let mut spec = ImageSpec::parse(&text, "image.toml", None).expect("valid");
    spec.platforms = platforms.to_vec();
    let app = ["/app/main.py", "/app/page.html"].map(|path| AppFile {
        path: TreePath::new(path).expect("valid"),
        digest: Digest::of(path.as_bytes()),
        size: 1,
        executable: false,
        link: None,
    });
    let platforms = platforms.iter().map(|platform| (platform.clone(), facts(platform))).collect();
    Plan::new(&spec, &Facts { platforms, app: app.into(), app_time: FileTime::EARLIEST })
}

fn kinds(plan: &Plan) -> Vec<(&'static str, &str)> {
    plan.platforms[0].layers.iter().map(|layer| (layer.kind.name(), layer.title.as_str())).collect()
}

#[test]
fn layers_stand_in_the_order_of_their_rate_of_change() {
    let plan = plan(&[Platform::linux_amd64()], "bytecode.optimize = 1").expect("fits");
    assert_eq!(
        kinds(&plan),
        [
            ("stdlib bytecode", "Python 3.11.2"),
            ("environment", "/opt/venv"),
            ("dependencies", "numpy 1"),
            ("dependencies", "pure bucket 2 (six and 1 more)"),
            ("dependency bytecode", "pure bucket 2 (six and 1 more)"),
            ("dependency bytecode", "numpy"),
            ("application", "/app"),
            ("application bytecode", "/app"),
            ("platform bytecode", "sources made per architecture"),
        ]
    );
}

#[test]
fn a_platform_has_the_same_layers_alone_and_with_others() {
    let (amd64, arm64) = (Platform::linux_amd64(), Platform::linux_arm64());
    let alone = plan(std::slice::from_ref(&amd64), "").expect("fits");
    let both = plan(&[amd64, arm64], "").expect("fits");
    assert_eq!(alone.platforms[0], both.platforms[0]);
}

#[test]
fn platforms_share_everything_but_native_wheels_and_sources_made_for_each() {
    let both = plan(&[Platform::linux_amd64(), Platform::linux_arm64()], "").expect("fits");
    let [one, other] = &both.platforms[..] else { panic!("two platforms") };
    let differ = one.layers.iter().zip(&other.layers).filter(|(a, b)| a.key != b.key);
    let titles: Vec<&str> = differ.map(|(layer, _)| layer.title.as_str()).collect();
    assert_eq!(titles, ["numpy 1", "sources made per architecture"]);
}

#[test]
fn without_bytecode_nothing_else_changes() {
    let with = plan(&[Platform::linux_amd64()], "bytecode.optimize = 2").expect("fits");
    let without = plan(&[Platform::linux_amd64()], "bytecode.enabled = false").expect("fits");
    let others = with.platforms[0].layers.iter().filter(|l| !matches!(l.inputs, LayerInputs::Bytecode(_)));
    assert!(others.eq(&without.platforms[0].layers));
}

#[test]
fn removed_sources_leave_the_application_alone_with_its_other_files() {
    let plan = plan(&[Platform::linux_amd64()], "bytecode.remove-source = true").expect("fits");
    let app = plan.platforms[0].layers.iter().find_map(|layer| match &layer.inputs {
        LayerInputs::Application { files, .. } => Some(files),
        _ => None,
    });
    let paths: Vec<&str> = app.into_iter().flatten().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/app/page.html"]);
}

#[test]
fn a_project_has_an_environment_without_any_lock_and_its_commands_stay() {
    let platform = Platform::linux_amd64();
    let text = "bytecode.remove-source = true\n[app]\nproject = \".\"";
    let spec = ImageSpec::parse(text, "image.toml", None).expect("valid");
    let site = "/opt/venv/lib/python3.11/site-packages";
    let installed = ["/opt/venv/bin/run.py".to_owned(), format!("{site}/pkg.py")].map(|path| AppFile {
        digest: Digest::of(path.as_bytes()),
        path: TreePath::new(&path).expect("valid"),
        size: 1,
        executable: false,
        link: None,
    });
    let known = PlatformFacts { wheels: Vec::new(), installed: installed.into(), ..facts(&platform) };
    let platforms = BTreeMap::from([(platform, known)]);
    let plan = Plan::new(&spec, &Facts { platforms, app: Vec::new(), app_time: FileTime::EARLIEST }).expect("fits");
    let layers = &plan.platforms[0].layers;
    assert!(layers.iter().any(|layer| layer.kind == LayerKind::Environment));
    let own = layers.iter().filter(|layer| layer.title == VENV).filter_map(|layer| match &layer.inputs {
        LayerInputs::Application { files, .. } => Some(files.iter().map(|file| file.path.to_string()).collect()),
        LayerInputs::Bytecode(inputs) => Some(inputs.sources.iter().map(|source| source.0.path.to_string()).collect()),
        _ => None,
    });
    let own: Vec<Vec<String>> = own.collect();
    assert_eq!(own, [["/opt/venv/bin/run.py".to_owned()], [format!("{site}/pkg.py")]]);
}

#[test]
fn directories_keep_what_the_base_says_of_them() {
    let plan = plan(&[Platform::linux_amd64()], "").expect("fits");
    let with: Vec<_> = plan.platforms[0].layers.iter().filter(|layer| !layer.directories.is_empty()).collect();
    assert!(
        with.iter().all(|layer| layer.directories
            == BTreeMap::from([("/opt".to_owned(), Metadata { mode: 0o700, uid: 1, gid: 2 })]))
    );
    assert!(with.iter().any(|layer| layer.kind == LayerKind::Environment));
    assert!(with.iter().all(|layer| layer.kind != LayerKind::Application));
}

#[test]
fn a_level_in_the_environment_that_is_not_the_bytecodes_is_an_error() {
    for (found, level, good) in
        [("1", 1, true), ("2", 1, false), ("", 0, true), ("x", 1, true), ("1", 0, false), ("9", 2, false)]
    {
        let toml = format!("bytecode.optimize = {level}\nconfig.env.PYTHONOPTIMIZE = \"{found}\"");
        assert_eq!(plan(&[Platform::linux_amd64()], &toml).is_ok(), good, "{found} {level}");
    }
}

#[test]
fn a_base_without_python_is_an_error_and_a_folder_behind_a_link_too() {
    let platform = Platform::linux_amd64();
    let spec = ImageSpec::parse("[python]\nlock = \"x\"", "image.toml", None).expect("valid");
    let mut known = facts(&platform);
    known.base.directories =
        BTreeMap::from([("/opt".to_owned(), SpecialDirectory::Link { target: "/usr/opt".to_owned() })]);
    let with = |known: PlatformFacts| {
        let facts = Facts {
            platforms: BTreeMap::from([(platform.clone(), known)]),
            app: Vec::new(),
            app_time: FileTime::EARLIEST,
        };
        Plan::new(&spec, &facts).expect_err("not possible")
    };
    assert!(matches!(with(known.clone()), PlanError::ThroughLink { .. }));
    known.base.python = None;
    assert!(matches!(with(known), PlanError::NoPython { .. }));
}

/// The folders of each layer that has any, with their owner, as `kind: uid folder folder`.
fn writable(facts: &PlatformFacts, writable: &str, config: &str) -> Result<Vec<String>, PlanError> {
    let text = format!("[python]\nlock = \"x\"\n[app]\nsources = [\"x\"]\nwritable = {writable}\n[config]\n{config}\n");
    let spec = ImageSpec::parse(&text, "image.toml", None).expect("valid");
    let app = ["/app/data/seed.db", "/app/data/seed.py", "/app/main.py"].map(|path| AppFile {
        path: TreePath::new(path).expect("valid"),
        digest: Digest::of(path.as_bytes()),
        size: 1,
        executable: false,
        link: None,
    });
    let platforms = BTreeMap::from([(Platform::linux_amd64(), facts.clone())]);
    let plan = Plan::new(&spec, &Facts { platforms, app: app.into(), app_time: FileTime::EARLIEST })?;
    let layers = plan.platforms[0].layers.iter().filter(|layer| !layer.writable.folders.is_empty());
    let line = |layer: &PlannedLayer| {
        let folders: Vec<&str> = layer.writable.folders.iter().map(TreePath::as_str).collect();
        format!("{}: {} {}", layer.kind.name(), layer.writable.uid, folders.join(" "))
    };
    Ok(layers.map(line).collect())
}

#[test]
fn every_layer_above_knows_the_writable_folders_that_it_has_files_in() {
    let mut facts = facts(&Platform::linux_amd64());
    facts.base.directories.insert("/var/run".to_owned(), SpecialDirectory::Link { target: "/run".to_owned() });
    let open = SpecialDirectory::Directory { mode: 0o1777, uid: 0, gid: 0 };
    facts.base.directories.insert("/tmp".to_owned(), open);
    for (folders, config, expected) in [
        ("[]", "", &[][..]),
        (
            "[\"data\", \"logs/\"]",
            "user = \"65532:65532\"",
            &["application: 65532 /app/data /app/logs", "application bytecode: 65532 /app/data"],
        ),
        ("[\".\"]", "user = \"app\"", &["application: 1000 /app", "application bytecode: 1000 /app"]),
        ("[\"/var/run/app\"]", "", &["application: 0 /run/app"]),
        ("[\"/tmp\"]", "user = \"7\"\nvolumes = [\"/data\"]", &["application: 7 /data"]),
        (
            "[\"/opt/venv/lib\"]",
            "user = \"7\"",
            &["application: 7 /opt/venv/lib", "platform bytecode: 7 /opt/venv/lib"],
        ),
    ] {
        assert_eq!(writable(&facts, folders, config).expect("a plan"), expected, "{folders} {config}");
    }
    let config = r#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]},"config":{"User":"8:8"}}"#;
    config.clone_into(&mut facts.base.config);
    assert_eq!(writable(&facts, "[\"logs\"]", "").expect("a plan"), ["application: 8 /app/logs"], "the base's user");
}

#[test]
fn writable_folders_need_a_user_with_a_number_and_no_file_in_their_place() {
    let facts = facts(&Platform::linux_amd64());
    let unknown = writable(&facts, "[\"logs\"]", "user = \"somebody\"").expect_err("nobody knows it");
    assert!(unknown.to_string().contains("`app.writable` belong to the user `somebody`"), "{unknown}");
    for folder in ["main.py", "data/seed.db/x"] {
        let clash = writable(&facts, &format!("[\"{folder}\"]"), "").expect_err("a file");
        assert!(matches!(&clash, PlanError::WritableFile { folder: found, .. } if found.ends_with(folder)), "{clash}");
    }
}
