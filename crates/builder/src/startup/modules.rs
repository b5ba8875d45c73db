//! What an image starts with: the modules that its command imports.

use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_python::is_identifier;

/// Larger scripts are not console scripts.
const MAX_SCRIPT: u64 = 1 << 20;

/// The module that stands for a command such as `python -m app` or `uvicorn app:api`; `None`
/// where the command does not show it.
pub(super) fn of_command(tree: &Tree, command: &[String], path: &str, roots: &[TreePath]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    if name.starts_with("python") {
        let place = arguments.iter().position(|argument| argument == "-m")?;
        let module = arguments.get(place + 1).filter(|module| is_module(module))?;
        return Some(with_main(tree, module, roots));
    }
    // `uvicorn app.api:app`: what the server imports says more than the server.
    let named = arguments.iter().filter_map(|argument| argument.split_once(':')).map(|(module, _)| module);
    let named = named.into_iter().find(|module| is_module(module) && in_roots(tree, module, roots).is_some());
    named.map(str::to_owned).or_else(|| of_script(&script(tree, program, path)?))
}

/// The text of a program that is a script.
fn script(tree: &Tree, program: &str, path: &str) -> Option<String> {
    let places: Vec<String> = match program.contains('/') {
        true => vec![program.to_owned()],
        false => path.split(':').map(|folder| format!("{folder}/{program}")).collect(),
    };
    places.iter().find_map(|place| match tree.resolve(&TreePath::new(place).ok()?)?.1 {
        Node::File(_, content) if content.size() <= MAX_SCRIPT => String::from_utf8(content.to_vec().ok()?).ok(),
        _ => None,
    })
}

/// The module that a console script takes its function from: `from app.cli import main`.
fn of_script(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim_start);
    lines.next().filter(|first| first.starts_with("#!"))?;
    let module = lines.find_map(|line| line.strip_prefix("from ")?.split_once(" import ").map(|(module, _)| module));
    module.filter(|module| is_module(module)).map(str::to_owned)
}

/// A package that is run is its `__main__`, where importing that runs nothing yet.
fn with_main(tree: &Tree, module: &str, roots: &[TreePath]) -> String {
    let guarded = in_roots(tree, module, roots).is_some_and(|folder| {
        let main = folder.join("__main__.py").ok();
        let text = match main.and_then(|main| Some(tree.resolve(&main)?.1.clone())) {
            Some(Node::File(_, content)) if content.size() <= MAX_SCRIPT => content.to_vec().unwrap_or_default(),
            _ => Vec::new(),
        };
        let text = String::from_utf8_lossy(&text);
        text.contains("if __name__ == \"__main__\"") || text.contains("if __name__ == '__main__'")
    });
    if guarded { format!("{module}.__main__") } else { module.to_owned() }
}

/// The path of a module or package, without `.py`.
fn in_roots(tree: &Tree, module: &str, roots: &[TreePath]) -> Option<TreePath> {
    let inside = module.replace('.', "/");
    roots.iter().find_map(|root| {
        let found = root.join(&inside).ok()?;
        let source = root.join(&format!("{inside}.py")).ok()?;
        (tree.node(&found).is_some() || tree.node(&source).is_some()).then_some(found)
    })
}

/// Whether a text is a module's dotted name: it goes into a program.
pub(super) fn is_module(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::Content;

    #[test]
    fn the_module_is_what_the_command_would_import() {
        let mut tree = Tree::new();
        let mut file = |path: &str, text: &str| {
            tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        };
        file("/app/guarded/__main__.py", "def main(): ...\nif __name__ == \"__main__\":\n    main()\n");
        file("/app/plain/__main__.py", "main()\n");
        file("/app/api.py", "");
        file("/opt/venv/bin/serve", "#!/opt/venv/bin/python\nimport sys\nfrom server.cli import main\n");
        let roots = [TreePath::new("/app").expect("valid")];
        for (command, expected) in [
            ("python -m guarded", Some("guarded.__main__")),
            ("/usr/bin/python3 -X dev -m plain --port 1", Some("plain")),
            ("serve --port 1", Some("server.cli")),
            ("/opt/venv/bin/serve api:app", Some("api")),
            ("serve 127.0.0.1:80", Some("server.cli")),
            ("python /app/x.py", None),
            ("python -m a;b", None),
            ("missing", None),
            ("", None),
        ] {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let found = of_command(&tree, &words, "/usr/bin:/opt/venv/bin", &roots);
            assert_eq!(found.as_deref(), expected, "{command}");
        }
    }
}
