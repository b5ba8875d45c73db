//! Ini files as Python's configparser reads them.

use std::collections::BTreeMap;

/// Sections with their keys and values; the lines of a value are separate.
#[derive(Debug, Default)]
pub(crate) struct Ini {
    sections: BTreeMap<String, BTreeMap<String, String>>,
}

impl Ini {
    pub(crate) fn parse(text: &str) -> Self {
        let mut ini = Self::default();
        let (mut section, mut key) = (String::new(), None::<String>);
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            let is_continued = line.starts_with([' ', '\t']) && key.is_some();
            if let Some(name) =
                trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|_| !is_continued)
            {
                (section, key) = (name.trim().to_owned(), None);
                continue;
            }
            let values = ini.sections.entry(section.clone()).or_default();
            match (&key, trimmed.split_once(['=', ':'])) {
                (Some(key), _) if is_continued => {
                    let value: &mut String = values.entry(key.clone()).or_default();
                    *value += &format!("\n{trimmed}");
                }
                (_, Some((name, value))) => {
                    let name = name.trim().to_ascii_lowercase().replace('-', "_");
                    values.insert(name.clone(), value.trim().to_owned());
                    key = Some(name);
                }
                (_, None) => key = None,
            }
        }
        ini
    }

    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.sections.get(section)?.get(key).map(String::as_str)
    }
}
