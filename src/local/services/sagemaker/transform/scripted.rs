//! A transform job without a process: it takes the time and the end that a script gives it.

use bytes::Bytes;
use tokio::time::sleep;

use super::super::endpoints::answer;
use super::run::Run;

impl Run {
    /// Lets the time pass that the script gives the job; returns why it then fails, if it does.
    pub(super) async fn rehearsed(&self) -> Option<String> {
        let stage = self.service.parts.script.as_ref()?;
        let record = self.service.read(|state| {
            let job = state.transforms.get(&self.arn);
            job.map(|job| job.record.request.to_string())
        });
        let transform = stage.transform(&record.unwrap_or_default());
        sleep(transform.takes).await;
        transform.fails
    }
}

/// Answers every line of a request in the shape that the reference model promises.
pub(super) fn answers(body: &[u8]) -> Bytes {
    let mut all = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        if !all.is_empty() {
            all.push(b'\n');
        }
        all.extend_from_slice(&answer(line, None).body);
    }
    all.into()
}
