//! Where a redirect leads, and what may come along.
//!
//! The library for HTTP follows redirects itself, but gives each step the headers of the first: a second step on
//! another host gets the password back (reqwest 0.13.5 by way of tower-http 0.6.11). So we follow them here.

use std::collections::BTreeSet;

use reqwest::header::{AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION};
use reqwest::{Method, Response, Url};

use super::request::{Payload, Redirects, Request};
use super::response::header;
use super::url::{authority, may_be_plain_from};
use crate::error::Result;

/// How many redirects one request follows.
pub(super) const MAX_REDIRECTS: usize = 10;

impl Request {
    /// The request that an answer redirects this one to; `None` if it is an answer like any other.
    ///
    /// A request that is more than a question keeps its method or is not followed: the answer to a question is no
    /// receipt. What was removed for another host does not come back, also not for the first one.
    ///
    /// # Errors
    /// When the redirect leads where the request may not go.
    pub(super) fn redirected(&self, response: &Response, insecure_hosts: &BTreeSet<String>) -> Result<Option<Self>> {
        let is_question = matches!(self.method, Method::GET | Method::HEAD);
        let is_followed = match response.status().as_u16() {
            301..=303 => is_question,
            // The body of a file is sent by those who know how far it has come.
            307 | 308 => !matches!(self.payload, Payload::File { .. }),
            _ => false,
        };
        let location = header(response, LOCATION).filter(|_| is_followed);
        let Some(mut next) = location.and_then(|location| self.url.join(&location).ok()) else { return Ok(None) };
        self.may_go_to(&next, insecure_hosts).map_err(|reason| self.answer_error(reason))?;
        let leaves = self.url.origin() != next.origin();
        // A login that a server writes there is none of the user's.
        let login = if leaves { ("", None) } else { (self.url.username(), self.url.password()) };
        let _ = (next.set_username(login.0), next.set_password(login.1));
        let mut request = Self { url: next, ..self.clone() };
        if leaves {
            for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
                request.headers.remove(name);
            }
        }
        Ok(Some(request))
    }

    fn may_go_to(&self, next: &Url, insecure_hosts: &BTreeSet<String>) -> Result<(), &'static str> {
        let (was_secure, is_plain) = (self.url.scheme() == "https", next.scheme() == "http");
        let same_port = authority(&self.url) == authority(next);
        let may_be_plain = || !same_port && may_be_plain_from(&self.url, next, insecure_hosts);
        if !is_plain && next.scheme() != "https" {
            Err("redirect to an address that is not one of http or https")
        } else if was_secure && is_plain && !may_be_plain() {
            Err("redirect from https to http")
        } else if self.redirects == Redirects::SameOrigin && self.url.origin() != next.origin() {
            Err("redirect to another host, which may not have the password")
        } else {
            Ok(())
        }
    }
}
