//! Reads a revision of the repository with `git`, run as a child without a shell.
//!
//! One `git cat-file --batch` serves everything that is read of a revision. What a user gives for a
//! revision goes to its stdin, so it can never be taken for an option. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The largest object that is read, in bytes.
const MAX_OBJECT: usize = 8 << 20;

/// Why a revision cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git`.
    #[error("`git` is not installed, or not on the path")]
    Missing,
    /// `git` cannot be run or talked to.
    #[error("cannot run `git`")]
    Run(#[source] io::Error),
    /// The folder is in no repository.
    #[error("{} is in no git repository", .0.display())]
    NoRepository(PathBuf),
    /// The revision is not there.
    #[error("there is no revision `{revision}`{}", if *.shallow { " in this shallow clone" } else { "" })]
    Unknown {
        /// What was asked for.
        revision: String,
        /// Whether the clone has only some of the history.
        shallow: bool,
    },
    /// The text cannot be a revision.
    #[error("`{0}` is no revision")]
    NoRevision(String),
    /// An object of the repository is larger than anything that is rendered.
    #[error("{path} has {bytes} bytes in the repository, too many for a rendered file")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// Its size.
        bytes: usize,
    },
    /// `git` failed in another way.
    #[error("`git {command}` failed: {message}")]
    Failed {
        /// What was run.
        command: String,
        /// What it said.
        message: String,
    },
}

/// A revision of the repository that a folder is in.
pub struct Repository {
    folder: PathBuf,
    /// The commit's id.
    commit: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// An object of the repository.
struct Object {
    id: String,
    kind: String,
    bytes: Vec<u8>,
}

impl Repository {
    /// Opens a revision; paths are relative to `folder` from here on.
    ///
    /// # Errors
    /// When there is no `git`, no repository, or no such revision.
    pub fn open(folder: &Path, revision: &str) -> Result<Self, GitError> {
        // One line is one question: a line break would ask a second one.
        if revision.is_empty() || revision.contains(['\n', '\0']) {
            return Err(GitError::NoRevision(revision.to_owned()));
        }
        let mut child = command(folder)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(GitError::Run(io::Error::other("no pipes")));
        };
        let mut repository = Self {
            folder: folder.to_owned(),
            commit: String::new(),
            child,
            input,
            output: BufReader::new(output),
        };
        match repository.object(&format!("{revision}^{{commit}}"))? {
            Some(commit) if commit.kind == "commit" => repository.commit = commit.id,
            _ => {
                return Err(GitError::Unknown {
                    revision: revision.to_owned(),
                    shallow: is_shallow(folder),
                });
            }
        }
        Ok(repository)
    }

    /// The id of the commit.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// The folder that paths are relative to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads a file; `None` when the revision has none there.
    pub(super) fn file(&mut self, path: &str) -> Result<Option<String>, GitError> {
        let object = self.at(path)?;
        Ok(object
            .filter(|object| object.kind == "blob")
            .map(|object| String::from_utf8_lossy(&object.bytes).into_owned()))
    }

    /// Whether the revision has a file or folder at a path from the root. Its content is not read.
    pub(super) fn has(&mut self, path: &str) -> Result<bool, GitError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if path.contains(['\n', '\0']) {
            return Ok(false);
        }
        let tree = self.object(&format!("{}:{folder}", self.commit))?;
        let tree = tree.filter(|object| object.kind == "tree");
        Ok(tree.is_some_and(|tree| entries(&tree).contains_key(name)))
    }

    /// The names in a folder, each with whether it is a folder; `None` when there is no folder.
    pub(super) fn folder_entries(
        &mut self,
        path: &str,
    ) -> Result<Option<BTreeMap<String, bool>>, GitError> {
        let object = self.at(path)?.filter(|object| object.kind == "tree");
        Ok(object.map(|tree| entries(&tree)))
    }

    fn at(&mut self, path: &str) -> Result<Option<Object>, GitError> {
        if path.contains(['\n', '\0']) {
            return Ok(None);
        }
        self.object(&format!("{}:./{path}", self.commit))
    }

    fn object(&mut self, name: &str) -> Result<Option<Object>, GitError> {
        let sent = writeln!(self.input, "{name}").and_then(|()| self.input.flush());
        let mut header = String::new();
        let read = sent.and_then(|()| self.output.read_line(&mut header));
        if !matches!(read, Ok(1..)) {
            return Err(self.broken());
        }
        let header = header.trim_end();
        let parts: Vec<&str> = header.rsplitn(3, ' ').collect();
        let [size, kind, id] = parts.as_slice() else {
            return Ok(None);
        };
        let is_id = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (true, Ok(size)) = (is_id, size.parse::<usize>()) else {
            // `<name> missing` or `<name> ambiguous`.
            return Ok(None);
        };
        if size > MAX_OBJECT {
            return Err(GitError::TooLarge {
                path: name.to_owned(),
                bytes: size,
            });
        }
        let mut bytes = vec![0; size + 1];
        self.output.read_exact(&mut bytes).map_err(GitError::Run)?;
        bytes.pop();
        Ok(Some(Object {
            id: (*id).to_owned(),
            kind: (*kind).to_owned(),
            bytes,
        }))
    }

    /// Says why `git` ended before it answered.
    fn broken(&mut self) -> GitError {
        let mut message = String::new();
        if let Some(mut stderr) = self.child.stderr.take()
            && let Err(error) = stderr.read_to_string(&mut message)
        {
            return GitError::Run(error);
        }
        failed(&self.folder, "cat-file", &message)
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        // It ends by itself when nobody asks any more; there is nothing to be told about that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Repository({}, {})",
            self.folder.display(),
            self.commit
        )
    }
}

