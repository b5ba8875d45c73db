//! Paths in the place of images: what is none says so and what to do, and no registry is asked for a file.

use shipwheel_tests::{SampleImage, Shipwheel, scratch};

#[test]
fn a_path_without_an_image_is_never_asked_of_a_registry() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("app")).unwrap();
    std::fs::create_dir_all(at("out")).unwrap();
    for (name, content) in [
        ("app/pyproject.toml", b"[project]\nname = \"app\"\n".as_slice()),
        ("image.toml", b"base.image = \"x\"\n"),
        ("saved.tar.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"),
        ("text", b"no archive"),
    ] {
        std::fs::write(at(name), content).unwrap();
    }
    let shipwheel = Shipwheel::new().in_folder(folder.path());
    let build = "`shipwheel image app --output oci:FOLDER`";
    for (image, expected) in [
        ("app", &["app is no image: the folder has no index.json", build][..]),
        ("oci:app", &["app is no image", build]),
        ("app:1.0", &["app is no image", build]),
        ("nothing.tar", &["nothing.tar is not there", "hint: check the path"]),
        ("nothing.tar:1.0", &["nothing.tar is not there"]),
        ("./x", &["./x is not there"]),
        ("out/y", &["out/y is not there", "docker.io/NAME"]),
        ("out/", &["out/ is no image"]),
        ("image.toml", &["image.toml is the definition of an image"]),
        ("nothing.toml", &["nothing.toml is not there"]),
        ("saved.tar.gz", &["is a compressed file", "gunzip"]),
        ("oci:saved.tar.gz", &["is a file, and not the folder of a layout", "oci-archive:saved.tar.gz"]),
        ("text", &["expected a tar archive"]),
        ("\u{1b}[31mred.tar", &["is not there"]),
    ] {
        for command in ["inspect", "verify", "startup"] {
            let run = shipwheel.run(&[command, image]);
            run.failed(3, expected);
            assert!(
                !run.stderr.contains("registry-1") && !run.stderr.contains('\u{1b}'),
                "{command} {image}: {}",
                run.stderr
            );
        }
        if !image.ends_with(".toml") {
            shipwheel.run(&["rebase", image, "--onto", image, "--output", "oci:to"]).failed(3, expected);
        }
        shipwheel.run(&["push", image, "127.0.0.1:1/app:1"]).failed(3, expected);
    }
}

#[test]
fn an_image_in_a_folder_of_this_machine_is_found_however_it_is_written() {
    let image = SampleImage::new(&[100]);
    let (folder, name) = (image.path().parent().unwrap(), image.path().file_name().unwrap().to_str().unwrap());
    let shipwheel = Shipwheel::new().in_folder(folder);
    for written in [name.to_owned(), format!("./{name}"), format!("{name}/"), format!("oci:{name}")] {
        let run = shipwheel.run(&["inspect", &written, "--json"]);
        assert_eq!(run.json()["digest"], image.root.to_string(), "{written}: {}", run.stderr);
    }
}
