//! The dynamic loader and C's library: what makes them load other libraries, or look for them elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Content, Node, Tree, TreePath};

use super::loader_cache::LoaderCache;
use crate::inspect::chain::shown;
use crate::inspect::finding::{Finding, FindingKind};
use crate::loading::place::absolute;

/// Variables of the loader, of C's library and of OpenSSL, with what they do.
const VARIABLES: [(&str, &str); 13] = [
    ("LD_PRELOAD", "these libraries are loaded into every program"),
    ("LD_AUDIT", "these libraries watch and change what the loader does"),
    ("LD_LIBRARY_PATH", "libraries are looked for there first"),
    ("LD_PROFILE", "the loader profiles that library, and writes files"),
    ("LD_HWCAP_MASK", "the loader looks into other folders for libraries"),
    ("GLIBC_TUNABLES", "C's library behaves otherwise"),
    ("GCONV_PATH", "C's library loads converters of character sets from there"),
    ("LOCPATH", "locales are loaded from there"),
    ("NLSPATH", "catalogs of messages are loaded from there"),
    ("GETCONF_DIR", "`getconf` runs programs from there"),
    ("OPENSSL_CONF", "OpenSSL reads that file, which may load libraries"),
    ("OPENSSL_MODULES", "OpenSSL loads libraries from there"),
    ("OPENSSL_ENGINES", "OpenSSL loads libraries from there"),
];

/// Folders whose libraries the loader takes by itself, or by the settings that distributions have.
const USUAL: [&str; 5] = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];

/// Folders below one with libraries that are searched before it, if the processor fits.
const CAPABILITIES: [&str; 7] = ["glibc-hwcaps", "tls", "haswell", "xeon_phi", "avx512_1", "x86_64", "atomics"];

/// Where OpenSSL's settings are.
const OPENSSL: [&str; 4] =
    ["/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf", "/usr/local/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"];

/// Larger settings are not read.
const MAX_SETTINGS: u64 = 1 << 20;

/// Settings are included by others so often.
const MAX_FILES: usize = 256;

/// All of it, for what starts with these variables.
pub(super) fn check<'e>(tree: &Tree, environments: impl Iterator<Item = &'e BTreeMap<String, String>>) -> Vec<Finding> {
    let mut findings = variables(environments);
    findings.extend(preloaded(tree));
    findings.extend(folders(tree));
    findings.extend(musl(tree));
    findings.extend(cache(tree));
    findings.extend(capabilities(tree));
    findings.extend(OPENSSL.iter().filter_map(|path| openssl(tree, path)));
    findings
}

fn variables<'e>(environments: impl Iterator<Item = &'e BTreeMap<String, String>>) -> Vec<Finding> {
    let mut found = BTreeSet::new();
    for environment in environments {
        for (name, effect) in VARIABLES {
            if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
                found.insert((name, format!("{name}={value}: {effect}")));
            }
        }
    }
    let finding = |(name, text): (&str, String)| Finding::warning(FindingKind::Loader, format!("{name} unset"), text);
    found.into_iter().map(finding).collect()
}

/// `/etc/ld.so.preload`: libraries that are loaded into every program.
fn preloaded(tree: &Tree) -> Option<Finding> {
    let path = TreePath::new("/etc/ld.so.preload").ok()?;
    let Some((_, Node::File(_, content))) = tree.resolve(&path) else { return None };
    let head = content.head(4096).unwrap_or_default();
    let text = String::from_utf8_lossy(&head).split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(200).collect();
    let finding =
        Finding::warning(FindingKind::Loader, "no /etc/ld.so.preload", format!("`{text}`, loaded into every program"));
    (!text.is_empty() || content.size() > 4096).then(|| finding.at(path.to_string()).in_layer_of(content))
}

