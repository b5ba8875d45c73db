//! The rules that a certificate must meet before one of its keys may sign.
//!
//! A self-signature with a strong digest must state the primary key's purpose and bind each subkey, and a subkey must
//! have signed back (RFC 9580, 10.1.5). The tests in `tests/judged` hold the rules against gpgv, sqv and apt. They differ:
//!
//! - stricter than gpgv: SHA-1 in self-signatures, bindings and back-signatures; RSA keys under 2048 bits; keys without
//!   flags; self-signatures that expired; signatures and keys from the future;
//! - stricter than sqv, which checks a key as it was when it signed: keys that have expired since, were retired or
//!   superseded. A revoked key is never valid, whatever the reason and the date of the revocation;
//! - stricter than both: SHA-224, P-521, P-256 and P-384 with other digests than SHA-256 and SHA-384, and signatures of
//!   version 3, none of which archives use;
//! - more lenient than apt with gpgv: one valid signature is enough, even beside a broken one, as with sqv.
//!
//! Revocations by designated third parties are not read.

use std::cmp::Reverse;

use crate::certificate::{Certificate, Subkey, User};
use crate::key::Key;
use crate::refusal::RefusalReason;
use crate::signature::{BACK_SIGNATURE, BINDING, DIRECT, KEY_REVOCATION, SUBKEY_REVOCATION, Signature};

/// The types of signatures on user ids, from a generic to a positive one.
const CERTIFICATIONS: std::ops::RangeInclusive<u8> = 0x10..=0x13;

/// A key of a certificate.
pub(crate) enum Member<'a> {
    Primary,
    Subkey(&'a Subkey),
}

impl Member<'_> {
    pub(crate) fn key<'a>(&'a self, certificate: &'a Certificate) -> &'a Key {
        match self {
            Self::Primary => &certificate.primary,
            Self::Subkey(subkey) => &subkey.key,
        }
    }
}

impl Certificate {
    /// All keys that could have made a signature.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'_>> {
        std::iter::once(Member::Primary).chain(self.subkeys.iter().map(Member::Subkey))
    }

    /// Checks that a key of this certificate may sign at `now`.
    pub(crate) fn check(&self, member: &Member<'_>, now: i64) -> Result<(), RefusalReason> {
        let signs = self.check_primary(now)?;
        match member {
            Member::Primary if signs == Some(true) => Ok(()),
            Member::Primary => Err(RefusalReason::NotForSigning),
            Member::Subkey(subkey) => self.check_subkey(subkey, now),
        }
    }

    /// Checks the primary key; says whether it is for signing, where a self-signature states it.
    ///
    /// The newest valid signature on the key itself and the newest on a user id speak for the key; where both state
    /// something, the newer one counts. A revoked user id takes nothing from the key, with gpgv and sqv neither.
    fn check_primary(&self, now: i64) -> Result<Option<bool>, RefusalReason> {
        let primary = &self.primary;
        let made = |signature: &&Signature| primary.verify(signature, primary.hashed()).is_ok();
        if let Some(revocation) = self.direct.iter().filter(|it| it.kind == KEY_REVOCATION).find(made) {
            return Err(RefusalReason::KeyRevoked { cause: revocation.revocation_cause() });
        }
        let direct: Vec<&Signature> = self.direct.iter().filter(|it| it.kind == DIRECT).filter(made).collect();
        let on_users: Vec<&Signature> = self.users.iter().flat_map(|user| self.certifications(user)).collect();
        let mut own: Vec<&Signature> = newest(&direct, now).into_iter().chain(newest(&on_users, now)).collect();
        own.sort_by_key(|signature| Reverse(signature.created()));
        if own.is_empty() {
            return Err(missing(&[direct, on_users].concat(), RefusalReason::NoSelfSignature));
        }
        check_dates(primary, own.iter().find_map(|signature| signature.key_expires()), now)?;
        Ok(own.iter().find_map(|signature| signature.signs()))
    }

    /// The self-signatures on a user id.
    fn certifications<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Signature> {
        let content = [self.primary.hashed(), &[0xb4], &(user.id.len() as u32).to_be_bytes(), &user.id].concat();
        let kinds = user.signatures.iter().filter(|signature| CERTIFICATIONS.contains(&signature.kind));
        kinds.filter(move |signature| self.primary.verify(signature, &content).is_ok())
    }

    fn check_subkey(&self, subkey: &Subkey, now: i64) -> Result<(), RefusalReason> {
        let content = [self.primary.hashed(), subkey.key.hashed()].concat();
        let made = |signature: &&Signature| self.primary.verify(signature, &content).is_ok();
        let of_kind = |kind| subkey.signatures.iter().filter(move |signature| signature.kind == kind).filter(made);
        if let Some(revocation) = of_kind(SUBKEY_REVOCATION).next() {
            return Err(RefusalReason::KeyRevoked { cause: revocation.revocation_cause() });
        }
        let bindings: Vec<&Signature> = of_kind(BINDING).collect();
        let newest = newest(&bindings, now).ok_or_else(|| missing(&bindings, RefusalReason::NotBound))?;
        check_dates(&subkey.key, newest.key_expires(), now)?;
        if newest.signs() != Some(true) {
            return Err(RefusalReason::NotForSigning);
        }
        let signed_back = newest.embedded().any(|back| {
            back.kind == BACK_SIGNATURE && back.check(now).is_ok() && subkey.key.verify(&back, &content).is_ok()
        });
        if signed_back { Ok(()) } else { Err(RefusalReason::NoBackSignature) }
    }
}

/// The newest signature that counts at `now`.
fn newest<'a>(signatures: &[&'a Signature], now: i64) -> Option<&'a Signature> {
    let valid = signatures.iter().copied().filter(|signature| signature.check(now).is_ok());
    valid.max_by_key(|signature| signature.created())
}

/// Why none of these counts.
fn missing(signatures: &[&Signature], otherwise: RefusalReason) -> RefusalReason {
    match signatures.iter().any(|signature| !signature.hash.is_strong()) {
        true => RefusalReason::WeakSelfSignature,
        false => otherwise,
    }
}

/// Checks that a key exists and has not expired at `now`; it lives for `expires` seconds, zero means forever.
fn check_dates(key: &Key, expires: Option<u32>, now: i64) -> Result<(), RefusalReason> {
    let created = i64::from(key.created);
    match expires {
        _ if created > now => Err(RefusalReason::KeyFromTheFuture),
        Some(seconds) if seconds > 0 && created + i64::from(seconds) <= now => Err(RefusalReason::KeyExpired),
        _ => Ok(()),
    }
}
