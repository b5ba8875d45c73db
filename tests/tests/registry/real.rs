//! Debian's registry behind nginx with a private authority, and other clients on either side.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shipwheel_tests::{Podman, Registry, SampleImage, Shipwheel, judge, scratch};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// A port that nobody listened on a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// nginx in front of a registry: TLS by an authority of its own, a client certificate asked for, small bodies only.
struct Nginx {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Nginx {
    fn start(registry: &str) -> Self {
        let (folder, port) = (scratch(), free_port());
        let here = folder.path().display().to_string();
        certificates(folder.path());
        // No X-Forwarded-Proto: the registry names plain http in its Locations.
        let config = format!(
            "daemon off; pid {here}/pid; error_log {here}/error.log; events {{}}
             http {{ access_log off; client_body_temp_path {here}/a; proxy_temp_path {here}/b;
               fastcgi_temp_path {here}/c; uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;
               server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {here}/server.pem; ssl_certificate_key {here}/server.key;
                 ssl_client_certificate {here}/ca.pem; ssl_verify_client on; client_max_body_size 2m;
                 location / {{ proxy_pass http://{registry}; proxy_set_header Host $http_host; proxy_request_buffering off; }} }} }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let process = Command::new(judge("nginx", "nginx"))
            .args(["-e", &format!("{here}/error.log"), "-c", &format!("{here}/nginx.conf")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { process, port, folder };
        let patience = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(nginx.folder.path().join("error.log")).unwrap_or_default();
            assert!(Instant::now() < patience, "nginx does not answer:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Puts files into `certs.d` of a home folder, under the names that docker gives them.
    fn install(&self, home: &Path, files: &[(&str, &str)]) {
        let folder = home.join(".config/containers/certs.d").join(self.host());
        std::fs::create_dir_all(&folder).unwrap();
        for (from, to) in files {
            std::fs::copy(self.folder.path().join(from), folder.join(to)).unwrap();
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM lets its workers end as well.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// An authority, a server's certificate for 127.0.0.1 and a client's.
fn certificates(folder: &Path) {
    let (shell, openssl) = (Shell::new().unwrap(), judge("openssl", "openssl"));
    shell.change_dir(folder);
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    let run = |arguments: &[&str]| cmd!(shell, "{openssl} {arguments...}").quiet().ignore_stderr().run().unwrap();
    let authority = ["-subj", "/CN=Harbour authority", "-keyout", "ca.key", "-out", "ca.pem"];
    run(&[&["req", "-x509"], &key[..], &authority].concat());
    for (name, extension) in [("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")] {
        let (own, pem, csr) = (format!("{name}.key"), format!("{name}.pem"), format!("{name}.csr"));
        let subject = format!("/CN={name}");
        run(&[&["req", "-new"], &key[..5], &["-subj", &subject, "-keyout", &own, "-out", &csr]].concat());
        std::fs::write(folder.join("extensions"), extension).unwrap();
        let sign = ["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
        run(&[&sign[..], &["-extfile", "extensions", "-out", &pem]].concat());
    }
}

#[test]
fn a_registry_behind_a_proxy_with_a_private_authority_and_client_certificates() {
    let registry = Registry::start();
    let (nginx, home, sample) = (Nginx::start(&registry.host()), scratch(), SampleImage::new(&[5 << 20, 1000]));
    let target = format!("{}/app:1", nginx.host());
    let shipwheel = Shipwheel::new().with("HOME", home.path().display());
    let push = || shipwheel.run(&["push", &sample.path().display().to_string(), &target]);

    // Known by its folder, and the authority is not in it.
    nginx.install(home.path(), &[]);
    push().failed(4, &["invalid peer certificate: UnknownIssuer", "hint: ", "certs.d"]);
    // Only the authority: the server also asks for a client certificate.
    nginx.install(home.path(), &[("ca.pem", "ca.crt")]);
    push().failed(4, &["status 400"]);
    // Bodies above 2 MB are refused, so this goes in chunks.
    nginx.install(home.path(), &[("client.pem", "client.cert"), ("client.key", "client.key")]);
    push().succeeded();
    assert!(registry.has("app", "1"));
    let out = format!("oci:{}", home.path().join("out").display());
    shipwheel.run(&["pull", &target, "--output", &out]).succeeded();
}

#[test]
fn an_authority_named_on_the_command_line_or_by_the_environment_is_trusted() {
    let registry = Registry::start();
    let (nginx, home, sample) = (Nginx::start(&registry.host()), scratch(), SampleImage::new(&[1000]));
    // The folder makes this machine's own address one that speaks TLS; the authority is not in it.
    nginx.install(home.path(), &[("client.pem", "client.cert"), ("client.key", "client.key")]);
    let shipwheel = Shipwheel::new().with("HOME", home.path().display());
    let authority = nginx.folder.path().join("ca.pem").display().to_string();
    let (layout, host) = (sample.path().display().to_string(), nginx.host());
    shipwheel.run(&["push", &layout, &format!("{host}/flag:1"), "--ca-file", &authority]).succeeded();
    let shipwheel = shipwheel.with("SSL_CERT_FILE", &authority);
    shipwheel.run(&["push", &layout, &format!("{host}/environment:1")]).succeeded();
    assert!(registry.has("flag", "1") && registry.has("environment", "1"));
}

#[test]
fn a_password_comes_from_standard_input_and_is_never_shown() {
    let (registry, sample, home) = (Registry::start_with_login(), SampleImage::new(&[1000]), scratch());
    let (user, password) = Registry::login();
    let shipwheel = Shipwheel::new().with("HOME", home.path().display()).with("DOCKER_CONFIG", home.path().display());
    let (layout, target) = (sample.path().display().to_string(), format!("{}/stdin:1", registry.host()));
    let push = ["push", &layout, &target, "--username", user, "--password-stdin"];
    let run = shipwheel.clone().with_stdin(&format!("{password}\n")).run(&push).succeeded();
    assert!(registry.has("stdin", "1") && !run.stderr.contains(password), "{}", run.stderr);
    let run = shipwheel.clone().with_stdin("wrong\n").run(&push);
    run.failed(3, &["status 401", "hint: log in"]);
    assert!(!run.stderr.contains("wrong"), "{}", run.stderr);
    shipwheel.run(&["push", &layout, &target]).failed(3, &["status 401"]);
}

#[test]
fn skopeo_and_podman_pull_our_image_and_we_pull_the_image_of_skopeo() {
    let (registry, folder, shell) = (Registry::start(), scratch(), Shell::new().unwrap());
    let (sample, skopeo) = (SampleImage::new(&[100_000, 2000]), judge("skopeo", "skopeo"));
    let (host, layout) = (registry.host(), sample.path().display().to_string());
    let shipwheel = Shipwheel::new();
    let pushed = shipwheel.run(&["push", &layout, &format!("{host}/ours:1")]).succeeded();
    assert_eq!(pushed.line(), format!("{host}/ours:1@{}", sample.root));

    let (from, to) = (format!("docker://{host}/ours:1"), format!("docker://{host}/theirs:1"));
    let plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    cmd!(shell, "{skopeo} copy --quiet --all --preserve-digests {plain...} {from} {to}").quiet().run().unwrap();
    Podman::new().pull(&format!("{host}/ours:1"));

    let archive = folder.path().join("theirs.tar");
    let output = format!("oci-archive:{}", archive.display());
    let pulled = shipwheel.run(&["pull", &format!("{host}/theirs:1"), "--output", &output]).succeeded();
    assert_eq!(pulled.line(), format!("{host}/theirs:1@{}", sample.root), "the index as it was");
    let copied = shipwheel.run(&["copy", &format!("{host}/theirs:1"), &format!("{host}/copied:1")]).succeeded();
    assert!(copied.stderr.contains("0 B sent"), "inside one registry blobs are mounted: {}", copied.stderr);

    // The archive is a source as good as the layout, and everything is there by now.
    let archive = archive.display().to_string();
    let again = shipwheel.run(&["push", &archive, &format!("{host}/ours:1"), "--dry-run"]).succeeded();
    assert_eq!(again.stdout, "", "a dry run changes nothing and prints no reference");
    assert!(again.stderr.contains("0 B to send, 0 B to mount"), "{}", again.stderr);
}

#[test]
fn a_probe_says_what_debian_s_registry_supports() {
    let registry = Registry::start();
    let run = Shipwheel::new().run(&["registry", "probe", &format!("{}/probe", registry.host())]).succeeded();
    for line in
        ["ranges         yes", "mount          yes", "chunks         yes", "index          yes", "referrers      no"]
    {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    // This one was set up without deletes.
    assert!(
        run.stdout.contains("deletes        no") && run.stderr.contains("these small objects stay"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_login_by_a_credential_helper() {
    let (registry, folder) = (Registry::start_with_login(), scratch());
    let (sample, host) = (SampleImage::new(&[1000]), registry.host());
    let (user, password) = Registry::login();
    let helper = folder.path().join("docker-credential-harbour");
    let script = format!("#!/bin/sh\nread host; printf '{{\"Username\":\"{user}\",\"Secret\":\"{password}\"}}'\n");
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = format!(r#"{{ "credHelpers": {{ "{host}": "harbour" }} }}"#);
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let shipwheel = Shipwheel::new().with("DOCKER_CONFIG", folder.path().display()).with("PATH", path);
    let target = format!("{host}/helper:1");
    let run = shipwheel.run(&["push", &sample.path().display().to_string(), &target]).succeeded();
    assert!(!run.stderr.contains(password), "{}", run.stderr);
    assert!(registry.has("helper", "1"));
    // A helper that fails is said to be the cause, and what it wrote is not shown.
    // It reads the host first, as real ones do: one that ends before may break the pipe instead.
    std::fs::write(&helper, format!("#!/bin/sh\nread host; echo {password}; exit 1\n")).unwrap();
    let run = shipwheel.run(&["push", &sample.path().display().to_string(), &target]);
    run.failed(3, &["helper `docker-credential-harbour` failed"]);
    assert!(!run.stderr.contains(password), "{}", run.stderr);
}

#[test]
fn mirrors_stand_in_for_a_registry_that_is_not_there() {
    let (registry, folder, sample) = (Registry::start(), scratch(), SampleImage::new(&[1000]));
    let host = registry.host();
    let shipwheel = Shipwheel::new().in_folder(folder.path());
    shipwheel.run(&["push", &sample.path().display().to_string(), &format!("{host}/hub/app:1")]).succeeded();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    let settings = |text: String| std::fs::write(folder.path().join("images/registries.toml"), text).unwrap();
    settings(format!("[mirrors.'registry.example']\nlocations = ['127.0.0.1:1/gone', '{host}/hub']\norigin = false\n"));
    let output = format!("oci:{}", folder.path().join("out").display());
    let pull = || shipwheel.run(&["pull", "registry.example/app:1", "--output", &output]);
    assert_eq!(pull().succeeded().line(), format!("registry.example/app:1@{}", sample.root));
    settings("[mirrors.'registry.example']\nlocation = ['127.0.0.1:1']\n".to_owned());
    pull().failed(3, &["registries.toml", "unknown field `location`"]);
}
