//! Projects whose files say what their wheels are: the same wheels as the real backends build.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use shipwheel_python::project::{FileKind, ProjectFiles, static_wheel};
use shipwheel_python::{Dependency, VersionSpecifiers};
use shipwheel_tests::uv;
use xshell::{Shell, cmd};

const SETUPTOOLS: &str = "setuptools>=77|setuptools.build_meta";
/// No pyproject.toml at all: the text is that of a setup.py.
const SCRIPT: &str = "setuptools>=77|";
const HATCHLING: &str = "hatchling|hatchling.build";
const FLIT: &str = "flit_core >=3.11,<5|flit_core.buildapi";
const POETRY: &str = "poetry-core>=2.0|poetry.core.masonry.api";
const PDM: &str = "pdm-backend>=2.4|pdm.backend";
const UV: &str = "uv_build>=0.8|uv_build";

/// What all projects have, beside their own files.
const COMMON: [&str; 7] = [
    "README.md = # A project\\n\\nWith a text.\\n",
    "LICENSE = MIT\\n",
    "NOTICE.txt",
    "CHANGELOG.md",
    "docs/index.md",
    ".gitignore = *.log\\n/local/\\n__pycache__/\\n",
    ".editorconfig",
];

/// A package with everything in it that backends treat in ways of their own.
const PACKAGE: [&str; 10] = [
    "PKG/__init__.py = \"\"\"A summary.\\n\\nMore.\\n\"\"\"\\n__version__ = '1.0'\\n",
    "PKG/__main__.py",
    "PKG/py.typed",
    "PKG/data.json",
    "PKG/.hidden",
    "PKG/trace.log",
    "PKG/sub/__init__.py",
    "PKG/sub/run.sh*",
    "PKG/templates/a.html",
    "PKG/__pycache__/x.cpython-311.pyc",
];

/// `[project]` with every field that all backends write alike.
const FULL: &str = "version = '1.0'\ndescription = 'Does  things'\nreadme = 'README.md'\nrequires-python = '>=3.9,<4'\n\
    license = 'MIT'\nkeywords = ['a', 'b']\nauthors = [{name = 'Ann', email = 'ann@example.org'}]\n\
    classifiers = ['Programming Language :: Python :: 3']\n\
    dependencies = ['six>=1.16', 'idna[x]==3.*; python_version < \"3.12\"']\n\
    [project.optional-dependencies]\nFast_One = ['uvloop>=0.1', 'x; os_name == \"a\" or os_name == \"b\"']\n\
    [project.urls]\nHome = 'https://example.invalid/'\n[project.scripts]\nrun-it = 'my_app:main'\nb = 'my_app.sub:x'\n\
    [project.entry-points.'my.plugs']\np = 'my_app:p'\n";

const VERSION: &str = "version = '1.0'\n";

const SHORT: &str = "version = '1.0'\ndescription = 'Short'\n";

struct Case {
    backend: &'static str,
    more: String,
    files: Vec<String>,
}

/// A case with a package in a folder, and further files.
fn case(backend: &'static str, more: impl Into<String>, package: &str, files: &[&str]) -> Case {
    let package = PACKAGE.iter().filter(|_| !package.is_empty()).map(|file| file.replace("PKG", package));
    let files = package.chain(files.iter().chain(&COMMON).map(|file| (*file).to_owned())).collect();
    Case { backend, more: more.into(), files }
}

