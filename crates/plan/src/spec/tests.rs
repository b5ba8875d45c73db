//! Tests of reading image.toml.

use super::*;

const GOOD: &str = r#"
base = [
    { debian = { suite = "bookworm", packages = ["python3.11"], exclude = ["perl"] } },
    { image = "python:3.11-slim" },
]
platforms = ["amd64", "linux/arm64", "arm64"]
tag = "1.0"
[python]
lock = "requirements.txt"
[app]
sources = ["app"]
exclude = ["*.pyc"]
[bytecode]
optimize = 1
[config]
cmd = ["python", "-m", "app"]
env = { PORT = 8080, A = "1" }
exposed-ports = [8080, "53/udp"]
[profiles.dev]
bytecode.enabled = false
config.env.A = "2"
[profiles.production]
platforms = ["arm64"]
"#;

#[test]
fn a_definition_is_read_and_a_profile_overrides_any_of_it() {
    let spec = ImageSpec::parse(GOOD, "image.toml", None).expect("valid");
    assert_eq!(spec.platforms, [Platform::linux_amd64(), Platform::linux_arm64()]);
    assert!(matches!(&spec.base[..], [Base::Debian(_), Base::Image(_)]));
    assert_eq!(spec.config.exposed_ports, ["8080/tcp", "53/udp"]);
    assert_eq!(spec.config.env["PORT"], "8080");
    assert_eq!(spec.bytecode.optimization.level(), 1);
    let dev = ImageSpec::parse(GOOD, "image.toml", Some("dev")).expect("valid");
    assert!(!dev.bytecode.enabled);
    assert_eq!(dev.bytecode.optimization.level(), 1, "what the profile does not name stays");
    assert_eq!((dev.config.env["A"].as_str(), dev.config.env["PORT"].as_str()), ("2", "8080"));
    let production = ImageSpec::parse(GOOD, "image.toml", Some("production")).expect("valid");
    assert_eq!(production.platforms, [Platform::linux_arm64()]);
}

