//! What can be wrong with a key file. No error repeats anything that may be secret.

/// Why a file is not the key that is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM block.
    #[error("it has no key in PEM form, which begins with `-----BEGIN`")]
    NoPem,
    /// A block of another kind.
    #[error("it holds a `{label}`, which is not a key that can be used here")]
    Kind {
        /// What the block says it is: letters, digits and spaces.
        label: String,
    },
    /// A public key where a private one is needed.
    #[error("it holds a public key, and only the private key signs")]
    Public,
    /// A private key where a public one is needed.
    #[error("it holds a private key, and whoever verifies needs the public key alone")]
    Private,
    /// A key of another kind than ECDSA on P-256.
    #[error("its key is not ECDSA on P-256")]
    Algorithm,
    /// An encrypted key and no password.
    #[error("the key is encrypted, and no password was given")]
    Locked,
    /// The password opens nothing.
    #[error("the password does not open the key, or the file is damaged")]
    Password,
    /// The file asks for more work than any honest one.
    #[error("opening the key would cost {what} {found}, and at most {limit} is done")]
    Cost {
        /// What is counted.
        what: &'static str,
        /// What the file asks for.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A form of encryption that is not supported.
    #[error("the key is encrypted with {what}, which is not supported")]
    Encryption {
        /// What was found, as far as it is known.
        what: &'static str,
    },
    /// Bytes that do not fit the form.
    #[error("{what} cannot be read")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
}

impl KeyError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoPem | Self::Kind { .. } | Self::Malformed { .. } => {
                "make a pair with `cosign generate-key-pair`, or with `openssl genpkey -algorithm EC -pkeyopt \
                 ec_paramgen_curve:P-256`"
            }
            Self::Public => "name the private key, such as cosign.key",
            Self::Private => {
                "name the public key, such as cosign.pub, and keep the private key where images are signed"
            }
            Self::Algorithm => "use an ECDSA key on P-256, as `cosign generate-key-pair` makes it",
            Self::Locked => "set COSIGN_PASSWORD",
            Self::Password => "check COSIGN_PASSWORD and the file",
            Self::Cost { .. } => "make the key anew with `cosign generate-key-pair`, if it is one of yours",
            Self::Encryption { .. } => {
                "convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc`, or with `cosign import-key-pair`"
            }
        }
    }
}