fn cases() -> Vec<Case> {
    let both = |table: &str| format!("{VERSION}{table}");
    let wheel = |keys: &str| both(&format!("[tool.hatch.build.targets.wheel]\n{keys}"));
    let poetry = |keys: &str| both(&format!("[tool.poetry]\n{keys}"));
    let mut cases = Vec::new();
    for backend in [SETUPTOOLS, HATCHLING, FLIT, POETRY, PDM, UV] {
        cases.push(case(backend, FULL, "src/my_app", &["tests/test_a.py"]));
        if backend != UV {
            cases.push(case(backend, SHORT, "my_app", &["tests/test_a.py", "setup.cfg = [flake8]\\nx = 1\\n"]));
        }
    }
    let set = |keys: &str| both(&format!("[tool.setuptools]\n{keys}"));
    let find = |keys: &str| both(&format!("[tool.setuptools.packages.find]\n{keys}"));
    cases.extend([
        case(SETUPTOOLS, VERSION, "", &["only.py", "setup.py = from setuptools import setup\\n\\nsetup()\\n", "conftest.py"]),
        case(SETUPTOOLS, VERSION, "src/my_app", &["src/single.py", "src/space/deep/x.py", "src/space/deep/x.txt"]),
        case(SETUPTOOLS, set("py-modules = ['a', 'b']\n"), "", &["a.py", "b.py", "c.py"]),
        case(SETUPTOOLS, set("packages = ['my_app', 'two']\n"), "my_app", &["two/a.py", "three/a.py"]),
        case(SETUPTOOLS, find("where = ['lib']\nexclude = ['my_app.sub*']\n"), "lib/my_app", &["lib/two/a.py"]),
        case(SETUPTOOLS, find("include = ['my_app*']\nnamespaces = false\n"), "my_app", &["two/a.py"]),
        case(SETUPTOOLS, both("[tool.setuptools.package-data]\nmy_app = ['*.json', '**/*.html']\n'*' = ['*.sh']\n"), "my_app", &[]),
        case(SETUPTOOLS, both("[tool.setuptools.package-data]\nmy_app = ['**/*']\n[tool.setuptools.exclude-package-data]\nmy_app = ['*.log']\n"), "my_app", &[]),
        case(SETUPTOOLS, VERSION, "my_app", &["MANIFEST.in = graft my_app\\nglobal-exclude *.log *.py[cod]\\ninclude *.md\\n"]),
        case(SETUPTOOLS, VERSION, "src/my_app", &["MANIFEST.in = recursive-include src/my_app *.html *.json\\nprune src/my_app/templates\\n# c\\n"]),
        case(SETUPTOOLS, set("include-package-data = false\n"), "my_app", &["MANIFEST.in = recursive-include my_app *\\n"]),
        case(SETUPTOOLS, both("[tool.setuptools.package-dir]\n'' = 'lib'\n"), "lib/my_app", &[]),
        case(SETUPTOOLS, "dynamic = ['version', 'dependencies']\n[tool.setuptools.dynamic]\nversion = {attr = 'my_app.__version__'}\ndependencies = {file = 'requirements.txt'}\n", "my_app", &["requirements.txt = # c\\nsix>=1\\n\\nidna\\n"]),
        case(HATCHLING, wheel("packages = ['src/my_app', 'lib/two']\nexclude = ['*.json', '/lib/two/x']\n"), "src/my_app", &["lib/two/a.py", "lib/two/x/b.py"]),
        case(HATCHLING, wheel("only-include = ['src/my_app', 'extra.py']\nsources = ['src']\n"), "src/my_app", &["extra.py"]),
        case(HATCHLING, wheel("include = ['/my_app', '*.cfg']\n"), "my_app", &["a.cfg", "other/b.cfg"]),
        case(HATCHLING, wheel("packages = ['app']\n[tool.hatch.build.targets.wheel.sources]\n'app' = 'new'\n"), "app", &[]),
        case(HATCHLING, wheel("packages = ['app']\n[tool.hatch.build.targets.wheel.force-include]\n'docs' = 'app/docs'\n'CHANGELOG.md' = 'app/CHANGES'\n"), "app", &[]),
        case(HATCHLING, both("[tool.hatch.build]\nartifacts = ['*.log']\nignore-vcs = false\n"), "src/my_app", &[]),
        case(HATCHLING, both("[tool.hatch.build]\nignore-vcs = true\n"), "src/my_app", &[]),
        case(HATCHLING, wheel("packages = ['app']\nonly-packages = true\n"), "app", &["app/plain/x.py"]),
        case(HATCHLING, VERSION, "", &["my_app.py", "other.py"]),
        case(HATCHLING, VERSION, "space/my_app", &["space/other.py"]),
        case(HATCHLING, "dynamic = ['version']\n[tool.hatch.version]\npath = 'src/my_app/__init__.py'\n", "src/my_app", &[]),
        case(FLIT, "dynamic = ['version', 'description']\n", "my_app", &[]),
        case(FLIT, SHORT, "", &["src/my_app.py"]),
        case(FLIT, format!("{SHORT}[tool.flit.module]\nname = 'space.my_app'\n[tool.flit.sdist]\ninclude = ['docs/']\n"), "space/my_app", &[]),
        case(POETRY, poetry("packages = [{include = 'my_app', from = 'lib'}, {include = 'two.py'}, {include = 'dev', format = 'sdist'}]\n"), "lib/my_app", &["two.py", "dev/a.py"]),
        case(POETRY, poetry("exclude = ['my_app/templates', '**/*.json']\ninclude = [{path = 'docs/*.md', format = ['sdist', 'wheel']}]\n"), "my_app", &[]),
        case(POETRY, poetry("packages = [{include = 'my_app/**/*.py', to = 'deep'}]\n"), "my_app", &[]),
        case(POETRY, VERSION, "", &["my_app.py"]),
        case(PDM, both("[tool.pdm.build]\nincludes = ['my_app', 'docs']\nexcludes = ['**/*.json', 'my_app/templates']\n"), "my_app", &["tests/a.py"]),
        case(PDM, both("[tool.pdm.build]\npackage-dir = 'lib'\nsource-includes = ['my_app/data.json']\n"), "lib/my_app", &["lib/two/__init__.py", "tests/a.py"]),
        case(PDM, "dynamic = ['version']\n[tool.pdm.version]\nsource = 'file'\npath = 'my_app/__init__.py'\n", "my_app", &["two/__init__.py"]),
        case(PDM, VERSION, "", &["one.py", "two.py"]),
        case(UV, both("[tool.uv.build-backend]\nmodule-root = ''\n"), "my_app", &["two/__init__.py"]),
        case(UV, both("[tool.uv.build-backend]\nmodule-name = ['my_app', 'space.two']\n"), "src/my_app", &["src/space/two/__init__.py"]),
        case(UV, both("[tool.uv.build-backend]\nmodule-name = 'space'\nnamespace = true\n"), "src/space/my_app", &["src/space/b/__init__.py"]),
    ]);
    cases
}

