//! Distributions that are on no index: folders, wheels and commits, named by requirements and locks of every kind.

use shipwheel_tests::{Definition, GitServer, Layout, Rootfs, Run, SampleWheel, Shipwheel, uv};
use xshell::{Shell, cmd};

/// The exit codes of docs/errors.md.
const CONFIGURATION: i32 = 3;
const VERIFICATION: i32 = 5;

fn over_base(lines: &str) -> Definition {
    Definition::over_debian("[bytecode]\nenabled = false").and(lines)
}

/// With a project in a folder that any backend's documented defaults find a package in.
fn with_project(definition: Definition, folder: &str, name: &str, more: &str) -> Definition {
    let project = format!(
        "[project]\nname = \"{name}\"\nversion = \"1.0\"\nrequires-python = \">=3.11\"\n{more}\n\
         [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n"
    );
    let module = format!("\"\"\"A package.\"\"\"\nNAME = '{name}'\n");
    definition
        .with(&format!("{folder}/pyproject.toml"), &project)
        .with(&format!("{folder}/{name}/__init__.py"), &module)
}

fn build(definition: &Definition) -> Run {
    build_with(definition, &Shipwheel::new())
}

fn build_with(definition: &Definition, shipwheel: &Shipwheel) -> Run {
    let output = format!("oci:{}", definition.output().display());
    shipwheel.image(&[&definition.argument(), "--output", &output])
}

/// What the image's Python says to some statements.
fn said(definition: &Definition, statements: &str) -> String {
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    rootfs.run(&[], &["/opt/venv/bin/python3", "-B", "-c", statements]).0.trim().to_owned()
}

fn write_wheel(definition: &Definition, path: &str, wheel: &SampleWheel) {
    let path = definition.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &wheel.bytes).unwrap();
}

#[test]
fn folders_and_wheels_of_requirements_are_installed_from_their_sources() {
    let definition = over_base("[python]\nlock = \"requirements/prod.txt\"");
    let definition = with_project(definition, ".", "gauge", "dependencies = [\"one[fast]\"]");
    let definition =
        with_project(definition, "libs/one", "one", "[project.optional-dependencies]\nfast = [\"six==1.16.0\"]");
    let definition = with_project(definition, "libs/two", "two", "");
    let definition = with_project(definition, "libs/six", "never", "");
    let four = definition.path().join("libs/two").display().to_string();
    let definition =
        definition.with("requirements/prod.txt", "-r more.txt\n-e .\n./wheels/three-1.0-py3-none-any.whl\n").with(
            "requirements/more.txt",
            &format!("./libs/one\ntwo @ file://{four}\n./libs/six ; sys_platform == 'win32'\nidna==3.7\n"),
        );
    let three = SampleWheel::new("three", "1.0", "py3-none-any", &[("three.py", b"NAME = 'three'\n")]);
    write_wheel(&definition, "wheels/three-1.0-py3-none-any.whl", &three);
    build(&definition).succeeded();
    let names = "import gauge, one, two, three, six, idna, importlib.metadata as m\n\
                 print(gauge.NAME, one.NAME, two.NAME, three.NAME, m.version('six'), m.version('idna'))\n\
                 try: import never\nexcept ImportError: print('only elsewhere')";
    assert_eq!(said(&definition, names), "gauge one two three 1.16.0 3.7\nonly elsewhere");
    let kept = std::fs::read_to_string(definition.path().join("requirements/prod.lock.txt")).unwrap();
    assert!(kept.contains("six==1.16.0") && !kept.contains("three") && !kept.contains('/'), "{kept}");

    let again = build(&definition).succeeded();
    assert!(!again.stderr.contains("lock: locking"), "{}", again.stderr);
    let definition = with_project(definition, "libs/two", "two", "dependencies = [\"iniconfig\"]");
    let again = build(&definition).succeeded();
    assert!(again.stderr.contains("lock: locking"), "a project asks for more: {}", again.stderr);
    assert_eq!(said(&definition, "import iniconfig; print(1)"), "1");
}

