//! `[[app.prepare]]`: a step runs once, in a copy, and only what it made and may be in an image gets there.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use shipwheel_tests::{Definition, Layout, Run, SampleBase, Shipwheel, unpacked};
use xshell::{Shell, cmd};

/// An application with steps, over a base of fixed bytes; its cache is its own.
struct Application(Definition);

impl Application {
    /// Steps of a shell: each is its script and the other lines of its table. `COUNT` is a file outside.
    fn new(steps: &[(&str, &str)]) -> Self {
        let definition = Definition::empty();
        SampleBase::FULL.write(&definition.path().join("base"));
        let mut toml = "base = { layout = \"base\" }\nplatforms = [\"linux/amd64\"]\n[app]\nsources = [\".\"]\n\
                        exclude = [\"/base\", \"/web\"]\n[config]\ncmd = [\"python3\", \"/app/main.py\"]\n"
            .to_owned();
        for (script, lines) in steps {
            toml +=
                &format!("[[app.prepare]]\nrun = [\"sh\", \"-c\", '''{script}''']\npass-env = [\"COUNT\"]\n{lines}\n");
        }
        let ignored = "base\noutput\ncache\nhome\ncount\n";
        Self(
            definition
                .with("main.py", "print('hello')\n")
                .with("image.toml", &toml)
                .with(".dockerignore", ignored)
                .with("count", ""),
        )
    }

    fn with(self, name: &str, text: &str) -> Self {
        Self(self.0.with(name, text))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn shipwheel(&self) -> Shipwheel {
        Shipwheel::apart(self.path()).with("COUNT", self.path().join("count").display()).within(60)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_as(&self.shipwheel(), arguments)
    }

    fn run_as(&self, shipwheel: &Shipwheel, arguments: &[&str]) -> Run {
        let output = self.output();
        let output = format!("oci:{}", output.display());
        shipwheel.image(&[&[".", "--no-bytecode", "--output", &output], arguments].concat())
    }

    fn output(&self) -> PathBuf {
        self.0.output()
    }

    /// How often the steps ran so far.
    fn count(&self) -> usize {
        std::fs::read_to_string(self.path().join("count")).unwrap().lines().count()
    }

    /// The files of the application in the image: mode and text, or where a link leads.
    fn files(&self) -> BTreeMap<String, (u32, String)> {
        let layout = Layout::new(&self.output());
        let layers = layout.manifest("linux/amd64")["layers"].as_array().unwrap().clone();
        let mut files = BTreeMap::new();
        for layer in layers {
            let tar = unpacked(&layout.blob(layer["digest"].as_str().unwrap()));
            for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                let Some(path) = path.strip_prefix("app/").filter(|path| !path.ends_with('/') && !path.is_empty())
                else {
                    continue;
                };
                assert_eq!(entry.header().mtime().unwrap(), 315_532_800, "no time of this machine: {path}");
                let mut text =
                    entry.link_name().unwrap().map(|target| target.display().to_string()).unwrap_or_default();
                entry.read_to_string(&mut text).unwrap();
                files.insert(path.to_owned(), (entry.header().mode().unwrap(), text));
            }
        }
        files
    }

    fn text(&self, path: &str) -> Option<String> {
        self.files().get(path).map(|(_, text)| text.clone())
    }