/// setup.py with every keyword that is read, in the ways in which they are written.
const SETUP: &str = r##"#!/usr/bin/env python3
"""Ours."""
from setuptools import (
    setup,
    find_packages,
)

VERSION = "1.0"
REQUIRED = [
    "six>=1.16",  # why
    'idna[x]==3.*; python_version < "3.12"',
]

if __name__ == "__main__":
    setup(
        name="My.App",
        version=VERSION,
        description="Does "
        "things",
        long_description="# Ours\n\nIt's \"it\".\n",
        long_description_content_type="text/markdown",
        author="Ann",
        author_email="ann@example.org",
        maintainer="Ben",
        url="https://example.invalid/",
        project_urls={"Source": "https://example.invalid/source"},
        license="MIT",
        classifiers=["Programming Language :: Python :: 3"],
        keywords="a, b",
        platforms="any",
        python_requires=">=3.9,<4",
        packages=find_packages(where="src", exclude=("tests", "tests.*")),
        package_dir={"": "src"},
        package_data={"my_app": ["*.json", "templates/*.html"]},
        install_requires=REQUIRED,
        extras_require={"Fast_One": ["uvloop>=0.1", 'x; os_name == "a" or os_name == "b"']},
        entry_points={
            "console_scripts": ["run-it = my_app:main", "b=my_app.sub:x"],
            "my.plugs": ["p = my_app:p"],
        },
        zip_safe=False,
    )
"##;

/// Projects that only a setup.py describes.
fn scripts() -> Vec<Case> {
    let setup = |more: &str| format!("import setuptools\nsetuptools.setup(name='My.App', version='1.0', {more})\n");
    let ini = setup("packages=['my_app'], entry_points='''\n[console_scripts]\nrun-it = my_app:main\n'''");
    let listed = setup("packages=['my_app', 'my_app.sub'], py_modules=['one'], install_requires='six\\nidna>=3\\n'");
    let manifest = "MANIFEST.in = graft my_app\\n";
    let namespaces = setup("packages=setuptools.find_namespace_packages(include=['my_app*'])");
    vec![
        case(SCRIPT, SETUP, "src/my_app", &["tests/test_a.py"]),
        case(SCRIPT, listed, "my_app", &["one.py", "two.py"]),
        case(SCRIPT, setup("packages=setuptools.find_packages()"), "my_app", &["two/__init__.py", "three/a.py"]),
        case(SCRIPT, namespaces, "my_app", &["two/a.py"]),
        case(SCRIPT, setup("packages=['my_app'], include_package_data=True"), "my_app", &[manifest]),
        case(SCRIPT, setup("packages=['my_app']"), "my_app", &[manifest]),
        case(SCRIPT, ini, "my_app", &["setup.cfg = [flake8]\\nx = 1\\n"]),
        case(SCRIPT, setup("py_modules=['one']"), "", &["one.py", "two.py"]),
        case(SCRIPT, setup(""), "", &["one.py"]),
        case(SCRIPT, setup("description='Found'"), "src/my_app", &["src/one.py"]),
    ]
}

