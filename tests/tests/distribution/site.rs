//! The docs as a site: mdBook builds it, and every link, picture and anchor in the pages it made is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use html5gum::{Token, Tokenizer};
use shipwheel_tests::{mdbook, scratch, workspace};
use xshell::{Shell, cmd};

/// A page of the site: the addresses in it, and the anchors.
#[derive(Debug, Default)]
struct Html {
    addresses: Vec<String>,
    anchors: BTreeSet<String>,
}

impl Html {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut page = Self::default();
        for token in Tokenizer::new(text.as_str()).flatten() {
            let Token::StartTag(tag) = token else { continue };
            for (name, value) in &tag.attributes {
                let value = String::from_utf8_lossy(value).into_owned();
                match name.as_slice() {
                    b"href" | b"src" => page.addresses.push(value),
                    b"id" | b"name" => drop(page.anchors.insert(value)),
                    _ => {}
                }
            }
        }
        page
    }
}

/// All pages below a folder, by their paths in it.
fn pages(site: &Path) -> BTreeMap<PathBuf, Html> {
    let (mut open, mut pages) = (vec![site.to_path_buf()], BTreeMap::new());
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "html") {
                pages.insert(path.clone(), Html::read(&path));
            }
        }
    }
    pages
}

#[test]
fn the_site_is_built_and_has_no_link_that_leads_nowhere() {
    let (site, shell, mdbook) = (scratch(), Shell::new().unwrap(), mdbook());
    let (docs, site) = (workspace().join("docs"), site.path().canonicalize().unwrap());
    cmd!(shell, "{mdbook} build {docs} --dest-dir {site}").quiet().ignore_stderr().run().expect("mdBook builds");
    let pages = pages(&site);
    assert!(pages.contains_key(&site.join("tutorials/fastapi.html")), "{:?}", pages.keys());
    let (mut checked, mut faults) = (0, Vec::new());
    for (path, page) in &pages {
        // These two are shown below addresses that are not theirs, and know the site's own address by a setting.
        if ["404.html", "print.html"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        for address in &page.addresses {
            let is_elsewhere = address.contains("://") || address.starts_with("data:") || address.is_empty();
            if is_elsewhere || address == "#" {
                continue;
            }
            checked += 1;
            let (file, anchor) = address.split_once('#').map_or((address.as_str(), None), |(a, b)| (a, Some(b)));
            let target =
                if file.is_empty() { Some(path.clone()) } else { path.with_file_name(file).canonicalize().ok() };
            let is_there = target.is_some_and(|target| {
                target.starts_with(&site)
                    && anchor.is_none_or(|anchor| pages.get(&target).is_some_and(|it| it.anchors.contains(anchor)))
            });
            if !is_there {
                faults.push(format!("{}: {address}", path.strip_prefix(&site).unwrap().display()));
            }
        }
    }
    assert!(checked > 500, "only {checked} addresses were found");
    assert!(faults.is_empty(), "{faults:#?}");
}
