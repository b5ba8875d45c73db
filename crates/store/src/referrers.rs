//! What refers to a manifest: the referrers API, and the tags that stand in for it where there is none.
//!
//! Distribution spec 1.1, "Listing Referrers" and "Referrers Tag Schema".

use std::collections::BTreeSet;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, Digest, Reference, canonical_value, media_type};

use crate::error::{Result, StoreError};
use crate::registry::{LARGEST_MANIFEST, Registry, Repository};
use crate::request::{Payload, Request};
use crate::url::redact;

/// How many pages of referrers are read.
const PAGES: usize = 20;

/// A signature, an SBOM or anything else that names a manifest as its subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Referrer {
    /// The referring manifest.
    pub descriptor: Descriptor,
    /// Its entry in the list of referrers as it stood there: with keys that a descriptor does not know.
    pub entry: Value,
}

impl Referrer {
    /// An entry of an index as a referrer; none if it is no descriptor.
    pub(crate) fn from_entry(entry: Value) -> Option<Self> {
        let descriptor = serde_json::from_value(entry.clone()).ok()?;
        Some(Self { descriptor, entry })
    }
}

/// The entries of a list of referrers.
fn entries(body: &[u8], what: &str) -> Result<Vec<Referrer>> {
    let value: Value = serde_json::from_slice(body).map_err(StoreError::image(what))?;
    let all = value.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(all.into_iter().filter_map(Referrer::from_entry).collect())
}

/// The tag that lists what refers to a digest where there is no API: `sha256-<hex>`.
pub(crate) fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

impl Registry {
    /// What refers to a document of the reference's repository.
    ///
    /// # Errors
    /// When the registry cannot be asked, or its list makes no sense.
    pub fn referrers(&self, reference: &Reference, subject: &Digest) -> Result<Vec<Referrer>> {
        let repository = self.repository(reference)?;
        self.http.block_on(async {
            match repository.listed_referrers(subject).await? {
                Some(all) => Ok(all),
                None => repository.tagged_referrers(subject).await,
            }
        })
    }

    /// Makes sure that a manifest which was pushed is found as a referrer of its subject.
    ///
    /// # Errors
    /// When the registry cannot be asked, or refuses the tag.
    pub fn attach_referrer(&self, target: &Reference, subject: &Digest, referrer: &Referrer) -> Result<()> {
        let repository = self.repository_for(target, true, None)?;
        self.http.block_on(async {
            // A registry with the API keeps the list by itself.
            if repository.listed_referrers(subject).await?.is_some() {
                return Ok(());
            }
            let mut all = repository.tagged_referrers(subject).await?;
            if all.iter().any(|known| known.descriptor.digest == referrer.descriptor.digest) {
                return Ok(());
            }
            all.push(referrer.clone());
            repository.tag_referrers(subject, &all).await
        })
    }
}

impl Repository<'_> {
    /// The list by the API; none if the registry has no such API.
    pub(crate) async fn listed_referrers(&self, subject: &Digest) -> Result<Option<Vec<Referrer>>> {
        let mut url = self.url(&format!("referrers/{subject}"))?;
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for _ in 0..PAGES {
            let request = Request::get(url.clone());
            let response = self.send_retrying(&request).await?;
            let status = response.status().as_u16();
            // Without the API: 404, or whatever a router says to an address that it does not know.
            if status != 200 {
                return match status {
                    400 | 404 | 405 => Ok(None),
                    _ => Err(self.http().status_error(&request, response).await),
                };
            }
            // Some servers answer every address with a page for people.
            let content_type = crate::fetch::header(&response, CONTENT_TYPE).unwrap_or_default();
            if !content_type.starts_with(media_type::INDEX) {
                return Ok(None);
            }
            let next = next_page(&response);
            let body = self.http().read_body(&request, response, LARGEST_MANIFEST).await?;
            let page = entries(&body, &redact(&url))?;
            all.extend(page.into_iter().filter(|referrer| seen.insert(referrer.descriptor.digest)));
            match next.filter(|next| next.origin() == url.origin() && *next != url) {
                Some(next) => url = next,
                None => return Ok(Some(all)),
            }
        }
        Ok(Some(all))
    }

    /// The list by its tag; empty if there is no such tag.
    async fn tagged_referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        let request = self.manifest_request(Method::GET, &fallback_tag(subject))?;
        let response = self.send_retrying(&request).await?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(Vec::new()),
            _ => return Err(self.http().status_error(&request, response).await),
        }
        let body = self.http().read_body(&request, response, LARGEST_MANIFEST).await?;
        entries(&body, &redact(&request.url))
    }

    async fn tag_referrers(&self, subject: &Digest, all: &[Referrer]) -> Result<()> {
        let entries: Vec<&Value> = all.iter().map(|referrer| &referrer.entry).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": entries });
        let payload = Payload::Bytes(Bytes::from(canonical_value(index)));
        let request = self.manifest_request(Method::PUT, &fallback_tag(subject))?;
        let request = request.header(CONTENT_TYPE, media_type::INDEX).payload(payload);
        let response = self.send_retrying(&request).await?;
        match response.status().is_success() {
            true => Ok(()),
            false => Err(self.http().status_error(&request, response).await),
        }
    }
}

/// The address behind `Link: <…>; rel="next"`.
fn next_page(response: &reqwest::Response) -> Option<reqwest::Url> {
    let link = crate::fetch::header(response, reqwest::header::LINK)?;
    let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.contains("rel=\"next\"") || rest.contains("rel=next");
    response.url().join(address).ok().filter(|_| is_next)
}
