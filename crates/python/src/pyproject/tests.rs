//! pyproject.toml files as projects write them, and those that cannot be read.

use super::*;

#[test]
fn project_and_poetrys_older_table_give_the_same_values() {
    for (text, expected) in [
        ("", "None None [] [] false"),
        (
            "[project]\nname = 'A_b'\nrequires-python = '>=3.11'\ndependencies = ['x>1']\n[project.scripts]\nrun = 'a:b'\n[build-system]\n",
            "Some(\"a-b\") Some(\">=3.11\") [\"x\"] [\"run\"] true",
        ),
        ("[project]\nname = 'a'", "Some(\"a\") None [] [] false"),
        ("[project]\nname = 'a'\n[build-system]\n[tool.uv]\npackage = false", "Some(\"a\") None [] [] false"),
        (
            "[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\npython = '^3.11'\nx = '1'\n[build-system]\n",
            "Some(\"a\") Some(\">=3.11,<4.0\") [\"x\"] [] true",
        ),
        (
            "[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\npython = '~3.9'",
            "Some(\"a\") Some(\">=3.9,<3.10\") [] [] false",
        ),
    ] {
        let pyproject = Pyproject::parse(text).expect("valid");
        let project = pyproject.project_or_poetry().expect("valid");
        let names: Vec<&str> = project.dependencies.iter().map(|one| one.name.as_str()).collect();
        let (name, python) = (project.name.map(|name| name.to_string()), project.requires_python.map(|it| it.text));
        let (scripts, builds) = (project.scripts.keys().collect::<Vec<_>>(), pyproject.builds_wheel());
        assert_eq!(format!("{name:?} {python:?} {names:?} {scripts:?} {builds}"), expected, "{text}");
    }
}

#[test]
fn extras_groups_and_uv_settings_are_read_with_normalized_names() {
    let text = r#"
[project]
name = "a"
dynamic = ["version"]
[project.optional-dependencies]
Fast_Path = ["six>=1"]
[dependency-groups]
Dev_Tools = ["pytest", { include-group = "LINT" }]
lint = ["ruff"]
[tool.uv]
dev-dependencies = ["old"]
sources = { Other_Thing = { git = "x" } }
[[tool.uv.index]]
name = "private"
url = "https://index.example/simple"
"#;
    let pyproject = Pyproject::parse(text).expect("valid");
    let project = pyproject.project.as_ref().expect("it has one");
    assert_eq!(project.extras.keys().collect::<Vec<_>>(), ["fast-path"]);
    assert!(project.is_dynamic("version") && !project.is_dynamic("dependencies"));
    let groups = pyproject.dependency_groups().expect("valid");
    let names = |group: &str| groups[group].iter().map(|one| one.name.to_string()).collect::<Vec<_>>();
    assert_eq!([names("dev-tools"), names("lint"), names("dev")].concat(), ["pytest", "ruff", "ruff", "old"]);
    assert!(pyproject.uv.inputs.sources.contains_key("other-thing"));
    assert_eq!(pyproject.uv.indexes[0].name.as_deref(), Some("private"));
    let uv = UvSettings::parse("[[index]]\nurl = 'https://index.example'").expect("valid");
    assert_eq!(uv.indexes[0].url, "https://index.example");
}

#[test]
fn a_file_that_cannot_be_read_is_refused_with_the_reason() {
    for (text, part) in [
        ("[project", "line 1:"),
        ("\n[project]\nname = 3", "line 3:"),
        ("[project]\nrequires-python = 'x'", "requires-python is `x`"),
        ("[project]\ndependencies = ['>1']", "`>1`"),
        ("[project]\nname = 'é'", "`é`"),
        ("[tool.uv]\ndev-dependencies = ['>1']", "`>1`"),
    ] {
        let error = Pyproject::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_group_that_cannot_be_resolved_is_refused_only_when_groups_are_asked_for() {
    for (text, expected) in [
        ("[dependency-groups]\na = [{include-group = 'a'}]", PyprojectError::GroupCycle { group: "a".to_owned() }),
        ("[dependency-groups]\na = [{include-group = 'b'}]", PyprojectError::UnknownGroup { group: "b".to_owned() }),
        ("[dependency-groups]\na = [{other = 'b'}]", PyprojectError::GroupMember { group: "a".to_owned() }),
    ] {
        let pyproject = Pyproject::parse(text).expect(text);
        assert_eq!(pyproject.dependency_groups(), Err(expected), "{text}");
    }
}

#[test]
fn settings_on_where_packages_come_from_are_handed_on_and_nothing_else() {
    let text = "index-url = 'https://a.example'\nfind-links = ['./links', 'https://b.example']\nno-build-isolation = true\n\
        keyring-provider = 'subprocess'\n[[index]]\nname = 'x'\nurl = 'wheels'\n";
    let settings = UvSettings::parse(text).expect("valid");
    let lookup: toml::Table = settings.lookup("/app".as_ref()).parse().expect("TOML");
    assert_eq!(lookup.keys().collect::<Vec<_>>(), ["find-links", "index", "index-url"]);
    assert_eq!(lookup["find-links"][0].as_str(), Some("/app/./links"));
    assert_eq!(lookup["find-links"][1].as_str(), Some("https://b.example"));
    assert_eq!(lookup["index"][0]["url"].as_str(), Some("/app/wheels"));
    for text in ["no-binary = true", "no-binary-package = ['a']", "[pip]\nno-binary = ['a']"] {
        assert!(UvSettings::parse(text).expect("valid").forces_builds, "{text}");
    }
    assert!(!settings.forces_builds);
}

#[test]
fn what_tools_run_whenever_they_start_is_left_out() {
    let text = "[project]\nname = 'x'\n[tool.pdm.scripts]\npre_invoke = 'evil'\n[tool.pdm.options]\nlock = ['-p', '/']\n\
        [tool.pdm.resolution]\nrespect-source-order = true\n[tool.poetry.requires-plugins]\nevil = '1'\n";
    let left = without_hooks(text);
    assert!(!left.contains("evil") && !left.contains("options") && left.contains("respect-source-order"), "{left}");
    assert_eq!(without_hooks("[project] # as it is\nname = 'x'"), "[project] # as it is\nname = 'x'");
    assert_eq!(without_hooks("[project"), "");
}

#[test]
fn settings_of_a_folder_say_only_where_packages_come_from() {
    let text = "[virtualenvs]\nin-project = true\n[python]\npath = 'evil'\n[pypi]\nurl = 'https://index.example'\n\
                [http-basic.here]\nusername = 'u'\n[options]\nlock = ['evil']\n";
    let left = package_sources(text);
    assert!(left.contains("index.example") && left.contains("[http-basic.here]"), "{left}");
    assert!(!left.contains("evil") && !left.contains("in-project"), "{left}");
    assert_eq!(package_sources("[pypi"), "");
}
