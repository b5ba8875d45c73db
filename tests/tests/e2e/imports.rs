//! What the image starts finds its imports, or nothing is built: errors, warnings, exceptions, and that nothing runs.

use shipwheel_tests::{Answer, Definition, Run, Server, Shipwheel, wheel_with};

/// An application over a small Debian with these files, and a wheel with the package `thing`.
struct Application {
    definition: Definition,
    _server: Server,
}

impl Application {
    fn new(cmd: &str, files: &[(&str, &str)]) -> Self {
        Self::with_wheel(cmd, files, &[("package/part.py", "")])
    }

    fn with_wheel(cmd: &str, files: &[(&str, &str)], members: &[(&str, &str)]) -> Self {
        let members: Vec<(&str, &[u8])> = members.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let (bytes, sha256) = wheel_with("py3-none-any", &members);
        let server = Server::start([("/thing.whl".to_owned(), Answer::Whole(bytes))]);
        let toml = format!(
            "[app]\nsources = [{}]\n[config]\ncmd = {cmd}\nworkdir = \"/app\"\n[profiles.lenient]\napp.optional-imports = [\"gone\"]",
            sources(files)
        );
        let definition = Definition::over_debian(&toml);
        let wheel = ("thing-1.0-py3-none-any.whl", server.url("/thing.whl"));
        let definition = definition.with_lock(&[(wheel.0, &wheel.1, &sha256)]);
        let definition = files.iter().fold(definition, |definition, (name, text)| definition.with(name, text));
        Self { definition, _server: server }
    }

    /// With the programs that such commands start.
    fn with_shell(mut self) -> Self {
        self.definition = self.definition.replacing("\"python3.11\",", "\"coreutils\", \"dash\", \"python3.11\",");
        self
    }

    fn build(&self, more: &[&str]) -> Run {
        let output = format!("oci:{}", self.definition.output().display());
        let folder = self.definition.argument();
        let arguments: Vec<&str> = [folder.as_str(), "--no-bytecode", "--output", output.as_str()]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let run = Shipwheel::new().image(&arguments);
        assert_eq!(self.definition.output().exists(), run.code == 0, "written only where all is well");
        run
    }
}

/// What is at the top of these files, as a list of TOML has it.
fn sources(files: &[(&str, &str)]) -> String {
    let top = |name: &str| format!("\"{}\"", name.split('/').next().unwrap_or(name));
    files.iter().map(|(name, _)| top(name)).collect::<Vec<_>>().join(", ")
}

const MODULE: &str = r#"["python3", "-m", "shop"]"#;

#[test]
fn an_import_that_is_bound_to_fail_is_an_error_with_its_line_and_what_brings_it() {
    let app = Application::new(
        MODULE,
        &[
            ("shop/__init__.py", ""),
            ("shop/__main__.py", "import thing, package.part, json, math\nfrom shop import tasks\n"),
            ("shop/tasks.py", "import sys\n\nimport yaml\nif sys.version_info < (3, 0):\n    import urllib2\n"),
        ],
    );
    let cause = "the image would not start: /app/shop/tasks.py:3 imports `yaml`, which nothing in the image provides (linux/amd64, linux/arm64)";
    app.build(&[]).failed(3, &[cause, "`pyyaml` (probably, for `yaml`)", "--optional-import"]);
    app.build(&["--optional-import", "yam"]).failed(3, &[cause]);
    app.build(&["--optional-import", "yaml"]).succeeded();
}

#[test]
fn what_may_not_happen_is_a_warning_and_what_is_guarded_is_nothing() {
    let app = Application::new(
        r#"["python3", "main.py"]"#,
        &[(
            "main.py",
            "try:\n    import ujson\nexcept ImportError:\n    ujson = None\n\n\ndef later():\n    import celery\n",
        )],
    );
    let run = app.build(&[]).succeeded();
    let warning = "warning: /app/main.py:8 imports `celery`, which nothing in the image provides (linux/amd64, linux/arm64): this fails if it is run";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    assert!(!run.stderr.contains("ujson"), "{}", run.stderr);
}

