//! Every link of the docs leads somewhere, and every page has its place in the site.

use std::collections::BTreeMap;
use std::path::Path;

use shipwheel_tests::workspace;

use crate::page::Page;

/// `docs/tutorials/../run.md` as `docs/run.md`; nothing where it leaves the workspace.
fn plain(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.to_str()?.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// What is wrong with a link from a page, or nothing.
fn fault(page: &Page, link: &str, anchors: &BTreeMap<&str, &[String]>) -> Option<String> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = match path.is_empty() {
        true => page.path.clone(),
        false => plain(&Path::new(&page.path).parent().unwrap().join(path))?,
    };
    if !workspace().join(&target).exists() {
        return Some(format!("{}: `{link}` leads to {target}, which is not there", page.path));
    }
    let anchor = anchor?;
    let there = anchors.get(target.as_str()).is_some_and(|there| there.iter().any(|it| it == anchor));
    (!there).then(|| format!("{}: `{link}` leads to an anchor that {target} does not have", page.path))
}

#[test]
fn every_link_leads_somewhere() {
    let pages = Page::all();
    let anchors: BTreeMap<&str, &[String]> =
        pages.iter().map(|page| (page.path.as_str(), page.anchors.as_slice())).collect();
    let links: Vec<(&Page, &str)> =
        pages.iter().flat_map(|page| page.links.iter().map(move |link| (page, link.as_str()))).collect();
    let faults: Vec<String> = links.iter().filter_map(|(page, link)| fault(page, link, &anchors)).collect();
    assert!(links.len() > 100, "only {} links were found", links.len());
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_link_that_leads_nowhere_is_seen() {
    let page = Page::read("docs/index.md");
    let known = Page::read("docs/image-toml.md");
    let anchors = BTreeMap::from([("docs/image-toml.md", known.anchors.as_slice())]);
    for (link, wrong) in [
        ("image-toml.md", false),
        ("image-toml.md#libraries-of-the-system", false),
        ("https://registry.example/", false),
        ("image-tmol.md", true),
        ("image-toml.md#no-such-heading", true),
        ("#no-such-heading", true),
    ] {
        assert_eq!(fault(&page, link, &anchors).is_some(), wrong, "{link}");
    }
}

#[test]
fn every_page_of_the_docs_is_in_the_summary_once() {
    let mut listed: Vec<String> =
        Page::read("docs/SUMMARY.md").links.iter().map(|link| format!("docs/{link}")).collect();
    listed.sort();
    let pages = Page::all();
    let there: Vec<&str> = pages.iter().map(|page| page.path.as_str()).collect();
    let there: Vec<&str> =
        there.into_iter().filter(|path| path.starts_with("docs/") && *path != "docs/SUMMARY.md").collect();
    assert_eq!(listed, there, "docs/SUMMARY.md, and the pages below docs/");
}
