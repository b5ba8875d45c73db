//! What refers to a manifest: the referrers API, and the tags that replace it on registries without the API.
//!
//! Distribution spec 1.1, "Listing Referrers" and "Referrers Tag Schema".

use std::collections::BTreeSet;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, LINK};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use shipwheel_oci::{Digest, Reference, canonical_value, media_type};

use super::client::{Registry, Repository};
use crate::error::{Result, StoreError};
use crate::http::url::{redact, without_credentials};
use crate::http::{Payload, Request, header};
use crate::image::Referrer;
use crate::limits::MAX_MANIFEST;

/// How many pages of referrers are read.
const MAX_PAGES: usize = 20;

/// The longest list of referrers, all its pages together, in bytes.
const MAX_LIST: u64 = 2 * MAX_MANIFEST;

/// The entries of a list of referrers.
pub(crate) fn entries(body: &[u8], what: &str) -> Result<Vec<Referrer>> {
    let value: Value = serde_json::from_slice(body).map_err(StoreError::image(what))?;
    let all = value.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(all.into_iter().filter_map(Referrer::from_entry).collect())
}

/// The tag that lists the referrers of a digest on registries without the API: `sha256-<hex>`.
pub(crate) fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

impl Registry {
    /// What refers to a document of the reference's repository.
    ///
    /// # Errors
    /// When the registry cannot be asked, or its list cannot be read.
    pub fn referrers(&self, reference: &Reference, subject: &Digest) -> Result<Vec<Referrer>> {
        let repository = self.repository(reference)?;
        self.http.block_on(async {
            match repository.listed_referrers(subject).await? {
                Some(all) => Ok(all),
                None => repository.tagged_referrers(subject).await,
            }
        })
    }

    /// Makes a pushed manifest known as a referrer of its subject.
    ///
    /// # Errors
    /// When the registry cannot be asked, or refuses the tag.
    pub fn attach_referrer(&self, target: &Reference, subject: &Digest, referrer: &Referrer) -> Result<()> {
        let repository = self.repository_for(target, true, None)?;
        self.http.block_on(async {
            // A registry with the API keeps the list itself.
            if repository.listed_referrers(subject).await?.is_some() {
                return Ok(());
            }
            let mut all = repository.tagged_referrers(subject).await?;
            if all.contains(referrer) {
                return Ok(());
            }
            // The entry of the source may say more than what was made of the document when it was put.
            match all.iter_mut().find(|known| known.descriptor.digest == referrer.descriptor.digest) {
                Some(known) => known.clone_from(referrer),
                None => all.push(referrer.clone()),
            }
            repository.tag_referrers(subject, &all).await
        })
    }
}

impl Repository<'_> {
    /// The list by the API; `None` if the registry does not have the API.
    pub(crate) async fn listed_referrers(&self, subject: &Digest) -> Result<Option<Vec<Referrer>>> {
        let first = Request::get(self.url(&format!("referrers/{subject}"))?);
        self.http().in_time(&first, self.all_pages(first.url.clone())).await
    }

    async fn all_pages(&self, mut url: Url) -> Result<Option<Vec<Referrer>>> {
        let (mut all, mut seen, mut left) = (Vec::new(), BTreeSet::new(), MAX_LIST);
        for _ in 0..MAX_PAGES {
            let request = Request::get(url.clone());
            let response = self.send_retrying(&request).await?;
            let status = response.status().as_u16();
            // Without the API: 404, or what a router says to an unknown address.
            if status != 200 {
                return match status {
                    400 | 404 | 405 => Ok(None),
                    _ => Err(self.http().status_error(&request, response).await),
                };
            }
            // Some servers answer every address with an HTML page.
            let content_type = header(&response, CONTENT_TYPE).unwrap_or_default();
            if !content_type.starts_with(media_type::INDEX) {
                return Ok(None);
            }
            let next = header(&response, LINK).and_then(|link| next_page(response.url(), &link));
            let body = self.http().read_body(&request, response, MAX_MANIFEST.min(left)).await?;
            left -= body.len() as u64;
            let page = entries(&body, &redact(&url))?;
            all.extend(page.into_iter().filter(|referrer| seen.insert(referrer.descriptor.digest)));
            match next.filter(|next| next.origin() == url.origin() && *next != url) {
                Some(next) => url = next,
                None => return Ok(Some(all)),
            }
        }
        Ok(Some(all))
    }

    /// The list by its tag; empty if the tag does not exist.
    async fn tagged_referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        let request = self.manifest_request(Method::GET, &fallback_tag(subject))?;
        let response = self.send_retrying(&request).await?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(Vec::new()),
            _ => return Err(self.http().status_error(&request, response).await),
        }
        let body = self.http().read_body(&request, response, MAX_MANIFEST).await?;
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

/// The address in `Link: <…>; rel="next"` of an answer from another address.
pub(crate) fn next_page(from: &Url, link: &str) -> Option<Url> {
    let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.contains("rel=\"next\"") || rest.contains("rel=next");
    from.join(address).ok().filter(|_| is_next).as_ref().map(without_credentials)
}
