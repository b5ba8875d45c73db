//! What requirements ask for that say where they are: in wheels with nothing else in them, for uv to lock.

use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::lock::{LockedWheel, Origin};
use shipwheel_python::project::StaticWheel;
use shipwheel_python::select::SelectedWheel;
use shipwheel_python::{CoreMetadata, DistributionName};
use shipwheel_store::FileAction;

use super::lock_file::LockFile;
use super::placed_error::PlacedErrorKind as Kind;
use super::placed_requirement::{Found, PlacedRequirement, in_line};
use crate::error::BuildError;
use crate::program::uv::Uv;
use crate::project::project::Project;
use crate::session::Session;
use crate::wheel::origins::WheelOrigins;
use crate::wheel::wheels::Wheels;
use crate::wheel::{git_wheel, project_version, project_wheel, sdist_wheel};

/// The requirements of a lock that say where they are, as uv is given them.
pub(crate) struct PlacedMetadata<'l> {
    known: Vec<(&'l PlacedRequirement, CoreMetadata)>,
}

impl<'l> PlacedMetadata<'l> {
    /// Finds out what each asks for; what has to be built for that is built if it may be.
    ///
    /// # Errors
    /// When one cannot be read, or would have to be built and nothing allows it.
    pub(crate) fn of(
        session: &Session<'_>,
        project: &Project,
        lock: &'l LockFile,
        python: &PythonSpec,
    ) -> Result<Self, BuildError> {
        let reader = Reader { session, project, python };
        // An address is uv's to read.
        let placed = lock.placed.iter().filter(|it| !matches!(it.found, Found::Address(_)));
        let known = placed.map(|it| Ok((it, reader.read(it)?)));
        let mut this = Self { known: known.collect::<Result<_, BuildError>>()? };
        this.take_addresses_out();
        Ok(this)
    }

    /// The names that need no wheel of an index.
    pub(crate) fn names(&self) -> impl Iterator<Item = &DistributionName> {
        self.known.iter().map(|(_, metadata)| &metadata.name)
    }

    /// Writes the wheels into the folder of uv; the lines that ask for them.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(crate) fn write(&self, uv: &Uv<'_>) -> Result<String, BuildError> {
        let mut lines = String::new();
        for (requirement, metadata) in &self.known {
            let wheel = StaticWheel::empty(metadata);
            let bytes = wheel.archive(|_| Err(BuildError::Internal("a file in an empty wheel".to_owned())))?;
            let path = uv.folder().join(wheel.file_name());
            fs_err::write(&path, bytes).map_err(BuildError::file(FileAction::Write, &path))?;
            let extras = requirement.placed.extras.join(",");
            let marker = requirement.placed.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
            lines += &format!("{}[{extras}] @ file://{}{marker}\n", metadata.name, path.display());
        }
        Ok(lines)
    }

    /// What is here already is asked for by its name alone: two addresses of one distribution are an error to uv.
    fn take_addresses_out(&mut self) {
        let names: Vec<DistributionName> = self.names().cloned().collect();
        for requirement in self.known.iter_mut().flat_map(|(_, metadata)| &mut metadata.requires) {
            let Some((named, rest)) = requirement.split_once('@') else { continue };
            let name = named.split('[').next().unwrap_or_default().trim().parse::<DistributionName>();
            if name.is_ok_and(|name| names.contains(&name)) {
                let marker =
                    rest.split_once(" ;").map(|(_, marker)| format!(" ; {}", marker.trim())).unwrap_or_default();
                *requirement = format!("{}{marker}", named.trim());
            }
        }
    }
}

struct Reader<'a> {
    session: &'a Session<'a>,
    project: &'a Project,
    python: &'a PythonSpec,
}

impl Reader<'_> {
    fn read(&self, requirement: &PlacedRequirement) -> Result<CoreMetadata, BuildError> {
        let package = requirement.package()?;
        let may_build = self.python.allow_build.contains(&package.name);
        let wheel = match (&requirement.found, &package.origin, &package.sdist) {
            (Found::Folder(folder, declared), ..) => {
                return self
                    .project_at(folder, declared.as_ref())
                    .map_err(|error| in_line(error, &requirement.file, &requirement.placed));
            }
            (Found::Wheel(..), ..) => package.wheels.into_iter().next(),
            _ if !may_build => {
                let name = package.name;
                return Err(Kind::NeedsBuild(name).of(&requirement.file, &requirement.placed).into());
            }
            (_, Some(Origin::Git(repository)), _) => Some(git_wheel::build(self.session, &package, repository)?),
            (_, _, Some(sdist)) => Some(sdist_wheel::build(self.session, &WheelOrigins::default(), &package, sdist)?),
            _ => None,
        };
        let wheel = wheel.ok_or_else(|| BuildError::internal("a requirement without a place"))?;
        self.of_wheel(wheel)
    }

    fn project_at(
        &self,
        folder: &std::path::Path,
        declared: Option<&CoreMetadata>,
    ) -> Result<CoreMetadata, BuildError> {
        let given = self.project.version(folder);
        match declared {
            Some(declared) => {
                let version = project_version::version(self.session, folder, given)?;
                let version = version.and_then(|version| version.parse().ok());
                Ok(CoreMetadata { version: version.unwrap_or_else(|| declared.version.clone()), ..declared.clone() })
            }
            None => {
                let built = project_wheel::wheel(self.session, self.project, folder)?;
                self.opened(built)
            }
        }
    }

    fn of_wheel(&self, wheel: LockedWheel) -> Result<CoreMetadata, BuildError> {
        let LockedWheel { name, url, path, size, sha256, .. } = wheel;
        let sha256 = sha256.ok_or_else(|| BuildError::internal("a wheel without a hash"))?;
        let (distribution, version) = (name.distribution.clone(), name.version.clone());
        self.opened(SelectedWheel { name: distribution, version, wheel: name, url, path, size, sha256 })
    }

    fn opened(&self, wheel: SelectedWheel) -> Result<CoreMetadata, BuildError> {
        let sha256 = wheel.sha256;
        let wheels = Wheels::new(Default::default(), [wheel]);
        wheels.fetch(self.session, &[sha256])?;
        let text = wheels.open(self.session, &sha256)?.metadata_text()?;
        CoreMetadata::parse(&text).ok_or_else(|| BuildError::internal("a wheel whose metadata has no name"))
    }
}
