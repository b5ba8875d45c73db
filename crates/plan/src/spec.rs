//! `image.toml` as values: what the user asks for, with the place of everything that can be wrong.

use shipwheel_oci::{Platform, Reference, RuntimeConfig};
use shipwheel_python::Optimization;
use toml_span::Value;

use crate::problem::{Problem, SpecError};
use crate::section::{Located, Problems, Section, nearest};

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSpec {
    /// The bases to try, in order.
    pub base: Vec<Base>,
    /// The platforms to build for, in order, each once.
    pub platforms: Vec<Platform>,
    /// Dependencies, if there are any.
    pub python: Option<PythonSpec>,
    /// The application, if there is one.
    pub app: Option<AppSpec>,
    /// What becomes of the bytecode.
    pub bytecode: BytecodeSpec,
    /// What the runtime is told.
    pub config: RuntimeConfig,
    /// The name of the tag, `latest` unless set.
    pub tag: String,
}

/// Where a base image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Assembled from Debian's packages.
    Debian(DebianBase),
    /// Pulled from a registry.
    Image(Located<Reference>),
    /// Read from an OCI layout folder or archive, relative to the image.toml.
    Layout(Located<String>),
}

/// A base assembled from Debian's packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebianBase {
    /// `bookworm`.
    pub suite: Located<String>,
    /// The packages wanted; their dependencies come along.
    pub packages: Vec<Located<String>>,
    /// Packages that count as present and never come along.
    pub exclude: Vec<String>,
    /// The archive, where the image.toml names it.
    pub mirror: Option<Located<String>>,
    /// The security archive, where the image.toml names it.
    pub security_mirror: Option<Located<String>>,
    /// Whether an expired `InRelease` is refused; apt's settings decide where it is not set.
    pub check_valid_until: Option<bool>,
    /// A file of OpenPGP certificates to trust in place of Debian's own.
    pub keyring: Option<Located<String>>,
}

/// The dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonSpec {
    /// The lock file, relative to the image.toml.
    pub lock: Located<String>,
}

/// The application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSpec {
    /// Files and folders, relative to the image.toml.
    pub sources: Vec<Located<String>>,
    /// The folder in the image that they are put into.
    pub destination: Located<String>,
    /// Patterns in gitignore syntax; where there are any, only what they match is taken.
    pub include: Vec<Located<String>>,
    /// Patterns in gitignore syntax of what is left out.
    pub exclude: Vec<Located<String>>,
}

/// What becomes of the bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytecodeSpec {
    /// Whether there are bytecode layers at all.
    pub enabled: bool,
    /// The level that is compiled and that the image runs at.
    pub optimization: Optimization,
    /// Whether the application's sources are left out.
    pub remove_source: bool,
}

impl Default for BytecodeSpec {
    fn default() -> Self {
        Self { enabled: true, optimization: Optimization::None, remove_source: false }
    }
}

const KEYS: &[&str] = &["base", "platforms", "python", "app", "bytecode", "config", "tag", "profiles"];

impl ImageSpec {
    /// Reads an image.toml; `file` is its name for errors, `profile` one of its profiles.
    ///
    /// Every profile is checked, whichever is chosen.
    ///
    /// # Errors
    /// All problems of the file together, each with its place.
    pub fn parse(text: &str, file: &str, profile: Option<&str>) -> Result<Self, SpecError> {
        let fail = |problems| SpecError { file: file.to_owned(), text: text.to_owned(), problems };
        let root = toml_span::parse(text).map_err(|error| fail(vec![syntax_problem(&error)]))?;
        let problems = Problems::default();
        let top = Section::open("", root.as_table().into_iter().collect(), KEYS, &problems);
        let profiles = top.value("profiles").and_then(Value::as_table);
        if let Some(name) = profile
            && !profiles.is_some_and(|profiles| profiles.contains_key(name))
        {
            let known = profiles.into_iter().flat_map(|profiles| profiles.keys()).map(|key| key.name.as_ref());
            problems.borrow_mut().push(unknown_profile(name, known.collect()));
        }
        let with = |profile: Option<&str>| {
            let over = profiles.and_then(|profiles| profiles.get(profile?)).and_then(Value::as_table);
            let layers = over.into_iter().chain(root.as_table()).collect();
            read_spec(&Section::open("", layers, KEYS, &problems))
        };
        let spec = with(profile);
        for (key, value) in profiles.into_iter().flatten() {
            top.of_value(&format!("profiles.{}", key.name), value, KEYS);
            with(Some(key.name.as_ref()));
        }
        let mut problems = problems.into_inner();
        problems.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        problems.dedup();
        match spec {
            Some(spec) if problems.is_empty() => Ok(spec),
            _ => Err(fail(problems)),
        }
    }
}

