//! What a job leaves: archives for the store, and the reason of a failure.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use super::super::SageMaker;
use super::super::archive;
use super::super::ports::S3Uri;
use super::container::Layout;
use super::request::TrainingRequest;

/// Longest `FailureReason`, in characters.
const MAX_REASON: usize = 1024;

impl SageMaker {
    /// Stores the folder's content as `<output path>/<job>/output/<name>`, and returns where.
    ///
    /// # Errors
    /// Why it could not be packed or stored.
    pub(super) async fn upload(
        &self,
        request: &TrainingRequest,
        layout: &Layout,
        folder: &str,
        name: &str,
    ) -> Result<String, String> {
        let to = S3Uri::parse(&request.output_data_config.s3_output_path)
            .ok_or("the output path is no S3 address")?
            .join(&format!("{}/output/{name}", request.training_job_name));
        let (from, file) = (layout.ml().join(folder), layout.archive(name));
        let packed = file.clone();
        tokio::task::spawn_blocking(move || archive::pack(&from, &packed))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("{name} cannot be packed: {error}"))?;
        self.parts
            .store
            .put_file(&to.bucket, &to.key, &file)
            .await
            .map_err(|fault| format!("{to} cannot be stored: {fault}"))?;
        Ok(to.to_string())
    }
}

/// Tells whether a folder has anything in it.
pub(super) fn has_content(folder: &Path) -> bool {
    folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
}

/// Says why the algorithm failed: its failure file, and the exit code as the contract's shell would
/// tell it.
pub(super) fn failure_reason(ml: &Path, status: ExitStatus) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(ml.join("output/failure")) {
        // Four bytes a character at most; a file that cannot be read is like none.
        let limit = u64::try_from(MAX_REASON * 4).unwrap_or(u64::MAX);
        if file.take(limit).read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
    }
    let written = String::from_utf8_lossy(&bytes);
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    let killed = (code == 137).then_some("the process was killed, probably for want of memory");
    let parts = [Some(written.trim()).filter(|text| !text.is_empty()), killed];
    let told: Vec<&str> = parts.into_iter().flatten().collect();
    let separator = if told.is_empty() { "" } else { ", " };
    let end = format!("{separator}exit code: {code}");
    let room = MAX_REASON.saturating_sub(end.chars().count());
    let start: String = format!("AlgorithmError: {}", told.join(", "))
        .chars()
        .take(room)
        .collect();
    start + &end
}

/// Cuts a reason to the length that the API allows.
pub(super) fn cut_reason(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_file_comes_first() {
        let ml = tempfile::tempdir().unwrap();
        std::fs::create_dir(ml.path().join("output")).unwrap();
        let status = ExitStatus::from_raw(3 << 8);
        assert_eq!(
            failure_reason(ml.path(), status),
            "AlgorithmError: exit code: 3"
        );
        std::fs::write(ml.path().join("output/failure"), "no data in train\n").unwrap();
        assert_eq!(
            failure_reason(ml.path(), status),
            "AlgorithmError: no data in train, exit code: 3"
        );
        std::fs::write(ml.path().join("output/failure"), "ä".repeat(5000)).unwrap();
        let reason = failure_reason(ml.path(), status);
        assert_eq!(reason.chars().count(), MAX_REASON);
        assert!(reason.ends_with("exit code: 3"), "{reason}");
    }

    #[test]
    fn a_killed_process_points_at_memory() {
        let reason = failure_reason(Path::new("/none"), ExitStatus::from_raw(9));
        assert!(
            reason.contains("memory") && reason.ends_with("exit code: 137"),
            "{reason}"
        );
    }
}
