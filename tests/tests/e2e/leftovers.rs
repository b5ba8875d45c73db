//! What an application's folder has besides the application: left out, included on request, and warned of.

use std::os::unix::fs::symlink;
use std::path::Path;

use shipwheel_tests::{Layout, Rootfs, Run, SampleBase, Shipwheel, scratch};
use tempfile::TempDir;

const SECRETS: [&str; 25] = [
    "pkg/binary.key",
    ".env",
    "pkg/.env.local",
    ".git/config",
    "pkg/.git/config",
    "pkg/.netrc",
    "pkg/id_rsa",
    "pkg/id_ed25519_work",
    ".aws/credentials",
    ".docker/config.json",
    "pkg/.ssh/config",
    "pkg/.npmrc",
    "pkg/.m.py.swp",
    "pkg/m.swp",
    "pkg/#m.py#",
    "pkg/m.py~",
    "pkg/__pycache__/m.pyc",
    "pkg/secrets.json",
    "pkg/store.p12",
    "pkg/prod.tfstate",
    "pkg/db.sqlite3",
    "pkg/db.sqlite3-wal",
    "pkg/dev.db",
    "env/pyvenv.cfg",
    "node_modules/x/index.js",
];

const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

/// A folder `app` with an image.toml, beside a base.
struct Ground(TempDir);

