//! Package indexes of Python: the credentials for them, and fetching from them.

mod credentials;
mod fetch;
mod netrc;
mod page;

pub use credentials::{IndexCredentials, Keyring};
pub use fetch::IndexFetch;
pub use page::IndexPage;

#[cfg(test)]
mod tests;
