//! Small programs, each with what is missing from it.

use std::collections::BTreeMap;

use super::*;

/// Files of an application with their statements.
type Files<'a> = &'a [(&'a str, &'a str)];

/// A command, the files of its application, and what is missing.
type Case<'a> = (&'a str, Files<'a>, &'a [&'a str]);

/// What a program misses: its files with the statements that the interpreter would report, after `libraries`.
fn missing(command: &str, files: &[(&str, &str)]) -> Vec<String> {
    let libraries = [
        "/lib/os.py",
        "/lib/json/__init__.py",
        "/lib/logging/__init__.py",
        "/site/django/__init__.py",
        "/site/django/db/backends/postgresql/base.py",
        "/site/django/db/backends/mysql/base.py",
        "/site/closed/__init__.py",
        "/site/closed/deep/__init__.py",
        "/site/flask/__init__.py",
        "/site/google/cloud/storage.py",
    ];
    let own: BTreeMap<String, Statements> =
        files.iter().map(|(path, said)| ((*path).to_owned(), parse(said))).collect();
    let paths = libraries.iter().map(|path| (*path).to_owned()).chain(own.keys().cloned());
    let files = ModuleFiles::new(paths.chain(["/site/numpy.cpython-311-x86_64-linux-gnu.so".to_owned()]));
    let command = Command {
        words: command.split(' ').map(str::to_owned).collect(),
        env: BTreeMap::from([("PYTHONPATH".to_owned(), "/app/lib".to_owned())]),
        workdir: "/app".to_owned(),
    };
    let libraries = vec!["/lib".to_owned(), "/site".to_owned()];
    // Flask may have any module but `gone`, and its siblings only what is there.
    let may_have = |file: &str, module: &str| !file.starts_with("/site/closed/") && module != "flask.gone";
    let program = Program { files: &files, own: &own, libraries, destination: "/app", may_have: &may_have };
    let starts = starts(&command, |_| None);
    let mut missing: Vec<String> = follow(&program, &command, &starts).iter().map(shown).collect();
    missing.sort();
    missing
}

/// Statements in short: `1a x` is `import x` in line 1, always; `2o ..a:b` is `from ..a import b`; `=x` binds a name;
/// a line of Django's is written as in a report, behind `|`.
fn parse(said: &str) -> Statements {
    let lines: Vec<String> = said
        .split(", ")
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once(' ').filter(|_| !part.starts_with('|')) {
            Some((place, what)) => {
                let (line, when) = place.split_at(place.len() - 1);
                let (module, name) = what.split_once(':').unwrap_or((what, ""));
                let plain = module.trim_start_matches('.');
                format!("i {line} {when} {} {plain} {name}", module.len() - plain.len())
            }
            None if part.starts_with('|') => part[1..].to_owned(),
            None => part.strip_prefix('=').map_or_else(|| part.to_owned(), |name| format!("n {name}")),
        })
        .collect();
    Statements::parse(lines.join("\n").as_bytes()).expect("a report")
}

fn shown(missing: &Missing) -> String {
    let what = match &missing.what {
        What::Module(module) => module.clone(),
        What::Name { module, name } => format!("{name} of {module}"),
        What::Package(from) => format!("package of {from}"),
        What::Script(path) => format!("script {path}"),
    };
    let certain = if missing.is_certain { "certain" } else { "maybe" };
    format!("{} {}:{} {what}", certain, missing.file.as_deref().unwrap_or("command"), missing.line)
}

