//! Dockerfiles with folders around them, and the table of docs/from-dockerfile.md.

use proptest::prelude::*;

use crate::derive::{Choices, Folder, NamedText, Outcome, Translated, derive, from_dockerfile, is_read};
use crate::spec::ImageSpec;

const DOCS: &str = include_str!("../../../../../docs/from-dockerfile.md");

fn folder(files: &[(&str, &str)]) -> Folder {
    let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Folder {
        workspace: None,
        files: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        texts: texts.filter(|(path, _)| is_read(path)).collect(),
    }
}

fn translate(text: &str, files: &[(&str, &str)]) -> Translated {
    let from = NamedText { name: "Dockerfile", text };
    let translated = from_dockerfile(&folder(files), from, &Choices::default());
    translated.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const FILES: [(&str, &str); 7] = [
    (
        "requirements.txt",
        "idna==3.7
",
    ),
    (
        "main.py",
        "import idna
",
    ),
    (
        "start.sh",
        "#!/bin/sh
",
    ),
    (
        "uv.lock",
        "version = 1
",
    ),
    ("poetry.lock", ""),
    ("pdm.lock", ""),
    ("Pipfile.lock", "{}"),
];

/// The rows of the table: a line, and what becomes of it.
fn documented() -> Vec<(&'static str, &'static str)> {
    let rows = DOCS.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.filter_map(|row| row.split_once("` | ")).collect()
}

#[test]
fn the_table_of_the_docs_says_what_becomes_of_each_line() {
    let rows = documented();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for (line, expected) in rows {
        let from = if line.starts_with("FROM") { "" } else { "FROM python:3.13-slim\nWORKDIR /app\n" };
        let needs_lock = line == "RUN pip install six";
        let lock = if needs_lock { "RUN pip install -r requirements.txt\n" } else { "" };
        let text = format!("{from}{lock}{line}\n");
        let number = text.lines().count();
        let translated = translate(&text, &FILES);
        let found: Vec<String> = translated
            .rows
            .iter()
            .filter(|row| row.line == number)
            .map(|row| match &row.outcome {
                Outcome::Became(key) => format!("→ {key}"),
                Outcome::NotNeeded(why) => format!("- {why}"),
                Outcome::Open { why, .. } => format!("! {why}"),
            })
            .collect();
        assert_eq!(found.join(" / "), expected, "{line}");
    }
}

#[test]
fn a_stage_of_node_is_a_step_where_it_only_builds_what_one_line_copies() {
    const STAGE: &str = "FROM node:20 AS web\nWORKDIR /w\nCOPY web/package.json ./\nRUN npm ci\nCOPY web ./\nRUN npm run build\n\
                         FROM python:3.13-slim\nWORKDIR /app\nCOPY main.py .\nCOPY --from=web /w/dist ./web/dist\n";
    let run = |text: &str| {
        let files = [("main.py", ""), ("web/package.json", "{}"), ("web/x.js", ""), ("old/x", "")];
        let spec = ImageSpec::parse(&translate(text, &files).toml, "image.toml", None).expect("valid");
        spec.app.and_then(|app| app.prepare.into_iter().next())
    };
    let step = run(STAGE).expect("a step");
    assert_eq!(step.run, ["sh", "-c", "npm ci && npm run build"]);
    assert_eq!((step.directory.as_str(), step.outputs[0].value.as_str()), ("web", "web/dist"));
    for (from, to, command) in [
        ("./web/dist", "./a/b", Some("npm ci && npm run build && mkdir -p ../a && mv dist ../a/b")),
        ("WORKDIR /w\n", "WORKDIR /w\nENV CI=1\nRUN corepack enable\n", Some("npm ci && npm run build")),
        (
            "COPY web/package.json ./\nRUN npm ci\nCOPY web ./",
            "COPY . .\nRUN npm ci",
            Some("npm ci && npm run build && mkdir -p web && mv dist web/dist"),
        ),
        ("./web/dist", "./old", None),
        ("./web/dist", "/usr/share/x", None),
        ("npm ci", "curl -O x", None),
        ("npm ci", "npm ci && npm run $(cat x)", None),
        ("FROM node:20", "FROM debian", None),
        ("COPY --from=web /w/dist ./web/dist\n", "COPY --from=web /w/dist ./a\nCOPY --from=web /w/dist ./b\n", None),
        ("COPY web ./", "COPY old ./", None),
    ] {
        assert!(STAGE.contains(from), "{from}");
        let step = run(&STAGE.replace(from, to));
        assert_eq!(step.map(|step| step.run[2].clone()).as_deref(), command, "{to}");
    }
}

#[test]
fn the_docs_name_every_instruction_and_every_command_of_the_table() {
    let lines: Vec<&str> = documented().into_iter().map(|(line, _)| line).collect();
    for keyword in [
        "FROM",
        "COPY",
        "ADD",
        "ENV",
        "ARG",
        "WORKDIR",
        "USER",
        "EXPOSE",
        "STOPSIGNAL",
        "LABEL",
        "MAINTAINER",
        "VOLUME",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
        "SHELL",
        "ONBUILD",
        "RUN",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(keyword)), "docs/from-dockerfile.md does not name {keyword}");
    }
    for names in super::run::command_names() {
        let is_named = |name: &&str| lines.iter().any(|line| line.starts_with(&format!("RUN {name} ")));
        assert!(names.iter().any(is_named), "docs/from-dockerfile.md has no row for {}", names.join(", "));
    }
}

