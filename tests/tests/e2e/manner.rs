//! How much is said, and in which colors: the flags and variables of every command.

use shipwheel_tests::{Shipwheel, scratch};

/// Bold red and green, and the end of both.
const RED: &str = "\u{1b}[1;31m";
const GREEN: &str = "\u{1b}[32m";

#[test]
fn colors_are_on_terminals_unless_somebody_says_otherwise() {
    let folder = scratch();
    let shipwheel = Shipwheel::apart(folder.path()).with("SHIPWHEEL_DEBIAN_MIRROR", "http://127.0.0.1:1/debian");
    let doctor = ["doctor", "--offline"];
    for (no_color, forced, flags, is_colored) in [
        ("", "", &[][..], false),
        ("", "1", &[], true),
        ("", "0", &[], false),
        ("1", "1", &[], false),
        ("1", "", &["--color", "always"], true),
        ("", "1", &["--color=never"], false),
    ] {
        let shipwheel = shipwheel.clone().with("NO_COLOR", no_color).with("CLICOLOR_FORCE", forced);
        let run = shipwheel.run(&[&doctor[..], flags].concat()).succeeded();
        let case = format!("{no_color:?} {forced:?} {flags:?}: {}", run.stdout);
        assert_eq!(run.stdout.contains(&format!("{GREEN}ok")), is_colored, "{case}");
        assert_eq!(run.stdout.contains('\u{1b}'), is_colored, "{case}");
        for wrong in [&["image", "nothing"][..], &["imgae"]] {
            let run = shipwheel.run(&[wrong, flags].concat());
            assert_eq!(run.stderr.starts_with(&format!("{RED}error:")), is_colored, "{wrong:?} {case} {}", run.stderr);
        }
    }
}

#[test]
fn quiet_says_the_result_and_errors_alone() {
    let folder = scratch();
    let dockerfile = "FROM python:3.12-slim\nCOPY app.py /app/\nCMD [\"python\", \"/app/app.py\"]\n";
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    std::fs::write(folder.path().join("app.py"), "print(1)\n").unwrap();
    std::fs::write(folder.path().join("requirements.txt"), "").unwrap();
    let shipwheel = Shipwheel::apart(folder.path());
    let init = ["init", ".", "--from", "Dockerfile", "--force"];
    let loud = shipwheel.run(&init).succeeded();
    assert!(loud.stderr.contains("FROM python:3.12-slim"), "{}", loud.stderr);
    for quiet in [[&["--quiet"][..], &init].concat(), [&init[..], &["-q"]].concat()] {
        let run = shipwheel.run(&quiet).succeeded();
        assert_eq!((run.stdout, run.stderr.as_str()), (loud.stdout.clone(), ""), "{quiet:?}");
    }
    shipwheel.run(&["image", "nothing", "--quiet"]).failed(3, &["error: failed to read the image definition"]);
    shipwheel.run(&["image", ".", "--quiet", "--verbose"]).failed(2, &["--quiet", "--verbose"]);
}

#[test]
fn a_slip_in_a_name_is_recognized() {
    let folder = scratch();
    let image = folder.path().join("images/variosync");
    std::fs::create_dir_all(&image).unwrap();
    std::fs::write(image.join("image.toml"), "").unwrap();
    let shipwheel = Shipwheel::apart(folder.path());
    for name in ["varoisync", "images/variosnc"] {
        shipwheel.run(&["image", name]).failed(3, &["hint: did you mean `variosync`?"]);
    }
    shipwheel.run(&["imgae"]).failed(2, &["a similar subcommand exists: 'image'"]);
    shipwheel.run(&["image", "--platfroms", "amd64"]).failed(2, &["a similar argument exists: '--platforms'"]);
}
