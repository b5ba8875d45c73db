//! The lock that pins with hashes are with the files that indexes or folders have for them.

use pep440_rs::VersionSpecifiers;

use crate::index::IndexFile;
use crate::lock::{Lock, LockedPackage, LockedSdist, LockedWheel};
use crate::requirements::hash_problem::HashProblem;
use crate::requirements::pin::Pin;
use crate::requirements::requirement::Requirements;

/// The files that indexes have for pins, in the order of the pins; none where no index has the distribution.
pub type Found = Vec<Option<Vec<IndexFile>>>;

impl Requirements {
    /// The lock of pins for which files were looked up; only files with a listed hash are in it. `local` are wheels of
    /// this machine, which come before others.
    ///
    /// # Errors
    /// Every pin that is nowhere, or of which no file has a hash that is listed.
    pub fn lock(&self, pins: &[Pin], found: &Found, local: &[LockedWheel]) -> Result<Lock, Vec<HashProblem>> {
        let (mut packages, mut problems) = (Vec::new(), Vec::new());
        for (pin, files) in pins.iter().zip(found) {
            let local: Vec<LockedWheel> = local.iter().filter(|wheel| pin.is_wheel_of(wheel)).cloned().collect();
            let package = match files {
                None if local.is_empty() => Err(pin.not_found()),
                files => pin.package(files.as_deref().unwrap_or_default(), local),
            };
            match package {
                Ok(package) => packages.push(package),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(self.lock_of(packages)) } else { Err(problems) }
    }

    /// The lock of pins of which each has one of these wheels; nothing if one has none.
    pub fn lock_of_wheels(&self, pins: &[Pin], wheels: &[LockedWheel]) -> Option<Lock> {
        let packages = pins.iter().map(|pin| {
            let wheels: Vec<LockedWheel> = wheels.iter().filter(|wheel| pin.is_wheel_of(wheel)).cloned().collect();
            (!wheels.is_empty()).then(|| pin.package_of(wheels, None, None))
        });
        Some(self.lock_of(packages.collect::<Option<_>>()?))
    }

    fn lock_of(&self, packages: Vec<LockedPackage>) -> Lock {
        let (environments, default_groups) = (Vec::new(), Vec::new());
        Lock { file: self.file.clone(), requires_python: None, environments, default_groups, packages }
    }
}

impl Pin {
    /// The files of this version that a page has.
    pub fn files(&self, page: Vec<IndexFile>) -> Vec<IndexFile> {
        page.into_iter().filter(|file| self.is_wheel(file) || file.is_sdist_of(&self.name, &self.version)).collect()
    }

    /// Whether a file has a hash that is listed.
    pub fn allows(&self, file: &IndexFile) -> bool {
        self.judge(file.sha256, &file.stronger).is_some()
    }

    /// Whether a wheel is one of its version, with a hash that is listed.
    fn is_wheel_of(&self, wheel: &LockedWheel) -> bool {
        self.judge(wheel.sha256, &wheel.stronger).is_some() && self.is_of(&wheel.name.distribution, &wheel.name.version)
    }

    fn is_wheel(&self, file: &IndexFile) -> bool {
        file.wheel().is_some_and(|wheel| self.is_of(&wheel.distribution, &wheel.version))
    }

    fn package(&self, files: &[IndexFile], local: Vec<LockedWheel>) -> Result<LockedPackage, HashProblem> {
        let allowed: Vec<&IndexFile> = files.iter().filter(|file| self.allows(file)).collect();
        let wheel = |file: &&IndexFile| {
            let (sha256, stronger) = self.judge(file.sha256, &file.stronger)?;
            let (url, size) = (Some(file.url.clone()), file.size);
            Some(LockedWheel { name: file.wheel()?, url, path: None, size, sha256, stronger })
        };
        let sdist = allowed.iter().find(|file| file.wheel().is_none());
        let sdist = sdist.and_then(|file| {
            let (sha256, stronger) = self.judge(file.sha256, &file.stronger)?;
            Some(LockedSdist { url: Some(file.url.clone()), path: None, sha256, stronger })
        });
        if allowed.is_empty() && local.is_empty() {
            return Err(
                self.none_matches(&self.version, files.iter().map(|file| (file.name.clone(), file.sha256)).collect())
            );
        }
        // All files of a version are for the same versions of Python; a lock's own hashes choose among them.
        let requires_python = allowed.first().and_then(|file| file.requires_python.clone());
        let is_here = |wheel: &LockedWheel| local.iter().any(|it| it.name == wheel.name);
        let others: Vec<LockedWheel> = allowed.iter().filter_map(wheel).filter(|wheel| !is_here(wheel)).collect();
        Ok(self.package_of(local.into_iter().chain(others).collect(), sdist, requires_python))
    }

