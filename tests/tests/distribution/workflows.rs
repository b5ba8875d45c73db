//! The workflow of a release, and what CI systems read of `ci/`, as other people's checkers see them.

use std::path::{Path, PathBuf};

use shipwheel_tests::{Run, actionlint, check_jsonschema, scratch, workspace};
use xshell::{Shell, cmd};

/// A repository with this as its only workflow.
fn repository(folder: &Path, workflow: &str) {
    let workflows = folder.join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("release.yml"), workflow).unwrap();
}

#[test]
fn actionlint_finds_no_fault_in_the_release_and_sees_one() {
    let (folder, release) = (scratch(), workspace().join(".github/workflows/release.yml"));
    let release = std::fs::read_to_string(release).unwrap();
    repository(folder.path(), &release);
    actionlint(folder.path()).succeeded();
    repository(folder.path(), &release.replace("runner.temp", "runner.tmep"));
    let wrong = actionlint(folder.path());
    assert!(wrong.code != 0 && wrong.stdout.contains("\"tmep\" is not defined"), "{}", wrong.stdout);
}

#[test]
fn a_release_runs_what_the_workspace_has() {
    let release = std::fs::read_to_string(workspace().join(".github/workflows/release.yml")).unwrap();
    for part in
        ["- run: .ci/run", "- run: cargo xtask dist --output", "tags: [\"v*\"]", "needs: checks", "needs: build"]
    {
        assert!(release.contains(part), "no `{part}`");
    }
    assert!(workspace().join(".ci/run").is_file());
}

/// What check-jsonschema says of a file, by one of the schemas that come with it.
fn checked(schema: &str, more: &[&str], file: &Path) -> Run {
    let (shell, checker) = (Shell::new().unwrap(), check_jsonschema());
    Run::of(&cmd!(shell, "{checker} --builtin-schema {schema} {more...} {file}").quiet().ignore_status())
}

/// A changed copy of a file.
fn changed(folder: &Path, text: &str, from: &str, to: &str) -> PathBuf {
    assert!(text.contains(from), "{from}");
    let path = folder.join("changed.yml");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path
}

#[test]
fn the_action_is_one_by_its_schema() {
    let (folder, path) = (scratch(), workspace().join("ci/github/action.yml"));
    checked("vendor.github-actions", &[], &path).succeeded();
    let action = std::fs::read_to_string(&path).unwrap();
    let wrong = changed(folder.path(), &action, "      shell: sh\n", "");
    assert_ne!(checked("vendor.github-actions", &[], &wrong).code, 0, "a step without a shell");
}

#[test]
fn the_component_is_a_job_by_its_schema() {
    let (folder, transform) = (scratch(), ["--data-transform", "gitlab-ci"]);
    let job = super::ci::component();
    let right = changed(folder.path(), &job, "  script:\n", "  script:\n");
    checked("vendor.gitlab-ci", &transform, &right).succeeded();
    let wrong = changed(folder.path(), &job, "  artifacts:\n    reports:\n", "  artefacts:\n    reports:\n");
    assert_ne!(checked("vendor.gitlab-ci", &transform, &wrong).code, 0, "an unknown key");
}
