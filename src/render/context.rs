//! What a template can name: the values of a stack, in AWS's units and none of them absent.
//!
//! The header of each template lists the names that it uses. Paths of this machine are left out on
//! purpose: what is rendered must not depend on where it was rendered.

use serde_json::{Value, json};
use tera::Context;

use crate::stack::{Image, Stack};

/// Builds the context of a stack.
pub(super) fn context(stack: &Stack) -> Context {
    let mut context = Context::new();
    context.insert("stack", stack.name.as_str());
    context.insert("environment", stack.environment.as_str());
    context.insert("names", &names(stack));
    context.insert("tags", &tags(stack));
    context.insert("training", &training(stack));
    context.insert("endpoint", &endpoint(stack));
    context.insert("function", &function(stack));
    context.insert("api", &api(stack));
    context.insert(
        "logs",
        &json!({ "retention_days": stack.logs.retention_days }),
    );
    context
}

fn names(stack: &Stack) -> Value {
    let names = &stack.names;
    json!({
        "bucket_prefix": names.bucket_prefix,
        "endpoint": names.endpoint,
        "function": names.function,
        "api": names.api,
        "endpoint_log_group": names.endpoint_log_group,
        "function_log_group": names.function_log_group,
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

fn training(stack: &Stack) -> Value {
    let training = &stack.training;
    let pairs = |pairs: &mut dyn Iterator<Item = (&String, &String)>| -> Value {
        pairs
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect()
    };
    json!({
        "entry_point": training.entry_point,
        "image": image(&training.image),
        "instance": training.instances.first(),
        "volume_gib": training.volume.mib() / 1024,
        "max_run_seconds": training.max_run.seconds(),
        "hyperparameters": pairs(&mut training.hyperparameters.iter()),
        "metrics": pairs(&mut training.metrics.iter()),
    })
}

fn endpoint(stack: &Stack) -> Value {
    let endpoint = &stack.endpoint;
    let capacity = endpoint.capacity.instances();
    json!({
        "image": image(&endpoint.image),
        "instance": capacity.and_then(|capacity| capacity.instances.first()),
        "count": capacity.map(|capacity| capacity.count),
        "startup_seconds": endpoint.startup_timeout.seconds(),
    })
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
    })
}

fn api(stack: &Stack) -> Value {
    let api = &stack.api;
    let first = api.routes.first();
    json!({
        "method": first.map(|route| &route.method),
        "path": first.map(|route| &route.path),
        "rate": api.throttle.rate,
        "burst": api.throttle.burst,
    })
}
