//! One run of a training job, from its folders to its last upload.

use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::super::SageMaker;
use super::super::archive;
use super::super::lock;
use super::super::loglines::LogLines;
use super::super::ports::S3Uri;
use super::super::runtime::chain;
use super::super::state::Phase;
use super::checkpoints::Checkpoints;
use super::container::Layout;
use super::drive::Ending;
use super::metrics::Metrics;
use super::outputs::{failure_reason, has_content};
use super::request::TrainingRequest;
use super::toolkit::Toolkit;
use crate::local::runner::Process;

/// Time between the request to end and the kill, as the platform gives it.
const GRACE: Duration = Duration::from_mins(2);

/// Training leaves the machine usable.
const NICENESS: i32 = 5;

const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// Shortest time between two progress messages that are recorded.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Everything one run needs.
pub(super) struct Run {
    pub(super) service: Arc<SageMaker>,
    pub(super) arn: String,
    pub(super) request: TrainingRequest,
    pub(super) layout: Layout,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What a run comes to, with the model if one was stored.
pub(super) struct Outcome {
    ending: Ending,
    model: Option<String>,
}

impl Outcome {
    pub(super) fn without_model(ending: Ending) -> Self {
        Self {
            ending,
            model: None,
        }
    }

    /// Tells whether the job failed by SageMaker's own fault.
    pub(super) fn is_internal_error(&self) -> bool {
        matches!(&self.ending, Ending::Failed(reason) if reason.starts_with("InternalServerError"))
    }
}

/// How the process ended.
pub(super) enum Ended {
    ByItself(ExitStatus),
    /// By a signal from outside, which decides what the job comes to.
    CutOff(Ending),
}

/// A process, and the checkpoints that it writes, if it is to.
struct Started {
    process: Process,
    checkpoints: Option<Checkpoints>,
}

impl Run {
    /// Drives the job to its end and records it.
    pub(super) async fn drive(self) {
        let name = &self.request.training_job_name;
        let epoch = self.service.parts.clock.epoch_millis();
        let log = LogLines::open(
            Arc::clone(&self.service.parts.logs),
            GROUP.to_owned(),
            format!("{name}/algo-1-{epoch}"),
        );
        let mut result = self.attempts(&log).await;
        if let Err(error) = self.layout.remove() {
            log.line(format!("the job's folder cannot be removed: {error}"));
        }
        let mut message = result.ending.message().to_owned();
        if let Some(fault) = log.flush() {
            message = format!("{message}; its log is incomplete: {fault}");
        }
        let finished = self.service.finish(
            &self.arn,
            result.ending.clone(),
            result.model.take(),
            &message,
        );
        if let Err(error) = finished {
            // The job was deleted meanwhile, or the disk is full: then it starts again with the engine.
            log.line(format!("the job's end cannot be recorded: {error}"));
        }
        lock(&self.service.jobs).remove(&self.arn);
    }

    /// Makes one attempt with a real process, which is never interrupted.
    pub(super) async fn run(&self, log: &Arc<LogLines>) -> Outcome {
        let prepared = tokio::select! {
            prepared = self.prepare(log) => prepared,
            ending = self.called_off() => return Outcome::without_model(ending),
        };
        let Started {
            process,
            mut checkpoints,
        } = match prepared {
            Ok(started) => started,
            Err(reason) => {
                log.line(&reason);
                return Outcome::without_model(Ending::Failed(reason));
            }
        };
        let watch = self.watch(&process, log);
        let ended = match &mut checkpoints {
            None => watch.await,
            Some(checkpoints) => tokio::select! {
                ended = watch => ended,
                never = checkpoints.keep(log) => match never {},
            },
        };
        drop(process);
        self.upload_results(log, ended, checkpoints).await
    }

    /// Makes everything ready and starts the process. Reasons of failures are the engine's or the
    /// request's, never the algorithm's.
    async fn prepare(&self, log: &Arc<LogLines>) -> Result<Started, String> {
        let engine = |reason: String| format!("InternalServerError: {reason}");
        let service = &self.service;
        let image = &self.request.algorithm_specification.training_image;
        let message = format!("Preparing the environment that stands for {image}");
        self.enter(Phase::Downloading, &message)?;
        let reported = Mutex::new(None::<Instant>);
        let python = service
            .parts
            .python
            .interpreter(&|line| {
                log.line(line);
                let mut last = lock(&reported);
                if last.is_none_or(|last| last.elapsed() >= REPORT_EVERY) {
                    *last = Some(Instant::now());
                    self.report(line, log);
                }
            })
            .await
            // No fault of the service, so nothing that is tried again by itself.
            .map_err(|error| {
                format!(
                    "ClientError: the local Python cannot be used: {}",
                    chain(&error)
                )
            })?;
        self.report("Downloading input data", log);
        self.layout
            .make(&self.request)
            .map_err(|error| engine(format!("the job's folder cannot be made: {error}")))?;
        self.download().await?;
        let checkpoints = self.checkpoints().await?;
        let toolkit = self.toolkit().await?;
        let mut platform = service.parts.environment.clone();
        let region = self.arn.split(':').nth(3).unwrap_or_default();
        for key in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            platform.push((key.to_owned(), region.to_owned()));
        }
        let launch = self.layout.launch(
            &self.request,
            &self.arn,
            &python,
            &platform,
            toolkit.as_ref(),
        );
        self.enter(
            Phase::Training,
            "Training image download completed. Training in progress.",
        )?;
        let (metrics, clock, log) = (
            Arc::clone(&self.metrics),
            service.parts.clock,
            Arc::clone(log),
        );
        let process = Process::spawn(&launch, move |line| {
            metrics.scan(&line, clock.epoch_seconds());
            log.line(line);
        })
        .map_err(|error| engine(format!("the training process cannot be started: {error}")))?;
        if process.lower_priority(NICENESS).is_err() {
            // It has ended already, so there is nothing left to slow down.
        }
        Ok(Started {
            process,
            checkpoints,
        })
    }

