//! What a template can name: the values of a stack, in AWS's units.
//!
//! The header of each template lists the names that it uses. What a stack does not have is null,
//! never absent, so that a template can ask for it. Paths of this machine are left out on purpose:
//! what is rendered must not depend on where it was rendered.

mod api;
mod endpoint;
mod training;

use serde_json::{Value, json};
use tera::Context;

use crate::stack::{Alarms, Batch, BatchStrategy, DataSource, Image, Notebook, Stack};

/// Builds the context of a stack.
pub(super) fn context(stack: &Stack) -> Context {
    let mut context = Context::new();
    context.insert("stack", stack.name.as_str());
    context.insert("environment", stack.environment.as_str());
    context.insert("names", &names(stack));
    context.insert("tags", &tags(stack));
    context.insert("permissions_boundary", &stack.permissions_boundary);
    context.insert("data", &data(stack));
    context.insert("training", &stack.training().map(training::values));
    context.insert("endpoint", &endpoint::values(&stack.endpoint));
    context.insert("function", &function(stack));
    context.insert("api", &api::values(&stack.api));
    context.insert("batch", &stack.batch.as_ref().map(batch));
    context.insert("notebook", &stack.notebook.as_ref().map(notebook));
    context.insert("alarms", &stack.alarms.as_ref().map(alarms));
    context.insert(
        "logs",
        &json!({ "retention_days": stack.logs.retention_days }),
    );
    context
}

/// Data that is in S3 already; what is uploaded has its place in the environment's own bucket.
fn data(stack: &Stack) -> Value {
    let s3 = match stack.data().map(|data| &data.source) {
        Some(DataSource::S3(location)) => Some(json!({
            "uri": location.to_string(),
            "bucket": location.bucket,
            "prefix": location.prefix,
        })),
        Some(DataSource::File(_) | DataSource::Folder(_)) | None => None,
    };
    json!({ "s3": s3 })
}

fn names(stack: &Stack) -> Value {
    let names = &stack.names;
    json!({
        "stem": names.stem,
        "endpoint": names.endpoint,
        // What a role may do with the endpoint it may do with that of the other kind: when one takes over
        // from the other, both serve for some minutes.
        "endpoints": names.endpoints(),
        "endpoint_log_groups": names.endpoint_log_groups(),
        "function": names.function,
        "api": names.api,
        "notebook": names.notebook,
        // What the names of all alarms begin with: a role may look at these and no others.
        "alarm_prefix": format!("{}-", names.stem),
        "endpoint_log_group": names.endpoint_log_group,
        "function_log_group": names.function_log_group,
        "api_log_group": names.api_log_group,
    })
}

fn tags(stack: &Stack) -> Value {
    stack
        .tags
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

/// An image; `repositories` has one entry, or none for an image that is pulled from nowhere.
fn image(image: &Image) -> Value {
    let repositories: Vec<Value> = image
        .repository
        .iter()
        .map(|repository| {
            json!({
                "account": repository.account.as_str(),
                "region": repository.region.as_str(),
                "name": repository.name,
            })
        })
        .collect();
    json!({ "uri": image.uri, "repositories": repositories })
}

fn function(stack: &Stack) -> Value {
    let function = &stack.function;
    let seconds = function.timeout.seconds();
    json!({
        "handler": function.handler,
        "runtime": function.runtime,
        "memory_mib": function.memory.mib(),
        "timeout_seconds": seconds,
        // A second more than the function has, so that the function is the one that says so.
        "integration_milliseconds": (seconds + 1) * 1000,
        "concurrency": function.concurrency,
    })
}

fn batch(batch: &Batch) -> Value {
    json!({
        "instance": batch.instance,
        "count": batch.count,
        "strategy": match batch.strategy {
            BatchStrategy::SingleRecord => "SingleRecord",
            BatchStrategy::MultiRecord => "MultiRecord",
        },
        "max_payload_mib": batch.max_payload.mib(),
        "max_concurrency": batch.max_concurrency,
    })
}

fn notebook(notebook: &Notebook) -> Value {
    json!({
        "instance": notebook.instance,
        "volume_gib": notebook.volume.mib() / 1024,
    })
}

fn alarms(alarms: &Alarms) -> Value {
    json!({
        "errors": alarms.errors,
        "latency_microseconds": alarms.latency.milliseconds() * 1000,
        "memory_percent": alarms.memory_percent,
        "window_seconds": alarms.window.seconds(),
        "notify": alarms.notify,
    })
}
