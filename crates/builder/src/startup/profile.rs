//! Where a start goes: what `-X importtime` says, as a tree of imports.

use std::time::Duration;

/// One import, in the order in which imports began; what it imported follows it, one deeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The module's dotted name.
    pub module: String,
    /// How many imports were under way when it began.
    pub depth: usize,
    /// Its own time, to a microsecond.
    pub own: Duration,
    /// With what it imported.
    pub total: Duration,
}

/// All imports of one start. CPython's clock for them slows the start itself, so nothing here adds up to a
/// [`StartupCost`](super::StartupCost).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartupProfile {
    /// Every import, before those that it made itself.
    pub imports: Vec<Import>,
    /// Paths in the image of the sources that were compiled.
    pub compiled: Vec<String>,
}

impl StartupProfile {
    /// The imports with the most time of their own, most first.
    pub fn slowest(&self, count: usize) -> Vec<&Import> {
        let mut imports: Vec<&Import> = self.imports.iter().collect();
        imports.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.module.cmp(&b.module)));
        imports.truncate(count);
        imports
    }
}

/// Reads the lines `import time: SELF | CUMULATIVE | MODULE`, in microseconds, with two spaces before the module for each
/// import under way: what a module imported is said before the module itself. All other lines are passed over.
pub(super) fn read(said: &str) -> Vec<Import> {
    let mut imports: Vec<Import> = said.lines().filter_map(read_line).collect();
    imports.reverse();
    // In this order a module comes before what it imported, and that from the last to the first.
    in_order(&imports)
}

/// The same imports, with those of each module from the first to the last.
fn in_order(reversed: &[Import]) -> Vec<Import> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); reversed.len()];
    let (mut roots, mut open) = (Vec::new(), Vec::<usize>::new());
    for (number, import) in reversed.iter().enumerate() {
        while open.last().is_some_and(|last| reversed[*last].depth >= import.depth) {
            open.pop();
        }
        match open.last() {
            Some(parent) => children[*parent].push(number),
            None => roots.push(number),
        }
        open.push(number);
    }
    // A stack, not recursion: an image says how deep its imports are.
    let (mut next, mut found): (Vec<(usize, usize)>, Vec<Import>) = (Vec::new(), Vec::new());
    next.extend(roots.into_iter().map(|root| (root, 0)));
    while let Some((number, depth)) = next.pop() {
        found.push(Import { depth, ..reversed[number].clone() });
        next.extend(children[number].iter().map(|child| (*child, depth + 1)));
    }
    found
}

fn read_line(line: &str) -> Option<Import> {
    let mut parts = line.strip_prefix("import time:")?.splitn(3, '|');
    let (own, total) = (micros(parts.next()?)?, micros(parts.next()?)?);
    let name = parts.next()?.strip_prefix(' ')?;
    let module = name.trim_start_matches(' ');
    let depth = (name.len() - module.len()) / 2;
    (!module.is_empty()).then(|| Import { module: module.to_owned(), depth, own, total })
}

fn micros(text: &str) -> Option<Duration> {
    text.trim().parse::<u64>().ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(said: &str) -> Vec<String> {
        let line = |it: &Import| {
            format!("{}{} {}/{}", "-".repeat(it.depth), it.module, it.own.as_micros(), it.total.as_micros())
        };
        read(said).iter().map(line).collect()
    }

    #[test]
    fn imports_are_a_tree_in_the_order_in_which_they_began() {
        let said = "import time: self [us] | cumulative | imported package\n\
                    import time:       100 |        100 | zipimport\n\
                    import time:        10 |         10 |     json.scanner\n\
                    import time:        20 |         30 |   json.decoder\n\
                    import time:         5 |          5 |   json.encoder\n\
                    import time:         7 |         42 | json\n\
                    something else | 1 | x\n\
                    import time:         1 |          1 | shop\n";
        let expected = [
            "zipimport 100/100",
            "json 7/42",
            "-json.decoder 20/30",
            "--json.scanner 10/10",
            "-json.encoder 5/5",
            "shop 1/1",
        ];
        assert_eq!(shown(said), expected);
    }

    #[test]
    fn the_slowest_have_the_most_time_of_their_own() {
        let said = "import time: 1 | 1 | b\nimport time: 9 | 9 | a\nimport time: 1 | 1 | a2\nimport time: 2 | 13 | c\n";
        let profile = StartupProfile { imports: read(said), compiled: Vec::new() };
        let names: Vec<&str> = profile.slowest(3).into_iter().map(|import| import.module.as_str()).collect();
        assert_eq!(names, ["a", "c", "a2"]);
    }

    #[test]
    fn lines_of_other_forms_and_depths_are_no_error() {
        for said in ["import time:", "import time: x | 1 | a", "import time: 1 | 1 |", "import time: -1 | 1 | a", ""] {
            assert!(read(said).is_empty(), "{said}");
        }
        let deep: String = (0..100_000_u32)
            .rev()
            .map(|depth| format!("import time: 1 | 1 | {}m\n", "  ".repeat(depth as usize % 50)))
            .collect();
        assert_eq!(read(&deep).len(), 100_000);
    }
}
