//! Hashes of a requirements file become addresses: the product asks package indexes itself, and no more than it must.

use sha2::Digest as _;
use shipwheel_loopback::{Received, Reply, Server};
use shipwheel_tests::{Definition, Run, SampleBase, SampleWheel, Shipwheel, scratch};
use tempfile::TempDir;

const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// `user:p@ss`, as basic authentication sends it.
const LOGIN: &str = "Basic dXNlcjpwQHNz";

/// A wheel of one module, its file name and its SHA-256.
struct Wheel(SampleWheel, String, String);

impl Wheel {
    fn of(name: &str, version: &str) -> Self {
        let module = format!("{name}.py");
        let wheel = SampleWheel::new(name, version, "py3-none-any", &[(&module, b"VALUE = 1\n")]);
        let sha256 = wheel.sha256();
        Self(wheel, format!("{name}-{version}-py3-none-any.whl"), sha256)
    }

    fn line(&self) -> String {
        let mut parts = self.1.split('-');
        let (name, version) = (parts.next().unwrap(), parts.next().unwrap());
        format!("{name}=={version} --hash=sha256:{}\n", self.2)
    }
}

/// Two indexes on one server: `/open` in JSON has one and two, `/closed` in HTML has three for `user`.
fn indexes() -> Server {
    let wheels = [("one", "1.0"), ("one", "1.1"), ("two", "2.0"), ("three", "3.0")].map(|(n, v)| Wheel::of(n, v));
    Server::start(move |received: &Received, _| {
        let is_known = received.header("authorization") == LOGIN;
        if received.header("if-none-match") == "\"kept\"" {
            return Reply::new(304);
        }
        if received.target == "/links/" {
            let Wheel(_, name, sha256) = &wheels[2];
            let page = format!("<a href=\"elsewhere\">x</a><a href=\"../files/{name}#sha256={sha256}\">{name}</a>");
            return Reply::new(200).header("content-type", "text/html").body(page);
        }
        if received.target == "/closed/three/" {
            let Wheel(_, name, sha256) = &wheels[3];
            let page = format!("<!DOCTYPE html><a href=\"../../files/{name}#sha256={sha256}\">{name}</a>");
            return if is_known {
                Reply::new(200).header("content-type", "text/html").body(page)
            } else {
                Reply::new(401)
            };
        }
        if let Some(name) = received.target.strip_prefix("/open/").and_then(|rest| rest.strip_suffix('/')) {
            let files = wheels[..3].iter().filter(|wheel| wheel.1.starts_with(&format!("{name}-")));
            let files: Vec<_> = files
                .map(|Wheel(_, name, sha256)| {
                    serde_json::json!({"filename": name, "url": format!("/files/{name}"), "hashes": {"sha256": sha256}})
                })
                .collect();
            let page = serde_json::json!({"meta": {"api-version": "1.1"}, "name": name, "files": files});
            return match files.is_empty() {
                true => Reply::new(404),
                false => Reply::new(200).header("content-type", JSON).header("etag", "\"kept\"").body(page.to_string()),
            };
        }
        let found = wheels.iter().find(|wheel| received.target == format!("/files/{}", wheel.1));
        found.map_or_else(|| Reply::new(404), |Wheel(wheel, ..)| Reply::new(200).body(wheel.bytes.clone()))
    })
}

/// An image of requirements, with a cache of its own.
struct Case {
    server: Server,
    definition: Definition,
    cache: TempDir,
}

impl Case {
    fn new(requirements: &str) -> Self {
        let definition = Definition::empty();
        SampleBase::FULL.write(&definition.path().join("base"));
        let toml =
            "base = { layout = \"base\" }\nplatforms = [\"linux/amd64\"]\n[python]\nlock = \"requirements.txt\"\n";
        let definition = definition.with("requirements.txt", requirements).with("image.toml", toml);
        Self { server: indexes(), definition, cache: scratch() }
    }

    /// Builds where no uv is on `PATH`, and variables name both indexes.
    fn build(&self, arguments: &[&str]) -> Run {
        let address = self.server.url("/closed").replace("http://", "http://user:p%40ss@");
        self.build_with(&[("UV_INDEX", &address), ("UV_DEFAULT_INDEX", &self.server.url("/open/"))], arguments)
    }