/// The lines of `/etc/ld.so.conf`, and of what it includes, that name unusual folders.
fn folders(tree: &Tree) -> Vec<Finding> {
    let (mut waiting, mut seen, mut findings) = (vec!["/etc/ld.so.conf".to_owned()], BTreeSet::new(), Vec::new());
    while let Some(pattern) = waiting.pop() {
        for (path, content) in matching(tree, &pattern) {
            if seen.len() >= MAX_FILES || !seen.insert(path.clone()) {
                continue;
            }
            let Some(text) = text(content) else {
                findings.push(unread(content).at(path.to_string()).in_layer_of(content));
                continue;
            };
            let mut unusual = BTreeSet::new();
            for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
                let words = line.strip_prefix("include").filter(|rest| rest.starts_with(char::is_whitespace));
                match words {
                    Some(patterns) => waiting.extend(patterns.split_whitespace().map(|it| below(&path, it))),
                    None => unusual.extend(named_folders(line).filter(|folder| !is_usual(folder))),
                }
            }
            findings.extend(elsewhere(&unusual).map(|it| it.at(path.to_string()).in_layer_of(content)));
        }
    }
    findings
}

/// The folders of a line, which commas, colons and spaces separate.
fn named_folders(line: &str) -> impl Iterator<Item = String> {
    let words = line.split([' ', '\t', ',', ':']).filter(|word| word.starts_with('/'));
    words.map(|word| word.split('=').next().unwrap_or_default().trim_end_matches('/').to_owned())
}

/// musl's own list of folders.
fn musl(tree: &Tree) -> Vec<Finding> {
    let files = matching(tree, "/etc/ld-musl-*.path").into_iter().filter_map(|(path, content)| {
        let Some(text) = text(content) else { return Some(unread(content).at(path.to_string())) };
        let folders = text.lines().flat_map(named_folders);
        let unusual = folders.filter(|folder| !is_usual(folder)).collect();
        elsewhere(&unusual).map(|finding| finding.at(path.to_string()).in_layer_of(content))
    });
    files.collect()
}

fn elsewhere(folders: &BTreeSet<String>) -> Option<Finding> {
    let found = || format!("libraries are looked for in {}", shown(folders));
    (!folders.is_empty()).then(|| Finding::warning(FindingKind::Loader, "the folders of the distribution", found()))
}

fn unread(content: &Content) -> Finding {
    let found = format!("{} bytes, not read", content.size());
    Finding::warning(FindingKind::Loader, "settings of the dynamic loader that can be read", found)
}

/// `/etc/ld.so.cache`: which file a library's name stands for. What ldconfig and shipwheel write leads to usual folders
/// and to files of the very names.
fn cache(tree: &Tree) -> Vec<Finding> {
    let Ok(path) = TreePath::new("/etc/ld.so.cache") else { return Vec::new() };
    let Some((_, Node::File(_, content))) = tree.resolve(&path) else { return Vec::new() };
    let finding = |found: String| {
        let finding = Finding::warning(FindingKind::Loader, "libraries of the distribution's folders", found);
        finding.at(path.to_string()).in_layer_of(content)
    };
    let Some(cache) = LoaderCache::read(content) else {
        return vec![finding("a file that is not a cache of the dynamic loader".to_owned())];
    };
    let is_there = |file: &str| absolute("/", file).is_some_and(|path| tree.resolve(&path).is_some());
    let odd = cache.entries.iter().filter(|(name, file)| {
        let (folder, base) = file.rsplit_once('/').unwrap_or(("", file));
        // A name that leads nowhere is of something that was removed.
        (base != name || !is_usual(folder)) && is_there(file)
    });
    let odd: BTreeSet<String> = odd.map(|(name, file)| format!("{name} from {file}")).collect();
    let odd = (!odd.is_empty()).then(|| finding(format!("the loader takes {}", shown(&odd))));
    odd.into_iter().chain(twice(tree, &cache).map(finding)).collect()
}

/// Libraries of `/usr/local/lib` that are taken instead of those of the distribution.
fn twice(tree: &Tree, cache: &LoaderCache) -> Option<String> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut hidden = BTreeSet::new();
    let real = |file: &str| absolute("/", file).and_then(|path| tree.resolve(&path)).map(|(path, _)| path);
    for (name, file) in &cache.entries {
        let winner = *first.entry(name).or_insert(file);
        let is_local = winner.starts_with("/usr/local/") && !file.starts_with("/usr/local/");
        let (one, other) = (real(winner), real(file));
        if is_local && one.is_some() && other.is_some() && one != other {
            hidden.insert(format!("{winner} instead of {file}"));
        }
    }
    (!hidden.is_empty()).then(|| format!("the loader takes {}", shown(&hidden)))
}

