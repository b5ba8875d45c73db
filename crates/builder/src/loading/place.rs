//! Where a command is started in an image, and what the programs are that it can call there.

use std::collections::BTreeMap;

use object::{Object as _, ObjectSymbol as _};
use shipwheel_layer::{Content, Node, Tree, TreePath};

/// Larger scripts are not read.
const MAX_SCRIPT: u64 = 1 << 20;

/// Longer first lines of scripts are cut.
const MAX_FIRST_LINE: usize = 4096;

/// Larger programs are not looked into.
const MAX_PROGRAM: u64 = 256 << 20;

/// Where programs are found if the image has no `PATH`, as runtimes have it.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a program is.
pub(super) enum Program {
    /// CPython, called by this path.
    Python(TreePath),
    /// A shell.
    Shell,
    /// `env`.
    Environment,
    /// A script, with the words of its first line.
    Script(TreePath, Vec<String>),
    /// Anything else.
    Other,
}

/// What surrounds a command.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) tree: &'a Tree,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) folder: String,
    pub(super) depth: usize,
}

impl<'a> Place<'a> {
    /// What surrounds what a command of it starts.
    pub(super) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// A path in the image, relative to its folder.
    pub(super) fn path(&self, text: &str) -> Option<TreePath> {
        absolute(&self.folder, text)
    }

    /// The file at a path, links followed.
    pub(super) fn file(&self, path: &TreePath) -> Option<&'a Content> {
        match self.tree.resolve(path)?.1 {
            Node::File(_, content) => Some(content),
            Node::Directory(_) | Node::Symlink(_) => None,
        }
    }

    /// Where a program is, by its path or by `PATH`.
    fn find(&self, name: &str) -> Option<TreePath> {
        if name.contains('/') {
            return self.path(name).filter(|path| self.file(path).is_some());
        }
        let path = self.environment.get("PATH").map_or(DEFAULT_PATH, String::as_str);
        let places = path.split(':').filter_map(|folder| self.path(&format!("{folder}/{name}")));
        places.into_iter().find(|path| self.file(path).is_some())
    }

    /// What a word is that is called as a program.
    pub(super) fn program(&self, word: &str) -> Program {
        // Not even a name: an option, an address, a number.
        if word.is_empty() || word.starts_with('-') || word.len() > 4096 {
            return Program::Other;
        }
        let base = word.rsplit('/').next().unwrap_or(word);
        match base {
            "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" | "busybox" => return Program::Shell,
            "env" => return Program::Environment,
            _ => {}
        }
        let Some((path, content)) = self.find(word).and_then(|path| Some((path.clone(), self.file(&path)?))) else {
            return Program::Other;
        };
        if let Some(line) = content.head(MAX_FIRST_LINE).ok().and_then(|head| first_line(&head)) {
            return Program::Script(path, line);
        }
        let real = self.tree.resolve(&path).map_or_else(|| path.clone(), |(path, _)| path);
        let is_named = is_python_name(base) || is_python_name(real.name());
        match is_named || is_python(content) {
            true => Program::Python(path),
            false => Program::Other,
        }
    }
}

/// A path of the image from one that may be relative to a folder, `.` and `..` taken away.
pub(crate) fn absolute(folder: &str, path: &str) -> Option<TreePath> {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    TreePath::new(&parts.join("/")).ok()
}

/// `python`, `python3`, `python3.11`, `python3.13t`, `python3-dbg`.
fn is_python_name(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| {
        let rest = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        matches!(rest, "" | "t" | "d" | "-dbg")
    })
}

/// Whether a program is CPython under another name: it has, or calls, the function that `python` is.
fn is_python(content: &Content) -> bool {
    if content.size() > MAX_PROGRAM || content.head(4).ok().as_deref() != Some(b"\x7fELF") {
        return false;
    }
    let Ok(bytes) = content.to_vec() else { return false };
    let Ok(file) = object::File::parse(bytes.as_slice()) else { return false };
    file.dynamic_symbols().any(|symbol| matches!(symbol.name(), Ok("Py_BytesMain" | "Py_Main" | "Py_RunMain")))
}

/// The words of a script's first line, as the kernel takes them: the interpreter, and at most one argument. `None` where
/// what begins so is no script.
pub(crate) fn first_line(head: &[u8]) -> Option<Vec<String>> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line).trim().to_owned();
    let (program, argument) = line.split_once([' ', '\t']).unwrap_or((&line, ""));
    let words = [program, argument.trim()].into_iter().filter(|word| !word.is_empty()).map(str::to_owned);
    Some(words.collect())
}

/// The text of a script; `None` if it is none, or too large.
pub(super) fn text(content: &Content) -> Option<String> {
    (content.size() <= MAX_SCRIPT).then(|| content.to_vec().ok()).flatten().map(|bytes| {
        // Only the part before a zero byte is a shell's: what follows may be an archive.
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    })
}
