//! Modules as people write them, and the folders that they write to.

use proptest::prelude::*;

use crate::derive::{Choices, Folder, derive, is_read};

/// The value of `app.writable` of a folder with these files besides a script that starts; empty if there is none.
fn writable(files: &[(&str, &str)]) -> String {
    let start = ("main.py", "print('started')\n");
    let files = || files.iter().chain((!files.iter().any(|(path, _)| *path == "main.py")).then_some(&start));
    let folder = Folder {
        files: files().map(|(path, _)| (*path).to_owned()).collect(),
        texts: files()
            .filter(|(path, _)| is_read(path))
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect(),
        workspace: None,
    };
    let toml = derive(&folder, &Choices::default()).expect("an application").toml;
    let value = toml.lines().find_map(|line| line.strip_prefix("writable = "));
    value.unwrap_or_default().replace(['[', ']', '"'], "")
}

#[test]
fn one_module_says_where_it_writes() {
    for (text, expected) in [
        ("import os\nos.makedirs('logs', exist_ok=True)", "logs"),
        ("import os\nfor name in ['a']:\n    os.mkdir(os.path.join('out', name))", "out"),
        ("from pathlib import Path\nPath('data').mkdir(parents=True)", "data"),
        ("from pathlib import Path\nDATA = Path(__file__).parent / 'data'\ndef f():\n    DATA.mkdir()", "data"),
        ("from pathlib import Path\n(Path('a') / 'b').mkdir()\nPath('c').joinpath('d', 'e').touch()", "a/b, c/d"),
        ("import pathlib\nBASE = pathlib.Path(__file__).resolve().parents[0]\n(BASE / 'x').mkdir()", "x"),
        ("import os\nHERE = os.path.dirname(os.path.abspath(__file__))\nos.makedirs(os.path.join(HERE, 'up'))", "up"),
        ("import sqlite3\nsqlite3.connect('data/app.db')", "data"),
        ("import sqlite3\nsqlite3.connect('app.db')", "."),
        ("import sqlite3\nsqlite3.connect(':memory:')", ""),
        ("import sqlite3\nsqlite3.connect(database='/var/lib/shop/app.db')", "/var/lib/shop"),
        ("URL = 'sqlite:///./app.db'", "."),
        ("URL = 'sqlite+aiosqlite:///data/app.db?cache=shared'", "data"),
        ("URL = 'sqlite:////data/app.db'", "/data"),
        ("URL = 'sqlite://'\nOTHER = 'sqlite:///:memory:'\nTHIRD = 'postgresql:///shop'", ""),
        ("import os\nURL = os.environ.get('DATABASE_URL', 'sqlite:///data/app.db')", "data"),
        (
            "import os\nbase = os.path.abspath(os.path.dirname(__file__))\nU = 'sqlite:///' + os.path.join(base, 'db', 'a.db')",
            "db",
        ),
        ("from pathlib import Path\nBASE = Path(__file__).parent\nU = f'sqlite:///{BASE}/db/a.db'", "db"),
        ("import logging\nlogging.FileHandler('logs/app.log')", "logs"),
        ("from logging.handlers import RotatingFileHandler as R\nR(filename='app.log')", "."),
        ("import logging\nlogging.basicConfig(level=10, filename='log/x.log')", "log"),
        ("from loguru import logger\nlogger.add('logs/{time}.log')", "logs"),
        ("from loguru import logger\nimport sys\nlogger.add(sys.stderr)", ""),
        ("open('out/x', 'w').write('')", "out"),
        ("open('in/x').read()\nopen('in/y', 'rb')\nopen('in/z', mode='r')", ""),
        ("def f(name):\n    with open(f'out/{name}.txt', mode='wb') as file:\n        pass", "out"),
        ("def f(name):\n    open(name, 'w')", ""),
        ("def f(name):\n    open(name + '.txt', 'w')", ""),
        ("from pathlib import Path\nPath('state.json').write_text('{}')", "."),
        ("from pathlib import Path\nwith (Path('out') / 'x').open('a') as f: pass", "out"),
        ("app.config['UPLOAD_FOLDER'] = 'static/uploads'", "static/uploads"),
        ("class Config:\n    UPLOAD_FOLDER: str = 'up'\n", "up"),
        ("app.config.update(UPLOAD_FOLDER='up', DEBUG=True)", "up"),
        ("if NAME == 'x.db':\n    pass", ""),
        ("import pandas as pd\npd.DataFrame().to_csv('report/%s.csv' % day)", "report"),
        ("import numpy as np, cv2\nnp.save('m/a.npy', a)\ncv2.imwrite('frames/{}.png'.format(1), a)", "frames, m"),
        ("import chromadb\nchromadb.PersistentClient(path='./chroma')", "chroma"),
        ("import tempfile, os\nos.makedirs('/tmp/x')\nos.makedirs(tempfile.mkdtemp())", ""),
        ("import os\nos.makedirs(os.path.expanduser('~/x'))", ""),
        ("import os\nos.makedirs('../x')", "/x"),
        ("import os\nDATA = os.getenv('DATA') or 'data'\nos.makedirs(DATA)", "data"),
        ("class S(B):\n    data: str = Field(default='data')\nimport os\nos.makedirs(data)", "data"),
        (
            "class A:\n    def __init__(self):\n        self.path = 'cache'\n    def f(self):\n        os.makedirs(self.path)\nimport os",
            "cache",
        ),
    ] {
        assert_eq!(writable(&[("main.py", text)]), expected, "{text}");
    }
}

