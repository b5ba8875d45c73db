//! Package indexes of Python: the credentials for them, and fetching from them.

mod credentials;
mod fetch;
mod netrc;

pub use credentials::{IndexCredentials, Keyring};
pub use fetch::IndexFetch;

#[cfg(test)]
mod tests;