#[test]
fn every_line_is_accounted_for() {
    let text = "ARG A=1\nFROM python:3.13-slim AS base\nENV X=$A Y=2\nCMD [\"a\"]\nFROM base\nENV X=3\nCMD [\"b\"]\n";
    let lines: std::collections::BTreeSet<usize> = translate(text, &FILES).rows.iter().map(|row| row.line).collect();
    assert_eq!(lines.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_server_for_development_gives_way_to_one_that_is_locked() {
    let wsgi = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    for (requirements, expected) in [
        ("django==5.1\n", "cmd = [\"python3\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]"),
        ("django==5.1\ngunicorn==23.0.0\n", "cmd = [\"gunicorn\", \"shop.wsgi:application\"]"),
    ] {
        let dockerfile = "FROM python:3.13\nWORKDIR /code\nCOPY . .\nCMD python manage.py runserver 0.0.0.0:8000\n";
        let files = [
            ("Dockerfile", dockerfile),
            ("manage.py", ""),
            ("requirements.txt", requirements),
            ("shop/__init__.py", ""),
            ("shop/wsgi.py", wsgi),
        ];
        let toml = derive(&folder(&files), &Choices::default()).expect("an application").toml;
        assert!(toml.lines().any(|line| line == expected), "{toml}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_an_image_toml(
        lines in proptest::collection::vec(
            "(RUN|COPY|ADD|ENV|CMD|ENTRYPOINT|EXPOSE|LABEL|USER|WORKDIR|STOPSIGNAL|VOLUME) \
             (pip install -r|apt-get install|chown -R|python -m|sh -c|/app|[.]{1,2}|main[.]py|x=|\"|\\[\"a\", \"b\"\\]|1|é|\\PC| ){1,6}",
            0..10,
        ),
    ) {
        let text = format!("FROM python:3.13-slim\n{}\n", lines.join("\n"));
        let from = NamedText { name: "Docker\nfile", text: &text };
        let translated = from_dockerfile(&folder(&FILES), from, &Choices::default());
        let parsed = translated.as_ref().map(|it| ImageSpec::parse(&it.toml, "image.toml", None));
        if let (Ok(translated), Ok(Err(error))) = (&translated, parsed) {
            // Values that no image has are reported at their line, as if they had been written by hand.
            prop_assert!(!error.to_string().contains("TOML"), "{error}\n{}", translated.toml);
        }
    }
}
