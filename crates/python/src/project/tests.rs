//! Projects of every backend: which files their wheels have, and what makes a project not static.

use std::collections::BTreeMap;

use super::{Content, FileKind, NotStatic, ProjectFiles, StaticWheel, VersionTool, static_wheel, version_tool};

/// A project in lines: `PATH`, `PATH*` for an executable, `PATH@` for a link, `PATH = TEXT`.
pub(super) fn wheel_of(pyproject: &str, files: &[&str]) -> Result<StaticWheel, NotStatic> {
    with_version(pyproject, files, None)
}

fn with_version(pyproject: &str, files: &[&str], version: Option<&str>) -> Result<StaticWheel, NotStatic> {
    let mut kinds = BTreeMap::new();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for line in files {
        let (path, text) = line.split_once(" = ").unwrap_or((line, ""));
        let (path, kind) = match (path.strip_suffix('*'), path.strip_suffix('@')) {
            (Some(path), _) => (path, FileKind::Plain { executable: true }),
            (None, Some(path)) => (path, FileKind::Link),
            (None, None) => (path, FileKind::Plain { executable: false }),
        };
        kinds.insert(path.to_owned(), kind);
        texts.insert(path.to_owned(), text.replace("\\n", "\n"));
    }
    let read = |path: &str| texts.get(path).cloned();
    let gitignore = texts.get(".gitignore").cloned();
    let files = ProjectFiles {
        files: &kinds,
        read: &read,
        gitignore: gitignore.as_deref(),
        in_git: gitignore.is_some(),
        version,
    };
    static_wheel(pyproject, &files)
}

/// A pyproject.toml for a backend, with further tables.
fn project(backend: &str, more: &str) -> String {
    let requires = match backend {
        "setuptools.build_meta" => "setuptools",
        "hatchling.build" => "hatchling",
        "flit_core.buildapi" => "flit_core >=3.2,<4",
        "poetry.core.masonry.api" => "poetry-core>=1.0",
        "poetry.masonry.api" => "poetry>=0.12",
        "pdm.backend" => "pdm-backend",
        _ => "uv_build>=0.8",
    };
    format!(
        "[build-system]\nrequires = [\"{requires}\"]\nbuild-backend = \"{backend}\"\n[project]\nname = \"my-app\"\nversion = \
         \"1.0\"\n{more}"
    )
}

