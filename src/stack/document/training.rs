//! The section `training`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Image, OneOrMore, Scalar};

/// How the model is trained.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Training {
    /// The folder of the training code, relative to the stack file.
    #[schemars(extend("examples" = ["../../training-code/src"]))]
    pub(in crate::stack) code: String,
    /// The script in that folder that is run.
    #[schemars(extend("examples" = ["train.py"]))]
    pub(in crate::stack) entry_point: String,
    /// How the image is made to run the script: `script` starts it from the channel `code` and needs
    /// nothing of the image but Python; `toolkit` leaves that to the SageMaker training toolkit in the
    /// image, which gets the code as `sourcedir.tar.gz`.
    #[schemars(extend("default" = "script", "examples" = ["toolkit"]))]
    pub(in crate::stack) launch: Option<Launch>,
    /// The container image.
    #[schemars(extend("examples" = [{ "pytorch": "2.8.0", "transformers": "4.56.2" }]))]
    pub(in crate::stack) image: Image,
    /// The instance type, or up to five that are tried in this order when capacity is short.
    #[schemars(extend("examples" = ["ml.g4dn.xlarge", ["ml.g5.xlarge", "ml.g4dn.xlarge"]]))]
    pub(in crate::stack) instance: OneOrMore,
    /// The number of instances. Each gets all of the data; the script has to share the work out, as the
    /// one that ships with deploy does. On the local engine each is a process, up to eight.
    #[schemars(range(min = 1, max = 20), extend("default" = 1, "examples" = [2]))]
    pub(in crate::stack) count: Option<u32>,
    /// Trains on spare capacity, which is cheaper and may be taken away; checkpoints go to the
    /// bucket. Without it: on demand.
    #[schemars(extend("default" = null, "examples" = [{ "max_wait": "4h" }]))]
    pub(in crate::stack) spot: Option<Spot>,
    /// The disk of each instance, in whole GiB.
    #[schemars(extend("default" = "50 GiB", "examples" = ["100 GiB"]))]
    pub(in crate::stack) volume: Option<String>,
    /// The longest that the job may run, `1s` to `28d`.
    #[schemars(extend("default" = "2h", "examples" = ["6h"]))]
    pub(in crate::stack) max_run: Option<String>,
    /// The longest that the job may wait for capacity, `30m` to `28d`; without it, SageMaker's own
    /// limit.
    #[schemars(extend("default" = null, "examples" = ["2h"]))]
    pub(in crate::stack) max_pending: Option<String>,
    /// How long the instances are kept for the next job (a warm pool), at most `6h`; without it,
    /// they are not.
    #[schemars(extend("default" = null, "examples" = ["10m"]))]
    pub(in crate::stack) keep_alive: Option<String>,
    /// How often SageMaker itself repeats the job after an internal error of its own; checkpoints then go
    /// to the bucket, so that it goes on where it was. Without it, it does not.
    #[schemars(range(min = 1, max = 30), extend("default" = null, "examples" = [2]))]
    pub(in crate::stack) retries: Option<u32>,
    /// Environment variables of the container.
    #[schemars(extend("default" = {}, "examples" = [{ "TOKENIZERS_PARALLELISM": "false" }]))]
    pub(in crate::stack) environment: Option<IndexMap<String, Scalar>>,
    /// Settings of the script, handed over as options `--<name> <value>`.
    #[schemars(extend("default" = {}, "examples" = [{ "epochs": 2, "learning_rate": 5e-5 }]))]
    pub(in crate::stack) hyperparameters: Option<IndexMap<String, Scalar>>,
    /// Metric name to a regular expression whose first group is the value in a log line.
    #[schemars(extend("default" = {}, "examples" = [{ "eval_accuracy": "eval_accuracy=([0-9.]+)" }]))]
    pub(in crate::stack) metrics: Option<IndexMap<String, String>>,
    /// Metric name to what its last value must be before the model is served: `>=`, `>`, `<=` or
    /// `<`, and a number. `regression: "<= 0.01 against serving"` says by how much each of these metrics
    /// may be worse than in the model that serves.
    #[schemars(extend("default" = {}, "examples" = [{ "eval_accuracy": ">= 0.93", "regression": "<= 0.01 against serving" }]))]
    pub(in crate::stack) gates: Option<IndexMap<String, String>>,
    /// The network of the containers.
    #[schemars(extend("default" = {}, "examples" = [{ "isolation": true }]))]
    pub(in crate::stack) network: Option<Network>,
    /// Keys of your own; without them, those of AWS.
    #[schemars(extend("default" = {}, "examples" = [{ "output_key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }]))]
    pub(in crate::stack) encryption: Option<Encryption>,
}

/// How the image is made to run the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::stack) enum Launch {
    /// The job's own entry point starts it.
    Script,
    /// The toolkit in the image starts it.
    Toolkit,
}

/// Training on spare capacity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Spot {
    /// The longest that waiting and running may take together, at least `max_run`.
    #[schemars(extend("examples" = ["4h"]))]
    pub(in crate::stack) max_wait: String,
}

/// The network of the training containers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Network {
    /// Subnets of your VPC; together with `security_groups`.
    #[schemars(length(min = 1, max = 16), extend("default" = null, "examples" = [["subnet-0123456789abcdef0"]]))]
    pub(in crate::stack) subnets: Option<Vec<String>>,
    /// Security groups of your VPC; together with `subnets`.
    #[schemars(length(min = 1, max = 5), extend("default" = null, "examples" = [["sg-0123456789abcdef0"]]))]
    pub(in crate::stack) security_groups: Option<Vec<String>>,
    /// Whether the containers can reach nothing but their channels.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(in crate::stack) isolation: Option<bool>,
    /// Whether traffic between instances is encrypted; needs a `count` above 1.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(in crate::stack) encrypt_traffic: Option<bool>,
}

/// Keys of the training job.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Encryption {
    /// The ARN of the KMS key for the disk; not for instances with disks of their own.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]))]
    pub(in crate::stack) volume_key: Option<String>,
    /// The ARN of the KMS key for the model and what else the job writes.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]))]
    pub(in crate::stack) output_key: Option<String>,
}
