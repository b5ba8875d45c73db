//! Applications of realistic size, built without a configuration, started rootless, and asked what they are for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod application;
mod built;
mod messenger;
mod question;

use application::APPLICATIONS;
use built::Built;
use messenger::Messenger;
use shipwheel_tests::workspace;

#[test]
fn every_folder_is_in_the_table() {
    let entries = std::fs::read_dir(workspace().join("tests/applications")).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut names: Vec<_> = APPLICATIONS.iter().map(|it| it.name).collect();
    folders.sort();
    names.sort_unstable();
    assert_eq!(folders, names);
}

#[test]
fn django_migrates_and_has_its_templates_and_static_files() {
    Built::of("django").answers();
}

#[test]
fn fastapi_answers_over_the_tables_that_alembic_made() {
    Built::of("fastapi").answers();
}

#[test]
fn flask_and_its_celery_worker_are_one_image() {
    Built::of("flask-celery").answers();
}

#[test]
fn streamlit_has_its_pages_its_data_and_its_theme() {
    Built::of("streamlit").answers();
}

#[test]
fn dash_has_its_pages_and_calls_back() {
    Built::of("dash").answers();
}

#[test]
fn a_bot_answers_in_the_language_of_the_file_beside_its_package() {
    let (built, messenger) = (Built::of("bot"), Messenger::start());
    let options = ["--network", "host", "--env", &messenger.variable(), "--env", "BOT_TOKEN=secret"];
    let container = built.podman.start(&built.image, &options);
    let message = messenger.message().unwrap_or_else(|| panic!("no message:\n{}", container.logs()));
    let message: serde_json::Value = serde_json::from_str(&message).unwrap();
    assert_eq!(message, serde_json::json!({ "chat_id": 7, "text": "Hoogwater in Delfzijl: 11:42" }));
    assert_eq!(container.stop(), "0", "SIGTERM ends it in order");
    assert!(container.logs().contains("the bot has ended"), "{}", container.logs());
}

#[test]
fn a_member_of_a_workspace_brings_the_member_that_it_needs() {
    Built::of("workspace").answers();
}

#[test]
fn a_command_has_the_version_of_its_tag() {
    let built = Built::of("cli");
    let run = |command: &[&str]| built.podman.run(&built.image, command);
    assert_eq!(run(&["knots", "--version"]), "knots, version 1.4.2");
    assert_eq!(run(&["knots", "strength", "reef", "--rope", "1200"]), "540 N");
    assert!(run(&["python3", "-m", "knots", "list"]).contains("a loop that does not slip"));
}

#[test]
fn opencv_finds_the_library_that_its_wheel_leaves_to_the_system() {
    Built::of("opencv").answers();
}

#[test]
fn psycopg_finds_libpq() {
    Built::of("psycopg").answers();
}
