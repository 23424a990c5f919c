//! An account with one environment in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use deploy::aws::{Connection, Endpoint, Role, connect_through};
use deploy::bundle::Digest;
use deploy::cloud::{Cloud, Pace};
use deploy::local::script::Script;
use deploy::local::{Credentials, DATA_PLANE, Engine, Options};
use deploy::plan::{Choices, Deployment, Desired, Plan, Templates};
use deploy::reconcile::progress::{Event, Observer};
use deploy::reconcile::{
    self, Cancel, Crowding, ReconcileError, Session, Station, Upstream, Witness, Worker,
};
use deploy::release::{Recorded, Release};
use deploy::stack::S3Location;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::time::Instant;
use tower::ServiceExt;

use super::command::{Command, End};
use super::fault::Trouble;
use super::limit::Limit;
pub(super) use super::project::Project;
use super::wire::Wire;

pub(super) const URL: &str = "http://127.0.0.1:4599";
pub(super) const KEY: &str = "AKIASIMULATED";
pub(super) const SECRET: &str = "simulated";

/// An account, with the engine that keeps it.
pub(super) struct World {
    folder: TempDir,
    engine: Engine,
    script: Script,
    began: Instant,
    /// What the machines' clocks showed then.
    origin: Timestamp,
    runs: AtomicU64,
    ended: Arc<Mutex<BTreeSet<String>>>,
    /// ARN of the role that commands are run as; without one, they are run with the account's own key.
    role: Option<String>,
    /// ARN of the role that CloudFormation acts as, if it does.
    service_role: Option<String>,
    /// ARN of the role by which the environment is looked at that is promoted from; without one, it is by the
    /// same credentials as all the rest.
    source_role: Option<String>,
}

/// On which machine a run is, which decides what it can tell of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    /// On that of all the others: it knows which of them have ended.
    Same,
    /// On one of its own: leases have to run out.
    Other,
}

/// The time as the runtime has it, and the runs that have ended.
struct Clock {
    began: Instant,
    origin: Timestamp,
    ended: Option<Arc<Mutex<BTreeSet<String>>>>,
}

impl Witness for Clock {
    fn now(&self) -> Timestamp {
        self.origin + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    fn is_gone(&self, worker: &Worker) -> bool {
        let ended = self.ended.as_ref();
        ended.is_some_and(|ended| ended.lock().unwrap().contains(&worker.id))
    }
}

/// How a command ended, and what went over the wire meanwhile.
pub(super) struct Run {
    /// The id of its process.
    pub(super) id: String,
    /// `None` when its process died.
    pub(super) end: Option<End>,
    /// Names of its API calls.
    pub(super) calls: Vec<String>,
    /// What it told.
    pub(super) events: Vec<Event>,
}

impl World {
    /// Makes an empty account.
    pub(super) fn new(script: &Script) -> Self {
        Self::over(folder(), script)
    }

    fn over(folder: TempDir, script: &Script) -> Self {
        let engine = Engine::open(Options {
            state: folder.path().to_owned(),
            cache: folder.path().join("cache"),
            python: None,
            base_url: URL.to_owned(),
            credentials: Credentials {
                access_key: KEY.to_owned(),
                secret_key: SECRET.to_owned(),
            },
            script: Some(script.clone()),
        });
        Self {
            folder,
            engine: engine.unwrap(),
            script: script.clone(),
            began: Instant::now(),
            origin: Timestamp::UNIX_EPOCH,
            runs: AtomicU64::new(0),
            ended: Arc::default(),
            role: None,
            service_role: None,
            source_role: None,
        }
    }

    /// The same account, where commands are run as a role from now on.
    pub(super) fn acting_as(self, role: &str) -> Self {
        Self {
            role: Some(role.to_owned()),
            ..self
        }
    }

    /// The same account, where CloudFormation acts as a role from now on.
    pub(super) fn with_service_role(self, role: &str) -> Self {
        Self {
            service_role: Some(role.to_owned()),
            ..self
        }
    }