    /// Does what the toolkit in the image does before it runs the script: unpacks the code.
    async fn toolkit(&self) -> Result<Option<Toolkit>, String> {
        let toolkit = self.request.toolkit().map_err(|error| error.message)?;
        let Some(toolkit) = toolkit else {
            return Ok(None);
        };
        let (uri, packed) = (&toolkit.archive, self.layout.archive("sourcedir.tar.gz"));
        let store = &self.service.parts.store;
        let got = store.get_to_file(&uri.bucket, &uri.key, &packed).await;
        got.map_err(|fault| format!("ClientError: the code at {uri} cannot be had: {fault}"))?;
        let into = self.layout.code();
        let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&packed, &into)).await;
        let unpacked = unpacked.map_err(|error| format!("InternalServerError: {error}"))?;
        unpacked.map_err(|error| format!("ClientError: {uri} cannot be unpacked: {error}"))?;
        Ok(Some(toolkit))
    }

    async fn download(&self) -> Result<(), String> {
        for channel in &self.request.input_data_config {
            let text = &channel.data_source.s3_data_source.uri;
            let uri = S3Uri::parse(text)
                .ok_or_else(|| format!("ClientError: {text} is no S3 address"))?;
            let into = self.layout.channel(channel);
            let count = self
                .service
                .parts
                .store
                .download_prefix(&uri.bucket, &uri.key, &into)
                .await
                .map_err(|fault| format!("ClientError: Data download failed: {fault}"))?;
            if count == 0 {
                return Err(format!(
                    "ClientError: Data download failed: No S3 objects found under S3 URL \"{uri}\" \
                     given in input data source of channel {}.",
                    channel.name
                ));
            }
        }
        Ok(())
    }

    /// Waits for the end of the process, and brings it about when it is asked for or time is up.
    async fn watch(&self, process: &Process, log: &LogLines) -> Ended {
        let ending = tokio::select! {
            status = process.wait() => return Ended::ByItself(status),
            ending = self.cut_off() => ending,
        };
        // Whoever asked for the end has entered the phase already.
        if ending != Ending::Stopped
            && let Err(error) = self.enter(Phase::Stopping, "Stopping the training job")
        {
            log.line(error);
        }
        process.stop(GRACE).await;
        Ended::CutOff(ending)
    }

    /// Stores what the process left, the last state of its checkpoints first.
    pub(super) async fn upload_results(
        &self,
        log: &Arc<LogLines>,
        ended: Ended,
        checkpoints: Option<Checkpoints>,
    ) -> Outcome {
        let ml = self.layout.ml();
        let mut ending = match ended {
            Ended::CutOff(ending) => ending,
            Ended::ByItself(status) if status.success() => Ending::Completed,
            Ended::ByItself(status) => Ending::Failed(failure_reason(&ml, status)),
        };
        let mut model = None;
        if let Err(error) = self.enter(Phase::Uploading, "Uploading generated training model") {
            log.line(error);
        }
        if let Some(mut checkpoints) = checkpoints
            && let Err(reason) = checkpoints.save().await
        {
            log.line(&reason);
            if !matches!(ending, Ending::Failed(_)) {
                ending = Ending::Failed(format!("InternalServerError: {reason}"));
            }
        }
        if has_content(&ml.join("output/data")) {
            let stored =
                self.service
                    .upload(&self.request, &self.layout, "output/data", "output.tar.gz");
            if let (Err(reason), false) = (stored.await, matches!(ending, Ending::Failed(_))) {
                ending = Ending::Failed(format!("InternalServerError: {reason}"));
            }
        }
        let wanted = !matches!(ending, Ending::Failed(_))
            && (ending == Ending::Completed || has_content(&ml.join("model")));
        if wanted {
            match self
                .service
                .upload(&self.request, &self.layout, "model", "model.tar.gz")
                .await
            {
                Ok(uri) => model = Some(uri),
                Err(reason) => ending = Ending::Failed(format!("InternalServerError: {reason}")),
            }
        }
        if let Ending::Failed(reason) = &ending {
            log.line(reason);
        }
        Outcome { ending, model }
    }

    pub(super) fn enter(&self, phase: Phase, message: &str) -> Result<(), String> {
        self.service
            .enter(&self.arn, phase, message)
            .map_err(|error| format!("InternalServerError: {}", error.message))
    }

    fn report(&self, message: &str, log: &LogLines) {
        let now = self.service.parts.clock.epoch_seconds();
        if let Err(error) = self
            .service
            .change_job(&self.arn, |job| job.report(message, now))
        {
            log.line(format!("progress cannot be recorded: {error}"));
        }
    }

    pub(super) async fn stop_requested(&self) {
        let mut stopped = self.stopped.clone();
        if stopped.wait_for(|stop| *stop).await.is_err() {
            // The handle is gone, and with it this task any moment.
            std::future::pending::<()>().await;
        }
    }
}
