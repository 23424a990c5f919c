//! What the servers of endpoints use of their instances, minute by minute, as the service measures it ("Monitor
//! SageMaker with CloudWatch", developer guide).
//!
//! Every instance is this machine, and its containers are one process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{SageMaker, lock};
use super::Fleet;
use crate::local::runner::usage;

const NAMESPACE: &str = "/aws/sagemaker/Endpoints";

/// The processor time that each process had had at the last look.
type Times = HashMap<u32, Duration>;

impl SageMaker {
    /// Measures the servers every minute as long as the service is there.
    pub(in super::super) fn measure_servers(self: &Arc<Self>) {
        if self.parts.script.is_some() {
            return; // What is played uses nothing.
        }
        let (weak, clock) = (Arc::downgrade(self), self.parts.clock);
        tokio::spawn(async move {
            let (mut times, mut looked) = (Times::new(), Instant::now());
            loop {
                clock.next_minute().await;
                let Some(service) = weak.upgrade() else {
                    return;
                };
                times = service.look_at_servers(&times, looked.elapsed());
                looked = Instant::now();
            }
        });
    }

    /// Measures every server once; returns its processor time for the next look, after some time.
    pub(super) fn look_at_servers(&self, before: &Times, passed: Duration) -> Times {
        let mut times = Times::new();
        for (endpoint, variant, process) in self.servers() {
            let dimensions = [
                ("EndpointName", endpoint.as_str()),
                ("VariantName", variant.as_str()),
            ];
            let record = |name, value| {
                let metrics = &self.parts.metrics;
                metrics.record(NAMESPACE, name, &dimensions, value);
            };
            if let (Some(used), Some(all)) = (usage::resident(process), usage::memory_of_machine())
            {
                record("MemoryUtilization", percent(used, all));
            }
            if let Some(time) = usage::processor_time(process) {
                if let Some(before) = before.get(&process) {
                    let used = time.saturating_sub(*before);
                    record("CPUUtilization", 100.0 * used.div_duration_f64(passed));
                }
                times.insert(process, time);
            }
        }
        times
    }

    /// The processes that serve, each with the names of its endpoint and variant.
    fn servers(&self) -> Vec<(String, String, u32)> {
        let live = lock(&self.live);
        let of_fleet = |arn: &str, fleet: &Fleet| -> Vec<_> {
            let endpoint = arn.rsplit('/').next().unwrap_or_default();
            let variant = &fleet.serving.variant;
            let processes = fleet.processes().into_iter();
            processes
                .map(|process| (endpoint.to_owned(), variant.clone(), process))
                .collect()
        };
        live.iter()
            .flat_map(|(arn, live)| live.fleets().map(|fleet| of_fleet(arn, fleet)))
            .flatten()
            .collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^53 KiB")]
fn percent(part: u64, all: u64) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}
