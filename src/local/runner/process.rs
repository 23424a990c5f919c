//! Child processes in a group of their own that nothing survives: no grandchild, no death of the engine.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setpriority_process};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use super::output::deliver_lines;

/// Replaces itself by the command, after leaving behind a watcher in the same process group. The
/// watcher reads a pipe whose other end only the engine holds: when the engine is gone, in whatever
/// way, the read ends and the watcher kills the group. It ignores the polite signals because it has to
/// watch through a grace period too, and holds no output open.
const SUPERVISE: &str = "exec 3<&0
(trap '' TERM INT HUP QUIT; while read -r _; do :; done; kill -s KILL 0) <&3 3<&- >/dev/null 2>&1 &
exec \"$@\" </dev/null 3<&-";

/// Time that output is still waited for after everything that could write it was killed.
const DRAIN: Duration = Duration::from_secs(2);

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Program: a path, or a name looked up in the child's `PATH`.
    pub program: PathBuf,
    /// Arguments after the program's name.
    pub arguments: Vec<String>,
    /// The child's whole environment; nothing of the engine's is passed on. `PATH`, `HOME` (the
    /// folder) and `LANG` get plain values when they are not given.
    pub environment: Vec<(String, String)>,
    /// Working folder; must exist.
    pub folder: PathBuf,
}

/// Where a child's environment variables come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inheritance {
    /// Only from the launch.
    Nothing,
    /// From the engine as well, for tools that follow a user's proxy and index settings.
    Engine,
}

/// A running or ended child process, leader of its own process group.
#[derive(Debug)]
pub struct Process {
    id: u32,
    status: watch::Receiver<Option<ExitStatus>>,
    // The engine's end of the watcher's pipe: closing it kills the group.
    _lifeline: Option<ChildStdin>,
}

impl Process {
    /// Starts the program and hands every line of its standard output and error to `output`. Must be
    /// called within a Tokio runtime.
    ///
    /// A program that cannot be executed is not an error here: it ends with status 126 or 127 and a
    /// line of output, as in a shell.
    ///
    /// # Errors
    /// The folder does not exist, or no process can be made.
    pub fn spawn(
        launch: &Launch,
        output: impl Fn(String) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::spawn_with(launch, Inheritance::Nothing, output)
    }