/// Poetry's own table has a pyproject.toml of its own.
const POETRY_TABLE: &str = "[build-system]\nrequires = ['poetry-core>=1.0']\nbuild-backend = 'poetry.core.masonry.api'\n\
    [tool.poetry]\nname = 'my-app'\nversion = '1.0'\ndescription = 'Does things'\nauthors = ['Ann <ann@example.org>', 'Ben']\n\
    license = 'MIT'\nreadme = 'README.md'\nkeywords = ['a']\nhomepage = 'https://example.invalid/'\n\
    [tool.poetry.dependencies]\npython = '^3.11'\nsix = '^1.16'\nidna = '~3.4'\nexact = '1.2.3'\nany = '*'\nwild = '2.*'\n\
    fast = {version = '>=1,<3', optional = true}\nmarked = {version = '^2', extras = ['x'], markers = \"os_name == 'posix'\"}\n\
    [tool.poetry.extras]\nspeed = ['fast']\n[tool.poetry.scripts]\nrun = 'my_app:main'\n\
    [tool.poetry.group.dev.dependencies]\npytest = '*'\n";

fn write(folder: &Path, case: &Case) {
    for line in &case.files {
        let (path, text) = line.split_once(" = ").unwrap_or((line, line));
        let (path, mode) = path.strip_suffix('*').map_or((path, 0o644), |path| (path, 0o755));
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text.replace("\\n", "\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let (requires, backend) = case.backend.split_once('|').unwrap();
    // flit takes the name as it is.
    let name = if case.backend == FLIT { "my-app" } else { "My.App" };
    let (described, text) = match case.more.as_str() {
        script if case.backend == SCRIPT => ("setup.py", script.to_owned()),
        "" => ("pyproject.toml", POETRY_TABLE.to_owned()),
        more => {
            let system = format!("requires = [\"{requires}\"]\nbuild-backend = \"{backend}\"");
            ("pyproject.toml", format!("[build-system]\n{system}\n[project]\nname = \"{name}\"\n{more}"))
        }
    };
    std::fs::write(folder.join(described), text).unwrap();
}

/// The files of a folder, as shipwheel lists a project's.
fn listed(folder: &Path, below: &str, files: &mut BTreeMap<String, FileKind>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        match entry.file_type().unwrap().is_dir() {
            true if name == "__pycache__" => {}
            true => listed(&entry.path(), &path, files),
            false => {
                let executable = entry.metadata().unwrap().permissions().mode() & 0o100 != 0;
                files.insert(path, FileKind::Plain { executable });
            }
        }
    }
}

/// The wheel's files by path: text, and whether they may be executed.
fn contents(bytes: Vec<u8>) -> BTreeMap<String, (String, bool)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let (path, mode) = (member.name().to_owned().unwrap_or_default().to_string(), member.unix_mode().unwrap_or(0));
        if !path.ends_with('/') {
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            files.insert(path, (text, mode & 0o111 != 0));
        }
    }
    files
}

/// METADATA as a set of fields, each in one form whoever writes it, and the long description.
fn metadata(text: &str) -> BTreeSet<String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut fields: BTreeSet<String> = BTreeSet::from([format!("body {}", body.trim())]);
    for line in head.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        let value = match name {
            // Poetry adds classifiers, setuptools says what it made up, others may add what is imported.
            "Metadata-Version" | "Dynamic" | "Classifier" | "Import-Name" | "Import-Namespace" => continue,
            "Requires-Dist" => {
                let Dependency { name, extras, versions, .. } = value.parse().unwrap();
                let marker = value.split_once(';').map_or("", |(_, marker)| marker);
                let marker = marker.replace('\'', "\"").replace("python_full_version", "python_version");
                let marker = marker.replace(['(', ')'], "").replace(" or ", " and ");
                let marker: BTreeSet<String> = marker.split(" and ").map(|part| part.replace(' ', "")).collect();
                format!("{name} {extras:?} {versions} {marker:?}")
            }
            // The fields of people differ in whether an address stands alone.
            "Author" | "Author-email" | "Author-Email" => {
                let words = value.split([' ', ',', '<', '>', '"']).filter(|word| !word.is_empty());
                fields.extend(words.map(|word| format!("Author {word}")));
                continue;
            }
            "Summary" if value.trim().is_empty() => continue,
            "Requires-Python" => {
                let versions = value.parse::<VersionSpecifiers>().unwrap();
                let texts: BTreeSet<String> = versions.iter().map(ToString::to_string).collect();
                format!("{texts:?}").replace(".0\"", "\"")
            }
            "Description-Content-Type" => value.split(';').next().unwrap().to_owned(),
            "Summary" => value.split_whitespace().collect::<Vec<_>>().join(" "),
            _ => value.trim().to_owned(),
        };
        fields.insert(format!("{name}: {value}"));
    }
    fields
}

