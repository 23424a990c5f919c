//! The limits that `CreateTrainingJob` sets, held against a request before it is sent: a template of the
//! project's own may render anything.
//!
//! Sources: "`CreateTrainingJob`" in the SageMaker API reference and the service model of botocore 1.44.5,
//! which takes 2,500 characters for the value of a hyperparameter.

use std::collections::BTreeSet;

use super::TrainingRequest;

/// The longest that a job runs or waits, in seconds: 28 days.
const LONGEST: i32 = 28 * 86_400;

/// Names everything in a request that is beyond a limit.
pub fn violations(request: &TrainingRequest) -> Vec<String> {
    let mut found = Found(Vec::new());
    found.name(&request.training_job_name);
    found.algorithm(request);
    let parameters = request.hyper_parameters.iter();
    found.pairs("HyperParameters", parameters, 100, (256, 2_500));
    let variables = request.environment.iter();
    found.pairs("Environment", variables, 100, (512, 512));
    let tags = request.tags.iter().map(|tag| (&tag.key, &tag.value));
    found.pairs("Tags", tags, 50, (128, 256));
    found.channels(request);
    found.resources(request);
    found.times(request);
    if let Some(vpc) = &request.vpc_config {
        found.count("VpcConfig.Subnets", vpc.subnets.len(), 1, 16);
        let groups = vpc.security_group_ids.len();
        found.count("VpcConfig.SecurityGroupIds", groups, 1, 5);
    }
    if let Some(retry) = &request.retry_strategy {
        let attempts = retry.maximum_retry_attempts;
        found.number("RetryStrategy.MaximumRetryAttempts", attempts, 1, 30);
    }
    if request.enable_managed_spot_training && request.checkpoint_config.is_none() {
        found.add("EnableManagedSpotTraining without CheckpointConfig loses what was trained");
    }
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    fn count(&mut self, what: &str, count: usize, least: usize, most: usize) {
        if !(least..=most).contains(&count) {
            self.add(format!("{what} has {count} entries, not {least} to {most}"));
        }
    }

    fn length(&mut self, what: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if !(least..=most).contains(&length) {
            self.add(format!(
                "{what} has {length} characters, not {least} to {most}"
            ));
        }
    }

    fn number(&mut self, what: &str, number: i32, least: i32, most: i32) {
        if !(least..=most).contains(&number) {
            self.add(format!("{what} is {number}, not {least} to {most}"));
        }
    }

    fn name(&mut self, name: &str) {
        self.length("TrainingJobName", name, 1, 63);
        let word = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let ends = name.starts_with('-') || name.ends_with('-');
        if ends || !name.split('-').all(word) {
            self.add("TrainingJobName has other than letters, digits and hyphens between them");
        }
    }

    fn algorithm(&mut self, request: &TrainingRequest) {
        let algorithm = &request.algorithm_specification;
        let image = &algorithm.training_image;
        self.length("TrainingImage", image, 1, 255);
        let entry = &algorithm.container_entrypoint;
        self.count("ContainerEntrypoint", entry.len(), 0, 10);
        let arguments = &algorithm.container_arguments;
        self.count("ContainerArguments", arguments.len(), 0, 100);
        for part in entry.iter().chain(arguments) {
            self.length("a part of ContainerEntrypoint or -Arguments", part, 1, 256);
        }
        let metrics = &algorithm.metric_definitions;
        self.count("MetricDefinitions", metrics.len(), 0, 40);
        for metric in metrics {
            self.length("the name of a metric", &metric.name, 1, 255);
            let what = format!("the expression of the metric {}", metric.name);
            self.length(&what, &metric.regex, 1, 500);
        }
    }

    fn pairs<'a>(
        &mut self,
        what: &str,
        pairs: impl ExactSizeIterator<Item = (&'a String, &'a String)>,
        most: usize,
        (key_most, value_most): (usize, usize),
    ) {
        self.count(what, pairs.len(), 0, most);
        for (key, value) in pairs {
            self.length(&format!("a key of {what}"), key, 1, key_most);
            self.length(&format!("{key} of {what}"), value, 0, value_most);
        }
    }

    fn channels(&mut self, request: &TrainingRequest) {
        let channels = &request.input_data_config;
        self.count("InputDataConfig", channels.len(), 1, 20);
        let mut seen = BTreeSet::new();
        for channel in channels {
            let name = &channel.channel_name;
            self.length("ChannelName", name, 1, 64);
            if !seen.insert(name) {
                self.add(format!("the channel {name} is there twice"));
            }
        }
    }

    fn resources(&mut self, request: &TrainingRequest) {
        let resources = &request.resource_config;
        let preferences = resources.instance_preferences.len();
        self.count("InstancePreferences", preferences, 0, 5);
        if resources.instance_type.is_some() == (preferences > 0) {
            self.add("ResourceConfig needs either InstanceType or InstancePreferences");
        }
        if resources.instance_count < 1 || resources.volume_size_in_gb < 1 {
            self.add("InstanceCount and VolumeSizeInGB are 1 at least");
        }
        if preferences > 0 && request.enable_managed_spot_training {
            self.add("InstancePreferences exclude EnableManagedSpotTraining");
        }
        if let Some(seconds) = resources.keep_alive_period_in_seconds {
            self.number("KeepAlivePeriodInSeconds", seconds, 0, 21_600);
            if seconds > 0 && request.enable_managed_spot_training {
                self.add("KeepAlivePeriodInSeconds excludes EnableManagedSpotTraining");
            }
        }
    }

    fn times(&mut self, request: &TrainingRequest) {
        let limits = &request.stopping_condition;
        let run = limits.max_runtime_in_seconds;
        self.number("MaxRuntimeInSeconds", run, 1, LONGEST);
        match limits.max_wait_time_in_seconds {
            Some(_) if !request.enable_managed_spot_training => {
                self.add("MaxWaitTimeInSeconds is for EnableManagedSpotTraining only");
            }
            Some(wait) => self.number("MaxWaitTimeInSeconds", wait, run, LONGEST),
            None if request.enable_managed_spot_training => {
                self.add("EnableManagedSpotTraining needs MaxWaitTimeInSeconds");
            }
            None => {}
        }
        if let Some(pending) = limits.max_pending_time_in_seconds {
            self.number("MaxPendingTimeInSeconds", pending, 1_800, LONGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request() -> Value {
        json!({
            "TrainingJobName": "news-1",
            "RoleArn": "role",
            "AlgorithmSpecification": { "TrainingImage": "image", "TrainingInputMode": "File" },
            "InputDataConfig": [channel("train")],
            "OutputDataConfig": { "S3OutputPath": "s3://b/training" },
            "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1 },
            "StoppingCondition": { "MaxRuntimeInSeconds": 60 },
        })
    }

    fn channel(name: &str) -> Value {
        let source = json!({ "S3DataType": "S3Prefix", "S3Uri": "s3://b/d" });
        json!({ "ChannelName": name, "DataSource": { "S3DataSource": source } })
    }

    fn spot() -> Value {
        let mut request = request();
        request["EnableManagedSpotTraining"] = json!(true);
        request["CheckpointConfig"] = json!({ "S3Uri": "s3://b/c" });
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = json!(60);
        request
    }

    fn found(request: &Value) -> Vec<String> {
        violations(&serde_json::from_value(request.clone()).unwrap())
    }

    /// Puts a value into a request; at the limit it is good, beyond it is named.
    fn edge(request: &Value, pointer: &str, good: Value, bad: Value, says: &str) {
        let with = |value: Value| {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let mut request = request.clone();
            request.pointer_mut(parent).unwrap()[member] = value;
            found(&request)
        };
        assert_eq!(with(good), Vec::<String>::new(), "{pointer}");
        let bad = with(bad);
        assert!(
            bad.iter().any(|text| text.contains(says)),
            "{pointer}: {bad:?}"
        );
    }

    fn map(entries: usize, value: usize) -> Value {
        (0..entries)
            .map(|at| (format!("k{at}"), Value::from("v".repeat(value))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn keyed(key: usize) -> Value {
        json!({ "k".repeat(key): "v" })
    }

    fn list(count: usize, entry: impl Fn(usize) -> Value) -> Value {
        (0..count).map(entry).collect()
    }

    #[test]
    fn names_texts_and_numbers_of_entries_are_held_to_their_limits() {
        let request = request();
        let edge = |pointer, good, bad, says| edge(&request, pointer, good, bad, says);
        edge(
            "/TrainingJobName",
            json!("n".repeat(63)),
            json!("n".repeat(64)),
            "64 characters",
        );
        edge("/TrainingJobName", json!("a-b--c"), json!("a-"), "hyphens");
        edge(
            "/HyperParameters",
            map(100, 2_500),
            map(101, 1),
            "101 entries",
        );
        edge("/HyperParameters", keyed(256), keyed(257), "257 characters");
        edge(
            "/HyperParameters",
            map(1, 0),
            map(1, 2_501),
            "2501 characters",
        );
        edge("/Environment", map(100, 512), map(101, 1), "101 entries");
        edge("/Environment", keyed(512), map(1, 513), "513 characters");
        let tags = |count| list(count, |at| json!({ "Key": format!("k{at}"), "Value": "" }));
        edge("/Tags", tags(50), tags(51), "51 entries");
        let channels = |count| list(count, |at| channel(&format!("c{at}")));
        edge("/InputDataConfig", channels(20), channels(21), "21 entries");
        edge(
            "/InputDataConfig",
            channels(1),
            json!([channel("a"), channel("a")]),
            "twice",
        );
    }

    #[test]
    fn what_runs_where_is_held_to_its_limits() {
        let request = request();
        let edge = |pointer, good, bad, says| edge(&request, pointer, good, bad, says);
        let image = "/AlgorithmSpecification/TrainingImage";
        edge(
            image,
            json!("i".repeat(255)),
            json!("i".repeat(256)),
            "256 characters",
        );
        let metrics = |count, name: usize, regex: usize| {
            let metric = json!({ "Name": "n".repeat(name), "Regex": "r".repeat(regex) });
            list(count, |_| metric.clone())
        };
        let definitions = "/AlgorithmSpecification/MetricDefinitions";
        edge(
            definitions,
            metrics(40, 255, 500),
            metrics(41, 1, 1),
            "41 entries",
        );
        edge(
            definitions,
            metrics(1, 1, 1),
            metrics(1, 256, 1),
            "256 characters",
        );
        edge(
            definitions,
            metrics(1, 1, 1),
            metrics(1, 1, 501),
            "501 characters",
        );
        edge(
            definitions,
            metrics(1, 1, 1),
            metrics(1, 1, 0),
            "0 characters",
        );
        let entry = "/AlgorithmSpecification/ContainerEntrypoint";
        let parts = |count, length| list(count, |_| json!("p".repeat(length)));
        edge(entry, parts(10, 256), parts(11, 1), "11 entries");
        edge(entry, parts(1, 1), parts(1, 257), "257 characters");
        let vpc = |subnets, groups| json!({ "Subnets": parts(subnets, 1), "SecurityGroupIds": parts(groups, 1) });
        edge("/VpcConfig", vpc(16, 5), vpc(17, 1), "17 entries");
        edge("/VpcConfig", vpc(1, 1), vpc(1, 6), "6 entries");
        let retry = |times: i32| json!({ "MaximumRetryAttempts": times });
        edge("/RetryStrategy", retry(30), retry(31), "is 31");
        edge("/RetryStrategy", retry(1), retry(0), "is 0");
    }

    #[test]
    fn times_and_what_excludes_each_other_are_held_to_the_rules() {
        let run = "/StoppingCondition/MaxRuntimeInSeconds";
        edge(
            &request(),
            run,
            json!(LONGEST),
            json!(LONGEST + 1),
            "MaxRuntime",
        );
        edge(&request(), run, json!(1), json!(0), "MaxRuntime");
        let pending = "/StoppingCondition/MaxPendingTimeInSeconds";
        edge(
            &request(),
            pending,
            json!(1_800),
            json!(1_799),
            "MaxPending",
        );
        let wait = "/StoppingCondition/MaxWaitTimeInSeconds";
        edge(&spot(), wait, json!(60), json!(59), "MaxWait");
        edge(&spot(), wait, json!(60), Value::Null, "needs MaxWait");
        edge(&request(), wait, Value::Null, json!(60), "only");
        let alive = "/ResourceConfig/KeepAlivePeriodInSeconds";
        edge(&request(), alive, json!(21_600), json!(21_601), "KeepAlive");
        edge(&spot(), alive, json!(0), json!(60), "excludes");
        let spot = spot();
        edge(
            &spot,
            "/CheckpointConfig",
            spot["CheckpointConfig"].clone(),
            Value::Null,
            "loses",
        );
        let one = |count| list(count, |_| json!({ "InstanceType": "ml.m5.large" }));
        let resources = |count| json!({ "InstancePreferences": one(count), "InstanceCount": 1, "VolumeSizeInGB": 1 });
        let single = spot["ResourceConfig"].clone();
        edge(
            &request(),
            "/ResourceConfig",
            resources(5),
            resources(6),
            "6 entries",
        );
        edge(
            &spot,
            "/ResourceConfig",
            single.clone(),
            resources(2),
            "exclude",
        );
        let mut both = resources(2);
        both["InstanceType"] = json!("ml.m5.large");
        edge(&request(), "/ResourceConfig", single, both, "either");
    }
}