/// The root of the working tree that a folder is in.
pub(super) fn root(folder: &Path) -> Result<PathBuf, GitError> {
    let mut show = command(folder);
    show.args(["rev-parse", "--show-toplevel"]);
    let text = finish(folder, "rev-parse", show.spawn().map_err(not_started)?)?;
    Ok(PathBuf::from(text.trim_end_matches('\n')))
}

/// Lists the files below some paths (from the root) that differ between a commit and the working tree, as
/// `(sign, path)` with `+`, `~` or `-`; files that git neither has nor ignores are new ones.
pub(super) fn differing(
    root: &Path,
    commit: &str,
    paths: &BTreeSet<String>,
) -> Result<Vec<(char, String)>, GitError> {
    let options = [
        "--name-status",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "-z",
    ];
    let mut tracked = command(root);
    tracked.arg("--literal-pathspecs").arg("diff").args(options);
    tracked.arg(commit).arg("--").args(paths);
    let mut others = command(root);
    others.args([
        "--literal-pathspecs",
        "ls-files",
        "--others",
        "--exclude-standard",
        "-z",
        "--",
    ]);
    others.args(paths);
    // Both at once: each takes as long as git needs to start.
    let tracked = tracked.spawn().map_err(not_started)?;
    let others = others.spawn().map_err(not_started)?;
    let tracked = finish(root, "diff", tracked)?;
    let others = finish(root, "ls-files", others)?;
    let mut found = Vec::new();
    let mut fields = tracked.split('\0');
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let sign = match status {
            "A" => '+',
            "D" => '-',
            _ => '~',
        };
        found.push((sign, path.to_owned()));
    }
    let untracked = others.split('\0').filter(|path| !path.is_empty());
    found.extend(untracked.map(|path| ('+', path.to_owned())));
    found.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(found)
}

/// Whether git has a path in its index.
pub(super) fn is_tracked(folder: &Path, path: &str) -> Result<bool, GitError> {
    let mut list = command(folder);
    list.args(["--literal-pathspecs", "ls-files", "-z", "--", path]);
    let list = list.spawn().map_err(not_started)?;
    Ok(!finish(folder, "ls-files", list)?.is_empty())
}

fn finish(folder: &Path, name: &str, child: Child) -> Result<String, GitError> {
    let output = child.wait_with_output().map_err(GitError::Run)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(
            folder,
            name,
            &String::from_utf8_lossy(&output.stderr),
        ))
    }
}

fn is_shallow(folder: &Path) -> bool {
    let mut command = command(folder);
    command.args(["rev-parse", "--is-shallow-repository"]);
    // It only decides about a hint: what cannot be told is not hinted at.
    command
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"true"))
}

/// A `git` that asks nobody, fetches nothing, locks nothing and speaks English.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn not_started(error: io::Error) -> GitError {
    if error.kind() == io::ErrorKind::NotFound {
        GitError::Missing
    } else {
        GitError::Run(error)
    }
}

fn failed(folder: &Path, command: &str, message: &str) -> GitError {
    if message.contains("not a git repository") {
        return GitError::NoRepository(folder.to_owned());
    }
    GitError::Failed {
        command: command.to_owned(),
        message: message.trim().trim_start_matches("fatal: ").to_owned(),
    }
}

/// Takes a tree apart: `<mode> <name>\0<id>` again and again.
fn entries(tree: &Object) -> BTreeMap<String, bool> {
    let id_bytes = tree.id.len() / 2;
    let mut found = BTreeMap::new();
    let mut rest = tree.bytes.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let head = String::from_utf8_lossy(&rest[..end]);
        if let Some((mode, name)) = head.split_once(' ') {
            found.insert(name.to_owned(), mode == "40000");
        }
        rest = rest.get(end + 1 + id_bytes..).unwrap_or_default();
    }
    found
}