    /// As [`build`](Self::build), with these variables alone.
    fn build_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        let shipwheel = Shipwheel::apart(self.definition.path())
            .with("PATH", "/usr/bin:/bin")
            .with("SHIPWHEEL_CACHE_DIR", self.cache.path().display());
        let shipwheel = variables.iter().fold(shipwheel, |shipwheel, (name, value)| shipwheel.with(name, value));
        shipwheel.run(&[&["image", ".", "--no-bytecode", "--output", "oci:output"], arguments].concat())
    }

    /// The paths that the server was asked for since the last time, sorted; those of files are left out.
    fn asked(&self, seen: &mut usize) -> Vec<String> {
        let log = self.server.log();
        let mut paths: Vec<String> = log[*seen..].iter().map(|received| received.target.clone()).collect();
        *seen = log.len();
        paths.retain(|path| !path.starts_with("/files/"));
        paths.sort();
        paths
    }
}

fn requirements(wheels: &[(&str, &str)]) -> String {
    wheels.iter().map(|(name, version)| Wheel::of(name, version).line()).collect()
}

#[test]
fn only_what_is_needed_and_not_known_is_looked_up_and_no_tool_is_started() {
    let elsewhere = format!("colorama==0.4 ; sys_platform == 'win32' --hash=sha256:{}\n", "0".repeat(64));
    let case = Case::new(&(requirements(&[("one", "1.0"), ("three", "3.0")]) + &elsewhere));
    let mut seen = 0;
    let run = case.build(&[]).succeeded();
    assert!(!run.stderr.contains("uv"), "{}", run.stderr);
    assert!(!run.stderr.contains("p@ss") && !run.stderr.contains("p%40ss"), "{}", run.stderr);
    // The index that is not the default one is asked first, and the default one for what it lacks.
    assert_eq!(case.asked(&mut seen), ["/closed/one/", "/closed/three/", "/open/one/"]);
    case.build(&[]).succeeded();
    assert_eq!(case.asked(&mut seen), [""; 0], "what was found is remembered");
    // Another version and another distribution: the rest of the lock is known.
    let text = requirements(&[("one", "1.1"), ("two", "2.0"), ("three", "3.0")]);
    std::fs::write(case.definition.path().join("requirements.txt"), text).unwrap();
    case.build(&[]).succeeded();
    assert_eq!(case.asked(&mut seen), ["/closed/one/", "/closed/two/", "/open/two/"]);
    std::fs::remove_dir_all(case.definition.output()).unwrap();
    case.build(&["--offline"]).succeeded();
    assert_eq!(case.asked(&mut seen), [""; 0]);
}

#[test]
fn the_indexes_of_image_toml_are_asked_in_place_of_all_others() {
    let case = Case::new(&(requirements(&[("one", "1.0"), ("three", "3.0")]) + "--index-url https://none.invalid/\n"));
    let closed = case.server.url("/closed").replace("http://", "http://${WHO}:p%40ss@");
    let toml = std::fs::read_to_string(case.definition.path().join("image.toml")).unwrap();
    let toml = format!("{toml}index = [\"{}\", \"{closed}\"]\n", case.server.url("/open"));
    let case = Case { definition: case.definition.with("image.toml", &toml), ..case };
    let mut seen = 0;
    case.build_with(&[("WHO", "user"), ("UV_DEFAULT_INDEX", "https://none.invalid/")], &[]).succeeded();
    assert_eq!(case.asked(&mut seen), ["/closed/three/", "/open/one/", "/open/three/"]);
}

#[test]
fn no_index_is_asked_where_all_wheels_are_at_hand() {
    for (wheels, is_enough) in [(&["one", "two"][..], true), (&["one"], false)] {
        let case = Case::new(&requirements(&[("one", "1.0"), ("two", "2.0")]));
        let case = Case { definition: case.definition.and("wheels = [\"wheels\"]"), ..case };
        std::fs::create_dir(case.definition.path().join("wheels")).unwrap();
        for (name, version) in [("one", "1.0"), ("two", "2.0")].iter().filter(|(name, _)| wheels.contains(name)) {
            let Wheel(wheel, file_name, _) = Wheel::of(name, version);
            std::fs::write(case.definition.path().join("wheels").join(file_name), wheel.bytes).unwrap();
        }
        let mut seen = 0;
        let run = case.build(&["--offline"]);
        if is_enough {
            run.succeeded();
        } else {
            run.failed(3, &["--offline"]);
            case.build(&[]).succeeded();
        }
        assert_eq!(case.asked(&mut seen).is_empty(), is_enough);
    }
}

#[test]
fn what_no_index_has_is_an_error_with_its_line() {
    let unknown = format!("none==1.0 --hash=sha256:{}\n", "0".repeat(64));
    let other = format!("two==2.0 --hash=sha256:{}\n", "1".repeat(64));
    for (text, code, fragments) in [
        (unknown, 5, &["requirements.txt:1: no index has none"][..]),
        (other, 5, &["requirements.txt:1: no file found for two 2.0 has one of the 1 hashes listed"][..]),
    ] {
        let case = Case::new(&text);
        case.build(&[]).failed(code, fragments);
        case.build(&["--offline"]).failed(3, &["--offline"]);
    }
}