/// Libraries for certain processors, which are taken instead of those above them.
fn capabilities(tree: &Tree) -> Option<Finding> {
    let mut found = BTreeSet::new();
    let files = tree.iter().filter(|(path, node)| !node.is_directory() && path.name().contains(".so"));
    for (path, _) in files {
        let parts = path.ancestors().find(|above| {
            CAPABILITIES.contains(&above.name()) && above.parent().is_some_and(|it| is_usual(it.as_str()))
        });
        let above = parts.and_then(|folder| folder.parent()).and_then(|folder| folder.join(path.name()).ok());
        if above.is_some_and(|above| tree.resolve(&above).is_some()) {
            found.insert(path.to_string());
        }
    }
    let text = || format!("libraries that some processors take instead of those above: {}", shown(&found));
    (!found.is_empty()).then(|| Finding::warning(FindingKind::Loader, "one library of a name", text()))
}

/// Settings of OpenSSL that load libraries.
fn openssl(tree: &Tree, path: &str) -> Option<Finding> {
    let path = TreePath::new(path).ok()?;
    let Some((real, Node::File(_, content))) = tree.resolve(&path) else { return None };
    // Two of the usual places are often one file.
    let text = text(content).filter(|_| real == path)?;
    let loads = text.lines().filter_map(|line| {
        let (key, value) = line.split('#').next().unwrap_or_default().split_once('=')?;
        matches!(key.trim(), "dynamic_path" | "module" | "SO_PATH").then(|| value.trim().to_owned())
    });
    let loads: BTreeSet<String> = loads.collect();
    let found = format!("OpenSSL loads {}", shown(&loads));
    let finding = Finding::warning(FindingKind::Loader, "settings without libraries", found);
    (!loads.is_empty()).then(|| finding.at(path.to_string()).in_layer_of(content))
}

/// Whether the loader takes libraries of a folder by itself, or by a distribution's settings.
fn is_usual(folder: &str) -> bool {
    let (above, name) = folder.rsplit_once('/').unwrap_or((folder, ""));
    let is_triplet = name.contains("-linux-gnu") || name.contains("-linux-musl");
    USUAL.contains(&folder) || is_triplet && USUAL.contains(&above) || is_of_package(folder)
}

/// Folders that packages of distributions add for themselves.
fn is_of_package(folder: &str) -> bool {
    let usual = |folder: &str| folder.strip_prefix("/usr").unwrap_or(folder).starts_with("/lib/");
    let (_, name) = folder.rsplit_once('/').unwrap_or_default();
    let names = ["libfakeroot", "blas", "lapack", "openblas-pthread", "openblas-serial", "atlas", "blis-pthread"];
    usual(folder) && names.contains(&name)
}

/// A path, relative to the folder of the file that names it.
fn below(file: &TreePath, path: &str) -> String {
    let folder = file.parent().map(|folder| folder.to_string()).unwrap_or_default();
    if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The files that a pattern with `*` in its last part names.
fn matching<'t>(tree: &'t Tree, pattern: &str) -> Vec<(TreePath, &'t Content)> {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let file = |path: TreePath| match tree.resolve(&path) {
        Some((_, Node::File(_, content))) => Some((path, content)),
        Some((_, Node::Directory(_) | Node::Symlink(_))) | None => None,
    };
    let Some((start, end)) = name.split_once(['*', '?', '[']) else {
        return TreePath::new(pattern).ok().and_then(file).into_iter().collect();
    };
    let Some((real, _)) = absolute("/", folder).and_then(|folder| tree.resolve(&folder)) else { return Vec::new() };
    // Of a pattern that has more than one sign, more may be taken than it names: nothing is passed over.
    let end = end.rsplit(['*', '?', ']']).next().unwrap_or_default();
    let inside = tree.below(&real).map(|(path, _)| path).filter(|path| path.parent().as_ref() == Some(&real));
    let named = inside.filter(|path| path.name().starts_with(start) && path.name().ends_with(end));
    named.cloned().filter_map(file).collect()
}

fn text(content: &Content) -> Option<String> {
    let bytes = (content.size() <= MAX_SETTINGS).then(|| content.to_vec().ok()).flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
