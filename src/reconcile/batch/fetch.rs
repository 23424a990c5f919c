//! Gets the answers of a batch job and joins them with what was asked, shard by shard.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::Session;
use super::super::error::{ReconcileError, doing};
use super::Joined;
use super::follow::follow;
use crate::batch::{BatchError, Joiner, Part, Shape};
use crate::cloud::transform::{TransformPhase, TransformState};
use crate::plan::Deployment;
use crate::plan::batch::Places;

/// Where results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// A file, or a folder in which the file is named after the job.
    pub target: PathBuf,
    /// What they are written as.
    pub shape: Shape,
    /// A folder for what is on its way.
    pub work: PathBuf,
}

/// Waits for a job and joins what it answered, also where it failed or was stopped: then whole files have no
/// answers.
///
/// # Errors
/// There is no such job, or its objects are gone.
pub async fn fetch(
    session: &Session,
    deployment: &Deployment,
    job: &str,
    results: &Results,
) -> Result<Joined, ReconcileError> {
    let state = match follow(session, job).await {
        Err(ReconcileError::BatchFailed { state, .. }) => *state,
        other => other?,
    };
    join(session, deployment, &state, results).await
}

/// Joins what a settled job answered.
pub(super) async fn join(
    session: &Session,
    deployment: &Deployment,
    state: &TransformState,
    results: &Results,
) -> Result<Joined, ReconcileError> {
    let places = Places::of(deployment, &state.name);
    let requests = keys(session, &places.bucket, &places.requests).await?;
    let answers: BTreeSet<String> = keys(session, &places.bucket, &places.answers)
        .await?
        .into_iter()
        .collect();
    let shards = requests.iter().filter_map(|key| places.shard(key));
    let shards: Vec<String> = shards.map(str::to_owned).collect();
    if shards.is_empty() {
        return Err(ReconcileError::BatchGone(state.name.clone()));
    }
    let path = in_folder(&results.target, &state.name, results.shape);
    let partial = beside(&path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(unwritable(folder))?;
    }
    let mut joiner = Joiner::new(&partial, results.shape)?;
    let missing = match (state.phase, &state.failure_reason) {
        (TransformPhase::Failed, Some(reason)) => format!("no answer: {reason}"),
        (TransformPhase::Stopped, _) => "no answer: the job was stopped".to_owned(),
        _ => "no answer: the file has none".to_owned(),
    };
    for shard in shards {
        session.cancel.check()?;
        let answer = places.answer(&shard);
        let part = Part {
            requests: get(
                session,
                &places.bucket,
                &places.request(&shard),
                &results.work,
            )
            .await?,
            index: get(
                session,
                &places.bucket,
                &places.index(&shard),
                &results.work,
            )
            .await?,
            answers: if answers.contains(&answer) {
                Ok(get(session, &places.bucket, &answer, &results.work).await?)
            } else {
                Err(missing.clone())
            },
            name: shard,
        };
        joiner.add(&part)?;
        remove(&part)?;
    }
    let tally = joiner.finish()?;
    std::fs::rename(&partial, &path).map_err(unwritable(&path))?;
    Ok(Joined {
        path,
        shape: results.shape,
        tally,
        state: state.clone(),
    })
}

/// Removes the files of a shard that was joined.
fn remove(part: &Part) -> Result<(), BatchError> {
    let answers = part.answers.as_ref().ok();
    for file in [&part.requests, &part.index].into_iter().chain(answers) {
        std::fs::remove_file(file).map_err(unwritable(file))?;
    }
    Ok(())
}

/// Gets an object into the work folder.
async fn get(
    session: &Session,
    bucket: &str,
    key: &str,
    work: &Path,
) -> Result<PathBuf, ReconcileError> {
    let name = key.rsplit('/').next().unwrap_or(key);
    let path = work.join(name);
    let got = session.cloud.artifacts.download(bucket, key, &path).await;
    match got.map_err(doing("get the answers"))? {
        Some(_) => Ok(path),
        None => Err(ReconcileError::BatchGone(key.to_owned())),
    }
}

/// All keys that begin with a prefix, in their order.
pub(super) async fn keys(
    session: &Session,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<String>, ReconcileError> {
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let listed = session
            .cloud
            .artifacts
            .list(bucket, prefix, after.as_deref());
        let page = listed.await.map_err(doing("look into the bucket"))?;
        keys.extend(page.objects.into_iter().map(|object| object.key));
        after = page.next;
        if after.is_none() {
            return Ok(keys);
        }
    }
}

/// Names the file after the job where the target is a folder, or is written like one.
fn in_folder(target: &Path, job: &str, shape: Shape) -> PathBuf {
    let is_written_so = target.to_string_lossy().ends_with(std::path::is_separator);
    if is_written_so || target.is_dir() {
        target.join(format!("{job}.{}", shape.extension()))
    } else {
        target.to_owned()
    }
}

/// The name of a file that is not whole yet.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.partial"))
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> BatchError + use<> {
    let path = path.to_owned();
    move |source| BatchError::Unwritable { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_a_file_named_after_the_job() {
        let folder = tempfile::tempdir().unwrap();
        let named = |target: &Path| in_folder(target, "job", Shape::Csv);
        assert_eq!(named(folder.path()), folder.path().join("job.csv"));
        assert_eq!(named(Path::new("new/")), Path::new("new/job.csv"));
        assert_eq!(named(Path::new("new/a.txt")), Path::new("new/a.txt"));
        assert_eq!(
            beside(Path::new("new/a.txt")),
            Path::new("new/.a.txt.partial")
        );
    }
}
