//! What of an environment is paid for, read from what is rendered for it or deployed of it.

use serde_json::Value;

use super::MONTH;
use super::prices::{PriceKey, Unit};
use crate::stack::Use;

/// Something that is paid for by the hour, used or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is, in words.
    pub what: &'static str,
    /// How much of it, in words.
    pub quantity: String,
    /// What its price is of.
    pub key: PriceKey,
    /// Units of that price in an hour.
    pub hourly: f64,
    /// What else is to be known of it.
    pub remark: Option<&'static str>,
}

/// Instances of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// The type; the first where several would do.
    pub instance: String,
    /// How many.
    pub count: u64,
}

/// What of an environment is paid for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// What is paid for by the hour although nobody uses it.
    pub idle: Vec<Item>,
    /// What a training job runs on.
    pub training: Option<Fleet>,
    /// Whether it runs on spare capacity.
    pub spot: bool,
    /// The longest that it runs, in seconds.
    pub longest_run: Option<u64>,
    /// What a batch job runs on.
    pub batch: Option<Fleet>,
    /// The memory of the function, in GB.
    pub function_gb: Option<f64>,
    /// The memory of a serverless endpoint, in GB.
    pub serverless_gb: Option<f64>,
    /// Whether there is an HTTP API.
    pub api: bool,
}

