//! Whole Dockerfiles, and what they come to.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Dockerfile {
    Dockerfile::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

const MULTI: &str = "\
# syntax=docker/dockerfile:1
ARG PYTHON=3.12
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS Base
ENV PYTHONUNBUFFERED=1 \\
    # a comment between
    APP_HOME=/srv/app
WORKDIR $APP_HOME
ONBUILD ENV TRIGGERED=yes
CMD [\"base\"]

FROM base AS builder
ARG PYTHON
RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt
RUN <<EOF
set -e
apt-get update
EOF
FROM base
ARG TAG=1.2
COPY --from=builder --chown=app:app /opt/venv /opt/venv
COPY . .
ADD [\"a b\", \"c/\"]
LABEL version=$TAG \"long name\"='x y'
EXPOSE 8000 53/udp ${NONE}
USER app
WORKDIR sub
STOPSIGNAL SIGINT
VOLUME /data /logs
HEALTHCHECK --interval=5s CMD curl -f http://localhost:8000 || exit 1
SHELL [\"/bin/bash\", \"-c\"]
ENTRYPOINT exec gunicorn app:app
";

#[test]
fn stages_follow_from_one_another() {
    let file = parse(MULTI);
    let last = file.last();
    assert_eq!((file.stages().len(), last), (3, 2));
    assert_eq!((file.base(last), file.base(0)), ("python:3.12-slim", "python:3.12-slim"));
    assert_eq!((file.stage("BUILDER"), file.stage("0"), file.stage("none")), (Some(1), Some(0), None));
    assert_eq!(file.stages()[0].platform.as_deref(), Some("linux/amd64"));
    assert_eq!(file.chain(last).iter().map(|stage| stage.line).collect::<Vec<_>>(), [3, 18]);
}

#[test]
fn the_image_of_a_stage_is_the_sum_of_its_chain() {
    let file = parse(MULTI);
    let image = file.image(file.last());
    let env: Vec<(&str, &str, usize)> =
        image.env.iter().map(|(name, at)| (name.as_str(), at.value.as_str(), at.line)).collect();
    assert_eq!(env, [("APP_HOME", "/srv/app", 4), ("PYTHONUNBUFFERED", "1", 4), ("TRIGGERED", "yes", 8)]);
    assert_eq!(image.workdir, Some(At { line: 26, value: "/srv/app/sub".to_owned() }));
    assert_eq!(image.cmd, None, "the arguments of the base are not those of another entry point");
    let entrypoint = image.entrypoint.unwrap();
    assert_eq!(entrypoint.value.argv(), ["/bin/bash", "-c", "exec gunicorn app:app"]);
    assert_eq!(entrypoint.value.plain().unwrap(), ["gunicorn", "app:app"]);
    let values = |list: &[At<String>]| list.iter().map(|at| at.value.clone()).collect::<Vec<_>>().join(" ");
    assert_eq!((values(&image.exposed), values(&image.volumes)), ("8000 53/udp".to_owned(), "/data /logs".to_owned()));
    assert_eq!(image.user.map(|at| at.value).as_deref(), Some("app"));
    assert_eq!(image.stop_signal.map(|at| at.value).as_deref(), Some("SIGINT"));
    assert_eq!((&*image.labels["version"].value, &*image.labels["long name"].value), ("1.2", "x y"));
    let check = image.healthcheck.unwrap();
    assert_eq!((check.line, flag(&check.value.flags, "interval")), (29, Some("5s")));
    assert_eq!(check.value.command.plain(), None);
    assert_eq!(file.image(0).cmd.unwrap().value.argv(), ["base"]);
}

#[test]
fn copies_and_runs_say_where_from_and_what_they_see() {
    let file = parse(MULTI);
    let copies: Vec<_> = file.stages()[2]
        .instructions
        .iter()
        .filter_map(|instruction| match &instruction.kind {
            Kind::Copy(copy) | Kind::Add(copy) => Some((copy.stage, copy.sources.join("|"), copy.destination.as_str())),
            _ => None,
        })
        .collect();
    let expected = [
        (Some(1), "/opt/venv".to_owned(), "/opt/venv"),
        (None, ".".to_owned(), "/srv/app/"),
        (None, "a b".to_owned(), "/srv/app/c/"),
    ];
    assert_eq!(copies, expected);
    let runs: Vec<&Run> = file.stages()[1]
        .instructions
        .iter()
        .filter_map(|instruction| match &instruction.kind {
            Kind::Run(run) => Some(run),
            _ => None,
        })
        .collect();
    assert_eq!(flag(&runs[0].flags, "mount"), Some("type=cache,target=/root/.cache"));
    assert_eq!((&*runs[0].variables["PYTHON"], &*runs[0].variables["APP_HOME"]), ("3.12", "/srv/app"));
    assert_eq!(runs[0].command.argv()[2], "pip install -r requirements.txt");
    assert_eq!(runs[1].command.argv()[2], "set -e\napt-get update\n");
    assert_eq!(runs[1].workdir, "/srv/app");
}

#[test]
fn a_destination_that_is_a_folder_elsewhere_is_one_for_every_copy() {
    let text = "FROM x\nCOPY a.py /opt/svc\nCOPY app/ /opt/svc/app\nCOPY b /start\nCOPY c.sh /usr/local/bin\nCOPY d $NONE\n\
                WORKDIR /w\nCOPY e /w\n";
    let file = parse(text);
    let destinations: Vec<&str> = file.stages()[0]
        .instructions
        .iter()
        .filter_map(|instruction| match &instruction.kind {
            Kind::Copy(copy) => Some(copy.destination.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(destinations, ["/opt/svc/", "/opt/svc/app", "/start", "/usr/local/bin/", "/", "/w/"]);
}

#[test]
fn arguments_are_those_of_their_stage_and_variables_win() {
    let file = parse(
        "ARG A=global\nARG B=${A}-b\nFROM x:$B\nENV V=$A.\nARG A\nENV W=$A\nENV A=env\nARG A=late\nENV X=$A Y=$TARGETARCH\n\
         ARG TARGETARCH\nENV Z=$TARGETARCH A=new Q=$A\nFROM 0\nENV R=$A\nFROM scratch\nENV P=$PATH\n",
    );
    let value = |stage: usize, name: &str| file.image(stage).env[name].value.clone();
    let found = ["V", "W", "X", "Y", "Z", "Q"].map(|name| value(0, name)).join("|");
    assert_eq!((file.base(0), found.as_str()), ("x:global-b", ".|global|env||amd64|env"));
    assert_eq!((file.base(1), value(1, "R").as_str()), ("0", ""), "a stage follows from names, not from numbers");
    assert_eq!(value(2, "P"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

#[test]
fn two_dashes_alone_end_the_flags() {
    for (text, platform, image) in [
        ("FROM --platform=linux/amd64 x", Some("linux/amd64"), "x"),
        ("FROM --platform=linux/amd64 -- x", Some("linux/amd64"), "x"),
        ("FROM -- --platform=linux/amd64", None, "--platform=linux/amd64"),
        ("FROM -- F\u{fffd}\u{fffd}", None, "F\u{fffd}\u{fffd}"),
        ("FROM --\u{2003}x", None, "x"),
    ] {
        let file = parse(text);
        let stage = file.last();
        assert_eq!((file.stages()[stage].platform.as_deref(), file.stages()[stage].image.as_str()), (platform, image));
    }
    for text in ["FROM --", "FROM -- "] {
        assert!(Dockerfile::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_docker_refuses_is_refused_with_its_line() {
    for (text, expected) in [
        ("", "line 1: no `FROM`, expected at least one stage"),
        ("# only\n\nRUN a\n", "line 3: `RUN` before the first `FROM`"),
        ("FROM a\nRUM b", "line 2: unknown instruction `RUM`"),
        ("FROM a b", "line 1: `FROM a b` is not `FROM IMAGE` or `FROM IMAGE AS NAME`"),
        ("FROM a\n\nCOPY x", "line 3: nothing to copy, expected SOURCE… DESTINATION"),
        ("FROM a\nCMD", "line 2: `CMD` has no arguments"),
        ("FROM a\nSHELL bash", "line 2: `SHELL` is not a list such as [\"/bin/bash\", \"-c\"]"),
        ("FROM a\nHEALTHCHECK curl", "line 2: `HEALTHCHECK` without `CMD COMMAND` or `NONE`"),
        ("FROM a\nRUN <<E\nx", "line 2: the here-document `<<E` has no end"),
        ("FROM a AS b\nONBUILD FROM b", "line 2: `ONBUILD FROM` is not allowed"),
    ] {
        assert_eq!(Dockerfile::parse(text).unwrap_err().to_string(), expected);
    }
    let triggers = format!("FROM x AS a\n{}{}", "ONBUILD RUN b\n".repeat(100), "FROM a\n".repeat(100));
    assert!(Dockerfile::parse(&triggers).unwrap_err().message.contains("instructions"));
    let growing = format!("FROM x\nENV A={}\n{}", "x".repeat(9000), "ENV B=$A$B C=$B$A D=$C E=$D F=$E\n".repeat(9));
    assert!(Dockerfile::parse(&growing).unwrap_err().message.contains("bytes"));
}

proptest! {
    #[test]
    fn no_text_is_too_strange(
        lines in proptest::collection::vec(
            "(FROM|RUN|COPY|ADD|ENV|ARG|ONBUILD|CMD|HEALTHCHECK|EXPOSE|VOLUME|LABEL|# escape=) \
             ?(a|b|--from=0|AS|<<E|[$]\\{?[AB]|:-|\\}|\\\\|`|\"|'|=|\\[\"|\"\\]|é| |\n|E\n|CMD|NONE|\\PC){0,8}",
            0..12,
        ),
    ) {
        if let Ok(file) = Dockerfile::parse(&lines.join("\n")) {
            for stage in 0..file.stages().len() {
                let image = file.image(stage);
                prop_assert!(file.chain(stage).len() <= stage + 1);
                prop_assert!(image.workdir.is_none_or(|at| at.value.starts_with('/')));
            }
        }
    }
}
