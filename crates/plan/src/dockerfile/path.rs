//! Paths of an image as a Dockerfile names them.

/// A path below a folder, unless it begins with `/`; without `.` and `..`.
pub(crate) fn absolute(workdir: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let above = if path.starts_with('/') { "" } else { workdir };
    for part in above.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