/// The paths of a wheel's files outside of `.dist-info`, with `< SOURCE` where a file comes from elsewhere.
fn shown(wheel: Result<StaticWheel, NotStatic>) -> String {
    match wheel {
        Ok(wheel) => {
            let files = wheel.files.iter().filter(|(path, _)| !path.contains(".dist-info/"));
            let lines = files.map(|(to, content)| match content {
                Content::File { path, .. } if path == to => to.clone(),
                Content::File { path, .. } => format!("{to}<{path}"),
                Content::Text(_) => format!("{to}!"),
            });
            lines.collect::<Vec<_>>().join(" ")
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn each_backend_has_its_own_files() {
    let (setuptools, hatchling) = ("setuptools.build_meta", "hatchling.build");
    let (flit, poetry, pdm, uv) = ("flit_core.buildapi", "poetry.core.masonry.api", "pdm.backend", "uv_build");
    let find = "[tool.setuptools.packages.find]\nwhere = ['lib']\ninclude = ['my*']\n";
    let wheel = "[tool.hatch.build.targets.wheel]\n";
    for (backend, more, files, expected) in [
        (
            setuptools,
            "",
            &["my_app/__init__.py", "my_app/a.txt", "my_app/py.typed", "tests/t.py"][..],
            "my_app/__init__.py my_app/py.typed",
        ),
        (setuptools, "", &["src/my_app/a.py", "src/one.py", "x.py"], "my_app/a.py<src/my_app/a.py one.py<src/one.py"),
        (setuptools, "", &["only.py", "setup.py = from setuptools import setup\\nsetup()\\n"], "only.py"),
        (
            setuptools,
            "",
            &["a/__init__.py", "b/__init__.py"],
            "error: setuptools refuses several packages at the top (`a`, `b`)",
        ),
        (setuptools, "[tool.setuptools]\npy-modules = ['a']\n", &["a.py", "b.py"], "a.py"),
        (setuptools, find, &["lib/my_app/x/a.py", "lib/other/b.py"], "my_app/x/a.py<lib/my_app/x/a.py"),
        (
            setuptools,
            "[tool.setuptools.package-data]\nmy_app = ['d/*.txt']\n",
            &["my_app/a.py", "my_app/d/x.txt", "my_app/d/x.bin"],
            "my_app/a.py my_app/d/x.txt",
        ),
        (
            setuptools,
            "",
            &["my_app/a.py", "my_app/d/x.txt", "MANIFEST.in = recursive-include my_app *.txt\\n"],
            "my_app/a.py my_app/d/x.txt",
        ),
        (
            setuptools,
            "",
            &["my_app/a.py", "setup.py = import os\\n"],
            "error: setup.py is more than a call of `setup()`: `import os`",
        ),
        (setuptools, "", &["my_app/a.py", "setup.cfg = [options]\\n"], "error: setup.cfg has `[options]`"),
        (
            setuptools,
            "[[tool.setuptools.ext-modules]]\nname = 'x'\n",
            &["my_app/a.py"],
            "error: pyproject.toml has `tool.setuptools.ext-modules`",
        ),
        (
            hatchling,
            "",
            &["my_app/__init__.py", "my_app/a.pyc", "my_app/d/x.bin", "tests/t.py"],
            "my_app/__init__.py my_app/d/x.bin",
        ),
        (
            hatchling,
            "",
            &["src/my_app/__init__.py", ".gitignore = *.log\\n", "src/my_app/x.log"],
            "my_app/__init__.py<src/my_app/__init__.py",
        ),
        (hatchling, "", &["my_app.py", "x.py"], "my_app.py"),
        (hatchling, "", &["ns/my_app/__init__.py"], "ns/my_app/__init__.py"),
        (hatchling, "", &["app/__init__.py"], "error: hatchling finds no package of the project's name"),
        (
            hatchling,
            &format!("{wheel}packages = ['src/app', 'two']\nexclude = ['*.txt']\n"),
            &["src/app/a.py", "src/app/x.txt", "two/b.py"],
            "app/a.py<src/app/a.py two/b.py",
        ),
        (
            hatchling,
            &format!("{wheel}only-include = ['src/app', 'x.py']\nsources = ['src']\n"),
            &["src/app/a.py", "x.py"],
            "app/a.py<src/app/a.py x.py",
        ),
        (hatchling, &format!("{wheel}include = ['/app/**/*.py']\n"), &["app/a.py", "app/a.txt", "b.py"], "app/a.py"),
        (
            hatchling,
            &format!(
                "{wheel}packages = ['app']\n{}",
                "[tool.hatch.build.targets.wheel.force-include]\n'data/x' = 'app/y'\n"
            ),
            &["app/a.py", "data/x"],
            "app/a.py app/y<data/x",
        ),
        (
            hatchling,
            "[tool.hatch.build.hooks.custom]\npath = 'x.py'\n",
            &["my_app/__init__.py"],
            "error: pyproject.toml has `tool.hatch.build.hooks`",
        ),
        (
            flit,
            "description = 'x'\n",
            &["my_app/__init__.py", "my_app/x.bin", "other/a.py"],
            "my_app/__init__.py my_app/x.bin",
        ),
        (flit, "description = 'x'\n", &["src/my_app.py"], "my_app.py<src/my_app.py"),
        (flit, "description = 'x'\n[tool.flit.module]\nname = 'ns.app'\n", &["ns/app/a.py"], "ns/app/a.py"),
        (flit, "description = 'x'\n", &["my_app.py", "src/my_app.py"], "error: flit finds several modules `my_app`"),
        (poetry, "", &["my_app/a.py", "my_app/x.txt", "tests/t.py"], "my_app/a.py my_app/x.txt"),
        (
            poetry,
            "[[tool.poetry.packages]]\ninclude = 'app'\nfrom = 'lib'\nto = 'x'\n",
            &["lib/app/a.py"],
            "x/app/a.py<lib/app/a.py",
        ),
        (poetry, "[tool.poetry]\nexclude = ['my_app/x']\n", &["my_app/a.py", "my_app/x/b.py"], "my_app/a.py"),
        (
            poetry,
            "[tool.poetry]\ninclude = ['x.txt']\n",
            &["my_app/a.py"],
            "error: `tool.poetry.include` does not say for which formats",
        ),
        (
            poetry,
            "",
            &["my_app/a.py", "my_app/x.log", ".gitignore = *.log\\n"],
            "error: only git knows whether `my_app/x.log` is ignored",
        ),
        (
            poetry,
            "[tool.poetry.build]\nscript = 'b.py'\n",
            &["my_app/a.py"],
            "error: pyproject.toml has `tool.poetry.build`",
        ),
        (
            pdm,
            "",
            &["my_app/__init__.py", "my_app/x.txt", "two/__init__.py", "data/x"],
            "my_app/__init__.py my_app/x.txt two/__init__.py",
        ),
        (pdm, "", &["src/my_app/__init__.py", "x/__init__.py"], "my_app/__init__.py<src/my_app/__init__.py"),
        (pdm, "", &["a.py", "b.py"], "a.py b.py"),
        (
            pdm,
            "[tool.pdm.build]\nincludes = ['app']\nexcludes = ['app/x*']\n",
            &["app/a.py", "app/x1", "app/x2/y"],
            "app/a.py",
        ),
        (
            pdm,
            "",
            &["my_app/__init__.py", "pdm_build.py"],
            "error: its build runs code of its own (pdm_build.py, `is-purelib`)",
        ),
        (
            uv,
            "",
            &["src/my_app/__init__.py", "src/my_app/x.txt", "src/two/a.py"],
            "my_app/__init__.py<src/my_app/__init__.py my_app/x.txt<src/my_app/x.txt",
        ),
        (
            uv,
            "[tool.uv.build-backend]\nmodule-root = ''\nmodule-name = 'ns.app'\n",
            &["ns/app/__init__.py"],
            "ns/app/__init__.py",
        ),
        (
            uv,
            "[tool.uv.build-backend]\nmodule-name = 'ns'\nnamespace = true\n",
            &["src/ns/a/b.py"],
            "ns/a/b.py<src/ns/a/b.py",
        ),
        (uv, "", &["my_app/__init__.py"], "error: uv_build finds no `src/my_app/__init__.py`"),
        (uv, "", &["src/my_app/__init__.py", "src/my_app/x@"], "error: `src/my_app/x` is a link"),
        // The name of poetry-core's in Poetry, which had it in itself before.
        ("poetry.masonry.api", "", &["my_app/__init__.py", "my_app/a.txt"], "my_app/__init__.py my_app/a.txt"),
        ("maturin", "", &["my_app/__init__.py"], "error: its build backend is `maturin`"),
    ] {
        assert_eq!(shown(wheel_of(&project(backend, more), files)), expected, "{backend} {more} {files:?}");
    }
}

#[test]
fn a_setup_py_with_plain_values_stands_for_a_project_table() {
    let files = ["my_app/__init__.py", "my_app/a.txt", "my_app/sub/__init__.py", "one.py", "lib/two/__init__.py"];
    let all = "my_app/__init__.py my_app/a.txt my_app/sub/__init__.py";
    for (more, expected) in [
        ("packages=['my_app'], py_modules=['one']", "my_app/__init__.py one.py"),
        ("packages=find_packages(exclude=['*.sub'])", "my_app/__init__.py"),
        ("packages=find_packages(), package_data={'my_app': ['*.txt']}", all),
        ("packages=find_packages('lib'), package_dir={'': 'lib'}", "two/__init__.py<lib/two/__init__.py"),
        ("packages=find_packages('lib')", "error: setup.py searches `lib`, and `package_dir` names `.`"),
        ("packages=['my_app'], cmdclass={}", "error: setup.py has `cmdclass`"),
        ("packages=['my_app'], zip_safe=False, ext_modules=[]", "error: setup.py has `ext_modules`"),
        ("packages=['my_app'] + MORE", "error: setup.py computes `packages`"),
        ("packages=NAMES", "my_app/__init__.py"),
        ("packages=['my_app'], install_requires=open('x').readlines()", "error: setup.py computes `install_requires`"),
        ("packages='my_app'", "error: setup.py gives `packages` a value that is not read here"),
        ("packages=['my_app'], **MORE", "error: setup.py calls `setup()` with more than keywords"),
        ("packages=['gone']", "error: the package `gone` has no folder of its own"),
    ] {
        let text = format!(
            r#"setup.py = """Ours."""\nfrom setuptools import setup, find_packages  # both\n\nNAMES = [\n    'my_app',\n]\n
            \nif __name__ == '__main__':\n    setup(\n        name='my-app', version='1.0',\n        {more},\n    )\n"#
        );
        let files: Vec<&str> = files.iter().copied().chain([text.as_str()]).collect();
        // What pyproject.toml says of other things changes nothing.
        let tools = "[build-system]\nrequires = ['setuptools']\n[tool.black]\nline-length = 100\n";
        for pyproject in ["", tools] {
            assert_eq!(shown(wheel_of(pyproject, &files)), expected, "{more}");
        }
    }
}

#[test]
fn a_setup_py_that_does_more_is_not_static() {
    for (text, line) in [
        (r"import os\nsetup(name='a')", "import os"),
        ("from distutils.core import setup", "from distutils.core import setup"),
        (r"A = open('x')\nsetup(name='a')", "A = open('x')"),
        (r"A = 'x'\nA = 'y'\nsetup(name=A)", "A = 'y'"),
        (r"setup(name='a')\nprint(1)", "print(1)"),
        (r"setup(name='a')\nsetup(name='b')", "setup(name='b')"),
        ("setup(name='a').run()", "setup(name='a').run()"),
        (r"setup(name='a',\n version='1'); print(1)", "setup(name='a',"),
    ] {
        let error = wheel_of("", &["a/__init__.py", &format!(r"setup.py = {text}\n")]).expect_err(text).to_string();
        assert_eq!(error, format!("setup.py does more than to call `setup()` with plain values: `{line}`"), "{text}");
    }
    for (text, expected) in [
        ("setup(name=f'a')", "setup.py computes `name`"),
        (r"setup(name='\x61')", "setup.py computes `name`"),
        (r"setup(name='a', version=VERSION)\nVERSION = '1'", "setup.py computes `version`"),
        ("setup('a')", "setup.py calls `setup()` with more than keywords"),
        ("import setuptools", "setup.py does not call `setup()`"),
        ("setup(version='1')", "its setup.py says no name"),
        ("setup(name='a')", "nothing says its version"),
        ("setup(name='a', version='1', long_description='x')", "setup.py does not say the type of `long_description`"),
    ] {
        let error = wheel_of("", &["a/__init__.py", &format!(r"setup.py = {text}\n")]).expect_err(text).to_string();
        assert_eq!(error, expected, "{text}");
    }
    let setuptools = "[build-system]\nrequires = ['setuptools']\n[tool.setuptools]\nzip-safe = false\n";
    let hatchling = "[build-system]\nbuild-backend = 'hatchling.build'\n";
    let (script, cfg) = (r"setup.py = setup(name='a')\n", r"setup.cfg = [metadata]\nname = b\n");
    for (pyproject, files, expected) in [
        (setuptools, &[script][..], "setup.py describes it, and pyproject.toml has `tool.setuptools`"),
        ("", &[script, cfg], "setup.cfg has `[metadata]`"),
        ("", &[cfg], "its pyproject.toml says no name"),
        (hatchling, &[script], "its pyproject.toml says no name"),
    ] {
        assert_eq!(wheel_of(pyproject, files).expect_err(expected).to_string(), expected);
    }
}

#[test]
fn what_may_run_code_is_not_static() {
    let toml =
        |text: &str| format!("[build-system]\nbuild-backend = 'hatchling.build'\nrequires = ['hatchling']\n{text}");
    for (text, expected) in [
        (
            "[project]\nname = 'a'\ndynamic = ['version']\n[tool.hatch.version]\nsource = 'code'\npath = 'x.py'\n",
            "its version comes from `code`",
        ),
        ("[project]\nname = 'a'\nversion = '1'\ndynamic = ['dependencies']\n", "`dependencies` is dynamic"),
        ("[project]\nname = 'a'\nversion = 'x y'\n", "its version `x y` is not valid"),
        ("[project]\nname = 'a'\n", "nothing says its version"),
        ("[project]\nversion = '1'\n", "its pyproject.toml says no name"),
        ("[project]\nname = 'a'\nversion = '1'\nimport-names = []\n", "pyproject.toml has `project.import-names`"),
        (
            "[project]\nname = 'a'\nversion = '1'\n[tool.hatch.metadata.hooks.x]\ny = 1\n",
            "pyproject.toml has `tool.hatch.metadata.hooks`",
        ),
        ("[project]\nname = 'a'\nversion = '1'\nreadme = 'no.md'\n", "`no.md` is not a file of it"),
        ("[project]\nname = 'a'\nversion = '1'\ndescription = 3\n", "`project.description` is not a string"),
        (
            "[project]\nname = 'a'\nversion = '1'\nkeywords = [\"a\\nEvil: b\"]\n",
            "the Keywords of its metadata has several lines",
        ),
        (
            "[project]\nname = 'a'\nversion = '1'\n[project.scripts]\n\"x\\n[y]\" = 'a:b'\n",
            "the entry point `x\n[y]` is not one line",
        ),
        ("x", "its pyproject.toml is not TOML"),
    ] {
        let error = wheel_of(&toml(text), &["a/__init__.py"]).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
    for (requires, backend_path, expected) in [
        (
            "['hatchling', 'hatch-fancy-pypi-readme']",
            "",
            "its build requires hatch-fancy-pypi-readme, which may change what is built",
        ),
        ("['hatchling']", "backend-path = ['.']\n", "pyproject.toml has `build-system.backend-path`"),
    ] {
        let text = format!(
            "[build-system]\nbuild-backend = 'hatchling.build'\nrequires = {requires}\n{backend_path}[project]\nname = 'a'\nversion = '1'\n"
        );
        assert_eq!(wheel_of(&text, &["a/__init__.py"]).expect_err(&text).to_string(), expected);
    }
}

#[test]
fn a_version_is_read_where_it_is_a_plain_line_or_given() {
    let head = |backend: &str, requires: &str, more: &str| {
        format!(
            "[build-system]\nbuild-backend = '{backend}'\nrequires = ['{requires}']\n[project]\nname = 'a'\ndynamic = ['version']\n{more}"
        )
    };
    let hatch = |more: &str| head("hatchling.build", "hatchling", more);
    let vcs = head("hatchling.build", "hatch-vcs", "[tool.hatch.version]\nsource = 'vcs'\n");
    let scm = head("setuptools.build_meta", "setuptools_scm[toml]>=8", "");
    let pdm = head("pdm.backend", "pdm-backend", "[tool.pdm.version]\nsource = 'scm'\n");
    let attribute = "[tool.setuptools.dynamic]\nversion = {attr = 'a.__version__'}\n";
    let line = ["a/__init__.py = __version__ = '1.2'\\n"];
    for (text, files, given, expected) in [
        (hatch("[tool.hatch.version]\npath = 'a/__init__.py'\n"), &line[..], None, "1.2"),
        (head("setuptools.build_meta", "setuptools", attribute), &line, None, "1.2"),
        (
            head("setuptools.build_meta", "setuptools", "[tool.setuptools.dynamic]\nversion = {file = 'V'}\n"),
            &["a/x.py", "V = 1.3\\n"],
            None,
            "1.3",
        ),
        (head("flit_core.buildapi", "flit_core", "description = 'x'\n"), &line, None, "1.2"),
        (
            head("pdm.backend", "pdm-backend", "[tool.pdm.version]\nsource = 'file'\npath = 'a/__init__.py'\n"),
            &line,
            None,
            "1.2",
        ),
        (vcs.clone(), &line, Some("1.4.dev3"), "1.4.dev3"),
        (scm.clone(), &["a/x.py"], Some("1.5"), "1.5"),
        (pdm.clone(), &line, Some("1.6"), "1.6"),
        (vcs.clone(), &line, None, "error: its version comes from tags of git (hatch-vcs)"),
        (scm.clone(), &["a/x.py"], None, "error: its version comes from tags of git (setuptools-scm)"),
        (pdm.clone(), &line, None, "error: its version comes from tags of git (pdm-backend)"),
        (
            scm.clone(),
            &["a/x.py", "a/x.txt"],
            Some("1"),
            "error: setuptools-scm takes what git tracks, and `a/x.txt` is not a module",
        ),
    ] {
        let found = with_version(&text, files, given);
        let found = found.map_or_else(|error| format!("error: {error}"), |wheel| wheel.version.to_string());
        assert_eq!(found, expected, "{text}");
    }
    let tools = [&vcs, &scm, &pdm].map(|text| version_tool(text));
    assert_eq!(tools, [VersionTool::HatchVcs, VersionTool::SetuptoolsScm, VersionTool::Pdm].map(Some));
    assert_eq!(version_tool(&hatch("")), None);
}

#[test]
fn the_metadata_has_what_the_project_says() {
    let more = "description = 'An  app'\nrequires-python = '>=3.9'\nreadme = 'README.md'\nlicense = 'MIT'\n\
                authors = [{name = 'A. B', email = 'a@example.org'}, {name = 'C'}]\ndependencies = ['x>=1', 'y; python_version<\"3.12\"']\n\
                [project.optional-dependencies]\nFast_One = ['z', 'w ; os_name == \"a\" or os_name == \"b\"']\n\
                [project.scripts]\nb = 'my_app:b'\na = 'my_app:a'\n[project.entry-points.plug]\nx = 'my_app'\n";
    let files = ["my_app/__init__.py", "README.md = # Hi\\n", "LICENSE = MIT\\n", "my_app/run*"];
    let wheel = wheel_of(&project("hatchling.build", more), &files).expect("static");
    assert_eq!(wheel.file_name(), "my_app-1.0-py3-none-any.whl");
    let text = |name: &str| match &wheel.files[&format!("my_app-1.0.dist-info/{name}")] {
        Content::Text(text) => text.clone(),
        Content::File { path, .. } => format!("<{path}"),
    };
    assert_eq!(
        text("METADATA"),
        "Metadata-Version: 2.4\nName: my-app\nVersion: 1.0\nLicense-File: LICENSE\nSummary: An app\nRequires-Python: >=3.9\n\
         Author: C\nAuthor-email: \"A. B\" <a@example.org>\nLicense-Expression: MIT\nRequires-Dist: x>=1\n\
         Requires-Dist: y; python_version<\"3.12\"\nProvides-Extra: fast-one\nRequires-Dist: z; extra == \"fast-one\"\n\
         Requires-Dist: w; (os_name == \"a\" or os_name == \"b\") and extra == \"fast-one\"\n\
         Description-Content-Type: text/markdown\n\n# Hi\n"
    );
    assert_eq!(text("entry_points.txt"), "[console_scripts]\na = my_app:a\nb = my_app:b\n\n[plug]\nx = my_app\n\n");
    assert_eq!(text("licenses/LICENSE"), "<LICENSE");
    let bytes = wheel.archive(|path| Ok::<_, zip::result::ZipError>(format!("{path}\n").into_bytes())).expect("small");
    let name = wheel.file_name().parse().expect("a wheel's name");
    let opened = crate::wheel::Wheel::open(name, std::sync::Arc::new(bytes)).expect("a sound wheel");
    let executable = |path: &str| opened.member(path).expect("there").executable;
    assert!(executable("my_app/run") && !executable("my_app/__init__.py"));
    assert_eq!(opened.dependencies().expect("valid").len(), 4);
}

#[test]
fn an_empty_wheel_says_what_the_full_one_does() {
    let text = "Metadata-Version: 2.4\nName: My.App\nVersion: 1.0\nSummary: x\nRequires-Dist: six\n\
        Requires-Dist: idna; extra == \"fast\"\nProvides-Extra: fast\n\nName: other\n";
    let metadata = crate::CoreMetadata::parse(text).expect("valid");
    assert_eq!((metadata.name.as_str(), metadata.requires.len()), ("my-app", 2));
    assert_eq!(StaticWheel::empty(&metadata).metadata(), Some(metadata));
    assert_eq!(crate::CoreMetadata::parse("Name: a\n"), None);
}