#[test]
fn a_line_that_leads_nowhere_or_to_what_may_move_says_what_to_do() {
    let commit = "0".repeat(40);
    for (line, fragments) in [
        ("./libs/none", &["requirements.txt:2: `./libs/none` is not there", "/libs/none", "application's folder"][..]),
        ("./README.md", &["requirements.txt:2: `./README.md` is no wheel"]),
        ("./libs", &["requirements.txt:2: `./libs` cannot be installed", "no pyproject.toml"]),
        (
            "x @ git+https://h.example/x.git@main",
            &["requirements.txt:2: ", "`main`", "`git ls-remote https://h.example/x.git main`"],
        ),
        ("x @ git+https://h.example/x.git", &["requirements.txt:2: ", "ls-remote"]),
        ("git+https://h.example/x.git@COMMIT", &["requirements.txt:2: ", "`NAME @ git+https://h.example/x.git@"]),
        ("x @ git+https://h.example/x.git@COMMIT", &["requirements.txt:2: ", "`allow-build = [\"x\"]`"]),
        ("-e git+ssh://git@h.example/x@COMMIT#egg=x", &["requirements.txt:2: ", "`allow-build = [\"x\"]`"]),
        ("x @ hg+https://h.example/x", &["requirements.txt:2: ", "another kind than git"]),
        (
            "./x-1.0-py3-none-any.whl --hash=sha256:HASH",
            &["requirements.txt:2: `./x-1.0", "which the line does not list"],
        ),
        ("../outside", &["outside of the workspace"]),
    ] {
        let code = if line.contains("HASH") { VERIFICATION } else { CONFIGURATION };
        let (line, hash) = (line.replace("COMMIT", &commit), "0".repeat(64));
        let definition = over_base("[python]\nlock = \"requirements.txt\"")
            .with("README.md", "x")
            .with("libs/x.txt", "x")
            .with("requirements.txt", &format!("six\n{}\n", line.replace("HASH", &hash)));
        let wheel = SampleWheel::new("x", "1.0", "py3-none-any", &[("x.py", b"")]);
        write_wheel(&definition, "x-1.0-py3-none-any.whl", &wheel);
        let outside = definition.path().parent().unwrap().join("outside");
        if line == "../outside" {
            std::fs::create_dir_all(&outside).unwrap();
            std::fs::write(outside.join("pyproject.toml"), "[project]\nname = \"outside\"\nversion = \"1\"\n").unwrap();
        }
        let run = build(&definition);
        assert_eq!(run.code, code, "{line}: {}", run.stderr);
        for fragment in fragments {
            assert!(run.stderr.contains(fragment), "{line}: {fragment} is not in\n{}", run.stderr);
        }
    }
}

/// A package in a folder of a repository, with a submodule in it, and two commits; gives the first.
fn repository(server: &GitServer) -> String {
    let project = "[project]\nname = \"far\"\nversion = \"1.0\"\ndependencies = [\"six==1.16.0\"]\n\
        [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    server.commit("part", &[("__init__.py", "NAME = 'part'\n")]);
    server.commit("far", &[("README.md", "x")]);
    let shell = Shell::new().unwrap();
    shell.change_dir(server.folder("far"));
    let url = server.url("part");
    cmd!(shell, "git submodule --quiet add {url} python/far/part").quiet().ignore_stderr().run().unwrap();
    let first =
        server.commit("far", &[("python/pyproject.toml", project), ("python/far/__init__.py", "NAME = 'first'\n")]);
    server.commit("far", &[("python/far/__init__.py", "NAME = 'second'\n")]);
    first
}

const FAR: &str = "import far, six, far.part; print(far.NAME, far.part.NAME, six.__version__)";

#[test]
fn a_commit_of_git_is_built_where_its_name_is_allowed_and_kept() {
    let server = GitServer::start();
    let commit = repository(&server);
    let line = format!("far @ git+{}@{commit}#subdirectory=python\n", server.url("far"));
    let definition = over_base("[python]\nlock = \"requirements.txt\"").with("requirements.txt", &line);
    let requests = server.requests();
    build(&definition).failed(CONFIGURATION, &["requirements.txt:1: ", "`allow-build = [\"far\"]`"]);
    assert_eq!(server.requests(), requests, "nothing is fetched that may not be built");
    let cache = definition.path().join("cache");
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.display());
    let definition = definition.and("allow-build = [\"far\"]");
    build_with(&definition, &shipwheel).succeeded();
    assert_eq!(said(&definition, FAR), "first part 1.16.0");
    let (requests, kept) = (server.requests(), definition.path().join("requirements.lock.txt"));
    std::fs::remove_file(&kept).unwrap();
    build_with(&definition, &shipwheel).succeeded();
    assert_eq!(server.requests(), requests, "a commit is fetched once");

    // Everything pinned: the line stays as it is.
    let kept = std::fs::read_to_string(kept).unwrap();
    let definition = definition.with("requirements.txt", &format!("{kept}{line}"));
    build_with(&definition, &shipwheel).succeeded();
    assert_eq!(said(&definition, FAR), "first part 1.16.0");
}

