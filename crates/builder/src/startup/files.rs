//! The files that a start reads, in their order, as the interpreter and the dynamic loader say it.

use std::collections::BTreeSet;
use std::path::Path;

use shipwheel_layer::{Node, Tree, TreePath};

/// Has the interpreter say what it loads.
pub(super) const OPTIONS: [&str; 1] = ["-v"];

/// Has glibc's loader say which libraries it loads; others take no notice.
pub(super) const ENVIRONMENT: (&str, &str) = ("LD_DEBUG", "files");

/// Has the interpreter say what programs open, from before the import on.
pub(super) const PRELUDE: &str = "import sys, posix\n\
     sys.addaudithook(lambda event, given: event == 'open' and isinstance(given[0], str) and \
     posix.write(2, f'# opened {given[0]!r}\\n'.encode('utf-8', 'surrogateescape')) and None)\n";

/// How a line of [`PRELUDE`] begins.
const MARK: &str = "# opened ";

/// The files of a tree that were read, each where it was first read.
pub(super) fn read(said: &str, root: &Path, tree: &Tree) -> Vec<String> {
    let root = root.display().to_string();
    let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
    for path in said.lines().filter_map(path_in) {
        let path = path.strip_prefix(&root).unwrap_or(path);
        let Some(found) = TreePath::new(path).ok().filter(|_| path.starts_with('/')) else { continue };
        // Of another name the file itself is what is fetched.
        if let Some((real, Node::File(..))) = tree.resolve(&found)
            && real.is_utf8()
            && seen.insert(real.clone())
        {
            files.push(real.to_string());
        }
    }
    files
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'')
}

/// The path of a file in a line of the interpreter or of the loader.
fn path_in(line: &str) -> Option<&str> {
    if let Some(path) = line.strip_prefix("# code object from ") {
        return Some(path.trim_matches('\''));
    }
    if let Some(path) = line.strip_prefix(MARK) {
        return quoted(path);
    }
    if line.starts_with("# extension module ") {
        return quoted(line.split_once(" loaded from ")?.1);
    }
    // `     17:	calling init: /lib/x86_64-linux-gnu/libc.so.6`
    let (number, said) = line.trim_start().split_once(":\t")?;
    let path = ["calling init: ", "initialize program: "].into_iter().find_map(|what| said.trim().strip_prefix(what));
    path.filter(|_| number.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Content;

    use super::*;

    #[test]
    fn what_was_read_is_listed_once_by_its_own_name() {
        let mut tree = Tree::new();
        for path in
            ["/usr/lib/libc.so.6", "/usr/bin/python3.11", "/app/__pycache__/m.pyc", "/app/x.so", "/app/data.json"]
        {
            tree.insert_file(path, 0o644, Content::from_bytes(&b"x"[..])).unwrap();
        }
        tree.insert_symlink("/lib", "usr/lib").unwrap();
        let said = "        17:\tcalling init: /lib/libc.so.6\n        17:\tfind library=libm.so.6 [0]; searching\n\
             17:\tinitialize program: /usr/bin/python3.11\n# /app/__pycache__/m.pyc matches /app/m.py\n\
             # code object from '/app/__pycache__/m.pyc'\n# extension module 'x' loaded from '/app/x.so'\n\
             # opened '/app/data.json'\n# opened '/app/nothing'\n# opened 'relative'\n# opened '/usr/lib/libc.so.6'\n\
             # code object from /app\n# opened '/root/app/x.so'\nhello\n";
        let expected =
            ["/usr/lib/libc.so.6", "/usr/bin/python3.11", "/app/__pycache__/m.pyc", "/app/x.so", "/app/data.json"];
        assert_eq!(read(said, Path::new("/root"), &tree), expected);
    }
}
