//! The tutorials are true: each is followed from an empty folder to an answer of the container.

use shipwheel_tests::{Shipwheel, workspace};

use crate::place::programs;
use crate::tutorial::Tutorial;

fn open(name: &str) -> Tutorial {
    Tutorial::open(name, programs(), &Shipwheel::new().command(&[]).environment)
}

#[test]
fn every_tutorial_is_followed() {
    let own = std::fs::read_to_string(workspace().join("tests/tests/distribution/tutorials.rs")).unwrap();
    for entry in std::fs::read_dir(workspace().join("docs/tutorials")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let called = format!("open(\"tutorials/{}\")", name.trim_end_matches(".md"));
        assert!(own.contains(&called), "no test follows docs/tutorials/{name}");
    }
}

#[test]
fn five_minutes_end_with_a_pushed_image() {
    assert_eq!(open("five-minutes").follow(false), 7);
}

#[test]
fn fastapi() {
    assert_eq!(open("tutorials/fastapi").follow(false), 7);
}

#[test]
fn django() {
    assert_eq!(open("tutorials/django").follow(false), 7);
}

#[test]
fn flask() {
    assert_eq!(open("tutorials/flask").follow(false), 7);
}

#[test]
fn streamlit() {
    assert_eq!(open("tutorials/streamlit").follow(false), 7);
}

#[test]
fn a_workspace() {
    assert_eq!(open("tutorials/workspace").follow(false), 10);
}

#[test]
fn torch_locks_with_the_libraries_of_cuda() {
    let tutorial = open("tutorials/torch");
    assert_eq!(tutorial.follow(false), 3);
    assert!(tutorial.file("uv.lock").contains("name = \"nvidia-cublas"), "the wheels of CUDA");
}
