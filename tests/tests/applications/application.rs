//! The applications of `tests/applications`: how each is locked, started and asked.

use crate::question::Question::{self, Begin, Command, Get, Post};

/// How the dependencies of an application are locked before the build.
#[derive(Debug, Clone, Copy)]
pub enum Lock {
    /// Not at all: its requirements.txt has no hashes, and shipwheel locks it.
    None,
    /// By `uv lock`.
    Uv,
    /// By `uv pip compile`, with hashes: each of these .in files to a .txt file.
    Requirements(&'static [&'static str]),
    /// By `uv lock`, in a repository whose only commit has this tag.
    Tagged(&'static str),
}

/// One application.
#[derive(Debug)]
pub struct Application {
    /// Its folder.
    pub name: &'static str,
    /// The folder in it that is built.
    pub inside: &'static str,
    pub lock: Lock,
    /// What is built; amd64 is started.
    pub platforms: &'static str,
    /// The command that must be derived, as image.toml has it.
    pub command: &'static str,
    /// Variables that the container gets.
    pub environment: &'static [&'static str],
    /// Where it listens; 0 if it does not.
    pub port: u16,
    /// In this order.
    pub questions: &'static [Question],
}

/// What most of them have in common.
const PLAIN: Application = Application {
    name: "",
    inside: ".",
    lock: Lock::None,
    platforms: "linux/amd64",
    command: "",
    environment: &[],
    port: 8000,
    questions: &[],
};

/// Runs the page as a visitor's browser has it run, and prints what it shows.
const STREAMLIT: &str = "import streamlit as st\nfrom streamlit.testing.v1 import AppTest\n\
    page = AppTest.from_file('app.py').run()\nprint(page.title[0].value, page.metric[0].value, len(page.exception))\n\
    page.sidebar.selectbox[0].select('Birch').run()\nprint('Birch', page.metric[0].value)\n\
    print(AppTest.from_file('pages/about.py').run().markdown[0].value, st.get_option('theme.primaryColor'))";

/// What the browser sends when a bridge is chosen.
const DASH: &str = r#"{"output": "busiest.children", "outputs": {"id": "busiest", "property": "children"},
    "inputs": [{"id": "bridge", "property": "value", "value": "East"}], "changedPropIds": ["bridge.value"]}"#;