impl Ground {
    fn new(lines: &str) -> Self {
        let this = Self(scratch());
        std::fs::create_dir(this.path().join("base")).unwrap();
        SampleBase::FULL.write(&this.path().join("base"));
        this.with(
            "app/image.toml",
            &format!("base = {{ layout = \"../base\" }}\n{lines}\n[bytecode]\nenabled = false\n"),
        )
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn image(&self, arguments: &[&str]) -> Run {
        let app = self.path().join("app").display().to_string();
        Shipwheel::new().image(&[&[app.as_str()], arguments].concat())
    }

    /// Builds, and gives the files below `/app` in the image.
    fn build(&self) -> (Run, Vec<String>) {
        let output = self.path().join("out");
        let run = self.image(&["--output", &format!("oci:{}", output.display())]).succeeded();
        let files = Rootfs::unpack(&Layout::new(&output), "amd64").files("/app");
        std::fs::remove_dir_all(output).unwrap();
        (run, files.iter().map(|path| path.trim_start_matches("/app/").to_owned()).collect())
    }

    fn refused(&self, fragments: &[&str]) {
        let output = format!("oci:{}", self.path().join("out").display());
        self.image(&["--output", &output]).failed(3, fragments);
    }
}

fn warnings(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect()
}

/// Checks that a run warned of these, and of nothing else.
#[track_caller]
fn warned(run: &Run, expected: &[&str]) {
    let warnings = warnings(run);
    for expected in expected {
        assert!(warnings.iter().any(|line| line.contains(expected)), "{expected}: {}", run.stderr);
    }
    assert_eq!(warnings.len(), expected.len(), "{}", run.stderr);
}

/// An application among all that no image should have.
fn crowded(lines: &str) -> Ground {
    let ground = Ground::new(lines).with("app/pkg/m.py", "").with("app/pkg/.env.example", "A=\n");
    let ground = ground.with("app/pkg/deploy.txt", KEY).with("app/pkg/server.key", KEY).with("app/pkg/data.db", "");
    let ground = ground.with("app/pkg/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    SECRETS.iter().fold(ground, |ground, path| ground.with(&format!("app/{path}"), "SECRET"))
}

#[test]
fn what_no_image_should_have_is_left_out_and_keys_are_warned_of() {
    for sources in [".", "pkg"] {
        let (run, files) = crowded(&format!("app.sources = [\"{sources}\"]")).build();
        let expected = ["pkg/.env.example", "pkg/ca.pem", "pkg/data.db", "pkg/deploy.txt", "pkg/m.py"];
        assert_eq!(files, expected);
        let warnings = warnings(&run);
        let [left_out, taken] = warnings[..] else { panic!("{}", run.stderr) };
        assert!(taken.contains("pkg/deploy.txt:1 has what looks like a private key"), "{taken}");
        assert!(
            left_out.contains("`pkg/secrets.json`, `pkg/server.key`, `pkg/store.p12` look like files"),
            "{left_out}"
        );
        assert!(left_out.contains("add it to [app], such as `sources = [\".\", \"pkg/binary.key\"]`"), "{left_out}");
        assert!(!left_out.contains(".env") && !left_out.contains("sqlite3"), "{left_out}");
        let summary = run.stderr.lines().find(|line| line.contains("left out: ")).unwrap_or_default();
        assert!(summary.contains("left out, for credentials: .env") && summary.contains(".netrc"), "{summary}");
    }
}

#[test]
fn what_is_included_or_named_is_taken() {
    // Who names a file in `include` knows it; a pattern may take one by mistake.
    let include = "app.sources = [\".\"]\napp.include = [\"/pkg/.git/config\", \"/.env\", \"*.key\"]";
    let (run, files) = crowded(include).build();
    assert_eq!(files, [".env", "pkg/.git/config", "pkg/binary.key", "pkg/server.key"]);
    assert!(matches!(warnings(&run)[..], [one] if one.contains("server.key:1 has what looks like")), "{}", run.stderr);
    let (run, files) = crowded("app.sources = [\"pkg/id_rsa\", \"pkg/server.key\", \".aws\"]").build();
    assert_eq!(files, [".aws/credentials", "pkg/id_rsa", "pkg/server.key"]);
    assert!(run.stderr.contains("id_rsa is named as files with credentials are"), "{}", run.stderr);
}

#[test]
fn folders_of_secrets_are_left_out_unless_they_are_code_or_named() {
    let ground = |lines: &str| {
        let ground = Ground::new(lines).with("app/m.py", "").with("app/secrets/db_password", "hunter2");
        let ground = ground.with("app/secrets/README.md", "mount it").with("app/bot.session", "SQLite format 3");
        // A package may have this name.
        ground.with("app/pkg/secrets/__init__.py", "").with("app/pkg/secrets/words.txt", "one")
    };
    let (run, files) = ground("app.sources = [\".\"]").build();
    assert_eq!(files, ["m.py", "pkg/secrets/__init__.py", "pkg/secrets/words.txt", "secrets/README.md"]);
    let [warning] = warnings(&run)[..] else { panic!("{}", run.stderr) };
    assert!(warning.contains("`bot.session`, `secrets/db_password` look like files"), "{warning}");
    let (_, files) = ground("app.sources = [\"secrets\", \"bot.session\"]").build();
    assert_eq!(files, ["bot.session", "secrets/README.md", "secrets/db_password"]);
}

#[test]
fn files_with_credentials_are_left_out_by_kind_and_their_line_in_the_code_is_told() {
    let pem = KEY.replace("AAAA", &"MIIEvQIB".repeat(8)).replace('\n', "\\n");
    let key = format!("{{\"type\": \"service_account\", \"private_key\": \"{pem}\"}}");
    let with_login = "[global]\nindex-url = https://user:pw@index.example.invalid/simple\n";
    let ground = Ground::new("app.sources = [\"pkg\", \"conf\"]")
        .with("app/pkg/m.py", "import json\nKEY = json.load(open('conf/serviceAccountKey.json'))\nP = 'server.key'\n")
        .with("app/pkg/server.key", KEY)
        .with("app/conf/serviceAccountKey.json", &key)
        .with("app/conf/credentials.json~", "{}")
        .with("app/conf/.env.bak", "A=1")
        .with("app/conf/.config/gcloud/x", "x")
        .with("app/conf/prod.env", "A=1")
        .with("app/conf/pip.conf", with_login)
        .with("app/conf/pip.ini", "[global]\nindex-url = https://index.example.invalid/simple\n")
        .with("app/conf/auth.json", "{\"password\": \"Password\", \"title\": \"Sign in\"}")
        .with("app/conf/other.json", &key)
        .with("app/conf/aws.txt", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYzKq4hG8tLx\n")
        .with("app/conf/.flaskenv", "FLASK_APP=m\nFLASK_SECRET_KEY=8f42a73054b1749f\n")
        .with("app/conf/plain/.flaskenv", "FLASK_APP=m\n");
    let (run, files) = ground.build();
    let taken = [
        "conf/.flaskenv",
        "conf/auth.json",
        "conf/aws.txt",
        "conf/other.json",
        "conf/pip.ini",
        "conf/plain/.flaskenv",
        "pkg/m.py",
    ];
    assert_eq!(files, taken);
    let expected = [
        "conf/serviceAccountKey.json is left out, and pkg/m.py:2 names it; it looks like a file with credentials",
        "pkg/server.key is left out, and pkg/m.py:3 names it; it looks like a file with credentials",
        "`conf/credentials.json~`, `conf/pip.conf`, `conf/prod.env` look like files with credentials and are left out",
        "conf/.flaskenv:2 has what looks like a login",
        "conf/aws.txt:1 has what looks like a secret access key of AWS",
        "conf/other.json:1 has what looks like a key of a service account",
    ];
    warned(&run, &expected);
    // What .dockerignore leaves out is known to the user, and so is what `sources` names.
    let ground = ground.with("app/.dockerignore", "conf/*\npkg/server.key\n!conf/auth.json\n");
    assert!(!ground.build().0.stderr.contains("look like files with credentials"));
}

#[test]
fn dockerignore_is_read_as_by_docker() {
    let ground = |ignore: &str| {
        let ground = Ground::new("app.sources = [\"main.py\", \"pkg\"]").with("app/main.py", "");
        let ground = ground.with("app/pkg/a.py", "").with("app/pkg/docs/x.md", "").with("app/pkg/docs/keep.md", "");
        ground.with("app/.dockerignore", ignore)
    };
    for (ignore, expected) in [
        ("# nothing\n", vec!["main.py", "pkg/a.py", "pkg/docs/keep.md", "pkg/docs/x.md"]),
        ("*\n!main.py\n!pkg/\n", vec!["main.py", "pkg/a.py", "pkg/docs/keep.md", "pkg/docs/x.md"]),
        ("**/docs\n", vec!["main.py", "pkg/a.py"]),
        ("\u{feff}/pkg/docs/\r\n!pkg/docs/keep.md\r\n", vec!["main.py", "pkg/a.py", "pkg/docs/keep.md"]),
        ("pkg/*.py\nimage.toml\n.dockerignore\n*.MD\n", vec!["main.py", "pkg/docs/keep.md", "pkg/docs/x.md"]),
    ] {
        let (run, files) = ground(ignore).build();
        assert_eq!(files, expected, "{ignore:?}");
        let is_said = run.stderr.contains("left out by .dockerignore: ");
        assert_eq!(is_said, expected.len() < 4, "{}", run.stderr);
    }
    ground("a\n\npkg\n").refused(&["line 3 of ", ".dockerignore, `pkg`, leaves out all of `pkg`", "add `!pkg`"]);
    ground("pkg/**").refused(&["line 1 of ", "leaves out all of `pkg`"]);
    ground("*.md\nx[\n").refused(&["line 2, `x[`: a `[` begins no class"]);
    // What is included is taken all the same, and what is excluded is not brought back.
    let ground = ground("*\n!pkg/a.py\n");
    let toml = std::fs::read_to_string(ground.path().join("app/image.toml")).unwrap();
    let ground = ground.with("app/image.toml", &format!("app.include = [\"*.py\"]\napp.exclude = [\"a.py\"]\n{toml}"));
    assert_eq!(ground.build().1, ["main.py"]);
}

#[test]
fn a_source_in_the_workspace_has_the_workspaces_dockerignore() {
    let ground = Ground::new("app.sources = [\"../lib\", \"main.py\"]").with(".git/HEAD", "").with("app/main.py", "");
    let ground = ground.with("lib/a.py", "").with("lib/notes.md", "").with(".dockerignore", "**/*.md\nmain.py\napp\n");
    assert_eq!(ground.build().1, ["lib/a.py", "main.py"]);
}

#[test]
fn a_whole_folder_is_taken_without_what_is_for_development_unless_it_is_named() {
    let ground = Ground::new("app.sources = [\".\"]\nconfig.cmd = [\"/app/tests/run.sh\"]\n");
    let taken = [
        "CHANGELOG.md",
        "a/b/c/d/e/f.json",
        "alembic.ini",
        "docs/prompts/a.txt",
        "example/__init__.py",
        "example/settings.py",
        "main.py",
        "pkg/__init__.py",
        "pkg/docs/x.md",
        "pkg/helpers_test.py",
        "pkg/testing.py",
        "settings.toml",
        "tests/run.sh",
    ];
    let left_out = [
        ".dockerignore",
        ".github/workflows/x.yml",
        ".gitignore",
        "Dockerfile",
        "README.md",
        "conftest.py",
        "example/tests.py",
        "examples/x.py",
        "pkg/tests/test_a.py",
        "requirements.lock.txt",
        "requirements.txt",
        "setup.py",
        "test_main.py",
        "uv.lock",
    ];
    let texts = [
        (
            "main.py",
            "import os\nfrom pkg import (\n    helpers_test,\n)\nopen(BASE / 'CHANGELOG.md')\nx = 'conf/.env'\n",
        ),
        ("pkg/testing.py", "os.environ['S'] = 'example.settings'\nopen('docs/prompts/a.txt')\n"),
        ("example/settings.py", "NAME = 'db.sqlite3'\n"),
    ];
    let ground = taken.iter().chain(&left_out).fold(ground, |ground, path| ground.with(&format!("app/{path}"), ""));
    let ground = texts.iter().fold(ground, |ground, (path, text)| ground.with(&format!("app/{path}"), text));
    let ground = ground.with("app/conf/.env", "").with("app/db.sqlite3", "").with("home/x", "");
    symlink("../home/x", ground.path().join("app/outside")).unwrap();
    let (run, files) = ground.build();
    assert_eq!(files, taken, "{}", run.stderr);
    let expected = [
        "conf/.env is left out, and main.py:6 names it; it looks like a file with credentials",
        "db.sqlite3 is left out, and example/settings.py:1 names it; if the image needs it, add \"db.sqlite3\"",
        "outside is a link that leads out of the application, and is left out",
    ];
    warned(&run, &expected);
}

#[test]
fn nothing_outside_of_the_workspace_is_taken_unless_a_key_names_it() {
    let ground = |source: &str, lines: &str| {
        let ground =
            Ground::new(&format!("app.sources = [\"main.py\", \"{source}\"]\n{lines}")).with("app/main.py", "");
        let ground = ground.with("home/.ssh/id_rsa", "SECRET").with("home/.ssh/config", "x");
        std::fs::create_dir_all(ground.path().join("app/a/pkg")).unwrap();
        let home = ground.path().join("home");
        symlink(&home, ground.path().join("app/a/link")).unwrap();
        symlink("../../home/.ssh", ground.path().join("app/a/relative")).unwrap();
        symlink("relative", ground.path().join("app/a/twice")).unwrap();
        symlink(home.join(".ssh/id_rsa"), ground.path().join("app/file.txt")).unwrap();
        ground
    };
    for source in [
        "../home/.ssh",
        "../home/.ssh/id_rsa",
        "a/link/.ssh",
        "a/link/.ssh/id_rsa",
        "a/relative",
        "a/relative/",
        "a/twice",
        "a/twice/id_rsa",
        "a/pkg/../../../home",
        "a/link/../home",
        "..",
        "file.txt",
        "/proc/self/environ",
        "/proc/self/root/etc/hostname",
        "/etc/hostname",
        "/dev/stdin",
    ] {
        ground(source, "").refused(&["outside of the workspace", "allow-outside = [", "image.toml:2:"]);
    }
    // A link that stays a link leads nowhere in the image: its own rules hold.
    ground("a", "").refused(&["link that leads out of the application"]);
    let allowed = ground("../home/.ssh/config", "allow-outside = [\"../home/.ssh\"]").build();
    assert_eq!(allowed.1, ["config", "main.py"]);
    ground("../home/.ssh", "allow-outside = [\"../home/other\"]").refused(&["`../home/other` does not exist"]);
    ground("a/link/.ssh", "allow-outside = [\"../base\"]").refused(&["outside of the workspace"]);
}

#[test]
fn no_other_key_leads_out_of_the_workspace() {
    let ground = |lines: &str| {
        let ground = Ground::new(lines).with("app/main.py", "").with("home/requirements.txt", "SECRET LINE\n");
        let ground = ground.with("home/project/pyproject.toml", "SECRET = [project]\n");
        symlink("../home/requirements.txt", ground.path().join("app/requirements.txt")).unwrap();
        ground
    };
    for lines in [
        "python.lock = \"../home/requirements.txt\"",
        "python.lock = \"requirements.txt\"",
        "app.project = \"../home/project\"",
    ] {
        ground(lines).refused(&["outside of the workspace", "allow-outside"]);
    }
    let included = "python.lock = \"in/requirements.txt\"";
    for line in ["-r ../../home/requirements.txt", "-c ../../home/requirements.txt", "--find-links ../../home"] {
        let ground = ground(included).with("app/in/requirements.txt", &format!("idna\n{line}\n"));
        ground.refused(&["outside of the workspace", "allow-outside"]);
    }
    // A definition that is a link shows nothing of what it leads to.
    let ground = ground("").with("home/netrc", "machine a login b password SECRET\n");
    std::fs::remove_file(ground.path().join("app/image.toml")).unwrap();
    symlink("../home/netrc", ground.path().join("app/image.toml")).unwrap();
    let run = ground.image(&[]);
    assert!(run.stderr.contains("outside of the workspace") && !run.stderr.contains("SECRET"), "{}", run.stderr);
}