#[test]
fn an_index_that_is_none_is_named_with_what_to_do() {
    let page = |reply: fn() -> Reply| Server::start(move |_: &Received, _| reply());
    for (server, code, fragments) in [
        (page(|| Reply::new(403)), 3, &["403", "UV_INDEX_<NAME>_USERNAME"][..]),
        (page(|| Reply::new(200).header("content-type", "image/png").body("x")), 4, &["image/png", "UV_DEFAULT_INDEX"]),
        (
            page(|| Reply::new(200).header("content-type", JSON).body("{}")),
            4,
            &["no page of a package index", "UV_DEFAULT_INDEX"],
        ),
    ] {
        let case = Case { server, ..Case::new(&requirements(&[("one", "1.0")])) };
        let run = case.build(&[]);
        run.failed(code, fragments);
        assert!(!case.definition.output().exists());
    }
}

/// The sha512 of a wheel, as hexadecimal digits.
fn sha512(wheel: &SampleWheel) -> String {
    sha2::Sha512::digest(&wheel.bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_file_is_verified_by_the_sha512_that_a_lock_has_in_place_of_a_sha256() {
    let Wheel(wheel, name, _) = Wheel::of("one", "1.0");
    let sha512 = sha512(&wheel);
    let other = sha512.replacen(|c: char| c != '0', "0", 1);
    let lines = |digits: &str| format!("one==1.0 --hash=sha512:{digits} --hash=md5:00\n");
    let case = Case::new(&lines(&sha512));
    case.build(&[]).succeeded();
    let mut seen = 0;
    case.asked(&mut seen);
    std::fs::remove_dir_all(case.definition.output()).unwrap();
    case.build(&["--offline"]).succeeded();
    assert_eq!(case.asked(&mut seen), [""; 0], "its sha256 is known from then on");
    // What an index serves is not what was locked.
    Case::new(&lines(&other)).build(&[]).failed(5, &[&name, "has none of the hashes in the lock", "lock again"]);
    // The user's own folder has the file, and no index is asked.
    for (digits, is_there) in [(&sha512, true), (&other, false)] {
        let case = Case::new(&lines(digits));
        let case = Case { definition: case.definition.and("wheels = [\"wheels\"]"), ..case };
        std::fs::create_dir(case.definition.path().join("wheels")).unwrap();
        std::fs::write(case.definition.path().join("wheels").join(&name), &wheel.bytes).unwrap();
        let run = case.build(&["--offline"]);
        match is_there {
            true => drop(run.succeeded()),
            false => run.failed(3, &["--offline"]),
        }
    }
    // The same in a pylock.toml, whose address is known.
    for (digits, is_right) in [(&sha512, true), (&other, false)] {
        let case = Case::new("");
        let url = case.server.url(&format!("/files/{name}"));
        let lock = format!(
            "lock-version = \"1.0\"\n[[packages]]\nname = \"one\"\nversion = \"1.0\"\n\
             wheels = [{{ url = \"{url}\", hashes = {{ sha512 = \"{digits}\" }} }}]\n"
        );
        let definition = case.definition.replacing("requirements.txt", "pylock.toml").with("pylock.toml", &lock);
        let case = Case { definition, ..case };
        let run = case.build(&[]);
        match is_right {
            true => drop(run.succeeded()),
            false => run.failed(5, &[&name, "has none of the hashes"]),
        }
    }
    Case::new("one==1.0 --hash=sha1:00\n").build(&[]).failed(3, &["requirements.txt:1", "only a hash of sha1"]);
}

/// A pdm.lock of one with the extra dependency two for the group `more`, and three on Windows.
fn pdm_lock(strategy: &str, content_hash: &str) -> String {
    let package = |name: &str, version: &str, groups: &str, more: &str| {
        let Wheel(_, file, sha256) = Wheel::of(name, version);
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{groups}{more}\
             files = [{{file = \"{file}\", hash = \"sha256:{sha256}\"}}]\n"
        )
    };
    let is_inherited = strategy == "inherit_metadata";
    let of = |groups: &str| if is_inherited { format!("groups = [{groups}]\n") } else { String::new() };
    format!(
        "[metadata]\ngroups = [\"default\", \"more\"]\nstrategy = [\"{strategy}\"]\nlock_version = \"4.5.0\"\n\
         content_hash = \"sha256:{content_hash}\"\n{}{}",
        package("one", "1.0", &of("\"default\", \"more\""), "dependencies = [\"three ; sys_platform == 'win32'\"]\n"),
        package("two", "2.0", &of("\"more\""), ""),
    )
}

#[test]
fn a_pdm_lock_is_read_without_pdm() {
    let project =
        "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\"one\"]\n[dependency-groups]\nmore = [\"two\"]\n";
    // What `PyProject.content_hash` of PDM 2.29 gives for this project.
    let digest = "4e616669b38178b23fe72686701a35ba24b1703db4468b4abfa464c797de5d68";
    for strategy in ["inherit_metadata", "cross_platform"] {
        let case = Case::new("");
        let definition = case.definition.replacing("requirements.txt", "pdm.lock").with("pyproject.toml", project);
        let case = Case { definition: definition.with("pdm.lock", &pdm_lock(strategy, digest)), ..case };
        let mut seen = 0;
        case.build(&[]).succeeded();
        assert_eq!(case.asked(&mut seen), ["/closed/one/", "/open/one/"], "{strategy}");
        let case = Case { definition: case.definition.and("groups = [\"more\"]"), ..case };
        case.build(&[]).succeeded();
        assert_eq!(case.asked(&mut seen), ["/closed/two/", "/open/two/"], "{strategy}");
        let case = Case { definition: case.definition.replacing("[\"more\"]", "[\"moer\"]"), ..case };
        case.build(&[]).failed(3, &["pdm.lock has no group `moer`", "it has more"]);
        // Another project than it was made from.
        let definition = case.definition.with("pyproject.toml", &project.replace("\"one\"", "\"one>=1\""));
        let case = Case { definition: definition.replacing("groups = [\"moer\"]", ""), ..case };
        case.build(&[]).failed(3, &["pdm.lock is out of date", "`pdm lock`"]);
    }
}

#[test]
fn the_sources_of_a_pdm_project_are_asked() {
    let project = "[project]\nname = \"app\"\nversion = \"1\"\ndependencies = [\"one\", \"three\"]\n\
        [[tool.pdm.source]]\nname = \"pypi\"\nurl = \"OPEN\"\n\
        [[tool.pdm.source]]\nname = \"own\"\nurl = \"CLOSED\"\nverify_ssl = false\nusername = \"user\"\npassword = \"${WORD}\"\n";
    let package = |name: &str, version: &str| {
        let Wheel(_, file, sha256) = Wheel::of(name, version);
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ngroups = [\"default\"]\n\
             files = [{{file = \"{file}\", hash = \"sha256:{sha256}\"}}]\n"
        )
    };
    let lock = "[metadata]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n".to_owned();
    let case = Case::new("");
    let project = project.replace("OPEN", &case.server.url("/open/")).replace("CLOSED", &case.server.url("/closed/"));
    let toml = std::fs::read_to_string(case.definition.path().join("image.toml")).unwrap();
    let definition = case.definition.with("image.toml", &toml.replace("requirements.txt", "pdm.lock"));
    let definition = definition.with("pdm.lock", &(lock + &package("one", "1.0") + &package("three", "3.0")));
    let case = Case { definition: definition.with("pyproject.toml", &project), ..case };
    let mut seen = 0;
    let run = case.build_with(&[("WORD", "p%40ss")], &[]).succeeded();
    assert!(!run.stderr.contains("p%40ss"), "{}", run.stderr);
    assert_eq!(case.asked(&mut seen), ["/closed/one/", "/closed/three/", "/open/one/"]);
}

#[test]
fn folders_and_pages_of_links_are_looked_into_without_uv() {
    let pins = requirements(&[("one", "1.0"), ("two", "2.0")]);
    for (lines, expected) in [
        ("--no-index\n--find-links ./links\n--find-links PAGE\n", Some(&["/links/"][..])),
        ("-f links\n", Some(&["/closed/two/", "/open/two/"])),
        ("--find-links PAGE\n", Some(&["/closed/one/", "/links/", "/open/one/"])),
        ("--no-index\n--find-links links\n", None),
    ] {
        let case = Case::new("");
        let lines = lines.replace("PAGE", &case.server.url("/links/"));
        let case = Case { definition: case.definition.with("requirements.txt", &(lines.clone() + &pins)), ..case };
        std::fs::create_dir(case.definition.path().join("links")).unwrap();
        let Wheel(wheel, name, _) = Wheel::of("one", "1.0");
        std::fs::write(case.definition.path().join("links").join(name), wheel.bytes).unwrap();
        let (run, mut seen) = (case.build(&[]), 0);
        match expected {
            Some(expected) => {
                let run = run.succeeded();
                assert!(!run.stderr.contains("uv"), "{}", run.stderr);
                assert_eq!(case.asked(&mut seen), expected, "{lines}");
            }
            None => run.failed(5, &["no index has two"]),
        }
    }
}
