//! What users' CI systems get: one script, which the action and the component run, by a user without any right.

use std::collections::BTreeSet;
use std::path::Path;

use shipwheel_tests::{Registry, Run, Shipwheel, Suite, limited, workspace};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::place::wheel;

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap()
}

/// The component's job, with the defaults of its inputs filled in.
pub fn component() -> String {
    let text = read("ci/gitlab/image.yml");
    let (header, job) = text.split_once("\n---\n").expect("a header with the inputs");
    let mut job = job.to_owned();
    let is_name = |line: &&str| line.starts_with("    ") && !line.starts_with("     ");
    for input in header.lines().filter(is_name).map(|line| line.trim().trim_end_matches(':')) {
        let own = header.split(&format!("\n    {input}:\n")).nth(1).unwrap();
        let value = own.split("default: ").nth(1).unwrap().lines().next().unwrap().trim_matches('"');
        job = job.replace(&format!("$[[ inputs.{input} ]]"), value);
    }
    assert!(!job.contains("$[["), "every input has a default: {job}");
    job
}

/// The script in the component's job.
fn script_of_the_component() -> String {
    let job = component();
    let block = job.split("    - |\n").nth(1).expect("a script");
    let lines = block.lines().take_while(|line| line.is_empty() || line.starts_with("      "));
    lines.map(|line| line.strip_prefix("      ").unwrap_or(line).to_owned() + "\n").collect()
}

#[test]
fn action_and_component_run_the_script_and_set_its_variables() {
    let script = read("ci/image.sh");
    assert_eq!(script.split_once('\n').unwrap().1, script_of_the_component(), "ci/image.sh, and ci/gitlab/image.yml");
    let documented: BTreeSet<&str> = script
        .lines()
        .filter_map(|line| line.strip_prefix("#   ")?.split(' ').next())
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(documented.len(), 9, "{documented:?}");
    let set = |text: &str, from: &str, to: &str| -> BTreeSet<String> {
        let part = text.split(from).nth(1).unwrap().split(to).next().unwrap();
        let names = part.lines().filter_map(|line| line.trim().split_once(": ")).map(|(name, _)| name.to_owned());
        names.collect()
    };
    let action = set(&read("ci/github/action.yml"), "      env:\n", "      run:");
    let component = set(&component(), "  variables:\n", "  script:");
    for (file, set) in [("action.yml", action), ("image.yml", component)] {
        assert_eq!(set.iter().map(String::as_str).collect::<BTreeSet<_>>(), documented, "{file}");
    }
}

/// A machine of a CI system: sources that cannot be written to, an index that has shipwheel's wheel, and no shipwheel.
struct Runner {
    folder: TempDir,
    registry: Registry,
}

impl Runner {
    fn new() -> Self {
        // Below the workspace, since a runner's own /tmp hides this machine's.
        assert!(!workspace().starts_with("/tmp"), "this test hides /tmp, and the workspace is in it");
        let folder = tempfile::Builder::new().prefix("ci-").tempdir_in(workspace().join("target")).unwrap();
        let here = folder.path();
        let base = Suite::of_python(11).definition("print('hello')\n");
        let output = format!("oci:{}", here.join("base").display());
        let build = [&base.argument(), "--platforms", "amd64", "--no-bytecode", "--output", &output];
        Shipwheel::new().image(&build).succeeded();
        Self::write(here, "app/hello.py", "print('hello')\n");
        let toml = format!(
            "# A runner's image.\nbase = {{ layout = \"{}/base\" }}\nplatforms = [\"linux/amd64\"]\n\
             [app]\nsources = [\"hello.py\"]\n[config]\ncmd = [\"python3\", \"/app/hello.py\"]\n",
            here.display()
        );
        Self::write(here, "app/image.toml", &toml);
        Self::write(here, "image.sh", &read("ci/image.sh"));
        Self::write(here, "component.sh", &script_of_the_component());
        std::fs::create_dir(here.join("index")).unwrap();
        std::fs::copy(wheel(), here.join("index").join(wheel().file_name().unwrap())).unwrap();
        let shell = Shell::new().unwrap();
        cmd!(shell, "chmod -R a+rX {here}").quiet().run().unwrap();
        Self { folder, registry: Registry::start_with_login() }
    }