fn syntax_problem(error: &toml_span::Error) -> Problem {
    Problem::new(error.span.start..error.span.end, format!("not valid TOML: {error}"))
}

fn unknown_profile(name: &str, known: Vec<&str>) -> Problem {
    let hint = match (nearest(name, known.iter().copied()), known.is_empty()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, true) => "it has no profiles; add a table `[profiles.NAME]`".to_owned(),
        (None, false) => format!("known are {}", known.join(", ")),
    };
    Problem::new(0..0, format!("there is no profile `{name}`")).with_hint(hint)
}

fn read_spec(top: &Section<'_>) -> Option<ImageSpec> {
    let base = read_bases(top);
    let platforms = read_platforms(top);
    let python = top.section("python", &["lock"]).and_then(|python| Some(PythonSpec { lock: python.text("lock")? }));
    let bytecode = read_bytecode(top);
    Some(ImageSpec {
        app: read_app(top),
        config: read_config(top),
        tag: top.text("tag").map_or_else(|| "latest".to_owned(), |tag| tag.value),
        base: base?,
        platforms,
        python,
        bytecode,
    })
}

fn read_bases(top: &Section<'_>) -> Option<Vec<Base>> {
    let Some(value) = top.value("base") else {
        return Some(Vec::new());
    };
    let items: Vec<_> = match value.as_array() {
        Some(list) if list.is_empty() => {
            top.report(value, "`base` is an empty list, expected one base at least".to_owned());
            return None;
        }
        Some(list) => list.iter().collect(),
        None => vec![value],
    };
    items.into_iter().map(|item| read_base(top, item)).collect()
}

fn read_base<'v>(top: &Section<'v>, item: &'v Value<'v>) -> Option<Base> {
    let section = top.of_value("base", item, &["debian", "image", "layout"])?;
    let debian = section.section("debian", DEBIAN_KEYS);
    match (debian, section.text("image"), section.text("layout")) {
        (Some(debian), None, None) => read_debian(&section, &debian, item),
        (None, Some(image), None) => match image.value.parse() {
            Ok(reference) => Some(Base::Image(Located { value: reference, span: image.span })),
            Err(error) => {
                section.report(section.value("image")?, format!("{error}"));
                None
            }
        },
        (None, None, Some(layout)) => Some(Base::Layout(layout)),
        _ => {
            let message = "a base is exactly one of `debian = { … }`, `image = \"…\"` and `layout = \"…\"`";
            section.report(item, message.to_owned());
            None
        }
    }
}

const DEBIAN_KEYS: &[&str] =
    &["suite", "packages", "exclude", "mirror", "security-mirror", "check-valid-until", "keyring"];

fn read_debian(base: &Section<'_>, debian: &Section<'_>, item: &Value<'_>) -> Option<Base> {
    let suite = debian.text("suite");
    let packages = debian.texts("packages");
    if suite.is_none() && debian.value("suite").is_none() {
        base.report(item, "`base.debian` has no `suite`, such as \"bookworm\"".to_owned());
    }
    if packages.as_ref().is_none_or(Vec::is_empty) && debian.value("packages").is_none() {
        base.report(item, "`base.debian` has no `packages`, such as [\"python3.11\"]".to_owned());
    }
    Some(Base::Debian(DebianBase {
        suite: suite?,
        packages: packages?,
        exclude: debian.texts("exclude").unwrap_or_default().into_iter().map(|name| name.value).collect(),
        mirror: debian.text("mirror"),
        security_mirror: debian.text("security-mirror"),
        check_valid_until: debian.boolean("check-valid-until"),
        keyring: debian.text("keyring"),
    }))
}