#[test]
fn imports_that_are_bound_to_happen_are_followed() {
    let cases: &[Case<'_>] = &[
        // Everything is there: the standard library, C modules, wheels, namespace packages, extension modules.
        (
            "python3 main.py",
            &[(
                "/app/main.py",
                "1a os, 2a json, 3a math, 4a flask:Flask, 5a google.cloud.storage, 6a numpy, 7a os.path, 8a flask.any",
            )],
            &[],
        ),
        ("python3 main.py", &[("/app/main.py", "1a redis")], &["certain /app/main.py:1 redis"]),
        (
            "python3 main.py",
            &[("/app/main.py", "1a google.cloud.tasks")],
            &["certain /app/main.py:1 google.cloud.tasks"],
        ),
        // Two of one package in one line are one that is missing.
        (
            "python3 main.py",
            &[("/app/main.py", "1a boto.s3, 1a boto.ec2, 1o boto.sqs")],
            &["certain /app/main.py:1 boto"],
        ),
        // Submodules that a wheel lacks.
        (
            "python3 main.py",
            &[(
                "/app/main.py",
                "1a flask.gone.x, 2a flask.any.x, 3a closed.deep:name, 4a closed.deep.x:y, 5g closed.x",
            )],
            &["certain /app/main.py:1 flask.gone", "certain /app/main.py:4 closed.deep.x"],
        ),
        // Through modules of the application, absolute and relative.
        (
            "python3 -m pkg",
            &[
                ("/app/pkg/__init__.py", ""),
                ("/app/pkg/__main__.py", "1a .a:x, 2m .b"),
                ("/app/pkg/a.py", "3a redis, =x"),
                ("/app/pkg/b.py", "4a celery"),
            ],
            &["certain /app/pkg/a.py:3 redis", "certain /app/pkg/b.py:4 celery"],
        ),
        // What only sometimes happens, what is guarded, and what is not reached.
        (
            "python3 main.py",
            &[("/app/main.py", "1o a, 2g b"), ("/app/other.py", "1a c, 2m d, 3g e")],
            &["maybe /app/main.py:1 a", "maybe /app/other.py:1 c"],
        ),
        // A module that is reached in both ways is certain.
        ("python3 main.py", &[("/app/main.py", "1o x, 2a x"), ("/app/x.py", "1a gone")], &["certain /app/x.py:1 gone"]),
        // A server imports its application and takes a name from it.
        ("uvicorn main:app", &[("/app/main.py", "1m uvicorn, =app")], &[]),
        ("uvicorn main:app --port 80", &[("/app/main.py", "=application")], &["certain command:0 app of main"]),
        (
            "gunicorn -k uvicorn.workers.UvicornWorker app.main:app",
            &[("/app/app/main.py", "=app")],
            &["certain command:0 uvicorn"],
        ),
        (
            "gunicorn -k workers.Own app:app",
            &[("/app/app.py", "=app"), ("/app/workers.py", "")],
            &["certain command:0 Own of workers"],
        ),
        (
            "gunicorn --config conf/g.py app:app",
            &[("/app/app.py", "=app"), ("/app/conf/g.py", "1a shared, 2a psycogreen"), ("/app/shared.py", "")],
            &["certain /app/conf/g.py:2 psycogreen"],
        ),
        ("gunicorn -c gone.py app:app", &[("/app/app.py", "=app")], &["certain command:0 script /app/gone.py"]),
        ("gunicorn proj.wsgi", &[("/app/main.py", "")], &["certain command:0 proj"]),
        ("gunicorn -w 2 make:create()", &[("/app/make.py", "=create")], &[]),
        ("uvicorn main:app --app-dir src", &[("/app/src/main.py", "1a near, =app"), ("/app/src/near.py", "")], &[]),
        ("celery -A tasks worker", &[("/app/tasks.py", "1a kombu")], &["certain /app/tasks.py:1 kombu"]),
        ("streamlit run page.py", &[("/app/page.py", "1a pandas")], &["certain /app/page.py:1 pandas"]),
        // Names of the application's modules; those of others are not known.
        (
            "python3 main.py",
            &[
                (
                    "/app/main.py",
                    "1a db:engine, 2a db:session, 3a late:anything, 4a os:anything, 5a db:__doc__, 6a db:*",
                ),
                ("/app/db.py", "=engine"),
                ("/app/late.py", "d"),
            ],
            &["certain /app/main.py:2 session of db"],
        ),
        // A relative import in a script; the same in a package is none.
        (
            "python3 pkg/main.py",
            &[("/app/pkg/main.py", "1a .x:y"), ("/app/pkg/x.py", "=y")],
            &["certain /app/pkg/main.py:1 package of .x"],
        ),
        ("python3 -m pkg.main", &[("/app/pkg/main.py", "1a .x:y"), ("/app/pkg/x.py", "=y")], &[]),
        // What is started is not there; a script of the base may be.
        ("python3 gone.py", &[], &["certain command:0 script /app/gone.py"]),
        ("python3 /usr/bin/tool", &[("/app/x.py", "")], &[]),
        ("python3 -m gone", &[], &["certain command:0 gone"]),
        ("python3 -m pkg", &[("/app/pkg/__init__.py", "")], &["certain command:0 pkg.__main__"]),
        // PYTHONPATH, and a path that is changed at run time.
        ("python3 main.py", &[("/app/main.py", "1a near"), ("/app/lib/near.py", "")], &[]),
        (
            "python3 main.py",
            &[("/app/main.py", "p, 1a deep"), ("/app/apps/deep/__init__.py", "1a gone")],
            &["certain /app/apps/deep/__init__.py:1 gone"],
        ),
        // Hooks may bring anything.
        ("python3 main.py", &[("/app/main.py", "r, 1a anything")], &["maybe /app/main.py:1 anything"]),
        // A submodule that the application's own package lacks; one that makes its modules at run time may have it.
        (
            "python3 main.py",
            &[("/app/main.py", "1a pkg.sub"), ("/app/pkg/__init__.py", "")],
            &["certain /app/main.py:1 pkg.sub"],
        ),
        ("python3 main.py", &[("/app/main.py", "1a pkg.sub"), ("/app/pkg/__init__.py", "d")], &[]),
        // Nothing is known of other commands.
        ("nginx", &[("/app/main.py", "1a gone")], &[]),
        ("python3 -c pass", &[("/app/main.py", "1a gone")], &[]),
    ];
    for (command, files, expected) in cases {
        assert_eq!(missing(command, files), *expected, "{command} {files:?}");
    }
}

