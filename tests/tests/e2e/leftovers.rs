//! What an application's folder has besides the application: left out, included on request, and warned of.

use shipwheel_tests::{Definition, Layout, Rootfs, Run, Shipwheel, variosync};

const SECRETS: [&str; 10] = [
    ".env",
    "pkg/.env.local",
    ".git/config",
    "pkg/.git/config",
    "pkg/.netrc",
    "pkg/id_rsa",
    ".aws/credentials",
    "pkg/.m.py.swp",
    "pkg/__pycache__/m.pyc",
    "env/pyvenv.cfg",
];

fn definition(lines: &str) -> Definition {
    let over = format!("base = {{ layout = \"{}\" }}\n[bytecode]\nenabled = false\n", variosync().path().display());
    let definition = Definition::empty()
        .with("image.toml", &format!("{over}[app]\nsources = [\".\"]\ndestination = \"/srv/it\"\n{lines}\n"));
    let definition = definition.with("pkg/m.py", "").with("pkg/.env.example", "A=\n");
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    SECRETS.iter().fold(definition.with("pkg/deploy.txt", key), |it, path| it.with(path, "SECRET"))
}

fn build(definition: &Definition) -> (Run, Vec<String>) {
    let output = definition.path().with_extension("out");
    let written = format!("oci:{}", output.display());
    let run = Shipwheel::new().image(&[&definition.argument(), "--output", &written]).succeeded();
    let files = Rootfs::unpack(&Layout::new(&output), "amd64").files("/srv/it");
    std::fs::remove_dir_all(output).unwrap();
    (run, files)
}

#[test]
fn what_no_image_should_have_is_left_out_and_keys_are_warned_of() {
    let definition = definition("");
    let (run, files) = build(&definition);
    assert_eq!(files, ["/srv/it/image.toml", "/srv/it/pkg/.env.example", "/srv/it/pkg/deploy.txt", "/srv/it/pkg/m.py"]);
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(matches!(warnings[..], [one] if one.contains("pkg/deploy.txt has a private key")), "{}", run.stderr);
}

#[test]
fn what_is_included_or_named_is_taken_with_a_warning() {
    let (run, files) = build(&definition("include = [\"/pkg/.git/config\", \"/.env\"]"));
    assert_eq!(files, ["/srv/it/.env", "/srv/it/pkg/.git/config"]);
    assert!(run.stderr.contains(".env is named as files with credentials are"), "{}", run.stderr);
    let named = definition("");
    let toml = std::fs::read_to_string(named.path().join("image.toml")).unwrap();
    let (_, files) = build(&named.with("image.toml", &toml.replace("[\".\"]", "[\"pkg/id_rsa\"]")));
    assert_eq!(files, ["/srv/it/pkg/id_rsa"]);
}