fn read_platforms(top: &Section<'_>) -> Vec<Platform> {
    let Some(texts) = top.texts("platforms") else {
        return vec![Platform::linux_amd64()];
    };
    let mut platforms = Vec::new();
    for text in texts {
        match text.value.parse::<Platform>() {
            Ok(platform) if platforms.contains(&platform) => {}
            Ok(platform) => platforms.push(platform),
            Err(error) => top.report_at(text.span, error.to_string()),
        }
    }
    // An index lists its platforms in one order, however they were asked for.
    platforms.sort();
    platforms
}

fn read_app(top: &Section<'_>) -> Option<AppSpec> {
    let app = top.section("app", &["sources", "destination", "include", "exclude"])?;
    let sources = app.texts("sources").unwrap_or_default();
    if sources.is_empty()
        && let Some(value) = app.value("sources").or_else(|| top.value("app"))
    {
        app.report(value, "`app.sources` is missing or empty: name the files and folders to take".to_owned());
    }
    let destination = app.text("destination").unwrap_or(Located { value: "/app".to_owned(), span: 0..0 });
    match shipwheel_layer::TreePath::new(&destination.value) {
        Ok(path) if destination.value.starts_with('/') && !path.is_root() => {}
        _ => app.report_at(destination.span.clone(), "`app.destination` is no absolute path below `/`".to_owned()),
    }
    Some(AppSpec {
        sources,
        destination,
        include: app.texts("include").unwrap_or_default(),
        exclude: app.texts("exclude").unwrap_or_default(),
    })
}

fn read_bytecode(top: &Section<'_>) -> BytecodeSpec {
    let default = BytecodeSpec::default();
    let Some(bytecode) = top.section("bytecode", &["enabled", "optimize", "remove-source"]) else {
        return default;
    };
    let optimization = bytecode.integer("optimize").map(|level| {
        let found = u64::try_from(level.value).ok().and_then(Optimization::from_level);
        if found.is_none() {
            bytecode.report_at(level.span, format!("`bytecode.optimize` is {}, expected 0, 1 or 2", level.value));
        }
        found.unwrap_or(default.optimization)
    });
    BytecodeSpec {
        enabled: bytecode.boolean("enabled").unwrap_or(default.enabled),
        optimization: optimization.unwrap_or(default.optimization),
        remove_source: bytecode.boolean("remove-source").unwrap_or(default.remove_source),
    }
}

const CONFIG_KEYS: &[&str] = &["entrypoint", "cmd", "env", "user", "workdir", "labels", "exposed-ports", "stop-signal"];

fn read_config(top: &Section<'_>) -> RuntimeConfig {
    let Some(config) = top.section("config", CONFIG_KEYS) else {
        return RuntimeConfig::default();
    };
    let list = |key| config.texts(key).map(|texts| texts.into_iter().map(|text| text.value).collect());
    let text = |key| config.text(key).map(|text| text.value);
    let env = config.text_map("env");
    for name in env.keys().filter(|name| name.is_empty() || name.contains(['=', '\0'])) {
        if let Some(value) = config.value("env") {
            config.report(value, format!("`config.env` has a variable named `{name}`, which no system takes"));
        }
    }
    RuntimeConfig {
        entrypoint: list("entrypoint"),
        cmd: list("cmd"),
        env,
        user: text("user"),
        workdir: text("workdir"),
        labels: config.text_map("labels"),
        exposed_ports: read_ports(&config),
        stop_signal: text("stop-signal"),
    }
}