#[test]
fn what_is_started_must_be_there() {
    let cases = [
        (r#"["python3", "gone.py"]"#, "the command starts `/app/gone.py`, which is not in the image"),
        (r#"["python3", "-m", "gone"]"#, "the command starts `gone`, which nothing in the image provides"),
        (r#"["uvicorn", "main:gone"]"#, "the command takes `gone` from `main`, which does not have it"),
    ];
    for (cmd, cause) in cases {
        Application::new(cmd, &[("main.py", "app = 1\n")]).build(&[]).failed(3, &[cause]);
    }
    let relative =
        Application::new(r#"["python3", "shop/run.py"]"#, &[("shop/run.py", "from . import x\n"), ("shop/x.py", "")]);
    relative
        .build(&[])
        .failed(3, &["/app/shop/run.py:1 imports from `.`, but a file that is run as a script has no package"]);
}

#[test]
fn a_program_is_there_or_nothing_is_built() {
    let main = [("main.py", "app = 1\n")];
    let cause = "the image would not start: nothing in it brings `gunicorn`, which the command starts (linux/amd64)";
    for cmd in [r#"["gunicorn", "main:app"]"#, r#"["dumb-init", "gunicorn", "main:app"]"#] {
        let app = Application::new(cmd, &main);
        let cause = if cmd.contains("init") { "nothing in it brings `dumb-init`" } else { cause };
        app.build(&[]).failed(3, &[cause, "`groups` or `extras`"]);
        app.build(&["--optional-import", "*"]).succeeded();
    }
    let argument = Application::new(r#"["-m", "main"]"#, &main);
    argument.build(&[]).failed(3, &["nothing in it brings `-m`", "--cmd \"python3 -m …\""]);
    let members = [
        ("package/part.py", ""),
        ("thing-1.0.dist-info/entry_points.txt", "[console_scripts]\nserve = package.part:run\n"),
    ];
    Application::with_wheel(r#"["serve", "main:app"]"#, &main, &members).build(&[]).succeeded();
    let script = [("thing-1.0.data/scripts/serve", "#!python\n")];
    Application::with_wheel(r#"["/opt/venv/bin/serve"]"#, &main, &script).build(&[]).succeeded();
    Application::new(r#"["sh", "-c", "exec python3 main.py"]"#, &main).with_shell().build(&[]).succeeded();
}

#[test]
fn pkg_resources_that_a_wheel_imports_at_its_start_is_there_or_nothing_is_built() {
    let main = [("main.py", "import package\n")];
    let part = "import os\nimport pkg_resources\n";
    let cmd = r#"["python3", "main.py"]"#;
    let start = [("package/__init__.py", "from . import part\n"), ("package/part.py", part)];
    let cause = "package/part.py:2 imports `pkg_resources`, which nothing in the image provides (linux/amd64)";
    let app = Application::with_wheel(cmd, &main, &start);
    app.build(&[]).failed(3, &[cause, "add `setuptools<82`"]);
    app.build(&["--optional-import", "pkg_resources"]).succeeded();
    let unused = [("package/__init__.py", ""), ("package/part.py", part)];
    Application::with_wheel(cmd, &main, &unused).build(&[]).succeeded();
    let brought = [start[0], start[1], ("pkg_resources/__init__.py", "")];
    Application::with_wheel(cmd, &main, &brought).build(&[]).succeeded();
    let server = [
        ("package/part.py", part),
        ("thing-1.0.dist-info/entry_points.txt", "[console_scripts]\ngunicorn = package.part:run\n"),
    ];
    Application::with_wheel(r#"["gunicorn", "main:app"]"#, &[("main.py", "app = 1\n")], &server)
        .build(&[])
        .failed(3, &[cause]);
}

#[test]
fn a_key_and_a_profile_except_modules() {
    let app = Application::new(r#"["python3", "main.py"]"#, &[("main.py", "import gone.deep\n")]);
    app.build(&[]).failed(3, &["/app/main.py:1 imports `gone`"]);
    app.build(&["--profile", "lenient"]).succeeded();
    app.build(&["--optional-import", "*"]).succeeded();
}

#[test]
fn nothing_is_run_to_learn_what_is_imported() {
    let mark = shipwheel_tests::scratch();
    let path = mark.path().join("ran");
    let source = format!("open({:?}, 'w')\nimport gone\n", path.display().to_string());
    let app = Application::new(r#"["python3", "main.py"]"#, &[("main.py", &source)]);
    app.build(&[]).failed(3, &["/app/main.py:2 imports `gone`"]);
    assert!(!path.exists(), "the application ran");
}

#[test]
fn wrappers_and_shells_are_followed_where_all_is_sure_to_run() {
    for (cmd, is_refused) in [
        (r#"["env", "A=1", "python3", "main.py"]"#, true),
        (r#"["/bin/sh", "-c", "python3 first.py && exec python3 main.py"]"#, true),
        (r#"["/bin/sh", "-c", "cd shop && exec python3 ../main.py"]"#, true),
        (r#"["/bin/sh", "-c", "if test -e x; then python3 main.py; fi"]"#, false),
        (r#"["/bin/sh", "-c", "python3 first.py || python3 main.py"]"#, false),
    ] {
        let files = [("main.py", "import gone\n"), ("first.py", "import json\n"), ("shop/a.txt", "")];
        let app = Application::new(cmd, &files).with_shell();
        match is_refused {
            true => app.build(&[]).failed(3, &["/app/main.py:1 imports `gone`"]),
            false => drop(app.build(&[]).succeeded()),
        }
    }
}

/// As much of Django as these settings name; it is not run.
const DJANGO: [(&str, &str); 9] = [
    ("thing-1.0.data/scripts/gunicorn", "#!python\n"),
    ("django/__init__.py", ""),
    ("django/core/wsgi.py", ""),
    ("django/core/management/__init__.py", ""),
    ("django/urls/__init__.py", ""),
    ("django/db/backends/postgresql/base.py", ""),
    ("django/contrib/admin/__init__.py", ""),
    ("django/middleware/common.py", ""),
    ("django/template/backends/django.py", ""),
];

const PROJECT: [(&str, &str); 6] = [
    (
        "proj/wsgi.py",
        "import os\nfrom django.core.wsgi import get_wsgi_application\n\n\
         os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napplication = get_wsgi_application()\n",
    ),
    (
        "manage.py",
        "import os, sys\n\n\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n    try:\n        \
         from django.core.management import execute_from_command_line\n    except ImportError as exc:\n        \
         raise ImportError('Django?') from exc\n    execute_from_command_line(sys.argv)\n\n\n\
         if __name__ == '__main__':\n    main()\n",
    ),
    (
        "proj/base.py",
        "import logging\nlogger = logging.getLogger(__name__)\nROOT_URLCONF = 'proj.urls'\nEXTRA = ['shop.apps.ShopConfig']\n\
         INSTALLED_APPS = ['django.contrib.admin'] + EXTRA\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n\
         TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'OPTIONS': {'context_processors': ['shop.ctx.add']}}]\n\
         DATABASES = {'default': {'ENGINE': os_environ('ENGINE', 'django.db.backends.sqlite3')}}\n",
    ),
    ("proj/urls.py", "from django.urls import include, path\n\nurlpatterns = [path('', include('shop.urls'))]\n"),
    ("shop/apps.py", "class ShopConfig:\n    name = 'shop'\n"),
    ("shop/ctx.py", "def add(request):\n    return {}\n"),
];

#[test]
fn what_settings_of_django_name_must_be_there() {
    let (wsgi, manage) = (r#"["gunicorn", "proj.wsgi"]"#, r#"["python3", "manage.py", "check"]"#);
    let urls = ("shop/urls.py", "urlpatterns = []\n");
    for (settings, extra, expected) in [
        ("", urls, ""),
        ("", ("shop/x.py", ""), "/app/proj/urls.py:3 imports `shop.urls`"),
        ("", ("shop/models.py", "import gone\n"), "/app/shop/models.py:1 imports `gone`"),
        (
            "INSTALLED_APPS += [\n    'rest_framework',\n]\n",
            urls,
            "/app/proj/settings.py:3 has `rest_framework` in INSTALLED_APPS, which",
        ),
        ("INSTALLED_APPS.append('crispy_forms')\n", urls, "/app/proj/settings.py:2 has `crispy_forms`"),
        ("if DEBUG:\n    INSTALLED_APPS += ['debug_toolbar']\n    MIDDLEWARE.append('debug_toolbar.M')\n", urls, ""),
        (
            "MIDDLEWARE.insert(1, 'whitenoise.middleware.WhiteNoiseMiddleware')\n",
            urls,
            "in MIDDLEWARE, which needs `whitenoise`",
        ),
        ("MIDDLEWARE = ['gone.Ware']\nMIDDLEWARE.remove('gone.Ware')\n", urls, ""),
        ("MIDDLEWARE = ['gone.Ware']\nglobals().update(x)\n", urls, ""),
        (
            "MIDDLEWARE = ['shop.ctx.Ware', *MIDDLEWARE]\n",
            urls,
            "has `shop.ctx.Ware` in MIDDLEWARE, which `shop.ctx` does not have",
        ),
        (
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nDATABASES['default']['CONN_MAX_AGE'] = 1\n",
            urls,
            "which needs `psycopg`",
        ),
        (
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nDATABASES['default'] = config()\n",
            urls,
            "",
        ),
        ("CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', **MORE}}\n", urls, ""),
        (
            "STORAGES = {'default': {'BACKEND': 'storages.backends.s3.S3Storage'}}\n",
            urls,
            "in STORAGES, which needs `storages`",
        ),
        (
            "try:\n    from .local import *\nexcept ImportError:\n    pass\nAUTHENTICATION_BACKENDS = ('allauth.Backend',)\n",
            urls,
            "in AUTHENTICATION_BACKENDS",
        ),
    ] {
        let settings = format!("from .base import *\n{settings}");
        let files = [&PROJECT[..], &[("proj/settings.py", settings.as_str()), extra]].concat();
        // Both ways in lead to the same settings.
        for cmd in [wsgi, manage].into_iter().take(if settings.contains("rest_framework") { 2 } else { 1 }) {
            let app = Application::with_wheel(cmd, &files, &DJANGO);
            match expected {
                "" => drop(app.build(&[]).succeeded()),
                expected => app.build(&[]).failed(3, &[expected]),
            }
        }
    }
}

#[test]
fn a_submodule_that_a_wheel_lacks_is_an_error_unless_it_may_be_made_at_run_time() {
    let members = [
        ("plain/__init__.py", "from .core import run\n"),
        ("plain/core.py", "def run(): pass\n"),
        ("plain/data/readme.txt", ""),
        ("google/cloud/bigquery/__init__.py", ""),
        ("sixlike.py", "import sys\nsys.modules[__name__ + '.moves'] = 1\n"),
        ("made/__init__.py", ""),
        ("made/vendor.py", "import sys\nsys.modules['made.extra'] = sys\n"),
        ("spread/__init__.py", "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"),
    ];
    for (import, expected) in [
        ("from plain.core import anything; import plain.data, sixlike.moves, made.extra.deep, spread.any", &[][..]),
        ("try:\n    import plain.gone\nexcept ImportError: pass", &[]),
        (
            "from plain.gone import x",
            &["imports `plain.gone`", "thing 1.0 has no module `plain.gone`: correct the import"],
        ),
        ("import google.cloud.storage", &["imports `google.cloud.storage`", "add `google-cloud-storage`"]),
        ("import made.other", &["imports `made.other`"]),
    ] {
        let app = Application::with_wheel(r#"["python3", "main.py"]"#, &[("main.py", import)], &members);
        match expected {
            [] => drop(app.build(&[]).succeeded()),
            expected => app.build(&[]).failed(3, expected),
        }
    }
}

#[test]
fn a_module_that_was_left_out_is_named_with_the_line_that_does_it() {
    let files = [("shop/__main__.py", "import shop.tasks\n"), ("shop/tasks.py", "")];
    let mut app = Application::new(MODULE, &files);
    app.definition = app.definition.with(".dockerignore", "*.md\n**/tasks.py\n");
    app.build(&[]).failed(
        3,
        &["imports `shop.tasks`", "line 2 of ", "`**/tasks.py`, leaves out shop/tasks.py", "`!shop/tasks.py`"],
    );
    let mut app = Application::new(MODULE, &[("shop/__main__.py", "import tools\n")]);
    app.definition = app.definition.with("tools/__init__.py", "");
    app.build(&[]).failed(
        3,
        &["imports `tools`", "tools/__init__.py is in the folder and not in the image: name it in `sources`"],
    );
}

#[test]
fn what_is_left_out_is_named_whatever_misses_it() {
    let bot = ("bot.py", "from cogs import music\n");
    for (cmd, files, ignored, expected) in [
        // A folder without an `__init__.py`, of which a line leaves out all that is in it.
        (
            r#"["python3", "bot.py"]"#,
            &[bot, ("cogs/music.py", "")][..],
            "*.md\ncogs/*\n",
            &["imports `cogs`", "line 2 of ", "`cogs/*`, leaves out cogs/music.py", "`!cogs/music.py`"][..],
        ),
        // A module of a package that is there.
        (
            r#"["python3", "bot.py"]"#,
            &[bot, ("cogs/__init__.py", ""), ("cogs/music.py", "")],
            "**/music.py\n",
            &["takes `music` from `cogs`", "line 1 of ", "`**/music.py`, leaves out cogs/music.py"],
        ),
        // What the command itself starts.
        (
            r#"["python3", "bot.py"]"#,
            &[bot, ("cogs/music.py", "")],
            "bot.*\n",
            &["the command starts `/app/bot.py`", "line 1 of ", "`bot.*`, leaves out bot.py", "`!bot.py`"],
        ),
        (
            MODULE,
            &[("shop/__init__.py", ""), ("shop/__main__.py", "")],
            "shop/__main__.py\n",
            &["the command starts `shop.__main__`", "line 1 of ", "leaves out shop/__main__.py"],
        ),
    ] {
        let mut app = Application::new(cmd, files);
        app.definition = app.definition.replacing(&sources(files), "\".\"").with(".dockerignore", ignored);
        app.build(&[]).failed(3, expected);
    }
    // One that may not happen is a warning with the same line.
    let later = "def play():\n    import music\n";
    let mut app = Application::new(r#"["python3", "bot.py"]"#, &[("bot.py", later), ("music.py", "")]);
    app.definition = app.definition.replacing("\"bot.py\", \"music.py\"", "\".\"").with(".dockerignore", "music.py\n");
    let run = app.build(&[]).succeeded();
    let warned = run.stderr.lines().find(|line| line.contains("imports `music`")).unwrap_or_default();
    assert!(
        warned.contains("this fails if it is run; line 1 of ") && warned.contains("leaves out music.py"),
        "{warned}"
    );
}

#[test]
fn a_group_or_an_extra_that_would_bring_a_module_is_named() {
    let project = "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"thing\"]\n";
    let extra = "[project.optional-dependencies]\nother = [\"six\"]\nfast = [\"ujson>=5\"]\n";
    let group = "[dependency-groups]\ndev = [\"pytest\"]\nops = [{ include-group = \"dev\" }, \"PyYAML\"]\n";
    let poetry = "[tool.poetry]\nname = \"shop\"\n[tool.poetry.group.ops.dependencies]\npyyaml = \"^6\"\n";
    for (pyproject, import, expected) in [
        (
            format!("{project}{extra}{group}"),
            "ujson",
            &["ujson is in the extra `fast`, which is not selected", "`extras = [\"fast\"]` in `[python]`"][..],
        ),
        (
            format!("{project}{extra}{group}"),
            "yaml",
            &["pyyaml is in the group `ops`, which is not selected", "`groups = [\"ops\"]` in `[python]`"],
        ),
        (
            poetry.to_owned(),
            "yaml",
            &["pyyaml is in the group `ops`, which is not selected", "`groups = [\"ops\"]` in `[python]`"],
        ),
        // Neither brings it.
        (format!("{project}{extra}"), "yaml", &["add `pyyaml` (probably, for `yaml`) to the dependencies"]),
    ] {
        let source = format!("import {import}\n");
        let mut app = Application::new(r#"["python3", "main.py"]"#, &[("main.py", &source)]);
        app.definition = app.definition.with("pyproject.toml", &pyproject);
        let run = app.build(&[]);
        run.failed(3, &[&[format!("/app/main.py:1 imports `{import}`").as_str()], expected].concat());
        let is_said = expected[0].contains("is not selected");
        assert_eq!(run.stderr.contains("to the dependencies"), !is_said, "one hint for one cause\n{}", run.stderr);
    }
}
