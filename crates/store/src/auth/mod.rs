//! How a registry learns who asks: logins on this machine, challenges, and tokens for a scope.

mod challenge;
mod docker_config;
mod login_file;
mod logins;
mod survey;
mod token;

pub(crate) use challenge::parse_challenges;
pub use login_file::{LoginFile, Logins};
pub use logins::{CredentialSources, HostLogin};
pub(crate) use token::{Authorizer, Scope};

#[cfg(test)]
mod tests;
