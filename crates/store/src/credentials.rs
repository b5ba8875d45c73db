//! A user with a password, or a token: what proves to a server who asks.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

/// A text that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the wire.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The credentials of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user with a password or an access token.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A refresh token, as `docker login` keeps for some registries.
    IdentityToken {
        /// The token.
        token: Secret,
        /// The user and the password beside it, for a registry that wants these after all.
        beside: Option<(String, Secret)>,
    },
    /// A token that is sent to the registry as it is, without any token server.
    RegistryToken(Secret),
}

impl Credentials {
    /// A user with a password.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Password { username: username.into(), password: Secret::new(password) }
    }

    /// A refresh token by itself.
    pub fn identity_token(token: impl Into<String>) -> Self {
        Self::IdentityToken { token: Secret::new(token), beside: None }
    }

    /// The header of basic authentication (RFC 7617), where there is a password.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let (username, password) = match self {
            Self::Password { username, password } => (username, password),
            Self::IdentityToken { beside, .. } => beside.as_ref().map(|(username, password)| (username, password))?,
            Self::RegistryToken(_) => return None,
        };
        let pair = format!("{username}:{}", password.expose());
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let text = format!("{:?}", Credentials::password("user", "hunter2"));
        assert!(text.contains("user") && text.contains("***") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn basic_authentication_is_that_of_the_rfc() {
        for (user, password, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("ab", "", "Basic YWI6"),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ] {
            let header = Credentials::password(user, password).basic().unwrap();
            assert_eq!(header.to_str().unwrap(), expected);
        }
    }
}