    pub(super) fn spawn_with(
        launch: &Launch,
        inheritance: Inheritance,
        output: impl Fn(String) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        if !launch.folder.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("the folder {} does not exist", launch.folder.display()),
            ));
        }
        let (reader, writer) = io::pipe()?;
        let mut child = command(launch, inheritance)
            .stdout(Stdio::from(OwnedFd::from(writer.try_clone()?)))
            .stderr(Stdio::from(OwnedFd::from(writer)))
            .spawn()?;
        let id = child
            .id()
            .ok_or_else(|| io::Error::other("the child process ended before it began"))?;
        let lifeline = child.stdin.take();
        let reader = tokio::net::unix::pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let lines = tokio::spawn(deliver_lines(reader, output));
        let (sender, status) = watch::channel(None);
        tokio::spawn(async move {
            let ended = reap(child, id).await;
            if timeout(DRAIN, lines).await.is_err() {
                // A grandchild in a session of its own still holds the pipe; the child is over all the same.
            }
            sender.send_replace(Some(ended));
        });
        Ok(Self {
            id,
            status,
            _lifeline: lifeline,
        })
    }

    /// Waits for the end of the process and of its output. Whatever else is left of its group is killed.
    pub async fn wait(&self) -> ExitStatus {
        let mut status = self.status.clone();
        loop {
            if let Some(ended) = *status.borrow_and_update() {
                return ended;
            }
            if status.changed().await.is_err() {
                // The runtime is being shut down and with it the task that reaps: the group is being killed.
                return ExitStatus::from_raw(Signal::KILL.as_raw());
            }
        }
    }

    /// Asks the whole group to end, and kills it after `grace`. Returns when the process has ended.
    pub async fn stop(&self, grace: Duration) {
        self.signal(Signal::TERM);
        if timeout(grace, self.wait()).await.is_err() {
            self.signal(Signal::KILL);
            self.wait().await;
        }
    }

    /// Lowers the priority of the process and of all that it will start (0 is normal, 19 the lowest).
    ///
    /// # Errors
    /// The process has ended already.
    pub fn lower_priority(&self, niceness: i32) -> io::Result<()> {
        setpriority_process(pid(self.id), niceness).map_err(io::Error::from)
    }

    /// Returns the process id, which is also that of the group.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Tells whether the process has ended.
    pub fn has_ended(&self) -> bool {
        self.status.borrow().is_some()
    }

    fn signal(&self, signal: Signal) {
        if !self.has_ended() {
            signal_group(self.id, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn command(launch: &Launch, inheritance: Inheritance) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(SUPERVISE)
        .arg("sh")
        .arg(&launch.program)
        .args(&launch.arguments)
        .current_dir(&launch.folder)
        .stdin(Stdio::piped())
        .process_group(0);
    if inheritance == Inheritance::Nothing {
        command
            .env_clear()
            .env("PATH", DEFAULT_PATH)
            .env("HOME", &launch.folder)
            .env("LANG", "C.UTF-8");
    }
    command.envs(launch.environment.iter().map(|(key, value)| (key, value)));
    command
}

async fn reap(mut child: Child, id: u32) -> ExitStatus {
    let status = child.wait().await;
    // The watcher at least is still there, so the group's number cannot belong to anybody else yet.
    signal_group(id, Signal::KILL);
    status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::KILL.as_raw()))
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(group) = pid(id) {
        // The only failure possible here is that the group is gone, which is what a signal is for.
        let _ = kill_process_group(group, signal);
    }
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    use super::*;

    type Lines = Arc<Mutex<Vec<String>>>;

    fn shell(script: &str) -> (Process, Lines) {
        let lines = Lines::default();
        let sink = Arc::clone(&lines);
        let launch = Launch {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: vec![("GREETING".into(), "hello".into())],
            folder: "/tmp".into(),
        };
        let process = Process::spawn(&launch, move |line| sink.lock().unwrap().push(line)).unwrap();
        (process, lines)
    }

    async fn first_line(lines: &Lines) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(line) = lines.lock().unwrap().first() {
                return line.clone();
            }
            assert!(Instant::now() < deadline, "no output came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn gone(id: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            let state = std::fs::read_to_string(Path::new("/proc").join(id).join("stat"));
            // A zombie whose new parent has not reaped it yet runs no more.
            if state.map_or(true, |text| text.contains(") Z ")) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test]
    async fn lines_of_both_streams_arrive_in_order_before_the_status() {
        let (process, lines) = shell("echo $GREETING; echo oops >&2; printf end; exit 3");
        assert_eq!(process.wait().await.code(), Some(3));
        assert_eq!(*lines.lock().unwrap(), ["hello", "oops", "end"]);
    }

    #[tokio::test]
    async fn the_engines_environment_is_not_passed_on() {
        let (process, lines) = shell("env | cut -d= -f1 | sort | tr '\\n' ' '");
        process.wait().await;
        let text = lines.lock().unwrap().join("");
        assert!(!text.contains("CARGO"), "{text}");
        assert!(text.contains("GREETING HOME LANG"), "{text}");
    }

    #[tokio::test]
    async fn a_program_that_does_not_exist_ends_with_127() {
        let launch = Launch {
            program: "no-such-program".into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: "/tmp".into(),
        };
        let process = Process::spawn(&launch, |_| {}).unwrap();
        assert_eq!(process.wait().await.code(), Some(127));
    }

    #[tokio::test]
    async fn a_missing_folder_is_named() {
        let launch = Launch {
            program: "true".into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: "/no/such/folder".into(),
        };
        let error = Process::spawn(&launch, |_| {}).unwrap_err();
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
    }

    #[tokio::test]
    async fn stopping_asks_first() {
        let (process, lines) =
            shell("trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
        first_line(&lines).await;
        process.stop(Duration::from_secs(10)).await;
        assert_eq!(process.wait().await.code(), Some(7));
        assert!(lines.lock().unwrap().contains(&"asked".to_owned()));
    }

    #[tokio::test]
    async fn what_does_not_listen_is_killed_with_its_children() {
        let (process, lines) =
            shell("trap '' TERM; sleep 600 & echo $!; wait; while :; do sleep 0.05; done");
        let grandchild = first_line(&lines).await;
        process.stop(Duration::from_millis(50)).await;
        assert_eq!(process.wait().await.signal(), Some(9));
        assert!(gone(&grandchild).await);
    }

    #[tokio::test]
    async fn grandchildren_do_not_outlive_the_child() {
        let (process, lines) = shell("sleep 600 & echo $!");
        let started = Instant::now();
        assert!(process.wait().await.success());
        assert!(started.elapsed() < Duration::from_secs(5));
        let grandchild = lines.lock().unwrap()[0].clone();
        assert!(gone(&grandchild).await);
    }

    #[tokio::test]
    async fn dropping_kills_the_group() {
        let (process, lines) = shell("sleep 600 & echo $!; wait");
        let grandchild = first_line(&lines).await;
        drop(process);
        assert!(gone(&grandchild).await);
    }

    #[tokio::test]
    async fn the_group_dies_when_the_engine_is_killed() {
        // Stands for the engine: it holds the pipe, starts the supervised command and is then killed.
        let script = format!(
            "( sleep 600 | setsid /bin/sh -c '{}' sh /bin/sh -c 'echo $$; exec sleep 600' )",
            SUPERVISE.replace('\'', "'\\''")
        );
        let (engine, lines) = shell(&script);
        let child = first_line(&lines).await;
        drop(engine);
        assert!(gone(&child).await);
    }
}