#[test]
fn a_branch_is_what_the_lock_of_uv_pinned() {
    let server = GitServer::start();
    let first = repository(&server);
    let url = server.url("far");
    let project = format!(
        "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"far\"]\n\
         [tool.uv.sources]\nfar = {{ git = \"{url}\", branch = \"old\", subdirectory = \"python\" }}\n"
    );
    let shell = Shell::new().unwrap();
    shell.change_dir(server.folder("far"));
    cmd!(shell, "git branch old {first}").quiet().run().unwrap();
    let definition = over_base("[python]\nlock = \"uv.lock\"").with("pyproject.toml", &project);
    uv_lock(&definition);
    cmd!(shell, "git branch --force old main").quiet().run().unwrap();
    build(&definition).failed(CONFIGURATION, &["far 1.0", "comes from the repository", "`allow-build = [\"far\"]`"]);
    let definition = definition.and("allow-build = [\"far\"]");
    build(&definition).succeeded();
    assert_eq!(said(&definition, FAR), "first part 1.16.0");
}

fn uv_lock(definition: &Definition) {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    shell.change_dir(definition.path());
    cmd!(shell, "{uv} lock --quiet").quiet().run().unwrap();
}

#[test]
fn a_pointer_into_a_store_of_large_files_is_not_installed_for_the_file() {
    let server = GitServer::start();
    let project = "[project]\nname = \"far\"\nversion = \"1.0\"\n\
        [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    let files = [
        ("pyproject.toml", project),
        ("far/__init__.py", ""),
        ("far/model.bin", pointer),
        (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"),
    ];
    let commit = server.commit("large", &files);
    let line = format!("far @ git+{}@{commit}\n", server.url("large"));
    let definition = over_base("[python]\nlock = \"requirements.txt\"\nallow-build = [\"far\"]");
    let run = build(&definition.with("requirements.txt", &line));
    run.failed(CONFIGURATION, &["far/model.bin is a pointer of Git LFS", "`accept` it"]);
}

#[test]
fn every_source_of_a_uv_lock_is_installed() {
    let wheel = SampleWheel::new("far", "2.0", "py3-none-any", &[("far.py", b"NAME = 'far'\n")]);
    let file = "far-2.0-py3-none-any.whl";
    let server =
        shipwheel_tests::Server::start([(format!("/{file}"), shipwheel_tests::Answer::Whole(wheel.bytes.clone()))]);
    let definition = over_base("[python]\nlock = \"uv.lock\"\nextras = [\"fast\"]\ngroups = [\"ops\"]");
    let sources = format!(
        "dependencies = [\"core\", \"far\", \"near\", \"plain\"]\n[project.optional-dependencies]\nfast = [\"quick\"]\n\
         [dependency-groups]\nops = [\"grouped\"]\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n[tool.uv.sources]\n\
         core = {{ workspace = true }}\nquick = {{ path = \"libs/quick\", editable = true }}\n\
         grouped = {{ path = \"libs/grouped\" }}\nplain = {{ path = \"libs/plain\" }}\n\
         near = {{ path = \"wheels/near-1.0-py3-none-any.whl\" }}\nfar = {{ url = \"{}\" }}\n",
        server.url(&format!("/{file}"))
    );
    let definition = with_project(definition, ".", "app", &sources);
    let definition = with_project(
        definition,
        "packages/core",
        "core",
        "dependencies = [\"leaf\"]\n[tool.uv.sources]\nleaf = { workspace = true }",
    );
    let definition = with_project(definition, "packages/leaf", "leaf", "");
    let mut definition = with_project(definition, "packages/other", "other", "");
    for name in ["quick", "grouped", "plain"] {
        definition = with_project(definition, &format!("libs/{name}"), name, "");
    }
    let near = SampleWheel::new("near", "1.0", "py3-none-any", &[("near.py", b"NAME = 'near'\n")]);
    write_wheel(&definition, "wheels/near-1.0-py3-none-any.whl", &near);
    uv_lock(&definition);
    build(&definition).succeeded();
    let names = "import core, leaf, far, near, plain, quick, grouped\n\
                 print(*(it.NAME for it in (core, leaf, far, near, plain, quick, grouped)))\n\
                 try: import other\nexcept ImportError: print('no one asks')";
    assert_eq!(said(&definition, names), "core leaf far near plain quick grouped\nno one asks");
    let definition = definition.replacing("extras = [\"fast\"]\ngroups = [\"ops\"]", "");
    build(&definition).succeeded();
    let names = "import importlib.util as u; print([n for n in ('core', 'quick', 'grouped') if u.find_spec(n)])";
    assert_eq!(said(&definition, names), "['core']");
}