#[test]
fn problems_name_their_line_and_what_was_meant() {
    for (from, to, profile, expected) in [
        ("[bytecode]", "[bytecod]", None, "image.toml:13: unknown key `bytecod` (did you mean `bytecode`?)"),
        (
            "optimize = 1",
            "optimise = 1",
            None,
            "image.toml:14: unknown key `optimise` in `bytecode` (did you mean `optimize`?)",
        ),
        ("optimize = 1", "optimize = 3", None, "image.toml:14: `bytecode.optimize` is 3, expected 0, 1 or 2"),
        (
            "optimize = 1",
            "optimize = \"1\"",
            None,
            "image.toml:14: `bytecode.optimize` is a string, expected an integer",
        ),
        ("\"amd64\"", "\"amd46\"", None, "image.toml:6: unknown platform `amd46`; expected linux/amd64 or linux/arm64"),
        ("\"amd64\"", "7", None, "image.toml:6: `platforms` holds an integer, expected only strings"),
        (
            "[8080, ",
            "[0, ",
            None,
            "image.toml:18: `config.exposed-ports` holds `0`, expected a port such as 8080 or \"53/udp\"",
        ),
        (
            "platforms = [\"arm64\"]",
            "profiles.x.tag = \"2\"",
            None,
            "image.toml:23: unknown key `profiles` in `profiles.production` (the known keys are `base`, ",
        ),
        (
            "bytecode.enabled = false",
            "bytecod.enabled = false",
            None,
            "image.toml:20: unknown key `bytecod` in `profiles.dev` (did you mean `bytecode`?)",
        ),
        ("[profiles.dev]", "[[profiles]]", None, "image.toml:19: `profiles` is a list, expected a table"),
        ("optimize = 1", "optimize = 0x1_0", None, "image.toml:14: `bytecode.optimize` is 16, expected 0, 1 or 2"),
        (
            "optimize = 1",
            "optimize = 9223372036854775808",
            None,
            "image.toml:14: `bytecode.optimize` is an integer beyond 64 bits, expected an integer",
        ),
        ("suite = \"bookworm\", ", "", None, "image.toml:3: `base.debian` is missing `suite`, such as \"bookworm\""),
        (
            "python:3.11-slim",
            "Python:3.11",
            None,
            "image.toml:4: `Python:3.11` is not an image reference: host and repository must be lowercase",
        ),
        (
            "bytecode.enabled = false",
            "bytecode.enable = false",
            None,
            "image.toml:20: unknown key `enable` in `bytecode` (did you mean `enabled`?)",
        ),
        ("", "", Some("prod"), "image.toml:1: unknown profile `prod` (the profiles are dev, production)"),
        ("[app]", "[app", None, "image.toml:10: not valid TOML: "),
    ] {
        let text = GOOD.replacen(from, to, 1);
        let error = ImageSpec::parse(&text, "image.toml", profile).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = GOOD.replace("optimize = 1", "optimize = 7").replace("[8080, ", "[\"x\", ").replace("cmd =", "cnd =");
    let error = ImageSpec::parse(&text, "image.toml", None).expect_err("three problems");
    assert_eq!(error.problems.len(), 3, "{error}");
}

#[test]
fn dependencies_say_what_is_wanted_and_where_it_is() {
    let hash = "0".repeat(64);
    let more = format!(
        "lock = \"uv.lock\"\nextras = [\"fast\"]\ngroups = []\npackage = \"api\"\nwheels = [\"wheels/\"]\n\
         allow-build = [\"Doc_Opt\"]\n[python.accept]\n\"a-1-py3-none-any.whl\" = \"sha256:{hash}\"\n\
         [python.mirrors]\n\"https://files.example/\" = \"http://127.0.0.1/\"\n"
    );
    let text = GOOD.replace("lock = \"requirements.txt\"\n", &more);
    let python = ImageSpec::parse(&text, "image.toml", None).expect("valid").python.expect("given");
    assert_eq!((python.lock.value.as_str(), python.extras[0].value.as_str()), ("uv.lock", "fast"));
    assert_eq!(python.groups, Some(Vec::new()));
    assert_eq!(python.package.map(|name| name.value).as_deref(), Some("api"));
    assert_eq!(python.accept["a-1-py3-none-any.whl"].sha256.hex(), hash);
    assert_eq!(python.mirrors["https://files.example/"], "http://127.0.0.1/");
    assert!(python.allow_build.iter().any(|name| name.as_str() == "doc-opt"));
}

#[test]
fn every_mistake_in_the_python_table_is_a_problem() {
    for (lines, expected) in [
        ("", "`python` is missing `lock`"),
        ("lock = \"l\"\naccept = { a = \"x\" }", "`python.accept`: "),
        ("lock = \"l\"\naccept = { \"a-1-py3-none-any.whl\" = \"x\" }", "`x` for a-1-py3-none-any.whl"),
        ("lock = \"l\"\nindex = [\"own.example\"]", "`python.index` has `own.example`"),
        ("lock = \"l\"\nindex = [\"https://u:p@own.example\"]", "`python.index` has a login"),
        ("lock = \"l\"\nmirrors = { \"files.example\" = \"https://a\" }", "`python.mirrors` has `files.example`"),
        ("lock = \"l\"\nallow-build = [\"-\"]", "`-` is not a distribution name"),
        ("lock = \"l\"\nallow_build = []", "did you mean `allow-build`?"),
    ] {
        let text = GOOD.replace("lock = \"requirements.txt\"", lines);
        let error = ImageSpec::parse(&text, "image.toml", None).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn values_that_no_runtime_can_pass_on_are_problems() {
    for (line, expected) in [
        ("cmd = [\"a\", \"b\\u0000\"]", "image.toml:3: `config.cmd` contains a NUL character"),
        ("env = { A = \"\\u0000\" }", "image.toml:3: `config.env` contains a NUL character"),
        ("labels = { a = \"x\\u0000\" }", "image.toml:3: `config.labels` contains a NUL character"),
        ("user = \"0\\n1\"", "image.toml:3: `config.user` contains a line break"),
        ("workdir = \"/a\\u0000\"", "image.toml:3: `config.workdir` contains a NUL character"),
    ] {
        let text = format!("base = {{ layout = \"x\" }}\n[config]\n{line}\n");
        let error = ImageSpec::parse(&text, "image.toml", None).expect_err(line).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    ImageSpec::parse("base = { layout = \"x\" }\n[config]\ncmd = [\"sh\", \"-c\", \"a\\nb\"]\n", "i", None)
        .expect("valid");
}

#[test]
fn writable_folders_and_volumes_are_places_in_the_image() {
    let parse = |lines: &str| {
        let text = format!("base = {{ layout = \"x\" }}\n[app]\nsources = [\"x\"]\ndestination = \"/srv\"\n{lines}\n");
        ImageSpec::parse(&text, "image.toml", None)
    };
    let spec =
        parse("writable = [\"data/\", \".\", \"/var/lib/app\"]\n[config]\nvolumes = [\"/data/\"]").expect("valid");
    let folders: Vec<String> = spec.writable().iter().map(ToString::to_string).collect();
    assert_eq!(folders, ["/data", "/srv", "/srv/data", "/var/lib/app"]);
    assert_eq!(spec.config.volumes, ["/data"]);
    for (lines, expected) in [
        (
            "writable = [\"\"]",
            "5: `app.writable` holds ``, expected a folder below the application's, such as \"data\"",
        ),
        ("writable = [\"/\"]", "5: `app.writable` holds `/`, expected a folder below the application's"),
        ("writable = [\"../x\"]", "5: `app.writable` holds `../x`, expected a path for an image: `..` is not allowed"),
        ("writable = [7]", "5: `app.writable` holds an integer, expected only strings"),
        ("[config]\nvolumes = [\"data\"]", "6: `config.volumes` holds `data`, expected an absolute path below `/`"),
        ("[config]\nvolumes = [\"/\"]", "6: `config.volumes` holds `/`, expected an absolute path below `/`"),
    ] {
        let error = parse(lines).expect_err(lines).to_string();
        assert!(error.starts_with(&format!("image.toml:{expected}")), "{error}");
    }
}
