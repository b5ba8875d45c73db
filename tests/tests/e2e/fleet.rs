//! One image from several machines: each builds a platform, and `index` joins them. A machine may have no rights at all.

use shipwheel_tests::{Layout, Registry, Run, Shipwheel, limited, scratch, variosync, workspace};
use xshell::{Shell, cmd};

use crate::hostile_base::honest;

/// Builds one platform of images/variosync into a repository, as one runner of several does.
fn build(target: &str, platform: &str) -> String {
    let pushed = Shipwheel::new().image(&["--platforms", platform, "--push", target]).succeeded();
    pushed.line().to_owned()
}

fn join(target: &str, more: &[&str]) -> Run {
    Shipwheel::new().run(&[&["index", target], more].concat())
}

#[test]
fn two_machines_make_the_index_that_one_machine_makes() {
    let registry = Registry::start();
    let name = |tag: &str| format!("{}/team/variosync:{tag}", registry.host());
    let parts = ["amd64", "arm64"].map(|platform| build(&name(platform), platform));
    let (expected, from) = (variosync().digest(), ["--from", &name("arm64"), "--from", &parts[0]]);
    let joined = join(&name("1.0.0"), &from).succeeded();
    assert_eq!(joined.line(), format!("{}@{expected}", name("1.0.0")));
    assert!(joined.stderr.contains("0 B sent, 0 B mounted"), "{}", joined.stderr);
    // In another repository the blobs are mounted, and nothing is sent either.
    let other = format!("{}/release/variosync:1.0.0", registry.host());
    let mounted = join(&other, &from).succeeded();
    assert!(mounted.stderr.contains("0 B sent") && !mounted.stderr.contains("0 B mounted"), "{}", mounted.stderr);
    // And on a disk it is the layout that one machine writes.
    let folder = scratch();
    let output = format!("oci:{}", folder.path().join("joined").display());
    join(&name("1.0.0"), &[from.as_slice(), &["--output", &output]].concat()).succeeded();
    let layout = Layout::new(&folder.path().join("joined"));
    assert_eq!(layout.blob(&expected), variosync().layout().blob(&expected));
    assert_eq!(layout.entry()["digest"], expected.as_str());
}

#[test]
fn parts_that_do_not_fit_are_refused_and_no_tag_moves() {
    let registry = Registry::start();
    let name = |tag: &str| format!("{}/variosync:{tag}", registry.host());
    let [amd64, again] = ["amd64", "again"].map(name);
    build(&amd64, "amd64");
    Shipwheel::new().run(&["copy", &amd64, &again]).succeeded();
    let twice = join(&name("1"), &["--from", &amd64, "--from", &again]);
    twice.failed(3, &["linux/amd64 is in", &amd64, &again, "hint: name each platform once"]);
    join(&name("1"), &["--from", &amd64]).failed(3, &["at least two platforms"]);
    join(&name("1"), &["--from", &amd64, "--from", &name("nothing")]).failed(3, &["404"]);
    let late = Shipwheel::new().with("SOURCE_DATE_EPOCH", 1_700_000_000);
    late.image(&["--platforms", "arm64", "--push", &name("late")]).succeeded();
    let differing = join(&name("1"), &["--from", &amd64, "--from", &name("late")]);
    differing
        .failed(3, &["image.created` is `1970-01-01T00:00:00Z`", "2023-11-14", "hint: set the same SOURCE_DATE_EPOCH"]);
    assert!(!registry.has("variosync", "1"));
}

/// The block of docs/ci.md that has this line.
fn example(line: &str) -> String {
    let page = std::fs::read_to_string(workspace().join("docs/ci.md")).unwrap();
    let block = page.split("```").skip(1).step_by(2).find(|block| block.contains(line));
    block.unwrap_or_else(|| panic!("no example with `{line}`")).to_owned()
}

#[test]
fn a_job_without_any_right_builds_and_pushes_the_same_image() {
    let job = example("kind: Job");
    for line in ["runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "drop: [ALL]"]
    {
        assert!(job.contains(line), "the Job has no `{line}`");
    }
    let user = job.split("runAsUser: ").nth(1).and_then(|rest| rest.lines().next()).expect("the Job names its user");
    let (registry, base) = (Registry::start(), honest());
    // Below the workspace, since the Job's own /tmp hides this machine's.
    assert!(!workspace().starts_with("/tmp"), "this test hides /tmp, and the workspace is in it: clone it elsewhere");
    let folder = tempfile::Builder::new().prefix("fleet-").tempdir_in(workspace().join("target")).unwrap();
    let app = folder.path().join("app");
    let shell = Shell::new().unwrap();
    let (from, here) = (base.path(), folder.path());
    cmd!(shell, "cp -r {from} {here}/base").quiet().run().unwrap();
    std::fs::create_dir(&app).unwrap();
    std::fs::write(app.join("hello.py"), "print('hello')\n").unwrap();
    let toml = format!(
        "# A Job's image.\nbase = {{ layout = \"{}/base\" }}\nplatforms = [\"linux/amd64\"]\n\
         [app]\nsources = [\"hello.py\"]\n[config]\ncmd = [\"python3\", \"/app/hello.py\"]\n",
        here.display()
    );
    std::fs::write(app.join("image.toml"), toml).unwrap();
    cmd!(shell, "chmod -R a+rX {here}").quiet().run().unwrap();
    let (target, app) = (format!("{}/job/app:1", registry.host()), app.display().to_string());
    let command = Shipwheel::new().command(&["image", &app, "--require-sandbox", "--push", &target]);
    let mut words = vec!["env", "SHIPWHEEL_CACHE_DIR=/tmp/cache", "NO_COLOR=1"];
    words.extend(command.arguments.iter().map(String::as_str));
    // The limits hold: nothing but /tmp can be written to, and there is nothing to be gained.
    let probe =
        limited(user, &["sh", "-c", "grep -e CapEff -e CapBnd -e NoNewPrivs /proc/self/status; touch \"$0\"", &app]);
    assert_ne!(probe.code, 0, "the root is read-only");
    let expected = format!("CapEff:\t{0}\nCapBnd:\t{0}\nNoNewPrivs:\t1\n", "0".repeat(16));
    assert_eq!(probe.stdout, expected, "{}", probe.stderr);
    let built = limited(user, &words).succeeded();
    let usual = Shipwheel::new().image(&[&app, "--output", &format!("oci:{}/usual", here.display())]).succeeded();
    assert_eq!(built.line().rsplit('@').next(), usual.line().rsplit('@').next(), "the same digest\n{}", built.stderr);
    assert!(registry.has("job/app", "1"));
}