#[test]
fn what_a_pipfile_lock_has_that_is_on_no_index_is_installed() {
    let server = GitServer::start();
    let commit = repository(&server);
    let lock = format!(
        r#"{{"_meta": {{"sources": []}}, "default": {{
            "app": {{"editable": true, "path": "."}},
            "near": {{"path": "./libs/near", "markers": "python_version >= '3.8'"}},
            "far": {{"git": "{}", "ref": "{commit}", "subdirectory": "python"}}}},
            "develop": {{"tool": {{"path": "./libs/tool"}}}}}}"#,
        server.url("far")
    );
    let definition =
        over_base("[python]\nlock = \"Pipfile.lock\"\nallow-build = [\"far\"]").with("Pipfile.lock", &lock);
    let definition = with_project(with_project(definition, ".", "app", ""), "libs/near", "near", "");
    let definition = with_project(definition, "libs/tool", "tool", "");
    build(&definition).succeeded();
    let names = "import app, near, far; print(app.NAME, near.NAME, far.NAME)\n\
                 try: import tool; print(tool.NAME)\nexcept ImportError: print('no tool')";
    assert_eq!(said(&definition, names), "app near first\nno tool");
    let toml = std::fs::read_to_string(definition.path().join("image.toml")).unwrap();
    let definition = definition.and("groups = [\"dev\"]");
    build(&definition).succeeded();
    assert_eq!(said(&definition, names), "app near first\ntool");
    let definition = definition.with("image.toml", &(toml.clone() + "groups = [\"docs\"]\n"));
    build(&definition).failed(CONFIGURATION, &["Pipfile.lock has no group `docs`", "it has develop"]);
    let definition = definition.with("image.toml", &toml);

    let pipfile = "[packages]\napp = { editable = true, path = \".\" }\n";
    let hash = format!("\"_meta\": {{\"hash\": {{\"sha256\": \"{}\"}}, ", "1".repeat(64));
    let definition = definition.with("Pipfile", pipfile).with("Pipfile.lock", &lock.replace("\"_meta\": {", &hash));
    build(&definition).failed(CONFIGURATION, &["Pipfile.lock is out of date", "another Pipfile", "`pipenv lock`"]);
}

#[test]
fn folders_of_a_pylock_are_installed_by_its_markers() {
    let lock = "lock-version = \"1.0\"\ncreated-by = \"x\"\nextras = [\"fast\"]\n\
        [[packages]]\nname = \"near\"\ndirectory = { path = \"libs\", subdirectory = \"near\", editable = true }\n\
        [[packages]]\nname = \"quick\"\nmarker = \"'fast' in extras\"\ndirectory = { path = \"libs/quick\" }\n\
        [[packages]]\nname = \"win\"\nmarker = \"sys_platform == 'win32'\"\ndirectory = { path = \"libs/none\" }\n";
    let definition = over_base("[python]\nlock = \"pylock.toml\"").with("pylock.toml", lock);
    let definition = with_project(with_project(definition, "libs/near", "near", ""), "libs/quick", "quick", "");
    build(&definition).succeeded();
    let names = "import importlib.util as u; print([n for n in ('near', 'quick') if u.find_spec(n)])";
    assert_eq!(said(&definition, names), "['near']");
    let definition = definition.and("extras = [\"fast\"]");
    build(&definition).succeeded();
    assert_eq!(said(&definition, names), "['near', 'quick']");
}