fn entry_points(text: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix('[') {
            Some(name) => section = name,
            None => drop(found.insert(format!("{section} {}", line.replace(' ', "")))),
        }
    }
    found
}

/// What differs between the wheel of shipwheel and that of a backend.
fn differences(ours: &BTreeMap<String, (String, bool)>, theirs: &BTreeMap<String, (String, bool)>) -> Vec<String> {
    let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut found = Vec::new();
    for path in paths.into_iter().filter(|path| !path.contains("/__pycache__/")) {
        let name = path.split_once(".dist-info/").map_or("", |(_, name)| name);
        match (ours.get(path), theirs.get(path)) {
            (Some(_), None) => found.push(format!("+ {path}")),
            (None, Some(_)) => found.push(format!("- {path}")),
            (Some((one, _)), Some((other, _))) if name == "METADATA" => {
                let (one, other) = (metadata(one), metadata(other));
                found.extend(one.difference(&other).map(|field| format!("+ {field}")));
                found.extend(other.difference(&one).map(|field| format!("- {field}")));
            }
            (Some((one, _)), Some((other, _)))
                if name == "entry_points.txt" && entry_points(one) == entry_points(other) => {}
            _ if ["RECORD", "WHEEL"].contains(&name) => {}
            (one, other) if one != other => found.push(format!("~ {path}: {one:?} and {other:?}")),
            _ => {}
        }
    }
    found
}

/// A folder with all backends, and the Python that has them.
fn backends(scratch: &Path) -> PathBuf {
    let (shell, uv, folder) = (Shell::new().unwrap(), uv(), scratch.join("venv"));
    let python = folder.join("bin/python");
    let names = [SETUPTOOLS, HATCHLING, FLIT, POETRY, PDM, UV].map(|backend| backend.split('|').next().unwrap());
    cmd!(shell, "{uv} venv --quiet --no-project {folder}").quiet().run().unwrap();
    cmd!(shell, "{uv} pip install --quiet --python {python} {names...} hatch-vcs").quiet().run().unwrap();
    python
}

fn built(python: &Path, folder: &Path) -> Result<BTreeMap<String, (String, bool)>, String> {
    let (shell, uv, out) = (Shell::new().unwrap(), uv(), folder.with_extension("out"));
    let bin = python.parent().unwrap().display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
    let build = cmd!(shell, "{uv} build --wheel --no-build-isolation --python {python} --out-dir {out} {folder}");
    let output = build.env("PATH", path).quiet().ignore_status().output().unwrap();
    if !output.status.success() {
        return Err(format!("the backend refuses it: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut wheels = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
    let wheel = wheels.find(|path| path.extension().is_some_and(|ending| ending == "whl")).unwrap();
    Ok(contents(std::fs::read(wheel).unwrap()))
}

fn compare(python: &Path, folder: &Path, case: &Case) -> Vec<String> {
    write(folder, case);
    let mut files = BTreeMap::new();
    listed(folder, "", &mut files);
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).ok();
    let gitignore = read(".gitignore");
    let sources =
        ProjectFiles { files: &files, read: &read, gitignore: gitignore.as_deref(), in_git: false, version: None };
    let wheel = match static_wheel(&read("pyproject.toml").unwrap_or_default(), &sources) {
        Ok(wheel) => wheel,
        Err(error) => return vec![format!("not static: {error}")],
    };
    let ours = wheel.archive(|path| Ok::<_, zip::result::ZipError>(std::fs::read(folder.join(path))?)).unwrap();
    match built(python, folder) {
        Ok(theirs) => differences(&contents(ours), &theirs),
        Err(error) => vec![error],
    }
}

#[test]
fn the_wheel_of_a_static_project_is_that_of_its_backend() {
    let scratch = tempfile::tempdir().unwrap();
    let python = backends(scratch.path());
    let mut cases = cases();
    cases.push(case(POETRY, "", "my_app", &["tests/a.py"]));
    cases.extend(scripts());
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((number, case)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, cases.get(n)?)))
                {
                    let found = compare(&python, &scratch.path().join(format!("p{number}")), case);
                    if !found.is_empty() {
                        let lines = found.join("\n    ");
                        failed.lock().unwrap().push(format!("{} {}\n    {lines}", case.backend, case.more));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), cases.len(), failed.join("\n"));
}
