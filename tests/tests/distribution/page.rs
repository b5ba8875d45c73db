//! A page of the docs: its code blocks, its headings' anchors and its links.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use shipwheel_tests::workspace;

/// A page as Markdown means it.
#[derive(Debug)]
pub struct Page {
    /// Its path in the workspace.
    pub path: String,
    /// What it says, with code as it is.
    pub text: String,
    /// What follows the three backticks, and the code, in order.
    pub blocks: Vec<(String, String)>,
    /// Where links can lead to in it.
    pub anchors: Vec<String>,
    /// Where its links and pictures lead.
    pub links: Vec<String>,
}

impl Page {
    /// The page of a path in the workspace.
    pub fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut page =
            Self { path: path.to_owned(), text: String::new(), blocks: vec![], anchors: vec![], links: vec![] };
        let (mut heading, mut in_block) = (None::<String>, false);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    in_block = true;
                    let info = if let CodeBlockKind::Fenced(info) = kind { info.to_string() } else { String::new() };
                    page.blocks.push((info, String::new()));
                }
                Event::End(TagEnd::CodeBlock) => in_block = false,
                Event::Text(text) if in_block => page.blocks.last_mut().unwrap().1 += &text,
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap());
                    let count = seen.entry(anchor.clone()).or_default();
                    page.anchors.push(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
                    *count += 1;
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                    page.text.push_str(&text);
                }
                Event::SoftBreak | Event::End(TagEnd::Paragraph) => page.text.push(' '),
                _ => {}
            }
        }
        page
    }

    /// All pages of the workspace that people read: those at the top, and those below docs/ and ci/.
    pub fn all() -> Vec<Self> {
        let mut open: Vec<PathBuf> = ["docs", "ci"].iter().map(|folder| workspace().join(folder)).collect();
        let mut paths = markdown_in(&workspace());
        while let Some(folder) = open.pop() {
            paths.extend(markdown_in(&folder));
            let inside = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
            open.extend(inside.filter(|path| path.is_dir()));
        }
        paths.sort();
        let below = |path: &PathBuf| path.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
        paths.iter().map(|path| Self::read(&below(path))).collect()
    }
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let inside = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    inside.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The anchor that GitHub and mdBook give to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

#[test]
fn anchors_are_those_that_readers_see() {
    for (heading, expected) in [
        ("Libraries of the system", "libraries-of-the-system"),
        ("image.toml, and its keys", "imagetoml-and-its-keys"),
        ("`verify --rebuild`", "verify---rebuild"),
    ] {
        assert_eq!(anchor(heading), expected);
    }
}
