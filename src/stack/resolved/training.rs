//! How the model is trained, resolved.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use indexmap::IndexMap;

use super::Image;
use crate::stack::units::{Size, Timespan};

/// How the model is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// The absolute path of the code bundle's folder.
    pub code: PathBuf,
    /// The script in that folder, relative to it.
    pub entry_point: String,
    /// How the image is made to run the script.
    pub launch: Launch,
    /// The container image.
    pub image: Image,
    /// The instance types in the order of preference: 1 to 5.
    pub instances: Vec<String>,
    /// The number of instances.
    pub count: u32,
    /// Training on spare capacity; `None` for on demand.
    pub spot: Option<Spot>,
    /// The disk of each instance, in whole GiB.
    pub volume: Size,
    /// The longest that the job may run.
    pub max_run: Timespan,
    /// The longest that the job may wait for capacity; `None` for the service's own limit.
    pub max_pending: Option<Timespan>,
    /// How long the instances are kept for the next job; `None` for not at all.
    pub keep_alive: Option<Timespan>,
    /// How often SageMaker itself repeats the job after an internal error; `None` for not at all.
    pub retries: Option<u32>,
    /// Environment variables of the container.
    pub environment: BTreeMap<String, String>,
    /// Settings of the script, as the strings that SageMaker hands over.
    pub hyperparameters: BTreeMap<String, String>,
    /// Metric name to the regular expression whose first group is its value.
    pub metrics: IndexMap<String, String>,
    /// What the metrics must be before the model is served.
    pub gates: Vec<Gate>,
    /// How much worse than in the model that serves the metrics of the gates may be.
    pub regression: Option<f64>,
    /// The network of the containers.
    pub network: Network,
    /// Keys of the user's own.
    pub encryption: Encryption,
}

impl Training {
    /// Whether checkpoints go to the bucket, so that a job that begins again goes on where it was.
    pub fn keeps_checkpoints(&self) -> bool {
        self.spot.is_some() || self.retries.is_some()
    }
}

/// How the image is made to run the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launch {
    /// The job's own entry point starts it from the channel `code`.
    Script,
    /// The SageMaker training toolkit in the image unpacks `sourcedir.tar.gz` and starts it.
    Toolkit,
}

/// Training on spare capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The longest that waiting and running may take together.
    pub max_wait: Timespan,
}

/// What the last value of a metric must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The metric, one of the training's.
    pub metric: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub threshold: f64,
}

impl Gate {
    /// Whether a value of the metric is good enough; not-a-number never is.
    pub fn passes(&self, value: f64) -> bool {
        self.comparison.holds(value, self.threshold)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = self.comparison.symbol();
        write!(f, "{} {symbol} {}", self.metric, self.threshold)
    }
}

/// How a metric is compared with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

impl Comparison {
    /// All comparisons, the longer symbols first so that a prefix is not taken for the whole.
    pub const ALL: [Self; 4] = [Self::AtLeast, Self::AtMost, Self::Above, Self::Below];

    /// Whether it holds between a value and a threshold; not-a-number never is good enough.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::Above => value > threshold,
            Self::AtMost => value <= threshold,
            Self::Below => value < threshold,
        }
    }

    /// The symbol that it is written with.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
        }
    }
}

/// The network of the training containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The part of a VPC that they run in; `None` for the service's own network.
    pub vpc: Option<Vpc>,
    /// Whether they can reach nothing but their channels.
    pub isolation: bool,
    /// Whether traffic between instances is encrypted.
    pub encrypt_traffic: bool,
}

/// A part of a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// The ids of the subnets.
    pub subnets: Vec<String>,
    /// The ids of the security groups.
    pub security_groups: Vec<String>,
}

/// ARNs of the KMS keys of a training job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// For the disk.
    pub volume_key: Option<String>,
    /// For what the job writes to the bucket.
    pub output_key: Option<String>,
}
