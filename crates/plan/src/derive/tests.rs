//! Folders as they are found in the wild, and what is derived of them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::spec::{AppSpec, Base, ImageSpec};

/// A folder of files with texts.
fn folder(files: &[(&str, &str)]) -> Folder {
    let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let named: BTreeSet<String> = files.iter().flat_map(|(path, text)| also_read(path, text)).collect();
    Folder {
        workspace: None,
        files: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        texts: texts.filter(|(path, _)| is_read(path) || named.contains(path)).collect(),
    }
}

/// What is derived, as image.toml is read.
#[track_caller]
fn spec(files: &[(&str, &str)]) -> ImageSpec {
    let derived = derive(&folder(files), &Choices::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(derived.missing, []);
    ImageSpec::parse(&derived.toml, "image.toml", None).unwrap_or_else(|error| panic!("{error}\n{}", derived.toml))
}

#[track_caller]
fn cmd(files: &[(&str, &str)]) -> String {
    spec(files).config.cmd.unwrap_or_default().join(" ")
}

fn sources(app: &AppSpec) -> Vec<&str> {
    app.sources.iter().map(|source| source.value.as_str()).collect()
}

const PROJECT: &str = "[project]\nname = 'thing'\nversion = '1.2'\nrequires-python = '>=3.11,<3.13'\n[build-system]\n";
const FASTAPI: &str = "from fastapi import FastAPI\napp = FastAPI()\n";
const FLASK: &str = "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n";

#[test]
fn the_newest_debian_whose_python_fits_is_the_base() {
    let pyproject = |requires: &str| format!("[project]\nname = 'x'\nrequires-python = '{requires}'");
    for (requires, version, lock, expected) in [
        ("", "", "", "trixie python:3.13-slim"),
        (">=3.11", "", "", "trixie python:3.13-slim"),
        (">=3.11,<3.13", "", "", "bookworm python:3.11-slim"),
        ("==3.9.*", "", "", "bullseye python:3.9-slim"),
        (">=3.11.4,<3.12", "", "", "python:3.11-slim"),
        (">=3.14", "", "", "forky python:3.14-slim"),
        ("==3.12.*", "", "", "python:3.12-slim"),
        ("~=3.12.4", "", "", "python:3.12-slim"),
        (">=4", "", "", "python:3-slim"),
        // What is asked for decides, and what would do as well comes last.
        (">=3.9", "3.11.7", "", "bookworm python:3.11-slim"),
        (">=3.9", "3.12", "", "python:3.12-slim trixie"),
        ("", "3.10", "", "python:3.10-slim trixie"),
        (">=3.9,<3.13", "3.12", "", "python:3.12-slim bookworm"),
        (">=3.12,<3.13", "3.12", "", "python:3.12-slim"),
        (">=3.10", "3.14", "", "forky python:3.14-slim trixie"),
        // What is required excludes what a file names.
        (">=3.10,<3.13", "3.13", "", "bookworm python:3.11-slim"),
        (">=3.10,<3.13", "", "# pip-compile with Python 3.13\nsix==1\n", "bookworm python:3.11-slim"),
        // What was at hand when a lock was made gives way to what Debian has.
        ("", "", "# uv pip compile --python-version 3.11\nsix==1\n", "bookworm python:3.11-slim"),
        ("", "", "# uv pip compile --python-version 3.12\nsix==1\n", "trixie bookworm bullseye python:3.13-slim"),
        // Only the build knows for which of them the requirements have wheels.
        ("", "", "six==1\n", "trixie bookworm bullseye python:3.13-slim"),
        (">=3.10", "", "six==1\n", "trixie bookworm python:3.13-slim"),
    ] {
        let pyproject = if requires.is_empty() { String::new() } else { pyproject(requires) };
        let mut files = vec![("main.py", ""), ("pyproject.toml", pyproject.as_str())];
        files.extend((!version.is_empty()).then_some((".python-version", version)));
        files.extend((!lock.is_empty()).then_some(("requirements.txt", lock)));
        let shown: Vec<String> = spec(&files)
            .base
            .iter()
            .map(|base| match base {
                Base::Debian(debian) => debian.suite.value.clone(),
                Base::Image(image) => image.value.to_string().rsplit('/').next().unwrap_or_default().to_owned(),
                Base::Layout(_) => String::new(),
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{requires} {version}");
    }
}

#[test]
fn a_lock_without_wheels_for_the_newest_python_gets_an_older_one() {
    let wheel = "thing-1-cp311-cp311-manylinux_2_17_x86_64.whl";
    let lock = format!(
        "lock-version = '1.0'\n[[packages]]\nname = 'thing'\nversion = '1'\n[[packages.wheels]]\nname = '{wheel}'\n\
         url = 'http://127.0.0.1/{wheel}'\nhashes = {{ sha256 = '{}' }}\n",
        "0".repeat(64)
    );
    let spec = spec(&[("main.py", ""), ("pylock.toml", &lock)]);
    assert!(matches!(&spec.base[0], Base::Debian(debian) if debian.suite.value == "bookworm"));
    assert_eq!(spec.python.map(|python| python.lock.value).as_deref(), Some("pylock.toml"));
}

#[test]
fn the_command_follows_from_the_files() {
    let scripts = |scripts: &str| format!("{PROJECT}[project.scripts]\n{scripts}");
    for (files, expected) in [
        (
            &[("main.py", FASTAPI), ("requirements.txt", "uvicorn==1")][..],
            "uvicorn main:app --host 0.0.0.0 --port 8000",
        ),
        (
            &[("api/app.py", FASTAPI), ("api/__init__.py", ""), ("uv.lock", "[[package]]\nname = 'hypercorn'")],
            "hypercorn --bind 0.0.0.0:8000 api.app:app",
        ),
        (&[("shop/__init__.py", FLASK), ("requirements.txt", "gunicorn==1")], "gunicorn shop:create_app()"),
        (&[("app.py", FLASK), ("requirements.txt", "waitress==1")], "waitress-serve --port 8000 --call app:create_app"),
        (
            &[
                ("manage.py", "if __name__ == '__main__':\n    main()\n"),
                (
                    "site/wsgi.py",
                    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
                ),
                (
                    "site/asgi.py",
                    "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
                ),
                ("requirements.txt", "django==5\ngunicorn==1\n"),
            ],
            "gunicorn site.wsgi:application",
        ),
        (&[("pyproject.toml", &scripts("serve = 'thing:main'"))], "serve"),
        (&[("pyproject.toml", &scripts("a = 'thing:a'\nThing = 'thing:main'"))], "Thing"),
        (&[("pyproject.toml", PROJECT), ("src/thing/__main__.py", "")], "python3 -m thing"),
        (&[("thing/__main__.py", ""), ("setup.py", "")], "python3 -m thing"),
        (&[("job.py", "print(1)\n"), ("test_job.py", ""), ("conftest.py", "")], "python3 /app/job.py"),
        (&[("a.py", ""), ("b.py", "if __name__ == '__main__':\n    run()\n")], "python3 /app/b.py"),
    ] {
        assert_eq!(cmd(files), expected, "{files:?}");
    }
}

#[test]
fn sources_are_what_an_image_runs_and_a_project_is_built() {
    let flat = spec(&[
        ("main.py", ""),
        ("pkg/a.py", ""),
        ("pkg/data.json", ""),
        ("templates/x.html", ""),
        ("tests/test_a.py", ""),
        ("docs/conf.py", ""),
        ("notes/x.md", ""),
        ("setup.py", ""),
    ]);
    let app = flat.app.expect("there is one");
    assert_eq!((sources(&app), &app.project), (vec!["."], &None));
    let src = spec(&[("src/thing/__main__.py", ""), ("src/thing/__init__.py", "")]);
    assert_eq!(src.config.env["PYTHONPATH"], "/app/src");
    let built = spec(&[("pyproject.toml", PROJECT), ("src/thing/__main__.py", ""), ("tests/x.py", "")]);
    let app = built.app.expect("there is one");
    assert_eq!((sources(&app), app.project.as_ref().map(|it| it.value.as_str())), (vec![], Some(".")));
    assert_eq!((built.tag.as_str(), built.config.workdir), ("1.2", None));
    let beside = [("pyproject.toml", PROJECT), ("thing/__main__.py", ""), ("alembic.ini", ""), ("README.md", "")];
    let app = spec(&beside).app.expect("there is one");
    let excluded: Vec<&str> = app.exclude.iter().map(|it| it.value.as_str()).collect();
    assert_eq!((sources(&app), excluded), (vec!["."], vec!["/thing/", "/pyproject.toml"]));
}

#[test]
fn a_program_that_asks_for_its_port_is_given_one() {
    let spec = spec(&[("main.py", "import os\nserve(int(os.environ['PORT']))\n")]);
    assert_eq!(
        (spec.config.env["PORT"].as_str(), &spec.config.exposed_ports[..]),
        ("8080", &["8080/tcp".to_owned()][..])
    );
}

#[test]
fn a_failed_derivation_lists_what_was_looked_for() {
    for (files, expected) in [
        (&[("README.md", "")][..], "there is no pyproject.toml, requirements.txt or Python file"),
        (&[("pyproject.toml", "[project")], "pyproject.toml: "),
        (
            &[("main.py", ""), ("pyproject.toml", "[project]\ndependencies = ['six']")],
            "there is no lock: looked for pylock.toml, uv.lock",
        ),
        (&[("a.py", ""), ("b.py", "")], "a script: main.py, app.py"),
        (
            &[("lib/a.py", FASTAPI), ("lib/app.py", FASTAPI), ("requirements.txt", "fastapi==1")],
            "a server for lib.app:app (FastAPI in lib/app.py) among the locked dependencies: gunicorn with uvicorn's workers",
        ),
        (
            &[("pyproject.toml", &format!("{PROJECT}[project.scripts]\na = 'x:y'\nb = 'x:y'"))],
            "several things could be started:\n  --cmd \"a\"  (a command in [project.scripts])",
        ),
    ] {
        let error = match derive(&folder(files), &Choices::default()) {
            Ok(derived) => derived.missing.into_iter().next().expect(expected),
            Err(error) => error,
        };
        assert!(error.to_string().contains(expected), "{error}\n{expected}");
        assert!(!error.hint().is_empty());
    }
}

proptest! {
    #[test]
    fn whatever_is_derived_is_an_image_toml(
        names in prop::collection::vec("(main|app|src/a|é\"\\\\|a\nb|tests/x|static/y)(/__init__|/__main__)?\\.py", 0..6),
        version in "[0-9a-z.+\"\\\\\n]{0,8}",
    ) {
        let pyproject = format!("[project]\nname = 'x'\nversion = {}\n", write::text(&version));
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "import os\n")).collect();
        files.push(("pyproject.toml", &pyproject));
        if let Ok(derived) = derive(&folder(&files), &Choices::default()) {
            let parsed = ImageSpec::parse(&derived.toml, "image.toml", None);
            // What is missing is said once more, in the lines of the file.
            let is_toml = derived.toml.parse::<toml::Table>().is_ok();
            prop_assert!(is_toml && (parsed.is_ok() || !derived.missing.is_empty()), "{:?}\n{}", parsed, derived.toml);
        }
    }
}
