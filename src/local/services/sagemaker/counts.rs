//! Counting invocations as the service does ("Monitor SageMaker with CloudWatch", developer guide).

use std::time::Duration;

use super::SageMaker;
use super::runtime::{Invocation, InvokeError};
use super::state::Serving;

impl SageMaker {
    /// Counts an invocation, for the variant and for its servers under this configuration: during an
    /// update alarms can tell the new ones from the old ones.
    pub(super) fn count(
        &self,
        endpoint: &str,
        serving: &Serving,
        result: &Result<Invocation, InvokeError>,
        took: Duration,
    ) {
        let status = match result {
            Ok(_) => 200,
            Err(InvokeError::Model { status, .. }) => *status,
            // The model was not asked.
            Err(InvokeError::Api(_)) => return,
        };
        let variant = [
            ("EndpointName", endpoint),
            ("VariantName", serving.variant.as_str()),
        ];
        let config = ("EndpointConfigName", serving.config.as_str());
        let fleet = [variant[0], variant[1], config];
        let is = |fits: bool| f64::from(u8::from(fits));
        let instances = u32::try_from(serving.instances.max(1)).unwrap_or(u32::MAX);
        let share = f64::from(instances).recip();
        for dimensions in [&variant[..], &fleet[..]] {
            for (name, value) in [
                ("Invocations", 1.0),
                ("InvocationsPerInstance", share),
                ("Invocation4XXErrors", is((400..500).contains(&status))),
                ("Invocation5XXErrors", is((500..600).contains(&status))),
                ("InvocationModelErrors", is(!(200..300).contains(&status))),
                ("ModelLatency", took.as_secs_f64() * 1e6),
            ] {
                let metrics = &self.parts.metrics;
                metrics.record("AWS/SageMaker", name, dimensions, value);
            }
        }
    }
}
