//! A project in a temporary folder, with the shipped binary run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{cache, free_port, pause, repository};

/// How long a command may take before it is ended.
const LIMIT: Duration = Duration::from_mins(10);

/// A project that removes its processes when it goes.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    port: u16,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Run {
    /// Exit code.
    pub(crate) code: i32,
    /// What it printed on stdout.
    pub(crate) stdout: String,
    /// What it printed on stderr.
    pub(crate) stderr: String,
}

impl Run {
    /// Fails unless the command succeeded.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// Fails unless the command ended with the code and said every one of the texts on stderr.
    pub(crate) fn failed(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self}");
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is not said:\n{self}");
        }
        self
    }

    /// Reads stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }

    /// Reads stderr as JSON lines, each with its times.
    pub(crate) fn events(&self) -> Vec<Value> {
        let read = |line: &str| -> Value {
            let event: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(
                event["time"].is_string() && event["elapsed"].is_number(),
                "{line}"
            );
            event
        };
        self.stderr.lines().map(read).collect()
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "exit {}\n{}\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

impl Project {
    /// Makes a project with one stack, `tiny`, from the text of its stack file.
    pub(crate) fn new(stack: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self {
            folder,
            port: free_port(),
        };
        project.write("stacks/tiny/stack.yaml", stack);
        project
    }

    /// The project's folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs `deploy`.
    pub(crate) fn deploy(&self, arguments: &[&str]) -> Run {
        self.deploy_with(arguments, |_| {})
    }

    /// Runs `deploy`, with changes to how it is started.
    pub(crate) fn deploy_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Run {
        let mut command = self.command(arguments);
        change(&mut command);
        let out = self.path().join("out.txt");
        let err = self.path().join("err.txt");
        // Files, not pipes: an engine that stays must not keep a pipe open.
        command
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap());
        let mut child = command.spawn().unwrap();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < LIMIT, "{arguments:?} takes too long");
            pause();
        };
        let read = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Run {
            code: status.code().unwrap_or(-1),
            stdout: read(&out),
            stderr: read(&err),
        }
    }

    /// The command that runs `deploy` here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploy"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env("DEPLOY_LOCAL_PORT", self.port.to_string())
            .env("DEPLOY_CACHE", cache())
            // Whoever runs the tests may have a narrow terminal.
            .env_remove("COLUMNS")
            .stdin(Stdio::null());
        command
    }

    /// The local engine's process id, if one runs.
    pub(crate) fn engine(&self) -> Option<i32> {
        let record = fs::read(self.path().join(".deploy/local/engine.json")).ok()?;
        let record: Value = serde_json::from_slice(&record).ok()?;
        i32::try_from(record["pid"].as_i64()?).ok()
    }

    /// The local engine's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let stopped = self.command(&["local", "stop"]).output();
        if !std::thread::panicking() {
            assert!(stopped.unwrap().status.success());
        }
    }
}

/// Whether a process is there and not a zombie.
pub(crate) fn is_alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim()
            .starts_with('Z')
    })
}

/// Waits until something is so, for at most a minute.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_mins(1), "{what}");
        pause();
    }
}

/// The processes whose command line names a folder, by their command lines.
pub(crate) fn processes_of(folder: &Path) -> Vec<String> {
    process_ids_of(folder).into_values().collect()
}

/// The processes whose command line names a file or folder: command lines by process ids.
pub(crate) fn process_ids_of(folder: &Path) -> BTreeMap<i32, String> {
    let folder = folder.to_string_lossy().into_owned();
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let Ok(line) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(&folder) {
            found.insert(id, line);
        }
    }
    found
}

/// A stack file whose training code, function and data are the repository's.
pub(crate) fn tiny_stack(python: &str) -> String {
    let repository = repository();
    let code = repository.join("training-code");
    format!(
        r#"
stack: tiny
data: {{ file: headlines.csv }}
training:
  code: {code}/src
  entry_point: train.py
  image: {{ pytorch: "2.8.0", transformers: "4.56.2" }}
  instance: ml.g4dn.xlarge
  volume: 50 GiB
  max_run: 10m
  hyperparameters: {{ base_model: tiny-random, epochs: 1, batch_size: 32, learning_rate: 1e-3 }}
  metrics:
    train_loss: 'train_loss=([0-9.]+)'
    eval_accuracy: 'eval_accuracy=([0-9.]+)'
    eval_macro_f1: 'eval_macro_f1=([0-9.]+)'
endpoint:
  image: {{ pytorch: "2.6.0", transformers: "5.5.3" }}
  instance: ml.m5.large
  count: 1
  startup_timeout: 2m
function:
  code: {code}/function
  handler: lambda_function.handler
  runtime: python3.12
  memory: 256 MiB
  timeout: 25s
api: {{ routes: [POST /classify] }}
batch: {{ instance: ml.m5.large }}
environments:
  local:
    target: local
    local: {{ port: 4599, python: {python} }}
"#,
        code = code.display()
    )
}

/// The first whole stories of the shipped sample, about `rows` rows.
pub(crate) fn some_headlines(rows: usize) -> String {
    let path = repository().join("stacks/news-classifier/data/headlines.csv");
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .take(rows)
        .fold(String::new(), |all, line| all + line + "\n")
}