    fn write(here: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(here.join(name).parent().unwrap()).unwrap();
        std::fs::write(here.join(name), text).unwrap();
    }

    /// Runs one of the scripts as a fresh machine would, then prints what it tells the CI system.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> Run {
        let here = self.folder.path().display().to_string();
        let (user, password) = Registry::login();
        let mut words: Vec<String> = ["env", "-i", "PATH=/usr/bin:/bin", "HOME=/tmp", "NO_COLOR=1", "PIP_NO_INDEX=1"]
            .map(str::to_owned)
            .to_vec();
        words.push(format!("PIP_FIND_LINKS={here}/index"));
        words.push(format!("FOLDER={here}/app"));
        words.extend([format!("REGISTRY_USER={user}"), format!("REGISTRY_PASSWORD={password}")]);
        words.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
        let whole = format!(
            "cd /tmp && sh {here}/{script} && for file in told shipwheel.env; do test ! -f $file || cat $file; done"
        );
        words.extend(["sh".to_owned(), "-c".to_owned(), whole]);
        limited("10001", &words.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[test]
fn a_fresh_machine_installs_builds_and_pushes_and_the_next_one_takes_its_layers() {
    let runner = Runner::new();
    let host = runner.registry.host();
    let (image, cache) = (format!("{host}/team/app:1"), format!("{host}/cache"));
    let version = wheel().file_name().unwrap().to_str().unwrap().split('-').nth(1).unwrap();
    let settings = [("IMAGE", image.as_str()), ("CACHE", &cache), ("WRITE_CACHE", "true"), ("VERSION", version)];
    let first = runner.run("image.sh", &[&settings[..], &[("GITHUB_OUTPUT", "/tmp/told")]].concat()).succeeded();
    let reference = first.stdout.lines().next().unwrap();
    let digest = reference.rsplit('@').next().unwrap();
    assert_eq!(first.stdout, format!("{image}@{digest}\nimage={reference}\ndigest={digest}\n"));
    assert!(runner.registry.has("team/app", "1") && runner.registry.has("cache", "b1-app-linux-amd64"));
    assert!(first.stderr.contains("  built\n"), "{}", first.stderr);
    // The next machine is as fresh as the first one. It reads the cache, and may not write to it.
    let other = format!("{host}/team/other:1");
    let settings = [("IMAGE", other.as_str()), ("CACHE", &cache), ("WRITE_CACHE", "false"), ("GITLAB_CI", "true")];
    let second = runner.run("component.sh", &settings).succeeded();
    assert_eq!(second.stdout, format!("{other}@{digest}\nIMAGE={other}@{digest}\nIMAGE_DIGEST={digest}\n"));
    assert!(!second.stderr.contains("  built\n"), "everything was there: {}", second.stderr);
}

#[test]
fn a_build_without_a_reference_pushes_nothing_and_flags_are_words() {
    let runner = Runner::new();
    let cache = format!("{}/cache", runner.registry.host());
    let settings = [("CACHE", cache.as_str()), ("WRITE_CACHE", "true"), ("PLATFORMS", "amd64"), ("REGISTRY_USER", "")];
    let run = runner.run("image.sh", &[&settings[..], &[("FLAGS", "--tag * --no-bytecode")]].concat());
    run.failed(2, &["`app:*`"]);
    let run = runner.run("image.sh", &[&settings[..], &[("FLAGS", "--tag pr-7 --no-bytecode")]].concat()).succeeded();
    assert!(run.line().starts_with("app:pr-7@sha256:"), "{}", run.stdout);
    assert!(!runner.registry.has("cache", "b1-app-linux-amd64"));
}
