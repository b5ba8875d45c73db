//! Registries that refuse, fail, or are not there, and logins.

use shipwheel_tests::{Answer, Registry, Run, Server, Shipwheel};

use super::ground::{Case, Ground};

/// What a proxy may answer in place of a registry.
const NO_MANIFEST: &[u8] = b"<html>";

/// Pulls from a registry that gives one answer to everything that is asked for the image.
fn pulled(ground: &Ground, answer: Answer) -> Run {
    let digest = shipwheel_oci::Digest::of(NO_MANIFEST);
    let versions = ["1.0".to_owned(), digest.to_string()];
    let paths = versions.map(|version| format!("/v2/team/app/manifests/{version}"));
    let host = ground.host(&Server::start(paths.map(|path| (path, answer.clone()))));
    ground.run(&format!("pull {host}/team/app:1.0 --output oci:out"))
}

/// Pushes an image to a registry that answers every upload like this.
fn pushed(ground: &Ground, answer: Answer) -> Run {
    let host = ground.host(&Server::start([("/v2/team/app/blobs/uploads/".to_owned(), answer)]));
    ground.run(&format!("push base {host}/team/app:1.0"))
}

/// Pulls from a registry that asks for a login.
fn logged_in(ground: &Ground, shipwheel: Shipwheel, flags: &[&str]) -> Run {
    let registry = Registry::start_with_login();
    let host = ground.named(registry.host());
    shipwheel.run(&[&["pull", &format!("{host}/team/app:1.0"), "--output", "oci:out"], flags].concat())
}

pub const CASES: &[Case] = &[
    Case { name: "registry-no-login", code: 3, run: |g| pulled(g, Answer::Status(401)) },
    Case { name: "registry-forbidden", code: 3, run: |g| pulled(g, Answer::Status(403)) },
    Case { name: "registry-no-such-image", code: 3, run: |g| pulled(g, Answer::Status(404)) },
    Case { name: "registry-no-manifest", code: 4, run: |g| pulled(g, Answer::Whole(NO_MANIFEST.to_vec())) },
    Case {
        name: "registry-not-an-image",
        code: 3,
        run: |g| pulled(g, Answer::Whole(br#"{"mediaType":"x"}"#.to_vec())),
    },
    Case { name: "registry-unsupported", code: 4, run: |g| pulled(g, Answer::Status(405)) },
    Case { name: "registry-push-forbidden", code: 3, run: |g| pushed(g, Answer::Status(403)) },
    Case { name: "registry-push-too-large", code: 4, run: |g| pushed(g, Answer::Status(413)) },
    Case { name: "registry-push-without-location", code: 4, run: |g| pushed(g, Answer::Status(202)) },
    Case { name: "registry-not-there", code: 4, run: |g| g.run("pull 127.0.0.1:1/team/app:1.0 --output oci:out") },
    Case { name: "registry-copy-not-there", code: 4, run: |g| g.run("copy 127.0.0.1:1/a:1 127.0.0.1:1/b:1") },
    Case {
        name: "registry-probe-forbidden",
        code: 3,
        run: |g| {
            let host = g.host(&Server::start([("/v2/team/probe/blobs/uploads/".to_owned(), Answer::Status(403))]));
            g.run(&format!("registry probe {host}/team/probe"))
        },
    },
    Case { name: "login-missing", code: 3, run: |g| logged_in(g, g.shipwheel(), &[]) },
    Case {
        name: "login-refused",
        code: 3,
        run: |g| logged_in(g, g.shipwheel().with_stdin("wrong"), &["--username", "captain", "--password-stdin"]),
    },
    Case {
        name: "login-for-two-sides",
        code: 2,
        run: |g| g.run("copy a.example/a:1 b.example/a:1 --username captain --password-stdin"),
    },
    Case {
        name: "login-for-two-pushes",
        code: 2,
        run: |g| g.run("push base a.example/a:1 b.example/a:1 --username captain --password-stdin"),
    },
    Case {
        name: "login-for-no-registry",
        code: 2,
        run: |g| g.run("verify ./base --username captain --password-stdin"),
    },
    Case {
        name: "login-file-broken",
        code: 3,
        run: |g| {
            g.file("docker/config.json", "{ \"auths\": ");
            logged_in(g, g.shipwheel().with("DOCKER_CONFIG", g.path().join("docker").display()), &[])
        },
    },
    Case {
        name: "login-helper-missing",
        code: 3,
        run: |g| {
            g.file("docker/config.json", "{ \"credsStore\": \"nowhere\" }");
            logged_in(g, g.shipwheel().with("DOCKER_CONFIG", g.path().join("docker").display()), &[])
        },
    },
    Case {
        name: "registry-authority-not-there",
        code: 3,
        run: |g| g.run("pull 127.0.0.1:1/a:1 --output oci:out --ca-file nowhere.pem"),
    },
    Case {
        name: "registry-mirrors-broken",
        code: 3,
        run: |g| {
            g.file("images/registries.toml", "# One error.\n[registry.\n").run("pull 127.0.0.1:1/a:1 --output oci:out")
        },
    },
];