/// A module of WSGI that loads the settings `conf` in line 2.
const WSGI: (&str, &str) = ("/app/wsgi.py", "=application, |e 1 a d conf, |j 2 a");

#[test]
fn what_settings_of_django_name_is_followed() {
    let cases: &[(Files<'_>, &[&str])] = &[
        // Applications with their models, addresses, middleware; what is there says nothing.
        (
            &[
                WSGI,
                (
                    "/app/conf.py",
                    "|s 1 INSTALLED_APPS shop, |s 2 INSTALLED_APPS rest, |s 3 MIDDLEWARE shop.middle.Ware, \
                     |s 4 MIDDLEWARE shop.middle.Gone, |s 5 ROOT_URLCONF shop.urls, |s 6 MIDDLEWARE flask.any.Thing, \
                     |s 7 MIDDLEWARE flask.gone.Thing, |s 8 MIDDLEWARE closed.Thing, |s 9 INSTALLED_APPS closed.part, \
                     |s 10 INSTALLED_APPS closed.Config, |s 11 LOGGING closed.maker.Handler",
                ),
                ("/app/shop/__init__.py", ""),
                ("/app/shop/models.py", "1a gone"),
                ("/app/shop/admin.py", "1a unregistered"),
                ("/app/shop/middle.py", "=Ware"),
            ],
            &[
                "certain /app/conf.py:2 rest",
                "certain /app/conf.py:4 Gone of shop.middle",
                "certain /app/conf.py:5 shop.urls",
                "certain /app/conf.py:7 flask.gone",
                "certain /app/conf.py:9 closed.part",
                "certain /app/shop/models.py:1 gone",
                "maybe /app/shop/admin.py:1 unregistered",
            ],
        ),
        // The admin looks for its modules; a class of a configuration stands for its package.
        (
            &[
                WSGI,
                (
                    "/app/conf.py",
                    "|s 1 INSTALLED_APPS django.contrib.admin, |s 2 INSTALLED_APPS shop.apps.Config, \
                     |s 3 INSTALLED_APPS gone.apps.Config",
                ),
                ("/app/shop/__init__.py", ""),
                ("/app/shop/apps.py", "=Config"),
                ("/app/shop/admin.py", "1a lost"),
            ],
            &["certain /app/conf.py:3 gone", "certain /app/shop/admin.py:1 lost"],
        ),
        // Settings on others, whose lists may be lost on the way.
        (
            &[
                WSGI,
                ("/app/conf.py", "1a base:*, |f 1, |s 2 MIDDLEWARE , |s 3 INSTALLED_APPS more"),
                ("/app/base.py", "|s 1 INSTALLED_APPS rest, |s 2 MIDDLEWARE gone.Ware"),
            ],
            &["certain /app/base.py:1 rest", "certain /app/conf.py:3 more"],
        ),
        (
            &[
                WSGI,
                ("/app/conf.py", "|s 1 INSTALLED_APPS rest, |s 1 MIDDLEWARE gone.Ware, 2g local:*, |f 2"),
                ("/app/local.py", "|s 1 MIDDLEWARE "),
            ],
            &["certain /app/conf.py:1 rest"],
        ),
        (&[WSGI, ("/app/conf.py", "|s 1 INSTALLED_APPS rest, 2a flask:*, |f 2")], &[]),
        (&[WSGI, ("/app/conf.py", "|s 1 INSTALLED_APPS rest, |s 2 * ")], &[]),
        (
            &[
                WSGI,
                ("/app/conf.py", "1a base:MIDDLEWARE, |f 1"),
                ("/app/base.py", "=MIDDLEWARE, 1a conf:*, |f 1, |s 1 INSTALLED_APPS rest, |s 2 MIDDLEWARE gone.Ware"),
            ],
            &["certain /app/base.py:2 gone"],
        ),
        // Databases need a driver, and mysql's may have another name.
        (
            &[WSGI, ("/app/conf.py", "|s 1 DATABASES django.db.backends.postgresql")],
            &["certain /app/conf.py:1 psycopg"],
        ),
        (&[WSGI, ("/app/conf.py", "|s 1 DATABASES django.db.backends.mysql")], &["certain /app/conf.py:1 MySQLdb"]),
        (&[WSGI, ("/app/conf.py", "1g pymysql, |s 1 DATABASES django.db.backends.mysql")], &[]),
        // What only the server for development reads may be missing.
        (&[WSGI, ("/app/conf.py", "|s 1 WSGI_APPLICATION gone.app")], &["maybe /app/conf.py:1 gone"]),
        (
            &[WSGI, ("/app/conf.py", "|s 1 LOGGING logging.StreamHandler, |s 2 LOGGING json_log.F")],
            &["certain /app/conf.py:2 json_log"],
        ),
        // Settings that are missing, that are not loaded, and that are named twice or by a computed text.
        (&[WSGI], &["certain /app/wsgi.py:1 conf"]),
        (&[("/app/wsgi.py", "=application, |e 1 a d conf")], &[]),
        (&[("/app/wsgi.py", "=application, |e 1 a d , |j 2 a")], &[]),
        (&[("/app/wsgi.py", "=application, |e 1 a d conf, |e 2 a d other, |j 2 a")], &[]),
        (&[("/app/wsgi.py", "=application, |e 1 o d conf, |j 2 a")], &[]),
    ];
    for (files, expected) in cases {
        assert_eq!(missing("gunicorn wsgi:application", files), *expected, "{files:?}");
    }
    let manage = [("/app/manage.py", "|e 1 m d conf, |j 2 m"), ("/app/conf.py", "|s 1 INSTALLED_APPS rest")];
    assert_eq!(missing("python3 manage.py runserver", &manage), ["certain /app/conf.py:1 rest"]);
    assert_eq!(missing("python3 -m manage --settings=other check", &manage), [""; 0]);
}

#[test]
fn a_command_says_what_it_starts() {
    let module = |name: &str, object: Option<&str>| vec![Start::Module(name.to_owned(), object.map(str::to_owned))];
    let script = |path: &str| vec![Start::Script(path.to_owned())];
    let file = |path: &str| vec![Start::File(path.to_owned())];
    let cases = [
        ("python3 main.py", script("/srv/main.py")),
        ("/usr/bin/python3.11 -X utf8 -OO ./a/../main.py x.py", script("/srv/main.py")),
        ("python -W ignore -m pkg.mod --flag", vec![Start::Main("pkg.mod".to_owned())]),
        ("python -m uvicorn a.b:app", module("a.b", Some("app"))),
        ("python -m gunicorn -b 0.0.0.0:80 a:app", module("a", Some("app"))),
        ("uvicorn --factory a:make --host 0.0.0.0", module("a", Some("make"))),
        ("hypercorn --bind 0.0.0.0:80 asgi:a:app", vec![]),
        ("gunicorn a.wsgi", module("a.wsgi", None)),
        (
            "gunicorn --bind=unix:/run/x -c python:conf a.wsgi:application",
            [module("a.wsgi", Some("application")), module("conf", None)].concat(),
        ),
        ("gunicorn -c gunicorn.conf", vec![]),
        (
            "gunicorn -k gevent --config ./g.py a:b",
            [module("a", Some("b")), file("/srv/g.py"), module("gevent", None)].concat(),
        ),
        ("gunicorn -k egg:x#y -c file:/etc/g.py a:b", [module("a", Some("b")), file("/etc/g.py")].concat()),
        ("gunicorn a:make(1)", module("a", Some("make"))),
        ("waitress-serve --call a:make", module("a", Some("make"))),
        ("flask --app a run", module("a", None)),
        ("flask --app=a.py run", script("/srv/a.py")),
        ("celery --app=proj worker", module("proj", None)),
        ("streamlit run --server.port 80 a.py", script("/srv/a.py")),
        ("panel serve --port 80 viz/a.py", script("/srv/viz/a.py")),
        (
            "dramatiq tasks shop.jobs:broker --processes 2",
            [module("tasks", None), module("shop.jobs", Some("broker"))].concat(),
        ),
        ("dramatiq --processes 2 tasks", vec![]),
        ("taskiq worker shop.jobs:broker", module("shop.jobs", Some("broker"))),
        ("huey_consumer shop.jobs.huey -w 2", module("shop.jobs", Some("huey"))),
        ("arq shop.worker.Settings", module("shop.worker", Some("Settings"))),
        ("rq worker -c shop.settings high", module("shop.settings", None)),
        ("rq worker high", vec![]),
        ("uwsgi --http :80 --module shop.wsgi:application", module("shop.wsgi", None)),
        ("tool", script("/opt/venv/bin/tool")),
        ("./run.py", script("/srv/run.py")),
        ("sh -c x", vec![]),
        ("", vec![]),
    ];
    for (line, expected) in cases {
        let words = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let command = Command { words, env: BTreeMap::new(), workdir: "/srv".to_owned() };
        let own = |program: &str| (program == "tool").then(|| "/opt/venv/bin/tool".to_owned());
        assert_eq!(starts(&command, own), expected, "{line}");
    }
}

#[test]
fn a_module_names_its_distribution() {
    for (module, expected) in [
        ("yaml", "pyyaml"),
        ("cv2", "opencv-python-headless"),
        ("google.protobuf.message", "protobuf"),
        ("redis.asyncio", "redis"),
        ("google.cloud.storage.blob", "google-cloud-storage"),
        ("google.cloud.pubsub_v1", "google-cloud-pubsub"),
        ("azure.storage.blob.aio", "azure-storage-blob"),
        ("azure.identity", "azure-identity"),
        ("opentelemetry.sdk.trace", "opentelemetry-sdk"),
        ("zope.interface", "zope-interface"),
        ("flask_login", "flask-login"),
        ("rest_framework_simplejwt.views", "djangorestframework-simplejwt"),
        ("rest_framework", "djangorestframework"),
        ("google.api.annotations_pb2", "googleapis-common-protos"),
        ("google.api_core", "google-api-core"),
        ("yamllint", "yamllint"),
    ] {
        assert_eq!(distribution_of(module), expected, "{module}");
    }
}

#[test]
fn reports_of_another_form_are_refused() {
    for report in
        [&b"i 1 a 0 x"[..], b"i x a 0 x ", b"i 1 z 0 x ", b"q", b"n a b", b"\xff", b"e 1 a x y", b"s x A b", b"j 1 z"]
    {
        assert_eq!(Statements::parse(report), None, "{}", String::from_utf8_lossy(report));
    }
    assert_eq!(Statements::parse(b""), Some(Statements::default()));
}
