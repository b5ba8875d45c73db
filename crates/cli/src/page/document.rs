//! Template, style, script and data → one page. Its own policy lets nothing else run or load.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shipwheel_builder::Description;
use shipwheel_oci::Digest;

use super::data::data;
use super::profile::Profile;
use crate::shown;

const TEMPLATE: &str = include_str!("template.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page of an image; a profile of its start is drawn if there is one.
pub(crate) fn page(image: &str, description: &Description, profile: Option<&Profile>) -> String {
    render(image, &data(image, description, profile))
}

fn render(image: &str, data: &Value) -> String {
    let parts = [
        ("title", escaped(&shown::line(image))),
        ("policy", policy()),
        ("style", STYLE.to_owned()),
        ("data", embedded(data)),
        ("script", SCRIPT.to_owned()),
    ];
    // Only the template's own marks count: a name in the data may look like one.
    let mut page = String::new();
    for (number, piece) in TEMPLATE.split("{{").enumerate() {
        match piece.split_once("}}").filter(|_| number > 0) {
            Some((name, rest)) => {
                page.extend(parts.iter().filter(|(known, _)| *known == name).map(|(_, text)| text.as_str()));
                page.push_str(rest);
            }
            None => page.push_str(piece),
        }
    }
    page
}

/// Nothing is loaded, and only this very script and this very style count.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()));
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// JSON for a script element: no text in it ends the element or begins a comment.
fn embedded(data: &Value) -> String {
    let text = data.to_string();
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOSTILE: &str = "</script><script>alert(1)</script><!-- & {{script}} \u{2028} \"'";

    #[test]
    fn no_name_ends_the_data_or_the_title() {
        let page = render(HOSTILE, &json!({ "image": HOSTILE, HOSTILE: [HOSTILE] }));
        let count = |text: &str| page.matches(text).count();
        assert_eq!((count("<script"), count("</script>"), count("<!--")), (2, 2, 0), "our own two alone");
        assert_eq!(count(SCRIPT), 1);
        let data = page.split_once("type=\"application/json\">").unwrap().1.split_once("</script>").unwrap().0;
        assert_eq!(serde_json::from_str::<Value>(data).unwrap()["image"], HOSTILE);
        assert!(page.contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)"));
    }

    #[test]
    fn the_page_loads_nothing() {
        let page = render("x", &json!({}));
        for part in ["http://", "https://", "src=\"", "href=\"//", "@import", "url(", "{{", "innerHTML", "eval("] {
            assert!(!page.contains(part), "{part}");
        }
        assert!(page.contains("default-src 'none'"));
    }
}
