//! Pages of package indexes: the files of one project (PEP 503, PEP 691, PEP 700).

mod addresses;
mod error;
mod file;
mod html;
mod json;
mod page;

pub use addresses::{IndexAddresses, default_in_help};
pub use error::PageError;
pub use file::IndexFile;
pub use page::{ACCEPT, ProjectPage, project_url};

#[cfg(test)]
mod tests;
