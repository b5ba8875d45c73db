//! What the paths of an image.toml may reach: the workspace that it is in, and what `allow-outside` names.

use std::path::{Path, PathBuf};

use shipwheel_plan::spec::{Located, Problem};

use super::definition_error::DefinitionError;
use super::uv_workspace;

/// What marks the folder of a workspace; in a submodule or a worktree, `.git` is a file.
const MARKS: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

/// The folders that files for an image may come from. All paths are real ones, without links.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    outside: Vec<PathBuf>,
}

impl Workspace {
    /// The workspace of a definition in this folder, with the places that its `allow-outside` names.
    ///
    /// It is the nearest folder, from the definition's upwards, that version control marks; without one, the top of the
    /// workspace of uv that names the folder as its member, the folder that has `images/NAME`, or the definition's own. `/` and the user's home are nobody's workspace: a repository of
    /// dotfiles there does not open them to whatever is built below.
    ///
    /// # Errors
    /// When a place does not exist.
    pub(crate) fn of(folder: &Path, home: Option<&Path>, outside: &[Located<String>]) -> Result<Self, Problem> {
        let real = |path: &Path| path.canonicalize().ok();
        let own = real(folder).unwrap_or_else(|| folder.to_owned());
        let home = home.and_then(real);
        let may_be = |root: &&Path| root.parent().is_some() && home.as_deref() != Some(*root);
        let is_marked = |root: &&Path| MARKS.iter().any(|mark| root.join(mark).exists());
        let images = || own.parent().filter(|images| images.file_name().is_some_and(|name| name == "images"))?.parent();
        let members = uv_workspace::top(&own).map(|(top, _)| top);
        let of_uv = members.as_deref().filter(may_be);
        let marked = own.ancestors().filter(may_be).find(is_marked);
        let root = marked.or(of_uv).or_else(|| images().filter(|root| may_be(root)));
        let outside = outside.iter().map(|place| {
            let missing = || Problem::new(place.span.clone(), format!("`{}` does not exist", place.value));
            real(&folder.join(&place.value)).ok_or_else(missing)
        });
        Ok(Self { root: root.unwrap_or(&own).to_owned(), outside: outside.collect::<Result<_, _>>()? })
    }

    /// The workspace's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The places that `allow-outside` names.
    pub(crate) fn outside(&self) -> &[PathBuf] {
        &self.outside
    }

    /// Checks a path that no key of image.toml names by itself.
    ///
    /// # Errors
    /// When it leads out of the workspace and of what is allowed.
    pub(crate) fn check(&self, path: &Path) -> Result<(), DefinitionError> {
        let real = self.escape(path);
        real.map_or(Ok(()), |real| Err(DefinitionError::Outside { path: path.to_owned(), real }))
    }

    /// Where a path really leads, if that is neither in the workspace nor allowed; `None` also if nothing is there.
    pub(crate) fn escape(&self, path: &Path) -> Option<PathBuf> {
        let real = match path.canonicalize() {
            Ok(real) => real,
            // What opens and has no path is a link of /proc, such as to a pipe or a removed file.
            Err(_) => return path.exists().then(|| std::fs::read_link(path).unwrap_or_else(|_| path.to_owned())),
        };
        let is_inside = std::iter::once(&self.root).chain(&self.outside).any(|place| real.starts_with(place));
        (!is_inside).then_some(real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn place(text: &str) -> Located<String> {
        Located { value: text.to_owned(), span: 0..0 }
    }

    #[test]
    fn the_nearest_marked_folder_is_the_workspace() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        for folder in
            ["repo/.git", "repo/services/api", "repo/vendor/lib/.hg", "plain/images/web", "plain/app", "home/x"]
        {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        std::fs::create_dir_all(top.join("repo/sub")).unwrap();
        std::fs::write(top.join("repo/sub/.git"), "gitdir: ../.git/modules/sub\n").unwrap();
        std::fs::create_dir_all(top.join("home/.git")).unwrap();
        symlink("repo/services/api", top.join("linked")).unwrap();
        for (folder, root) in [
            ("repo", "repo"),
            ("repo/services/api", "repo"),
            ("repo/vendor/lib", "repo/vendor/lib"),
            ("repo/sub", "repo/sub"),
            ("linked", "repo"),
            ("plain/images/web", "plain"),
            ("home/x", "home/x"),
        ] {
            let found = Workspace::of(&top.join(folder), Some(&top.join("home")), &[]).unwrap();
            assert_eq!(found.root(), top.join(root), "{folder}");
        }
    }

    #[test]
    fn nothing_leads_out_but_what_is_allowed() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path().canonicalize().unwrap();
        for folder in ["repo/.git", "repo/app/pkg", "secret", "shared/lib", "app2"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        std::fs::write(top.join("secret/key"), "k").unwrap();
        let app = top.join("repo/app");
        symlink(top.join("secret"), app.join("absolute")).unwrap();
        symlink("../../secret", app.join("relative")).unwrap();
        symlink("absolute", app.join("twice")).unwrap();
        symlink("pkg", app.join("inside")).unwrap();
        let without = Workspace::of(&app, None, &[]).unwrap();
        let with = Workspace::of(&app, None, &[place("../../shared")]).unwrap();
        for (path, leads_out) in [
            ("pkg", false),
            (".", false),
            ("..", false),
            ("inside", false),
            ("../.git", false),
            ("nowhere", false),
            ("../..", true),
            ("../../secret/key", true),
            ("absolute", true),
            ("absolute/", true),
            ("absolute/key", true),
            ("relative/key", true),
            ("twice/key", true),
            ("inside/../../../secret", true),
            ("absolute/../repo/app/pkg", false),
            ("/proc/self/environ", true),
            ("/dev/null", true),
            ("/proc/self/fd/9999", false),
            ("/", true),
        ] {
            assert_eq!(without.escape(&app.join(path)).is_some(), leads_out, "{path}");
            assert_eq!(with.escape(&app.join(path)).is_some(), leads_out, "{path}");
        }
        // A link to a file that has no path any more, and can still be opened.
        let removed = tempfile::tempfile().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&removed);
        symlink(format!("/proc/self/fd/{number}"), app.join("removed")).unwrap();
        assert!(without.escape(&app.join("removed")).is_some());
        assert!(without.escape(&app.join("../../shared/lib")).is_some());
        assert!(with.escape(&app.join("../../shared/lib")).is_none());
        assert!(Workspace::of(&app, None, &[place("../nowhere")]).is_err());
    }
}
