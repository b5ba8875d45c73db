//! An application that was locked, built without a configuration, and loaded.

use std::path::Path;

use shipwheel_tests::{Podman, Run, Shipwheel, scratch, uv, workspace};
use xshell::{Shell, cmd};

use crate::application::{APPLICATIONS, Application, Lock};

/// An image that podman knows.
#[derive(Debug)]
pub struct Built {
    pub application: &'static Application,
    pub podman: Podman,
    /// Its name there.
    pub image: String,
}

impl Built {
    /// Builds a copy of the application's folder as somebody would who has just cloned it.
    ///
    /// # Panics
    /// When it does not build, or something else would be started.
    #[track_caller]
    pub fn of(name: &str) -> Self {
        let application = APPLICATIONS.iter().find(|it| it.name == name).expect("a row of the table");
        let folder = scratch();
        let place = folder.path().join(name);
        copy_and_lock(application, &place);
        let archive = folder.path().join("image.tar");
        let run = image(application, &place, &archive).succeeded();
        assert!(run.stderr.contains(application.command), "not derived: {}\n{}", application.command, run.stderr);
        let podman = Podman::new();
        let image = podman.load(&archive);
        Self { application, podman, image }
    }

    /// Starts it and asks all that is asked of it.
    ///
    /// # Panics
    /// When an answer is another one.
    #[track_caller]
    pub fn answers(&self) {
        let environment = self.application.environment.iter().flat_map(|variable| ["--env", *variable]);
        let options: Vec<&str> = ["--network", "none"].into_iter().chain(environment).collect();
        let container = self.podman.start(&self.image, &options);
        for question in self.application.questions {
            question.ask(&container, self.application.port);
        }
    }
}

/// `shipwheel image FOLDER`; the folder has no image.toml, before and after.
fn image(application: &Application, place: &Path, archive: &Path) -> Run {
    let inside = place.join(application.inside);
    let (folder, output) = (inside.display().to_string(), format!("oci-archive:{}", archive.display()));
    let run = Shipwheel::new().image(&[&folder, "--platforms", application.platforms, "--output", &output]);
    assert!(!inside.join("image.toml").exists(), "nothing is written unless asked");
    run
}

/// Locks are made here, because they have addresses in them.
fn copy_and_lock(application: &Application, place: &Path) {
    let (shell, uv) = (Shell::new().unwrap(), uv());
    let original = workspace().join("tests/applications").join(application.name);
    cmd!(shell, "cp -r {original} {place}").quiet().run().unwrap();
    shell.change_dir(place);
    match application.lock {
        Lock::None => {}
        Lock::Uv => cmd!(shell, "{uv} --quiet lock").quiet().run().unwrap(),
        Lock::Requirements(names) => {
            for name in names {
                let words = "pip compile --universal --generate-hashes --python-version 3.11".split(' ');
                let (from, to) = (format!("{name}.in"), format!("{name}.txt"));
                cmd!(shell, "{uv} --quiet {words...} {from} --output-file {to}").quiet().ignore_stdout().run().unwrap();
            }
        }
        Lock::Tagged(tag) => {
            let somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.invalid"];
            cmd!(shell, "git init --quiet").quiet().run().unwrap();
            cmd!(shell, "git add .").quiet().run().unwrap();
            cmd!(shell, "git {somebody...} commit --quiet --message knots").quiet().run().unwrap();
            cmd!(shell, "git tag {tag}").quiet().run().unwrap();
            cmd!(shell, "{uv} --quiet lock").quiet().run().unwrap();
        }
    }
}
