//! The ports: what `deploy` needs of a cloud, in its own words.
//!
//! Purpose: lets planning and reconciling be written and tested without an SDK. Input: requests in
//! the words of this crate. Output: what is there, or a [`CloudFault`]. Must not know: SDK types,
//! plans, the terminal, or whether AWS or the local engine answers.
//!
//! The contract of every method: it makes one attempt (beneath it the client may retry transport
//! errors and throttling), never waits for something to finish, and may be repeated. A thing that is
//! not there is `None` or a success of its deletion, not a fault.

pub mod alarms;
pub mod artifacts;
pub mod checkup;
pub mod condition;
pub mod copies;
pub mod diagnosis;
pub mod drift;
pub mod endpoints;
pub mod fault;
pub mod functions;
pub mod identity;
pub mod inventory;
pub mod logs;
pub mod prices;
pub mod quotas;
pub mod records;
pub mod registry;
pub mod stacks;
pub mod training;
pub mod transform;
pub mod web;

use std::sync::Arc;
use std::time::Duration;

pub use fault::{CloudFault, FaultKind, chain};

/// One environment's cloud: its ports, all aimed at the same account and region.
#[derive(Clone)]
pub struct Cloud {
    /// Who is calling.
    pub identity: Arc<dyn identity::Identity>,
    /// What is looked at before anything is done.
    pub checkup: Arc<dyn checkup::Checkup>,
    /// CloudFormation stacks, to be looked at.
    pub stacks: Arc<dyn stacks::Stacks>,
    /// Change sets of stacks.
    pub changes: Arc<dyn stacks::Changes>,
    /// Deletions and roll-backs of stacks.
    pub withdrawals: Arc<dyn stacks::Withdrawals>,
    /// Objects in the environment's bucket.
    pub artifacts: Arc<dyn artifacts::Artifacts>,
    /// Objects on their way into the environment's bucket from another one.
    pub copies: Arc<dyn copies::Copies>,
    /// Conditionally written objects in the environment's bucket.
    pub records: Arc<dyn records::Records>,
    /// Training jobs.
    pub training: Arc<dyn training::Training>,
    /// Batch transform jobs.
    pub transforms: Arc<dyn transform::Transforms>,
    /// The model registry.
    pub registry: Arc<dyn registry::Registry>,
    /// Quotas of the account.
    pub quotas: Arc<dyn quotas::Quotas>,
    /// The AWS Price List.
    pub prices: Arc<dyn prices::PriceList>,
    /// Log streams.
    pub logs: Arc<dyn logs::Logs>,
    /// Alarms.
    pub alarms: Arc<dyn alarms::Alarms>,
    /// Functions.
    pub functions: Arc<dyn functions::Functions>,
    /// Endpoints and their runtime.
    pub endpoints: Arc<dyn endpoints::Endpoints>,
    /// Everything of an environment that exists, whoever made it.
    pub inventory: Arc<dyn inventory::Inventory>,
    /// Drift as CloudFormation detects it.
    pub drift: Arc<dyn drift::StackDrift>,
    /// Resources as their own services tell them.
    pub read_back: Arc<dyn drift::ReadBack>,
    /// Plain HTTP requests to the environment's own API.
    pub web: Arc<dyn web::Web>,
    /// How often this cloud may be asked.
    pub pace: Pace,
}

/// How often a cloud may be asked the same thing again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The shortest pause between two looks.
    pub shortest: Duration,
    /// The longest pause between two looks in the first hour.
    pub longest: Duration,
}

impl Pace {
    /// For AWS, whose limits are shared by everybody who works in the account: never more than one look
    /// a second, and few of them when something takes hours.
    pub const SHARED: Self = Self {
        shortest: Duration::from_secs(1),
        longest: Duration::from_secs(20),
    };
    /// For an endpoint of our own, where most things take less than a second.
    pub const OWN: Self = Self {
        shortest: Duration::from_millis(15),
        longest: Duration::from_secs(5),
    };
}