    fn package_of(
        &self,
        wheels: Vec<LockedWheel>,
        sdist: Option<LockedSdist>,
        requires_python: Option<VersionSpecifiers>,
    ) -> LockedPackage {
        let (name, version, marker) = (self.name.clone(), Some(self.version.clone()), self.marker.clone());
        LockedPackage { name, version, marker, requires_python, wheels, sdist, origin: None, line: self.line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marker::Environment;
    use crate::target::{Libc, Target};

    fn environments() -> Vec<Environment> {
        let target = Target {
            python: "3.13.5".parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 41 },
        };
        vec![Environment::new(&target)]
    }

    fn file(name: &str, digit: char) -> IndexFile {
        let sha256 = format!("sha256:{}", digit.to_string().repeat(64)).parse().ok();
        let url = format!("https://files.example.invalid/{name}");
        let requires_python = ">=3.8".parse().ok();
        IndexFile { name: name.to_owned(), url, sha256, stronger: Vec::new(), size: Some(3), requires_python }
    }

    fn requirements(text: &str) -> Requirements {
        let text = text.replace('#', "--hash=sha256:");
        let digits = ['1', '2', '3'];
        let text = digits.iter().fold(text, |text, digit| {
            text.replace(&format!(":{digit} "), &format!(":{} ", digit.to_string().repeat(64)))
        });
        Requirements::parse(&text, "r.txt").unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn only_what_an_environment_needs_is_looked_up_and_each_version_once() {
        let listed = requirements(
            "a==1 ; python_version < '3.11' #1 \nb==1 ; sys_platform == 'linux' #1 \nb==1.0 ; sys_platform != 'linux' #2 \n\
             b==2 ; sys_platform == 'win32' #3 \nc==1 ; os_name == 'posix' #1 \nc==1.0 #2 \n",
        );
        let shown: Vec<_> = listed
            .pins(&environments())
            .iter()
            .map(|pin| format!("{} {} {} {:?}", pin.name, pin.version, pin.hashes.len(), pin.marker.is_some()))
            .collect();
        assert_eq!(shown, ["b 1 1 true", "c 1 2 false"]);
    }

    #[test]
    fn a_lock_has_the_files_whose_hashes_are_listed() {
        let listed = requirements("a-b==1.0 #1 #2 \n");
        let pins = listed.pins(&environments());
        let page = vec![
            file("a_b-1.0-py3-none-any.whl", '1'),
            file("a_b-1.0-cp313-cp313-manylinux_2_17_x86_64.whl", '3'),
            file("a_b-1.0.1-py3-none-any.whl", '1'),
            file("other-1.0-py3-none-any.whl", '1'),
            file("a-b-1.0.tar.gz", '2'),
        ];
        let files = pins[0].files(page);
        assert_eq!(files.len(), 3);
        let lock = listed.lock(&pins, &vec![Some(files)], &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
        let package = &lock.packages[0];
        let wheels: Vec<&str> = package.wheels.iter().map(|wheel| wheel.name.file_name()).collect();
        assert_eq!(wheels, ["a_b-1.0-py3-none-any.whl"]);
        assert_eq!(package.wheels[0].size, Some(3));
        assert_eq!(
            package.sdist.as_ref().and_then(|sdist| sdist.url.as_deref()),
            Some("https://files.example.invalid/a-b-1.0.tar.gz")
        );
        assert_eq!(package.requires_python.as_ref().map(ToString::to_string).as_deref(), Some(">=3.8"));
    }

    #[test]
    fn a_wheel_of_this_machine_comes_before_the_same_one_elsewhere() {
        let listed = requirements("a==1.0 #1 #2 \n");
        let pins = listed.pins(&environments());
        let local = |name: &str, digit: char| {
            let IndexFile { sha256, .. } = file(name, digit);
            let name = name.parse().expect("a wheel's name");
            LockedWheel { name, url: None, path: None, size: None, sha256, stronger: Vec::new() }
        };
        let (pure, native) = ("a-1.0-py3-none-any.whl", "a-1.0-cp313-cp313-manylinux_2_17_x86_64.whl");
        for (found, here, expected) in [
            (None, local(pure, '1'), Some(&[(pure, true)][..])),
            (None, local(pure, '3'), None),
            (Some(vec![file(pure, '1'), file(native, '2')]), local(pure, '1'), Some(&[(pure, true), (native, false)])),
            (Some(vec![file(native, '3')]), local(pure, '1'), Some(&[(pure, true)])),
        ] {
            let lock = listed.lock(&pins, &vec![found], &[here]).ok();
            let wheels = lock.as_ref().map(|lock| {
                let wheels = lock.packages[0].wheels.iter();
                wheels.map(|wheel| (wheel.name.file_name(), wheel.url.is_none())).collect::<Vec<_>>()
            });
            assert_eq!(wheels.as_deref(), expected);
        }
    }

    #[test]
    fn what_no_index_has_is_reported_with_its_line() {
        let listed = requirements("a==1 #1 \nb==1 #1 \n");
        let pins = listed.pins(&environments());
        let found = vec![None, Some(vec![file("b-1-py3-none-any.whl", '3')])];
        let problems: Vec<_> =
            listed.lock(&pins, &found, &[]).expect_err("two").iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            ["r.txt:1: no index has a", "r.txt:2: no file found for b 1 has one of the 1 hashes listed"]
        );
    }
}