/// Ports as numbers (`8080`) or with a protocol (`"53/udp"`), as the spec writes them.
fn read_ports(config: &Section<'_>) -> Vec<String> {
    let Some(value) = config.value("exposed-ports") else {
        return Vec::new();
    };
    let Some(list) = value.as_array() else {
        config.report(value, "`config.exposed-ports` is no list, such as [8080]".to_owned());
        return Vec::new();
    };
    let mut ports = Vec::new();
    for item in list {
        let text = item.as_integer().map(|port| port.to_string()).or_else(|| item.as_str().map(str::to_owned));
        let text = text.unwrap_or_default();
        let (number, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        match (number.parse::<u16>(), protocol) {
            (Ok(port), "tcp" | "udp" | "sctp") if port > 0 => ports.push(format!("{port}/{protocol}")),
            _ => config.report(item, "`config.exposed-ports` holds no port, such as 8080 or \"53/udp\"".to_owned()),
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
base = [
    { debian = { suite = "bookworm", packages = ["python3.11"], exclude = ["perl"] } },
    { image = "python:3.11-slim" },
]
platforms = ["amd64", "linux/arm64", "arm64"]
tag = "1.0"
[python]
lock = "requirements.txt"
[app]
sources = ["app"]
exclude = ["*.pyc"]
[bytecode]
optimize = 1
[config]
cmd = ["python", "-m", "app"]
env = { PORT = 8080, A = "1" }
exposed-ports = [8080, "53/udp"]
[profiles.dev]
bytecode.enabled = false
config.env.A = "2"
[profiles.production]
platforms = ["arm64"]
"#;

    #[test]
    fn a_definition_is_read_and_a_profile_overrides_any_of_it() {
        let spec = ImageSpec::parse(GOOD, "image.toml", None).expect("valid");
        assert_eq!(spec.platforms, [Platform::linux_amd64(), Platform::linux_arm64()]);
        assert!(matches!(&spec.base[..], [Base::Debian(_), Base::Image(_)]));
        assert_eq!(spec.config.exposed_ports, ["8080/tcp", "53/udp"]);
        assert_eq!(spec.config.env["PORT"], "8080");
        assert_eq!(spec.bytecode.optimization.level(), 1);
        let dev = ImageSpec::parse(GOOD, "image.toml", Some("dev")).expect("valid");
        assert!(!dev.bytecode.enabled);
        assert_eq!(dev.bytecode.optimization.level(), 1, "what the profile does not name stays");
        assert_eq!((dev.config.env["A"].as_str(), dev.config.env["PORT"].as_str()), ("2", "8080"));
        let production = ImageSpec::parse(GOOD, "image.toml", Some("production")).expect("valid");
        assert_eq!(production.platforms, [Platform::linux_arm64()]);
    }

    #[test]
    fn problems_name_their_line_and_what_was_meant() {
        for (from, to, profile, expected) in [
            ("[bytecode]", "[bytecod]", None, "image.toml:13: unknown key `bytecod` (did you mean `bytecode`?)"),
            (
                "optimize = 1",
                "optimise = 1",
                None,
                "image.toml:14: unknown key `optimise` in `bytecode` (did you mean `optimize`?)",
            ),
            ("optimize = 1", "optimize = 3", None, "image.toml:14: `bytecode.optimize` is 3, expected 0, 1 or 2"),
            (
                "optimize = 1",
                "optimize = \"1\"",
                None,
                "image.toml:14: `bytecode.optimize` is a text, expected a whole number",
            ),
            (
                "\"amd64\"",
                "\"amd46\"",
                None,
                "image.toml:6: unknown platform `amd46`; known are linux/amd64 and linux/arm64",
            ),
            ("\"amd64\"", "7", None, "image.toml:6: `platforms` holds a whole number, expected texts alone"),
            (
                "[8080, ",
                "[0, ",
                None,
                "image.toml:18: `config.exposed-ports` holds no port, such as 8080 or \"53/udp\"",
            ),
            ("suite = \"bookworm\", ", "", None, "image.toml:3: `base.debian` has no `suite`, such as \"bookworm\""),
            (
                "python:3.11-slim",
                "Python:3.11",
                None,
                "image.toml:4: `Python:3.11` is no image reference: host and repository must be lowercase",
            ),
            (
                "bytecode.enabled = false",
                "bytecode.enable = false",
                None,
                "image.toml:20: unknown key `enable` in `bytecode` (did you mean `enabled`?)",
            ),
            ("", "", Some("prod"), "image.toml:1: there is no profile `prod` (known are dev, production)"),
            ("[app]", "[app", None, "image.toml:10: not valid TOML: "),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let error = ImageSpec::parse(&text, "image.toml", profile).expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error}\nexpected {expected}");
        }
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let text =
            GOOD.replace("optimize = 1", "optimize = 7").replace("[8080, ", "[\"x\", ").replace("cmd =", "cnd =");
        let error = ImageSpec::parse(&text, "image.toml", None).expect_err("three problems");
        assert_eq!(error.problems.len(), 3, "{error}");
    }
}
