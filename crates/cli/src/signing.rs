//! Keys of the command line, and signing what a command pushes. No message ever has a key or its password.

use std::path::Path;

use serde_json::{Value, json};
use shipwheel_attest::{Password, PublicKey, SigningKey};
use shipwheel_builder::{
    Authenticity, SignaturePlace, counted, read_public_key, read_signing_key, sign as sign_image, tag_signatures,
};
use shipwheel_oci::Reference;
use shipwheel_store::{Attachment, ImageSource};

use crate::failure::Failure;
use crate::network::KEY_PASSWORD;
use crate::output::Delivery;
use crate::shown;

/// The private key in a file, opened with the password in the environment.
pub(crate) fn key(path: &Path) -> Result<SigningKey, Failure> {
    let password = match std::env::var_os(KEY_PASSWORD).map(std::ffi::OsString::into_string) {
        None => None,
        // cosign makes keys with an empty password, too.
        Some(Ok(password)) => Some(Password::new(password)),
        Some(Err(_)) => return Err(Failure::usage(format!("{KEY_PASSWORD} is not text in UTF-8"), None)),
    };
    read_signing_key(path, password.as_ref()).map_err(Failure::while_doing("read the key"))
}

/// The public key in a file.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    read_public_key(path).map_err(Failure::while_doing("read the key"))
}

/// Signs what is about to be pushed, or was: puts signatures under their tags in each of the repositories, and gives the
/// bundles that come along with the image. Nothing without a key.
///
/// A tag comes before the image that it signs: whoever finds the image finds it signed.
pub(crate) fn sign(
    source: &dyn ImageSource,
    targets: &[Reference],
    key: Option<&SigningKey>,
    delivery: &Delivery<'_>,
) -> Result<Vec<Attachment>, Failure> {
    let Some(key) = key else { return Ok(Vec::new()) };
    let signed = sign_image(source, key).map_err(Failure::while_doing("sign the image"))?;
    let Delivery { cache, registry, terminal, .. } = *delivery;
    let mut repositories: Vec<(&str, &str)> = Vec::new();
    for target in targets {
        if repositories.contains(&(target.registry(), target.repository())) {
            continue;
        }
        repositories.push((target.registry(), target.repository()));
        let place = SignaturePlace { registry, cache, progress: terminal, target };
        let added = tag_signatures(place, &signed.subjects, key);
        let added = added.map_err(Failure::while_doing(format!("sign the image in {target}")))?;
        let (all, new) = (counted(signed.subjects.len(), "manifest"), if added == 0 { ", as before" } else { "" });
        terminal.line(&format!("  {}/{}: signed {all}{new}", target.registry(), target.repository()));
    }
    Ok(signed.attachments)
}

/// One line about a signature that was found.
pub(crate) fn line(signed: &Authenticity) -> String {
    let forms = [(signed.bundles, "bundle"), (signed.tagged, "tagged signature")];
    let forms: Vec<String> =
        forms.iter().filter(|(count, _)| *count > 0).map(|(count, form)| counted(*count, form)).collect();
    let attests = match signed.attests.is_empty() {
        true => String::new(),
        false => format!("; the key also attests {}", signed.attests.join(", ")),
    };
    shown::line(&format!("signed by the key: {}{attests}", forms.join(", ")))
}

/// The same for programs.
pub(crate) fn to_json(signed: &Authenticity) -> Value {
    json!({
        "digest": signed.digest,
        "bundles": signed.bundles,
        "tagged": signed.tagged,
        "attests": signed.attests,
    })
}
