//! What has to hold before a release of another environment is taken over, resolved.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::data::Format;
use super::training::{Comparison, Gate};
use crate::stack::names::EnvironmentName;
use crate::stack::units::{Latency, Timespan};

/// How releases of another environment are taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Promotion {
    /// The other environment.
    pub from: EnvironmentName,
    /// Conditions on the model's metrics.
    pub gates: Vec<Gate>,
    /// How much worse than in the model that serves here the metrics of the gates may be.
    pub regression: Option<f64>,
    /// How long the release must have served there.
    pub bake: Timespan,
    /// How old the release may be; `None` for any age.
    pub max_age: Option<Timespan>,
    /// Texts whose labels are known; `None` if there are none.
    pub holdout: Option<Holdout>,
    /// Load that is put on the other environment's API; `None` if there is none.
    pub load: Option<Probe>,
    /// Who has to approve; `None` if nobody has to.
    pub approvals: Option<Approvals>,
}

/// Texts whose labels are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdout {
    /// The absolute path of the file.
    pub file: PathBuf,
    /// What it is like: as the data set is.
    pub format: Format,
    /// The model's label for each label of the file, where these differ.
    pub labels: BTreeMap<String, String>,
    /// How many texts are put, from the beginning of the file.
    pub limit: u32,
    /// What the part of right answers must be.
    pub accuracy: Option<(Comparison, f64)>,
    /// What the mean of the classes' F1 must be.
    pub macro_f1: Option<(Comparison, f64)>,
}

/// Load, and what must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Connections at once.
    pub connections: u32,
    /// How long.
    pub duration: Timespan,
    /// The times that this part of a hundred answers must stay below.
    pub percentiles: BTreeMap<u8, Latency>,
    /// Errors that there may be, of a hundred requests; what the API's own throttle turns away is none.
    pub errors_percent: u32,
}

/// Who has to approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals {
    /// How many people.
    pub needed: u32,
    /// The absolute path of the file of who may; `None` if nobody signs.
    pub signers: Option<PathBuf>,
    /// Whether the word of the CI system counts.
    pub ci: bool,
}
