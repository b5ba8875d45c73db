//! Which indexes are asked, as the files and variables of uv and pip say it.

use std::collections::BTreeMap;

use crate::ini::Ini;

/// Where the files of distributions are looked for, as one source of settings says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexAddresses {
    /// The index that takes the place of the default one.
    pub default: Option<String>,
    /// The indexes that are asked before it.
    pub others: Vec<String>,
    /// The folders and the pages of links that lines of requirements name.
    pub places: Vec<String>,
    /// Whether lines of requirements say that no index is asked.
    pub no_index: bool,
    /// Whether variables or settings say so, or name folders and pages of links.
    pub has_places: bool,
}

impl IndexAddresses {
    /// What the option lines of a requirements file say, one to a line.
    pub fn of_lines(lines: &str) -> Self {
        let mut this = Self::default();
        for line in lines.lines() {
            let (name, value) = crate::requirements::option(line.trim());
            let value = value.trim_matches(['"', '\'']).to_owned();
            match name {
                "-i" | "--index-url" | "--pypi-url" | "--default-index" => this.default = Some(value),
                "--extra-index-url" | "--index" => this.others.push(value),
                "-f" | "--find-links" => this.places.push(value),
                "--no-index" => this.no_index = true,
                _ => {}
            }
        }
        this
    }

    /// What uv's variables say.
    pub fn of_uv_variables(variables: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| variables.get(name).filter(|value| !value.trim().is_empty());
        let words = |name: &str| set(name).into_iter().flat_map(|text| text.split_whitespace()).map(unnamed);
        Self {
            default: set("UV_DEFAULT_INDEX").or_else(|| set("UV_INDEX_URL")).map(|text| unnamed(text.trim())),
            others: words("UV_INDEX").chain(words("UV_EXTRA_INDEX_URL")).collect(),
            has_places: set("UV_FIND_LINKS").is_some() || is_on(set("UV_NO_INDEX")),
            ..Self::default()
        }
    }

    /// What a uv.toml says. Indexes that only named distributions come from are left out.
    pub fn of_uv_toml(text: &str) -> Self {
        let table: toml::Table = text.parse().unwrap_or_default();
        let text_of = |value: &toml::Value| value.as_str().map(str::to_owned);
        let is_set = |table: &toml::Table, key: &str| table.get(key).and_then(toml::Value::as_bool) == Some(true);
        let mut this = Self {
            default: table.get("index-url").and_then(text_of),
            has_places: table.contains_key("find-links") || is_set(&table, "no-index"),
            ..Self::default()
        };
        let indexes = table.get("index").and_then(toml::Value::as_array).into_iter().flatten();
        for index in indexes.filter_map(toml::Value::as_table).filter(|index| !is_set(index, "explicit")) {
            this.has_places |= index.get("format").and_then(toml::Value::as_str) == Some("flat");
            match index.get("url").and_then(text_of) {
                Some(url) if is_set(index, "default") => this.default = Some(url),
                url => this.others.extend(url),
            }
        }
        let extra = table.get("extra-index-url").and_then(toml::Value::as_array).into_iter().flatten();
        this.others.extend(extra.filter_map(text_of));
        this
    }

    /// What pip's variables say.
    pub fn of_pip_variables(variables: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| variables.get(name).filter(|value| !value.trim().is_empty());
        Self {
            default: set("PIP_INDEX_URL").map(|text| text.trim().to_owned()),
            others: words(set("PIP_EXTRA_INDEX_URL").map(String::as_str)),
            ..Self::default()
        }
    }

    /// What a pip.conf says: for every command, and for `install` before that.
    pub fn of_pip_conf(text: &str) -> Self {
        let ini = Ini::parse(text);
        let value = |key: &str| ini.value("install", key).or_else(|| ini.value("global", key));
        Self {
            default: value("index_url").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
            others: words(value("extra_index_url")),
            ..Self::default()
        }
    }

    /// These, and behind them what a source says that counts less.
    #[must_use]
    pub fn before(mut self, other: Self) -> Self {
        self.default = self.default.or(other.default);
        self.others.extend(other.others);
        self.places.extend(other.places);
        self.no_index |= other.no_index;
        self.has_places |= other.has_places;
        self
    }

    /// All of them in the order in which they are asked (uv's `first-index`): the default one last.
    pub fn in_order(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for url in self.others.iter().chain(&self.default).map(String::as_str) {
            if !all.contains(&url) {
                all.push(url);
            }
        }
        all
    }
}

/// `name=https://…` without the name.
fn unnamed(text: &str) -> String {
    let named = text.split_once('=').filter(|(name, _)| !name.contains("://"));
    named.map_or(text, |(_, url)| url).to_owned()
}

