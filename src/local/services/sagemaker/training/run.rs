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
use super::hosts::{Host, all_ended, gather, stop};
use super::metrics::Metrics;
use super::outputs::{failure_reason, has_content};
use super::request::TrainingRequest;
use super::toolkit::Toolkit;
use crate::local::runner::{Launch, Process};

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

/// How the processes ended.
pub(super) enum Ended {
    /// The one of this instance, with this status: the first that failed, or the last.
    ByItself(Host, ExitStatus),
    /// By a signal from outside, which decides what the job comes to.
    CutOff(Ending),
}

/// The instances with their processes, the logs of all but the first, and the first one's checkpoints, if
/// there are to be any.
struct Started {
    hosts: Vec<Host>,
    processes: Vec<Process>,
    logs: Vec<Arc<LogLines>>,
    checkpoints: Option<Checkpoints>,
}

impl Run {
    /// Drives the job to its end and records it.
    pub(super) async fn drive(self) {
        let log = self.log(&Host::only());
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

    /// Opens the log of an instance.
    fn log(&self, host: &Host) -> Arc<LogLines> {
        let job = &self.request.training_job_name;
        let epoch = self.service.parts.clock.epoch_millis();
        LogLines::open(
            Arc::clone(&self.service.parts.logs),
            GROUP.to_owned(),
            format!("{job}/{}-{epoch}", host.name()),
        )
    }

    /// Makes one attempt with real processes, one an instance, which are never interrupted.
    pub(super) async fn run(&self, log: &Arc<LogLines>) -> Outcome {
        let prepared = tokio::select! {
            prepared = self.prepare(log) => prepared,
            ending = self.called_off() => return Outcome::without_model(ending),
        };
        let Started {
            hosts,
            processes,
            logs,
            mut checkpoints,
        } = match prepared {
            Ok(started) => started,
            Err(reason) => {
                log.line(&reason);
                return Outcome::without_model(Ending::Failed(reason));
            }
        };
        let watch = self.watch(&hosts, &processes, log);
        let ended = match &mut checkpoints {
            None => watch.await,
            Some(checkpoints) => tokio::select! {
                ended = watch => ended,
                never = checkpoints.keep(log) => match never {},
            },
        };
        drop(processes);
        for fault in logs.iter().filter_map(|log| log.flush()) {
            log.line(format!(
                "the log of another instance is incomplete: {fault}"
            ));
        }
        self.gather(&hosts, log);
        self.upload_results(log, ended, checkpoints).await
    }

    /// Puts what all instances have left together, so that one model comes of the job.
    fn gather(&self, hosts: &[Host], log: &LogLines) {
        let first = self.layout.ml();
        for host in &hosts[1..] {
            let other = self.layout.of(host).ml();
            for folder in ["model", "output/data"] {
                match gather(&first.join(folder), &other.join(folder)) {
                    Ok(left_out) if left_out.is_empty() => {}
                    Ok(left_out) => log.line(format!(
                        "{} has left {} in {folder}, and so has algo-1, whose are kept",
                        host.name(),
                        left_out.join(", ")
                    )),
                    Err(error) => log.line(format!(
                        "what {} has left in {folder} cannot be had: {error}",
                        host.name()
                    )),
                }
            }
        }
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
        let unmade =
            |error: std::io::Error| engine(format!("the job's folder cannot be made: {error}"));
        let hosts = Host::all(self.request.resource_config.instance_count).map_err(unmade)?;
        let mut checkpoints = None;
        let mut toolkit = None;
        for host in &hosts {
            let layout = self.layout.of(host);
            layout.make(&self.request, host).map_err(unmade)?;
            self.download(&layout).await?;
            let filled = self.checkpoints(&layout).await?;
            checkpoints = checkpoints.or(filled);
            toolkit = self.toolkit(&layout).await?;
        }
        let mut platform = service.parts.environment.clone();
        let region = self.arn.split(':').nth(3).unwrap_or_default();
        for key in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            platform.push((key.to_owned(), region.to_owned()));
        }
        self.enter(
            Phase::Training,
            "Training image download completed. Training in progress.",
        )?;
        let mut started = Started {
            hosts,
            processes: Vec::new(),
            logs: Vec::new(),
            checkpoints,
        };
        for host in &started.hosts {
            let mut own = Arc::clone(log);
            if host.number > 1 {
                own = self.log(host);
                started.logs.push(Arc::clone(&own));
            }
            let layout = self.layout.of(host);
            let with = (host, toolkit.as_ref());
            let launch = layout.launch(&self.request, &self.arn, &python, &platform, with);
            let process = self.spawn(&launch, own).map_err(engine)?;
            started.processes.push(process);
        }
        Ok(started)
    }

    /// Starts the process of an instance.
    fn spawn(&self, launch: &Launch, log: Arc<LogLines>) -> Result<Process, String> {
        let (metrics, clock) = (Arc::clone(&self.metrics), self.service.parts.clock);
        let process = Process::spawn(launch, move |line| {
            metrics.scan(&line, clock.epoch_seconds());
            log.line(line);
        })
        .map_err(|error| format!("the training process cannot be started: {error}"))?;
        if process.lower_priority(NICENESS).is_err() {
            // It has ended already, so there is nothing left to slow down.
        }
        Ok(process)
    }

    /// Does what the toolkit in the image does before it runs the script: unpacks the code.
    async fn toolkit(&self, layout: &Layout) -> Result<Option<Toolkit>, String> {
        let toolkit = self.request.toolkit().map_err(|error| error.message)?;
        let Some(toolkit) = toolkit else {
            return Ok(None);
        };
        let (uri, packed) = (&toolkit.archive, layout.archive("sourcedir.tar.gz"));
        let store = &self.service.parts.store;
        let got = store.get_to_file(&uri.bucket, &uri.key, &packed).await;
        got.map_err(|fault| format!("ClientError: the code at {uri} cannot be had: {fault}"))?;
        let into = layout.code();
        let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&packed, &into)).await;
        let unpacked = unpacked.map_err(|error| format!("InternalServerError: {error}"))?;
        unpacked.map_err(|error| format!("ClientError: {uri} cannot be unpacked: {error}"))?;
        Ok(Some(toolkit))
    }

    async fn download(&self, layout: &Layout) -> Result<(), String> {
        for channel in &self.request.input_data_config {
            let text = &channel.data_source.s3_data_source.uri;
            let uri = S3Uri::parse(text)
                .ok_or_else(|| format!("ClientError: {text} is no S3 address"))?;
            let into = layout.channel(channel);
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

    /// Waits for the end of the processes, and brings it about when it is asked for or time is up. Where one
    /// fails, the others have nobody to go on with: dropping them ends them.
    async fn watch(&self, hosts: &[Host], processes: &[Process], log: &LogLines) -> Ended {
        let ending = tokio::select! {
            (index, status) = all_ended(processes) => {
                return Ended::ByItself(hosts[index].clone(), status);
            }
            ending = self.cut_off() => ending,
        };
        // Whoever asked for the end has entered the phase already.
        if ending != Ending::Stopped
            && let Err(error) = self.enter(Phase::Stopping, "Stopping the training job")
        {
            log.line(error);
        }
        stop(processes, GRACE).await;
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
            Ended::ByItself(_, status) if status.success() => Ending::Completed,
            Ended::ByItself(host, status) => {
                Ending::Failed(failure_reason(&self.layout.of(&host).ml(), status))
            }
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
