//! Images in one file: OCI archives (a layout in a tar), and docker-archives as `docker load` takes them.

mod destination;
mod docker_destination;
mod docker_source;
mod members;
mod source;
mod tar_writer;

pub use destination::ArchiveDestination;
pub use docker_destination::DockerArchiveDestination;
pub(crate) use docker_source::DockerArchiveSource;
pub(crate) use members::Members;
pub use source::ArchiveSource;
