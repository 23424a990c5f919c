//! One run of a transform job, from its model to its last object.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::endpoints::{Place, Server};
use super::super::loglines::LogLines;
use super::super::state::{JobStatus, Serving};
use super::super::{SageMaker, lock};
use super::files::{Failure, files};
use super::job::TransformJob;
use super::request::TransformRequest;
use super::tally::{Records, Tally};
use crate::local::wire::ApiError;

const GROUP: &str = "/aws/sagemaker/TransformJobs";

/// A running job's handle. Dropping it ends the job's process without a trace in the state.
pub(in super::super) struct Control {
    pub(super) stop: watch::Sender<bool>,
    /// What was counted so far.
    pub(in super::super) tally: Arc<Tally>,
    task: JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Everything one run needs.
pub(super) struct Run {
    pub(super) service: Arc<SageMaker>,
    pub(super) arn: String,
    pub(super) request: TransformRequest,
    pub(super) tally: Arc<Tally>,
    pub(super) serving: Serving,
    /// The job's folders.
    pub(super) place: Place,
    /// The container's own lines.
    pub(super) log: Arc<LogLines>,
    /// What became of objects.
    pub(super) data_log: Arc<LogLines>,
}

/// How a job ended.
enum Ending {
    Completed,
    Failed(String),
    Stopped,
}

impl SageMaker {
    /// Starts driving a job that stands in the state.
    pub(super) fn start_transform(self: &Arc<Self>, arn: &str, request: TransformRequest) {
        let serving = self.read(|state| state.transforms.get(arn).map(|job| job.serving.clone()));
        let Some(serving) = serving else { return };
        let millis = self.parts.clock.epoch_millis();
        let stream = format!("{}/i-{:017x}-{millis}", request.name, millis & 0x7fff_ffff);
        let open =
            |stream: String| LogLines::open(Arc::clone(&self.parts.logs), GROUP.to_owned(), stream);
        let tally = Arc::<Tally>::default();
        let run = Run {
            service: Arc::clone(self),
            arn: arn.to_owned(),
            place: Place::at(self.transform_folder(arn, &request.name)),
            serving,
            request,
            tally: Arc::clone(&tally),
            log: open(stream.clone()),
            data_log: open(format!("{stream}/data-log")),
        };
        let (stop, stopped) = watch::channel(false);
        // The map is held until the entry is in, so that the task cannot take it out before.
        let mut transforms = lock(&self.transforms);
        let task = tokio::spawn(run.drive(stopped));
        transforms.insert(arn.to_owned(), Control { stop, tally, task });
    }

    /// Starts the jobs again that were in progress when the engine ended; one that was being stopped is
    /// stopped now.
    pub(in super::super) fn resume_transforms(self: &Arc<Self>) -> std::io::Result<()> {
        let open: Vec<TransformJob> = self.read(|state| {
            let open = state
                .transforms
                .values()
                .filter(|job| !job.status.is_final());
            open.cloned().collect()
        });
        for job in open {
            let arn = &job.record.arn;
            let resumed = if job.status == JobStatus::Stopping {
                self.end_transform(arn, Ending::Stopped, Records::default())
            } else {
                TransformRequest::read(&job.record.request)
                    .map(|request| self.start_transform(arn, request))
            };
            resumed.map_err(std::io::Error::other)?;
        }
        Ok(())
    }

    fn transform_folder(&self, arn: &str, name: &str) -> PathBuf {
        let region = arn.split(':').nth(3).unwrap_or("us-east-1");
        let work = self.parts.folder.join("work/transforms");
        work.join(region).join(name)
    }

    fn end_transform(&self, arn: &str, ending: Ending, records: Records) -> Result<(), ApiError> {
        let now = self.parts.clock.epoch_seconds();
        self.change_transform(arn, |job| {
            (job.status, job.failure_reason) = match ending {
                Ending::Completed => (JobStatus::Completed, None),
                Ending::Failed(reason) => (JobStatus::Failed, Some(reason)),
                Ending::Stopped => (JobStatus::Stopped, None),
            };
            job.ended = Some(now);
            job.records = records;
            job.record.modified = now;
        })
    }

    fn change_transform(
        &self,
        arn: &str,
        change: impl FnOnce(&mut TransformJob),
    ) -> Result<(), ApiError> {
        self.change(|state| {
            if let Some(job) = state.transforms.get_mut(arn) {
                change(job);
            }
            Ok(())
        })
    }
}

impl Run {
    /// Drives the job to its end and records it.
    async fn drive(self, mut stopped: watch::Receiver<bool>) {
        let ending = tokio::select! {
            ending = self.run() => ending,
            asked = stopped.wait_for(|stop| *stop) => match asked {
                Ok(_) => Ending::Stopped,
                // The handle is gone, and with it this task any moment.
                Err(_) => return,
            },
        };
        if let Ending::Failed(reason) = &ending {
            self.log.line(reason);
        }
        if let Err(error) = self.place.remove() {
            self.log
                .line(format!("the job's folder cannot be removed: {error}"));
        }
        for log in [&self.log, &self.data_log] {
            log.flush();
        }
        let records = self.tally.records();
        if let Err(error) = self.service.end_transform(&self.arn, ending, records) {
            // The disk is full: then the job starts again with the engine.
            self.log
                .line(format!("the job's end cannot be recorded: {error}"));
        }
        lock(&self.service.transforms).remove(&self.arn);
    }

    async fn run(&self) -> Ending {
        let internal = |reason: String| Ending::Failed(format!("InternalServerError: {reason}"));
        if let Err(error) = self.place.remove() {
            return internal(format!("the job's folder: {error}"));
        }
        let server = match self.serve().await {
            Ok(server) => server,
            Err(reason) => {
                self.log.line(reason);
                return Ending::Failed(Failure::Algorithm.reason());
            }
        };
        let now = self.service.parts.clock.epoch_seconds();
        let begun = self
            .service
            .change_transform(&self.arn, |job| job.started = Some(now));
        if let Err(error) = begun {
            return internal(error.to_string());
        }
        self.data_log.line(format!(
            "[sagemaker logs]: MaxConcurrentTransforms={}, MaxPayloadInMB={}, BatchStrategy={}",
            self.request.concurrency,
            self.request.max_payload_mb,
            self.request.strategy.word()
        ));
        if let Some(ends) = self.rehearsed().await {
            return Ending::Failed(ends);
        }
        let done = files(self, &server).await;
        server.stop().await;
        match done {
            Ok(None) => Ending::Completed,
            Ok(Some(failure)) => Ending::Failed(failure.reason()),
            Err(reason) => internal(reason),
        }
    }

    /// Has the model served, as for an endpoint.
    async fn serve(&self) -> Result<Server, String> {
        let service = &self.service;
        if service.parts.script.is_some() {
            return service
                .scripted_server(&self.serving, "transform", None)
                .await;
        }
        service.place_model(&self.place, &self.serving).await?;
        service
            .start_server(
                &self.arn,
                &self.serving,
                &self.place,
                &self.log,
                "transform",
            )
            .await
    }
}