fn words(text: Option<&str>) -> Vec<String> {
    text.into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn is_on(value: Option<&String>) -> bool {
    value.is_some_and(|value| ["1", "true", "yes", "on", "t", "y"].contains(&value.to_ascii_lowercase().as_str()))
}

/// The default index that `pip install --help` names; with a configuration, the one that this says.
pub fn default_in_help(help: &str) -> Option<String> {
    let (_, after) = help.split_once("--index-url <url>")?;
    let words: String = after.split_whitespace().take(40).collect::<Vec<_>>().join(" ");
    let (_, default) = words.split_once("(default ")?;
    let url = default.split(')').next()?.split_whitespace().collect::<String>();
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(addresses: &IndexAddresses) -> String {
        let places = if addresses.has_places { " and places" } else { "" };
        let places =
            format!("{places}{}{}", if addresses.no_index { " alone" } else { "" }, addresses.places.join(","));
        let default = addresses.default.as_deref().unwrap_or("-");
        format!("{}; {default}{places}", addresses.others.join(" "))
    }

    #[test]
    fn lines_of_requirements_name_indexes() {
        for (lines, expected) in [
            ("", "; -"),
            (
                "--index-url https://a.invalid/simple\n--extra-index-url=https://b.invalid\n-i 'https://c.invalid'\n",
                "https://b.invalid; https://c.invalid",
            ),
            ("--find-links /wheels\n--pre\n-f https://l.invalid/\n", "; -/wheels,https://l.invalid/"),
            ("--no-index\n", "; - alone"),
        ] {
            assert_eq!(shown(&IndexAddresses::of_lines(lines)), expected, "{lines}");
        }
    }

    #[test]
    fn variables_name_indexes() {
        let of = |pairs: &[(&str, &str)]| {
            let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let (uv, pip) = (IndexAddresses::of_uv_variables(&variables), IndexAddresses::of_pip_variables(&variables));
            shown(&uv.before(pip))
        };
        assert_eq!(of(&[]), "; -");
        assert_eq!(
            of(&[("UV_INDEX_URL", "https://a.invalid"), ("PIP_INDEX_URL", "https://b.invalid")]),
            "; https://a.invalid"
        );
        assert_eq!(
            of(&[
                ("UV_INDEX", "one=https://a.invalid https://b.invalid/?x=1"),
                ("UV_DEFAULT_INDEX", "d=https://c.invalid"),
                ("UV_INDEX_URL", "https://d.invalid")
            ]),
            "https://a.invalid https://b.invalid/?x=1; https://c.invalid"
        );
        assert_eq!(
            of(&[("PIP_INDEX_URL", ""), ("PIP_EXTRA_INDEX_URL", "https://a.invalid\nhttps://b.invalid")]),
            "https://a.invalid https://b.invalid; -"
        );
        assert_eq!(of(&[("UV_NO_INDEX", "false"), ("UV_FIND_LINKS", "")]), "; -");
        assert_eq!(of(&[("UV_NO_INDEX", "1")]), "; - and places");
    }

    #[test]
    fn files_name_indexes() {
        for (toml, expected) in [
            ("", "; -"),
            ("not toml [", "; -"),
            (
                "index-url = 'https://a.invalid'\nextra-index-url = ['https://b.invalid']",
                "https://b.invalid; https://a.invalid",
            ),
            (
                "[[index]]\nurl = 'https://a.invalid'\ndefault = true\n[[index]]\nname = 'x'\nurl = 'https://b.invalid'\n[[index]]\nurl = 'https://c.invalid'\nexplicit = true",
                "https://b.invalid; https://a.invalid",
            ),
            ("find-links = ['/wheels']", "; - and places"),
            ("[[index]]\nurl = 'https://a.invalid'\nformat = 'flat'", "https://a.invalid; - and places"),
        ] {
            assert_eq!(shown(&IndexAddresses::of_uv_toml(toml)), expected, "{toml}");
        }
        let conf = "[global]\nindex-url = https://a.invalid/simple\ntimeout = 60\nextra-index-url =\n    https://b.invalid\n    https://c.invalid\n[install]\nindex_url: https://d.invalid\n";
        assert_eq!(shown(&IndexAddresses::of_pip_conf(conf)), "https://b.invalid https://c.invalid; https://d.invalid");
    }

    #[test]
    fn each_index_is_asked_once_and_the_default_one_last() {
        let first = IndexAddresses::of_lines("--extra-index-url https://b.invalid\n-i https://a.invalid\n");
        let second = IndexAddresses::of_lines(
            "--extra-index-url https://c.invalid\n--extra-index-url https://b.invalid\n-i https://d.invalid\n",
        );
        assert_eq!(first.before(second).in_order(), ["https://b.invalid", "https://c.invalid", "https://a.invalid"]);
    }

    #[test]
    fn pip_says_in_its_help_which_index_it_asks() {
        let help = "  -i, --index-url <url>       Base URL of the Python Package Index (default\n                              https://index.example.invalid/simple). This should\n";
        assert_eq!(default_in_help(help).as_deref(), Some("https://index.example.invalid/simple"));
        let wrapped =
            "--index-url <url> Base URL of the Index (default https://index.example.inva\n      lid/simple). This";
        assert_eq!(default_in_help(wrapped).as_deref(), Some("https://index.example.invalid/simple"));
        for help in ["", "--index-url <url> Base URL", "--index-url <url> (default None)"] {
            assert_eq!(default_in_help(help), None, "{help}");
        }
    }
}