    /// The same account, where the environment that is promoted from is looked at as a role from now on.
    pub(super) fn taking_over_as(self, role: &str) -> Self {
        Self {
            source_role: Some(role.to_owned()),
            ..self
        }
    }

    /// Sets the machines' clocks to those of the services, or so much before or after them.
    pub(super) fn with_clocks(mut self, ahead: SignedDuration) -> Self {
        let services = self.engine_time();
        self.origin = services - SignedDuration::try_from(self.began.elapsed()).unwrap() + ahead;
        self
    }

    /// The time by the services' clock.
    fn engine_time(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the engine's clock begins at the system's time, and goes on as the runtime's does"
        )]
        let real = Timestamp::now();
        real + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    /// Makes another account that is as this one is now.
    pub(super) fn copy(&self) -> Self {
        self.copy_under(&self.script)
    }

    /// Makes another account that is as this one is now, where another script is played.
    pub(super) fn copy_under(&self, script: &Script) -> Self {
        self.save();
        let to = folder();
        copy(self.folder.path(), to.path());
        Self::over(to, script)
    }

    /// Writes the account into its folder.
    pub(super) fn save(&self) {
        self.engine.save().unwrap();
    }

    /// Where the engine keeps the account.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command with nothing going wrong.
    pub(super) async fn run(&self, command: Command<'_>) -> Run {
        self.run_with(command, Vec::new()).await
    }

    /// Runs a command in a process of its own, with trouble on the wire.
    pub(super) async fn run_with(&self, command: Command<'_>, troubles: Vec<Trouble>) -> Run {
        self.run_on(Machine::Same, command, troubles).await
    }

    /// Runs a command in a process of its own on a machine, with trouble on the wire.
    pub(super) async fn run_on(
        &self,
        machine: Machine,
        command: Command<'_>,
        troubles: Vec<Trouble>,
    ) -> Run {
        self.run_over(self.wire(troubles), machine, command).await
    }

    /// Runs a command in a process of its own on a machine, over a wire that others watch.
    pub(super) async fn run_over(&self, wire: Wire, machine: Machine, command: Command<'_>) -> Run {
        let observer = Arc::new(Recorder::default());
        let (_switch, cancel) = Cancel::switch();
        let session = self
            .session(&wire, machine, Arc::clone(&observer), cancel)
            .await;
        let id = session.station.worker.id.clone();
        let end = tokio::select! {
            biased;
            () = wire.dies() => None,
            end = command.run(&session) => Some(end),
        };
        drop(session);
        self.ended.lock().unwrap().insert(id.clone());
        wire.ends();
        Run {
            id,
            end,
            calls: wire.calls(),
            events: std::mem::take(&mut *observer.0.lock().unwrap()),
        }
    }

    /// Plans what bringing an environment up would do.
    pub(super) async fn plan(&self, desired: &Desired) -> Plan {
        let choices = Choices::default();
        let plan = self.look(async |session| reconcile::plan_up(session, desired, choices).await);
        plan.await.unwrap()
    }

    /// Looks at the account with nothing going wrong.
    pub(super) async fn look<T>(&self, look: impl AsyncFnOnce(&Session) -> T) -> T {
        let (_switch, cancel) = Cancel::switch();
        let wire = self.wire(Vec::new());
        let session = self
            .session(&wire, Machine::Same, Arc::default(), cancel)
            .await;
        look(&session).await
    }

    /// Reads the releases of an environment, newest first.
    pub(super) async fn releases(&self, deployment: &Deployment) -> Vec<Recorded> {
        self.try_releases(deployment).await.unwrap()
    }

    /// Reads the releases of an environment, where they can be trusted.
    pub(super) async fn try_releases(
        &self,
        deployment: &Deployment,
    ) -> Result<Vec<Recorded>, ReconcileError> {
        self.look(async |session| reconcile::releases(session, deployment).await)
            .await
    }