/// All of them.
pub const APPLICATIONS: [Application; 10] = [
    Application {
        name: "django",
        command: r#"cmd = ["gunicorn", "library.wsgi:application"]"#,
        environment: &["DATABASE=/tmp/library.sqlite3"],
        questions: &[
            Command(&["python3", "manage.py", "migrate", "--no-input"], &["Applying catalog.0002_book_copies... OK"]),
            Command(&["python3", "manage.py", "loaddata", "books"], &["Installed 2 object(s)"]),
            Get("/?author=okafor", 200, &["A Tide Table (1987) by L. Okafor, three copies", "Return what you borrow."]),
            Get("/stock", 200, &[r#"{"titles": 2, "copies": 5}"#]),
            Get("/static/site.css", 200, &[".motto {"]),
            Get("/nowhere", 404, &[]),
        ],
        ..PLAIN
    },
    Application {
        name: "fastapi",
        lock: Lock::Uv,
        platforms: "linux/amd64,linux/arm64",
        command: r#"cmd = ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]"#,
        environment: &["DATABASE_URL=sqlite:////tmp/notes.db"],
        questions: &[
            Command(&["alembic", "upgrade", "head"], &[]),
            Command(&["alembic", "current"], &["0002 (head)"]),
            Post("/notes", r#"{"text": "second"}"#, 201, &[r#"{"id":1}"#]),
            Post("/notes", r#"{"text": "first", "pinned": true}"#, 201, &[r#"{"id":2}"#]),
            Post("/notes", r#"{"text": ""}"#, 422, &["at least 1 character"]),
            Get("/notes", 200, &[r#"[{"id":2,"text":"first","pinned":true},{"id":1,"text":"second","pinned":false}]"#]),
            Get("/docs", 200, &["Notes"]),
        ],
        ..PLAIN
    },
    Application {
        name: "flask-celery",
        lock: Lock::Requirements(&["requirements", "requirements-dev"]),
        command: r#"cmd = ["gunicorn", "reports:create_app()"]"#,
        environment: &[
            "BROKER_URL=filesystem://",
            "RESULT_BACKEND=file:///tmp",
            r#"BROKER_OPTIONS={"data_folder_in": "/tmp/queue", "data_folder_out": "/tmp/queue", "control_folder": "/tmp/control"}"#,
        ],
        questions: &[
            Begin(&["celery", "-A", "reports.worker", "worker", "--pool", "solo"]),
            Get("/", 200, &["/static/orders.js", "<option>north</option>"]),
            Get("/static/orders.js", 200, &["preventDefault"]),
            Post("/orders", r#"{"number": "A-7", "region": "north"}"#, 202, &["A-7"]),
            Get("/orders/A-7", 200, &["SUCCESS", r"Sales in the north\nchair: 2\nlamp: 7"]),
        ],
        ..PLAIN
    },
    Application {
        name: "streamlit",
        command: r#"cmd = ["streamlit", "run", "app.py", "#,
        port: 8501,
        questions: &[
            Get("/_stcore/health", 200, &["ok"]),
            Get("/", 200, &["<title>Streamlit</title>"]),
            Command(&["python3", "-c", STREAMLIT], &["Harvest 31 0", "Birch 8", "**own gate**", "#7a5c24"]),
        ],
        ..PLAIN
    },
    Application {
        name: "dash",
        command: r#"cmd = ["gunicorn", "app:server"]"#,
        questions: &[
            Get("/", 200, &["<title>Traffic</title>", "assets/style.css"]),
            Get("/_dash-layout", 200, &["Traffic at the bridges"]),
            Get("/assets/style.css", 200, &["color: #245"]),
            Post("/_dash-update-component", DASH, 200, &["busiest at 17:00 with 402 cars"]),
        ],
        ..PLAIN
    },
    Application {
        name: "bot",
        lock: Lock::Requirements(&["requirements"]),
        command: r#"cmd = ["python3", "-m", "bot.main"]"#,
        port: 0,
        ..PLAIN
    },
    Application {
        name: "workspace",
        inside: "services/api",
        lock: Lock::Uv,
        platforms: "linux/amd64,linux/arm64",
        command: r#"cmd = ["uvicorn", "freight_api.main:app", "--host", "0.0.0.0", "--port", "8000"]"#,
        questions: &[
            Post("/price", r#"{"grams": 1200, "zone": "abroad"}"#, 200, &[r#"{"cents":1410}"#]),
            Post("/price", r#"{"grams": 1, "zone": "moon"}"#, 404, &["moon"]),
            Get("/version", 200, &[r#"{"api":"0.9.1","rates":"1.2.0"}"#]),
        ],
        ..PLAIN
    },
    Application { name: "cli", lock: Lock::Tagged("v1.4.2"), command: r#"cmd = ["knots"]"#, port: 0, ..PLAIN },
    Application {
        name: "opencv",
        lock: Lock::Uv,
        command: r#"cmd = ["hypercorn", "--bind", "0.0.0.0:8000", "coins.web:app"]"#,
        questions: &[
            Get("/count/3", 200, &[r#"{"coins":3}"#]),
            Get("/", 200, &["Send a picture"]),
            Post("/count", "not a picture", 400, &["this is no picture"]),
        ],
        ..PLAIN
    },
    Application {
        name: "psycopg",
        lock: Lock::Requirements(&["requirements"]),
        command: r#"cmd = ["waitress-serve", "--port", "8000", "app:application"]"#,
        environment: &["DATABASE_URL=postgresql://nobody@127.0.0.1:1/ledger"],
        questions: &[
            // libpq itself was found, loaded and asked: the refusal is its own words.
            Get("/healthz", 200, &[r#"{"driver": "python", "libpq": 15}"#]),
            Get("/balances/7", 503, &["port 1 failed: Connection refused"]),
        ],
        ..PLAIN
    },
];