    /// Another text in its image.toml.
    fn replace(&self, from: &str, to: &str) {
        let path = self.path().join("image.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in\n{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn digest(&self) -> String {
        Layout::new(&self.output()).entry()["digest"].as_str().unwrap().to_owned()
    }
}

/// A step that counts, and makes one file of one.
const MAKE: &str = "echo ran >> $COUNT; mkdir -p out; tr a-z A-Z < in.txt > out/made.txt";

#[test]
fn what_a_step_makes_is_in_the_image_and_it_runs_again_only_for_other_inputs() {
    let application = Application::new(&[(MAKE, "name = \"upper case\"\noutputs = [\"out\"]")]);
    let application = application.with("in.txt", "hello").with("out/old.txt", "from an earlier run of the user");
    let run = application.run(&[]).succeeded();
    assert!(run.stderr.contains("prepare: running `upper case`, a program of this machine"), "{}", run.stderr);
    assert!(run.stderr.contains("prepare: `upper case` made 1 file"), "{}", run.stderr);
    assert_eq!(application.text("out/made.txt").as_deref(), Some("HELLO"));
    assert_eq!(application.text("out/old.txt"), None, "what a step makes is replaced as a whole");
    assert_eq!(application.count(), 1);
    let first = application.digest();
    let run = application.run(&["--offline"]).succeeded();
    assert!(!run.stderr.contains("prepare:"), "{}", run.stderr);
    assert_eq!((application.count(), application.digest()), (1, first.clone()));
    // The user's own files are what they were, and nothing came to them.
    assert!(!application.path().join("out/made.txt").exists());
    let application = application.with("in.txt", "bye");
    application.run(&[]).succeeded();
    assert_eq!((application.count(), application.text("out/made.txt").as_deref()), (2, Some("BYE")));
    let application = application.with("in.txt", "hello");
    application.run(&[]).succeeded();
    assert_eq!((application.count(), application.digest()), (2, first), "what was made before is known");
}

#[test]
fn all_that_a_step_is_told_decides_and_nothing_else() {
    let lines = "outputs = [\"out\"]\ninputs = [\"in.txt\"]\nenv = { A = \"1\" }";
    let application = Application::new(&[(MAKE, lines)]).with("in.txt", "hello").with("other.txt", "x");
    application.run(&[]).succeeded();
    let application = application.with("other.txt", "y");
    application.run(&[]).succeeded();
    assert_eq!(application.count(), 1, "a file that it does not see");
    let mut runs = 1;
    for (from, to) in [
        ("A = \"1\"", "A = \"2\""),
        ("tr a-z", "tr  a-z"),
        ("outputs = [\"out\"]", "outputs = [\"out/made.txt\"]"),
        ("inputs = [\"in.txt\"]", "inputs = [\"in.txt\", \"other.txt\"]"),
    ] {
        application.replace(from, to);
        application.run(&[]).succeeded();
        runs += 1;
        assert_eq!(application.count(), runs, "{to}");
    }
    let shipwheel = application.shipwheel();
    application.run_as(&shipwheel.clone().with("OTHER", "1"), &[]).succeeded();
    assert_eq!(application.count(), runs, "a variable that nothing passes on");
    application.run_as(&shipwheel.with("SOURCE_DATE_EPOCH", "1700000000"), &[]).succeeded();
    assert_eq!(application.count(), runs + 1);
}

#[test]
fn a_step_sees_a_copy_of_its_inputs_and_little_of_the_environment() {
    let script = "echo ran >> $COUNT; mkdir -p web/dist; { find . -type f | sort; env | cut -d= -f1 | sort; \
                  echo $SOURCE_DATE_EPOCH $A ${SECRET-none}; pwd; echo $HOME; } > web/dist/seen; rm -rf main.py in.txt";
    let lines = "outputs = [\"web/dist\"]\ndirectory = \"web/..\"\nenv = { A = \"a\" }";
    let application = Application::new(&[(script, &lines.replace("web/..", "./"))]);
    let application = application
        .with("in.txt", "hello")
        .with(".env", "PASSWORD=x")
        .with("web/package.json", "{}")
        .with("package.json", "{}")
        .with("web/node_modules/x/index.js", "")
        .with("web/dist/old.js", "");
    let shipwheel = application.shipwheel().with("SECRET", "s3cret").with("HTTPS_PROXY", "http://proxy.invalid:3128");
    application.run_as(&shipwheel.clone().with("HTTP_PROXY", "http://me:pass@proxy.invalid"), &[]).succeeded();
    let seen = application.text("web/dist/seen").unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    let files: Vec<&str> = lines.iter().copied().take_while(|line| line.starts_with("./")).collect();
    let expected = ["./in.txt", "./main.py", "./package.json", "./web/dist/seen", "./web/package.json"];
    assert_eq!(files, expected, "{seen}");
    let variables = &lines[files.len()..lines.len() - 3];
    let given = [
        "A",
        "COUNT",
        "HOME",
        "HTTPS_PROXY",
        "LANG",
        "PATH",
        "PWD",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHASHSEED",
        "SOURCE_DATE_EPOCH",
        "TMPDIR",
        "TZ",
    ];
    assert_eq!(variables, given, "{seen}");
    let [said, folder, home] = lines[lines.len() - 3..] else { panic!("{seen}") };
    assert_eq!(said, "315532800 a none");
    let cache = application.path().join("cache").canonicalize().unwrap();
    for place in [folder, home] {
        assert!(Path::new(place).starts_with(&cache) && !Path::new(place).exists(), "{place}");
    }
    assert!(application.path().join("in.txt").exists(), "only its copy is gone");
    assert!(application.text("main.py").is_some() && application.text("web/package.json").is_none());
}

#[test]
fn later_steps_see_what_earlier_ones_made_and_may_replace_it() {
    let second = "test -f out/made.txt; rm -rf out; mkdir out; echo two > out/second.txt";
    let application = Application::new(&[
        (MAKE, "outputs = [\"out\"]"),
        (
            "test -f out/made.txt && cat out/made.txt in.txt > joined",
            "outputs = [\"joined\"]\ninputs = [\"out\", \"*.txt\"]",
        ),
        (second, "outputs = [\"out\"]\ninputs = [\"out\"]"),
    ]);
    let application = application.with("in.txt", "hello");
    application.run(&[]).succeeded();
    let texts: Vec<_> =
        application.files().into_iter().filter(|(path, _)| path != "main.py" && path != "in.txt").collect();
    let expected = [("joined", "HELLOhello"), ("out/second.txt", "two\n")];
    let expected = expected.map(|(path, text)| (path.to_owned(), (0o644, text.to_owned())));
    assert_eq!(texts, expected);
}

#[test]
fn a_step_that_fails_is_an_error_with_its_name_its_end_and_its_last_words() {
    let application = Application::new(&[(
        "for n in $(seq 50); do echo line $n; done; echo oops >&2; exit 7",
        "name = \"styles\"\noutputs = [\"out\"]",
    )]);
    let run = application.run(&[]);
    run.failed(
        3,
        &["step `styles` failed with exit code 7; the end of its output:", "line 50", "oops", "docs/prepare.md"],
    );
    assert!(!run.stderr.contains("line 20\n") && !application.output().exists(), "{}", run.stderr);
    let run = application.run(&["--verbose"]);
    assert!(run.stderr.contains("styles: line 1\n"), "{}", run.stderr);
    let killed = Application::new(&[("kill -9 $$", "outputs = [\"out\"]")]);
    killed.run(&[]).failed(3, &["failed with signal 9 and no output"]);
    let missing =
        Application::new(&[("true", "name = \"nothing\"\noutputs = [\"in.txt\", \"static\"]\ninputs = [\"in.txt\"]")]);
    let missing = missing.with("in.txt", "");
    missing.run(&[]).failed(3, &["image.toml", "step `nothing` made nothing at `static`"]);
    let program = Application::new(&[("true", "outputs = [\"out\"]")]);
    program.replace("\"sh\", \"-c\"", "\"no-such-program\", \"-c\"");
    program.run(&[]).failed(3, &["runs `no-such-program`, which is not on PATH"]);
}

#[test]
fn what_cannot_be_in_an_image_is_refused_whatever_made_it() {
    let outside = "is outside of the application's folder";
    for (script, outputs, expected) in [
        ("ln -s /etc out", "out", "made `out`, a link to `/etc`, which "),
        ("mkdir out; ln -s /etc/passwd out/users", "out", "made `out/users`, a link to `/etc/passwd`, which "),
        ("mkdir out; ln -s ../../x out/up", "out", "made `out/up`, a link to `../../x`, which "),
        ("ln -s /etc out", "out/passwd", "made `out`, a link to `/etc`, which "),
        ("mkdir out; ln -s /etc out/a", "out/*/passwd", "made nothing at `out/*/passwd`"),
        ("mkdir out; mkfifo out/pipe", "out", "made `out/pipe`, which is neither a file, a folder nor a link"),
        ("mkdir out; truncate -s 5G out/large", "out", "made more than 4 GiB; the first file beyond it is `out/large`"),
        ("mkdir out; touch \"$(printf 'out/\\377')\"", "out", "whose name is not UTF-8"),
        ("rm main.py; mkdir main.py; touch main.py/x", "main.py/x", "the application's `main.py` is no folder"),
    ] {
        let application = Application::new(&[(script, &format!("outputs = [\"{outputs}\"]"))]);
        let run = application.run(&[]);
        run.failed(3, &[expected]);
        assert!(!expected.ends_with("which ") || run.stderr.contains(outside), "{}", run.stderr);
        assert!(!application.output().exists());
    }
    let links = Application::new(&[("mkdir -p out/a; ln -s ../b out/a/b; touch out/b", "outputs = [\"out\"]")]);
    links.run(&[]).succeeded();
    assert_eq!(links.text("out/a/b").as_deref(), Some("../b"));
}

#[test]
fn modes_and_times_are_those_of_any_machine_and_a_secret_is_told() {
    let script = "mkdir out; printf 'AWS_SECRET' > out/.env; touch -d 2001-01-01 out/old; touch out/run; chmod +x out/run; \
                  chmod 600 out/old; stat -c %a in.txt tool > out/modes; stat -c %Y in.txt > out/time";
    let digests = ["077", "002"].map(|umask| {
        let application = Application::new(&[(script, "outputs = [\"out\"]")]).with("in.txt", "").with("tool", "");
        let shell = Shell::new().unwrap();
        shell.change_dir(application.path());
        cmd!(shell, "chmod 700 tool").quiet().run().unwrap();
        let run = application.run_as(&application.shipwheel().with_umask(umask), &[]).succeeded();
        assert!(run.stderr.contains("out/.env is named as files with credentials are, and step `"), "{}", run.stderr);
        let files = application.files();
        assert_eq!((files["out/run"].0, files["out/old"].0), (0o755, 0o644));
        assert_eq!((files["out/modes"].1.as_str(), files["out/time"].1.as_str()), ("644\n755\n", "315532800\n"));
        application.digest()
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_dry_run_runs_no_step_and_says_so() {
    let application = Application::new(&[(MAKE, "name = \"upper case\"\noutputs = [\"out\"]")]).with("in.txt", "hello");
    let run = application.run(&["--dry-run"]).succeeded();
    let told = "warning: a build would run step `upper case` of app.prepare; what it makes is not in this plan";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert_eq!(application.count(), 0);
    application.run(&[]).succeeded();
    let known = application.run(&["--dry-run"]).succeeded();
    assert!(!known.stderr.contains("prepare") && known.stdout != run.stdout, "{}", known.stderr);
}

/// Whether nothing of the process group that a step wrote into its count is left within some seconds.
fn is_gone(application: &Application) -> bool {
    let text = std::fs::read_to_string(application.path().join("count")).unwrap();
    let group = rustix::process::Pid::from_raw(text.trim().parse().unwrap()).unwrap();
    (0..250).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        rustix::process::test_kill_process_group(group).is_err()
    })
}

#[test]
fn processes_of_a_step_end_with_it_and_with_shipwheel() {
    let left = Application::new(&[("sleep 300 & echo $$ > $COUNT; mkdir out; touch out/a", "outputs = [\"out\"]")]);
    left.run(&[]).succeeded();
    assert!(is_gone(&left), "nothing of a step goes on behind it");
    let interrupted = Application::new(&[("sleep 300 & echo $$ > $COUNT; sleep 300", "outputs = [\"out\"]")]);
    let line = interrupted.shipwheel().command(&["image", ".", "--no-bytecode", "--output", "oci:output"]);
    let (program, arguments) = line.arguments.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(interrupted.path()).env_clear().envs(line.environment.clone());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    while interrupted.count() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(2), "it ends as any program does");
    assert!(is_gone(&interrupted), "what the step started is gone");
}