#[test]
fn what_tests_write_to_is_not_what_the_application_does() {
    let written = "import os\nos.makedirs('out')\n";
    for (path, expected) in [
        ("shop/jobs.py", "out"),
        ("shop/test/helpers.py", ""),
        ("shop/tests/helpers.py", ""),
        ("shop/test_jobs.py", ""),
        ("shop/contest.py", "out"),
    ] {
        // That the application imports it does not change what it is.
        let main = format!("import {}\n", path.trim_end_matches(".py").replace('/', "."));
        assert_eq!(writable(&[("main.py", &main), ("shop/__init__.py", ""), (path, written)]), expected, "{path}");
    }
}

#[test]
fn names_are_followed_into_other_modules() {
    let base = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n";
    for (files, expected) in [
        (
            &[
                (
                    "shop/config.py",
                    "from pathlib import Path\nDATA = Path('data')\nclass S:\n    logs = 'logs'\ns = S()\n",
                ),
                ("shop/__init__.py", ""),
                ("main.py", "import os\nfrom shop.config import DATA, s\nDATA.mkdir()\nos.makedirs(s.logs)"),
            ][..],
            "data, logs",
        ),
        (
            &[
                ("shop/a.py", "from . import b\nb.OUT.mkdir()"),
                ("shop/b.py", "import pathlib\nOUT = pathlib.Path('o')"),
            ],
            "o",
        ),
        (
            &[
                (
                    "shop/settings.py",
                    &*format!("{base}MEDIA_ROOT = BASE_DIR / 'media'\nSTATIC_ROOT = BASE_DIR / 'static'"),
                ),
                ("blog/views.py", "from django.conf import settings\nopen(settings.BASE_DIR / 'x' / 'y', 'w')"),
            ],
            "media, x",
        ),
        (
            &[(
                "shop/settings.py",
                &*format!(
                    "{base}DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}}}"
                ),
            )],
            ".",
        ),
        (&[("shop/settings.py", "DATABASES = {'default': {'ENGINE': 'postgresql', 'NAME': 'shop'}}")], ""),
        (
            &[(
                "shop/settings.py",
                "LOGGING = {'handlers': {'f': {'class': 'logging.FileHandler', 'filename': 'log/a.log'}}}",
            )],
            "log",
        ),
        (&[("tests/test_x.py", "import os\nos.makedirs('out')")], ""),
        (&[("app.py", "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'"), ("requirements.txt", "")], "."),
        (
            &[
                ("app.py", "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'"),
                ("requirements.txt", "Flask-SQLAlchemy==3.1.1\n"),
            ],
            "instance",
        ),
        (&[("shop/__init__.py", "import os\nos.makedirs(app.instance_path)")], "instance"),
    ] {
        assert_eq!(writable(files), expected, "{files:?}");
    }
}

proptest! {
    #[test]
    fn any_module_can_be_read(
        text in "(os|import |\\.|makedirs|mkdir|open|Path|=|\\(|\\)|\\[|\\]|,|:|\"a/b\"|f'\\{x\\}'|'sqlite:///x'|/|\\+|%| or | if |parents|parent|NAME|0|\n| |self|__file__){0,40}",
    ) {
        let _ = writable(&[("main.py", &text)]);
    }
}