    /// Reads the templates of a release of the environment that trains.
    pub(super) async fn templates(&self, release: &Release) -> Templates {
        let bucket = format!(
            "{}-{}-{}-{}",
            release.stack, release.environment, release.account, release.region
        );
        self.look(async |session| {
            let text = |template| reconcile::template(session, &bucket, template);
            Templates {
                foundation: text(&release.stacks.foundation).await.unwrap(),
                service: text(&release.stacks.service).await.unwrap(),
            }
        })
        .await
    }

    /// Pins data in S3 to what is there.
    pub(super) async fn pin(&self, location: &S3Location) -> Digest {
        let pin = self.look(async |session| reconcile::pin(session, location).await);
        pin.await.unwrap()
    }

    async fn session(
        &self,
        wire: &Wire,
        machine: Machine,
        observer: Arc<Recorder>,
        cancel: Cancel,
    ) -> Session {
        let cloud = cloud_as(wire, self.role.as_deref(), self.service_role.clone()).await;
        let source = match self.source_role.as_deref() {
            role @ Some(_) => cloud_as(wire, role, None).await,
            // Environments of one account take models from one another.
            None => cloud.clone(),
        };
        Session {
            source: Some(Upstream {
                cloud: source,
                registry: Some("classifiers".to_owned()),
            }),
            cloud,
            observer,
            cancel,
            station: self.station(machine),
            patience: Duration::ZERO,
            crowding: Crowding::default(),
        }
    }

    /// Every run is a process of its own.
    fn station(&self, machine: Machine) -> Station {
        let id = self.runs.fetch_add(1, Ordering::Relaxed).to_string();
        let worker = Worker {
            user: format!("user-{id}"),
            host: "simulated".into(),
            machine: "simulated".into(),
            pid: 1,
            began: id.clone(),
            id,
        };
        Station {
            worker,
            witness: Arc::new(Clock {
                began: self.began,
                origin: self.origin,
                ended: (machine == Machine::Same).then(|| Arc::clone(&self.ended)),
            }),
        }
    }

    /// Sends a text to the HTTP API, as anybody does.
    pub(super) async fn classify(&self) -> StatusCode {
        self.save();
        let state = fs::read(self.path().join("state/apigateway.json")).unwrap();
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        let id = state["apis"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .clone();
        let request = Request::post(format!("{DATA_PLANE}{id}/classify"))
            .header("host", "127.0.0.1:4599")
            .header("content-type", "application/json")
            .body(Body::from(r#"{"headline":"Fed official says"}"#))
            .unwrap();
        let router = self.engine.router();
        router.oneshot(request).await.unwrap().status()
    }

    /// Lays a wire to the engine.
    pub(super) fn wire(&self, troubles: Vec<Trouble>) -> Wire {
        Wire::new(self.engine.router(), troubles)
    }

    /// Lays a wire to the engine on which a limit holds for all together.
    pub(super) fn limited_wire(&self, limit: &Arc<Limit>) -> Wire {
        Wire::limited(self.engine.router(), limit)
    }

    /// Ends the engine.
    pub(super) async fn close(self) {
        self.engine.stop().await;
    }
}

/// Connects to an account over a wire.
pub(super) async fn cloud(wire: &Wire) -> Cloud {
    cloud_as(wire, None, None).await
}

/// Connects to an account over a wire, and takes on a role there.
async fn cloud_as(wire: &Wire, role: Option<&str>, service_role: Option<String>) -> Cloud {
    let connection = Connection {
        region: "us-east-1".to_owned(),
        profile: None,
        role: role.map(|arn| Role {
            arn: arn.to_owned(),
            external_id: None,
            session_name: "simulated".to_owned(),
        }),
        service_role,
        endpoint: Some(Endpoint {
            url: URL.to_owned(),
            access_key: KEY.to_owned(),
            secret_key: SECRET.to_owned(),
        }),
    };
    let connector = SharedHttpConnector::new(wire.clone());
    let mut cloud = Box::pin(connect_through(&connection, connector)).await;
    // As against AWS: what is simulated takes hours.
    cloud.pace = Pace::SHARED;
    cloud
}

/// Keeps what it is told.
#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Observer for Recorder {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A folder in memory where the system has one: the engine waits for the disk at every change.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.unwrap()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