impl Usage {
    /// Reads what CloudFormation templates make; functions are in their long form.
    pub fn of_templates<'a>(templates: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut usage = Self::default();
        let templates: Vec<&Value> = templates.into_iter().collect();
        let all = |kind: &'static str| {
            let resources = templates
                .iter()
                .filter_map(|one| one["Resources"].as_object());
            let resources = resources.flat_map(|map| map.values());
            let of_kind = resources.filter(move |resource| resource["Type"] == kind);
            of_kind.map(|resource| &resource["Properties"])
        };
        let scaled = all("AWS::ApplicationAutoScaling::ScalableTarget").next();
        let fewest = scaled.and_then(|target| whole(&target["MinCapacity"]));
        for config in all("AWS::SageMaker::EndpointConfig") {
            for variant in config["ProductionVariants"]
                .as_array()
                .into_iter()
                .flatten()
            {
                usage.variant(variant, fewest);
            }
        }
        for notebook in all("AWS::SageMaker::NotebookInstance") {
            usage.notebook(notebook);
        }
        usage.monthly(
            "KMS key",
            all("AWS::KMS::Key").count(),
            Unit::KmsKeyMonth,
            None,
        );
        let free = "the first ten of an account are free, and counted here too";
        let alarms = all("AWS::CloudWatch::Alarm").count();
        usage.monthly("alarms", alarms, Unit::AlarmMonth, Some(free));
        let function = all("AWS::Lambda::Function").next();
        let memory = function.and_then(|function| whole(&function["MemorySize"]));
        usage.function_gb = memory.map(gb);
        usage.api = all("AWS::ApiGatewayV2::Api").next().is_some();
        usage
    }

    /// Adds what a `CreateTrainingJob` request asks for.
    #[must_use]
    pub fn with_training(mut self, request: &Value) -> Self {
        self.training = fleet(&request["ResourceConfig"]);
        self.spot = request["EnableManagedSpotTraining"] == true;
        self.longest_run = whole(&request["StoppingCondition"]["MaxRuntimeInSeconds"]);
        self
    }

    /// Adds what a `CreateTransformJob` request asks for.
    #[must_use]
    pub fn with_batch(mut self, request: &Value) -> Self {
        self.batch = fleet(&request["TransformResources"]);
        self
    }

    /// Adds what lies in the bucket.
    #[must_use]
    pub fn with_storage(mut self, bytes: u64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a price of bytes needs no last bit"
        )]
        let size = bytes as f64 / 1e9;
        self.idle.push(Item {
            what: "storage",
            quantity: format!("{size:.2} GB"),
            key: PriceKey::Other(Unit::StorageGbMonth),
            hourly: size / MONTH,
            remark: Some("without earlier versions of objects"),
        });
        self
    }

    /// Every price that is needed to tell what all of it costs.
    pub fn keys(&self) -> Vec<PriceKey> {
        let mut keys: Vec<PriceKey> = self.idle.iter().map(|item| item.key.clone()).collect();
        for (fleet, purpose) in [
            (&self.training, Use::Training),
            (&self.batch, Use::Transform),
        ] {
            let fleet = fleet.as_ref();
            keys.extend(fleet.map(|fleet| PriceKey::Instance(purpose, fleet.instance.clone())));
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// One production variant; autoscaling leaves `fewest` of its instances while nobody calls.
    fn variant(&mut self, variant: &Value, fewest: Option<u64>) {
        let serverless = &variant["ServerlessConfig"];
        if let Some(memory) = whole(&serverless["MemorySizeInMB"]) {
            self.serverless_gb = Some(gb(memory));
            let ready = whole(&serverless["ProvisionedConcurrency"]).unwrap_or_default();
            if ready > 0 {
                self.idle.push(Item {
                    what: "endpoint, kept ready",
                    quantity: format!("{ready} x {memory} MB"),
                    key: PriceKey::Other(Unit::ServerlessReadyGbSecond),
                    hourly: of(ready) * gb(memory) * 3_600.0,
                    remark: None,
                });
            }
            return;
        }
        let pool = &variant["InstancePools"][0]["InstanceType"];
        let instance = variant.get("InstanceType").unwrap_or(pool);
        let Some(instance) = instance.as_str() else {
            return;
        };
        let count = fewest
            .or_else(|| whole(&variant["InitialInstanceCount"]))
            .unwrap_or(1);
        self.idle.push(Item {
            what: "endpoint",
            quantity: format!("{count} x {instance}"),
            key: PriceKey::Instance(Use::Hosting, instance.to_owned()),
            hourly: of(count),
            remark: fewest.map(|_| "the fewest instances of its autoscaling"),
        });
    }

    fn notebook(&mut self, notebook: &Value) {
        if let Some(instance) = notebook["InstanceType"].as_str() {
            self.idle.push(Item {
                what: "notebook",
                quantity: instance.to_owned(),
                key: PriceKey::Instance(Use::Notebook, instance.to_owned()),
                hourly: 1.0,
                remark: Some("while it is not stopped"),
            });
        }
        if let Some(size) = whole(&notebook["VolumeSizeInGB"]) {
            self.idle.push(Item {
                what: "notebook's disk",
                quantity: format!("{size} GB"),
                key: PriceKey::Other(Unit::NotebookGbMonth),
                hourly: of(size) / MONTH,
                remark: None,
            });
        }
    }

    fn monthly(
        &mut self,
        what: &'static str,
        count: usize,
        unit: Unit,
        remark: Option<&'static str>,
    ) {
        if count > 0 {
            self.idle.push(Item {
                what,
                quantity: count.to_string(),
                key: PriceKey::Other(unit),
                hourly: of(count as u64) / MONTH,
                remark,
            });
        }
    }
}

/// The instances that a request asks for, by the first type that it prefers.
fn fleet(resources: &Value) -> Option<Fleet> {
    let preferred = &resources["InstancePreferences"][0];
    let preferred = preferred.get("InstanceType").unwrap_or(preferred);
    let instance = resources
        .get("InstanceType")
        .unwrap_or(preferred)
        .as_str()?;
    Some(Fleet {
        instance: instance.to_owned(),
        count: whole(&resources["InstanceCount"]).unwrap_or(1),
    })
}

/// A number of a template, which may be a text there.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn of(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// MB of memory in GB, as AWS reckons them.
fn gb(megabytes: u64) -> f64 {
    of(megabytes) / 1024.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(config: &Value, more: &Value) -> Value {
        let mut template = json!({ "Resources": {
            "EndpointConfig": { "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": { "ProductionVariants": [config] } },
            "Function": { "Type": "AWS::Lambda::Function", "Properties": { "MemorySize": 512 } },
            "Api": { "Type": "AWS::ApiGatewayV2::Api", "Properties": {} },
        } });
        for (name, resource) in more.as_object().unwrap() {
            template["Resources"][name] = resource.clone();
        }
        template
    }

    fn idle(template: &Value) -> Vec<(String, f64)> {
        let usage = Usage::of_templates([template]);
        let items = usage.idle.into_iter();
        items
            .map(|item| (item.key.to_string(), item.hourly))
            .collect()
    }

    #[test]
    fn instances_are_paid_for_day_and_night_and_autoscaling_leaves_the_fewest() {
        let config = json!({ "InstanceType": "ml.m5.large", "InitialInstanceCount": 3 });
        let plain = service(&config, &json!({}));
        assert_eq!(idle(&plain), [("hosting.ml.m5.large".to_owned(), 3.0)]);
        let target = json!({ "Target": { "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": { "MinCapacity": 2, "MaxCapacity": 6 } } });
        let scaled = service(&config, &target);
        assert_eq!(idle(&scaled), [("hosting.ml.m5.large".to_owned(), 2.0)]);
        let pools = json!({ "InstancePools": [{ "InstanceType": "ml.g5.xlarge" }] });
        assert_eq!(
            idle(&service(&pools, &json!({})))[0].0,
            "hosting.ml.g5.xlarge"
        );
    }

    #[test]
    fn serverless_costs_nothing_idle_but_for_what_is_kept_ready() {
        let config = json!({ "ServerlessConfig": { "MemorySizeInMB": 4096, "MaxConcurrency": 5 } });
        let template = service(&config, &json!({}));
        assert_eq!(idle(&template), []);
        assert_eq!(Usage::of_templates([&template]).serverless_gb, Some(4.0));
        let config =
            json!({ "ServerlessConfig": { "MemorySizeInMB": 2048, "ProvisionedConcurrency": 3 } });
        let ready = 3.0 * 2.0 * 3_600.0;
        assert_eq!(
            idle(&service(&config, &json!({}))),
            [("other.serverless_ready_gb_second".to_owned(), ready)]
        );
    }

    #[test]
    fn notebooks_keys_and_alarms_count() {
        let more = json!({
            "Notebook": { "Type": "AWS::SageMaker::NotebookInstance",
                "Properties": { "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 73 } },
            "Key": { "Type": "AWS::KMS::Key", "Properties": {} },
            "One": { "Type": "AWS::CloudWatch::Alarm", "Properties": {} },
            "Two": { "Type": "AWS::CloudWatch::Alarm", "Properties": {} },
        });
        let template = json!({ "Resources": more });
        assert_eq!(
            idle(&template),
            [
                ("notebook.ml.t3.medium".to_owned(), 1.0),
                ("other.notebook_gb_month".to_owned(), 0.1),
                ("other.kms_key_month".to_owned(), 1.0 / MONTH),
                ("other.alarm_month".to_owned(), 2.0 / MONTH),
            ]
        );
    }

    #[test]
    fn requests_tell_what_runs_and_how_long_at_most() {
        let request = json!({
            "ResourceConfig": { "InstancePreferences": [{ "InstanceType": "ml.g5.xlarge" }], "InstanceCount": 2 },
            "EnableManagedSpotTraining": true,
            "StoppingCondition": { "MaxRuntimeInSeconds": 7200 },
        });
        let usage = Usage::default().with_training(&request);
        let fleet = usage.training.as_ref().unwrap();
        assert_eq!((fleet.instance.as_str(), fleet.count), ("ml.g5.xlarge", 2));
        assert_eq!((usage.spot, usage.longest_run), (true, Some(7200)));
        let request = json!({ "TransformResources": { "InstanceType": "ml.m5.xlarge", "InstanceCount": "1" } });
        let usage = usage.with_batch(&request).with_storage(2_500_000_000);
        assert_eq!(usage.batch.as_ref().unwrap().count, 1);
        let keys: Vec<String> = usage.keys().iter().map(ToString::to_string).collect();
        assert_eq!(
            keys,
            [
                "training.ml.g5.xlarge",
                "batch.ml.m5.xlarge",
                "other.storage_gb_month"
            ]
        );
    }
}
