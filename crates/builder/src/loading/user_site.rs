//! The packages of users: the folders that `site` takes below the homes of whoever may run an image (`Lib/site.py`).

use std::collections::BTreeSet;

use shipwheel_layer::{Node, Tree, TreePath};

use super::place::absolute;
use super::pth::MAX_PATH_FILE;
use super::start::Start;

/// The accounts of an image.
const ACCOUNTS: &str = "/etc/passwd";

/// So many accounts are looked at.
const MAX_ACCOUNTS: usize = 4096;

/// What `PYTHONUSERBASE` says, where the packages of users count.
///
/// `site` reads it from the environment itself, so `-E` does not hide it.
pub(crate) fn user_base(start: &Start) -> Option<&str> {
    let counts = !start.options.has_no_site && !start.options.has_no_user_site;
    start.environment.get("PYTHONUSERBASE").map(String::as_str).filter(|base| counts && !base.is_empty())
}

/// The folders of packages that `site` may take, by the folder of libraries (`lib/python3.11`); each once.
///
/// Who runs an image is known when it is started. Without `PYTHONUSERBASE` these are the homes that `HOME` and the
/// image's accounts name, and those in `/root` and `/home` that have such a folder.
pub(super) fn user_folders(tree: &Tree, start: &Start, library: &str) -> Vec<TreePath> {
    let tail = format!("{library}/site-packages");
    if let Some(base) = user_base(start) {
        return absolute(&start.folder, base).and_then(|base| base.join(&tail).ok()).into_iter().collect();
    }
    let below_home = format!(".local/{tail}");
    // `~` is the root where `HOME` is empty (`posixpath.expanduser`).
    let variable = start.environment.get("HOME").map(|home| if home.is_empty() { "/" } else { home }.to_owned());
    let homes = variable.into_iter().chain(homes_of_accounts(tree));
    let named = homes.filter_map(|home| absolute(&start.folder, &home)?.join(&below_home).ok());
    let mut seen = BTreeSet::new();
    named.chain(usual(tree, &below_home)).filter(|folder| seen.insert(folder.clone())).collect()
}

/// The home folders in the image's `/etc/passwd`, in its order.
fn homes_of_accounts(tree: &Tree) -> Vec<String> {
    let path = TreePath::new(ACCOUNTS).ok();
    let Some((_, Node::File(_, content))) = path.and_then(|path| tree.resolve(&path)) else { return Vec::new() };
    let bytes = Some(content).filter(|content| content.size() <= MAX_PATH_FILE).and_then(|it| it.to_vec().ok());
    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let homes = text.lines().filter_map(|line| line.split(':').nth(5)).filter(|home| !home.is_empty());
    homes.take(MAX_ACCOUNTS).map(str::to_owned).collect()
}

/// The folders of packages at any place below the usual homes.
fn usual<'a>(tree: &'a Tree, below_home: &'a str) -> impl Iterator<Item = TreePath> + 'a {
    let homes = ["/root", "/home"].into_iter().filter_map(|home| TreePath::new(home).ok());
    let all = homes.flat_map(|home| tree.below(&home).map(|(path, _)| path.clone()).collect::<Vec<_>>());
    all.filter(move |path| path.as_str().strip_suffix(below_home).is_some_and(|home| home.ends_with('/')))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shipwheel_layer::Content;
    use shipwheel_plan::shell::Word;

    use super::*;
    use crate::loading::options::Options;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nsvc:x:9:9:Service, x:/srv/home:/bin/sh\nodd:x:9:9:::\nbroken\n\
        here:x:9:9::rel:\nlink:x:9:9::/var/link:/bin/sh\nup:x:9:9::/a/../srv/up:/bin/sh\n";

    fn folders(line: &str, environment: &[(&str, &str)], passwd: &str) -> Vec<String> {
        let mut tree = Tree::new();
        for (path, text) in [
            ("/etc/passwd", passwd),
            ("/root/.local/lib/python3.11/site-packages/a.py", ""),
            ("/home/x/y/.local/lib/python3.11/site-packages/a.py", ""),
            ("/home/x/z.local/lib/python3.11/site-packages/a.py", ""),
        ] {
            tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        }
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: BTreeMap<String, String> = pairs.collect();
        let words: Vec<Word> = line.split(' ').map(Word::known).collect();
        let options = Options::parse(&words, &environment);
        let executable = TreePath::new("/usr/bin/python3").expect("a path");
        let start = Start { executable, options, environment, folder: "/app".to_owned() };
        let found = user_folders(&tree, &start, "lib/python3.11").into_iter();
        found.map(|path| path.as_str().trim_end_matches("/lib/python3.11/site-packages").to_owned()).collect()
    }

    #[test]
    fn whoever_may_run_an_image_has_a_place_for_packages() {
        let usual = ["/root/.local", "/home/x/y/.local"];
        assert_eq!(folders("-c x", &[], ""), usual);
        let accounts = ["/root/.local", "/srv/home/.local", "/app/rel/.local", "/var/link/.local", "/srv/up/.local"];
        assert_eq!(folders("-c x", &[], PASSWD), [&accounts[..], &usual[1..]].concat());
        let home = folders("-c x", &[("HOME", "own")], PASSWD);
        assert_eq!(home, [&["/app/own/.local"], &accounts[..], &usual[1..]].concat());
        assert_eq!(folders("-c x", &[("HOME", "")], "")[0], "/.local");
        let large = format!("{PASSWD}{}", "x".repeat(1 << 20));
        assert_eq!(folders("-c x", &[], &large), usual);
    }

    #[test]
    fn the_base_that_a_variable_names_replaces_all_homes_also_under_the_option_that_hides_variables() {
        for (line, base, expected) in [
            ("-c x", "/srv/base", Some("/srv/base")),
            ("-E -c x", "../base", Some("/base")),
            // What the shell would make a home of is a folder with that name.
            ("-c x", "~/b", Some("/app/~/b")),
            ("-c x", "", None),
        ] {
            let environment = [("PYTHONUSERBASE", base), ("HOME", "/h")];
            let expected = expected.map_or(vec!["/h/.local", "/root/.local", "/home/x/y/.local"], |base| vec![base]);
            assert_eq!(folders(line, &environment, ""), expected, "{line} {base}");
        }
    }
}
