//! Tokens whose form says what they are: a prefix, and how many letters of which kind follow.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::letters::look_random;

/// The form of a token.
pub(super) struct Form {
    pub(super) what: &'static str,
    prefixes: &'static [&'static str],
    /// How many letters follow the prefix.
    length: RangeInclusive<usize>,
    /// The letters that may follow, besides letters and digits.
    marks: &'static [u8],
}

const fn form(
    what: &'static str,
    prefixes: &'static [&'static str],
    length: RangeInclusive<usize>,
    marks: &'static [u8],
) -> Form {
    Form { what, prefixes, length, marks }
}

const FORMS: [Form; 18] = [
    form("an access key of AWS", &["AKIA", "ASIA"], 16..=16, b""),
    form("a token of GitHub", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], 36..=255, b""),
    form("a token of GitHub", &["github_pat_"], 50..=255, b"_"),
    form("a token of GitLab", &["glpat-", "gldt-", "glrt-"], 20..=255, b"_-."),
    form("a token of Slack", &["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "xapp-"], 24..=255, b"-"),
    form("an API key of Google", &["AIza"], 35..=35, b"_-"),
    form("a client secret of Google", &["GOCSPX-"], 28..=28, b"_-"),
    form("a live key of Stripe", &["sk_live_", "rk_live_"], 20..=255, b""),
    form("a token of npm", &["npm_"], 36..=36, b""),
    form("a token of a package index", &["pypi-AgE"], 50..=512, b"_-"),
    form("an API key", &["sk-ant-", "sk-proj-", "sk-svcacct-", "hf_", "gsk_"], 34..=255, b"_-"),
    form("a key of age", &["AGE-SECRET-KEY-1"], 58..=58, b""),
    form("a token of Docker", &["dckr_pat_"], 27..=27, b"_-"),
    form("a token of DigitalOcean", &["dop_v1_", "doo_v1_", "dor_v1_"], 64..=64, b""),
    form("a token of Vault", &["hvs.", "hvb."], 90..=255, b"_-"),
    form("a token of Shopify", &["shpat_", "shpss_", "shpca_", "shppa_"], 32..=32, b""),
    form("a key of SendGrid", &["SG."], 66..=66, b"._-"),
    form("a key of an Azure storage account", &["AccountKey="], 86..=88, b"+/="),
];

/// What looks for the prefixes of each form: made once, for all files.
static FINDERS: LazyLock<Vec<(Form, Vec<Finder<'static>>)>> = LazyLock::new(|| {
    FORMS
        .into_iter()
        .map(|form| {
            let finders = form.finders();
            (form, finders)
        })
        .collect()
});

/// The first token of the first form that a text has: where it begins, and what it is.
pub(super) fn token(text: &[u8]) -> Option<(usize, &'static str)> {
    FINDERS.iter().find_map(|(form, finders)| Some((form.find(text, finders)?, form.what)))
}

impl Form {
    fn finders(&self) -> Vec<Finder<'static>> {
        self.prefixes.iter().map(|prefix| Finder::new(*prefix)).collect()
    }

    /// Where the first token of this form begins.
    fn find(&self, text: &[u8], finders: &[Finder<'static>]) -> Option<usize> {
        let starts = finders.iter().flat_map(|finder| {
            let length = finder.needle().len();
            finder.find_iter(text).map(move |at| (at, at + length))
        });
        let mut found = starts.filter(|(at, end)| {
            let is_word_before = at.checked_sub(1).is_some_and(|before| text[before].is_ascii_alphanumeric());
            let rest = &text[*end..];
            let takes = |byte: &&u8| byte.is_ascii_alphanumeric() || self.marks.contains(byte);
            let word = &rest[..rest.iter().take_while(takes).count()];
            !is_word_before && self.length.contains(&word.len()) && self.is_token(word)
        });
        found.next().map(|(at, _)| at)
    }

    /// Whether letters look drawn by lot, and not written by somebody.
    fn is_token(&self, word: &[u8]) -> bool {
        let is_aws = self.prefixes.contains(&"AKIA");
        look_random(word)
            && word.iter().any(u8::is_ascii_digit) | is_aws
            && !(is_aws && (word.iter().any(u8::is_ascii_lowercase) || word.ends_with(b"EXAMPLE")))
    }
}
