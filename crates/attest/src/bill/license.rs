//! What a distribution says of its license, as an SPDX expression where that can be known.

use std::collections::BTreeSet;

use super::debian_license as debian;

/// The longest text that is taken for the name of a license.
const MAX_NAME: usize = 120;

/// The longest list of names that have no expression.
const MAX_NAMED: usize = 1000;

/// A license as a package declares it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum License {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A valid SPDX expression.
    Expression(String),
    /// What the package says, in words of its own.
    Named(String),
}

/// Classifiers that name one license; "BSD License" and the like name several.
const CLASSIFIERS: [(&str, &str); 23] = [
    ("Academic Free License (AFL)", "AFL-3.0"),
    ("Apache Software License", "Apache-2.0"),
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
    ("GNU Lesser General Public License v2 (LGPLv2)", "LGPL-2.0-only"),
    ("GNU Lesser General Public License v2 or later (LGPLv2+)", "LGPL-2.0-or-later"),
    ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
    ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
    ("Historical Permission Notice and Disclaimer (HPND)", "HPND"),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("Python Software Foundation License", "PSF-2.0"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("zlib/libpng License", "Zlib"),
];

impl License {
    /// What METADATA of a wheel says: `License-Expression` (PEP 639), else `License`, else its classifiers.
    pub fn of_metadata<'t>(
        expression: Option<&str>,
        license: Option<&str>,
        classifiers: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let by_field = license.map_or(Self::Unknown, Self::of_text);
        let by_expression = expression.map_or(Self::Unknown, Self::of_text);
        let told: Vec<&str> = classifiers
            .into_iter()
            .filter_map(|text| text.strip_prefix("License :: "))
            .map(|text| text.trim_start_matches("OSI Approved :: "))
            .collect();
        let known = told.iter().filter_map(|text| CLASSIFIERS.iter().find(|(name, _)| name == text));
        let known: Vec<&str> = known.map(|(_, id)| *id).collect();
        let by_classifier = match (known.as_slice(), told.first()) {
            // Several are all of them or a choice: classifiers do not say which.
            ([id], _) if told.len() == 1 => Self::Expression((*id).to_owned()),
            (_, Some(_)) => Self::Named(told.join(", ")),
            (_, None) => Self::Unknown,
        };
        let all = [by_expression, by_field, by_classifier];
        let valid = all.iter().find(|found| matches!(found, Self::Expression(_)));
        let named = || all.iter().find(|found| matches!(found, Self::Named(_)));
        valid.or_else(named).cloned().unwrap_or_default()
    }

    /// What the `copyright` of a Debian package names for its files: all of them together, as an expression if each of them
    /// has a name that SPDX knows.
    pub fn of_debian(licenses: &[String]) -> Self {
        if licenses.is_empty() {
            return Self::Unknown;
        }
        let known: Option<BTreeSet<String>> = licenses.iter().map(|license| debian::expression(license)).collect();
        let whole = known.map(|known| match known.len() {
            1 => known.into_iter().collect::<String>(),
            _ => known.iter().map(|one| debian::group(one)).collect::<Vec<_>>().join(" AND "),
        });
        match whole.filter(|whole| spdx::Expression::parse(whole).is_ok()) {
            Some(whole) => Self::Expression(whole),
            None => {
                let named = licenses.join(", ");
                Self::Named(named.chars().take(MAX_NAMED).map(|c| if c.is_control() { ' ' } else { c }).collect())
            }
        }
    }

    /// A text: an expression if it is a valid one, or a well-known other spelling of one.
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        // Some have the whole text of their license here.
        if text.is_empty() || text.len() > MAX_NAME || text.contains('\n') || text == "UNKNOWN" {
            return Self::Unknown;
        }
        if spdx::Expression::parse(text).is_ok() {
            return Self::Expression(text.to_owned());
        }
        let canonical = spdx::Expression::canonicalize(text).ok().flatten();
        match canonical.filter(|it| spdx::Expression::parse(it).is_ok()) {
            Some(canonical) => Self::Expression(canonical),
            None => Self::Named(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()),
        }
    }
}
