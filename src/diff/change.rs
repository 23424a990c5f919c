//! What a comparison finds, as data. Serialised, this is the JSON form; `schema.json` beside this
//! file is its JSON Schema, and tests hold the two together.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::model::ModelDiff;
use crate::bundle::Digest;

/// The version of the JSON form. It rises when a field changes its meaning or goes away; a new
/// field alone does not raise it.
pub const VERSION: u32 = 1;

/// The differences of a stack's environments.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// Name of the stack.
    pub stack: String,
    /// What was compared, in words: as a rule the working tree.
    pub subject: String,
    /// What it was compared with, in words.
    pub base: String,
    /// Whether anything differs.
    pub changed: bool,
    /// The day that the facts about resource types are of.
    pub facts: String,
    /// The environments that were compared, in order; also those without a difference.
    pub environments: Vec<EnvironmentDiff>,
    /// What the reader must know about the comparison itself.
    pub notes: Vec<String>,
}

/// The differences of one environment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EnvironmentDiff {
    /// Name of the environment.
    pub environment: String,
    /// Whether it is on both sides.
    pub presence: Presence,
    /// The rendered documents that differ.
    pub documents: Vec<DocumentDiff>,
    /// Data and code that differ, or of which nothing is known.
    pub content: Vec<ContentChange>,
    /// The models, where a release is on a side.
    pub model: Option<ModelDiff>,
    /// What the tool does otherwise, between two environments.
    pub settings: Vec<SettingChange>,
    /// What the changes mean, the gravest first.
    pub consequences: Vec<Consequence>,
}

/// Something that the tool itself does otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SettingChange {
    /// The field of the stack file.
    pub setting: String,
    /// In the base; `None` where it is not set.
    pub before: Option<String>,
    /// On the other side.
    pub after: Option<String>,
}

/// Whether something is on both sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// On both sides.
    Both,
    /// In the working tree only.
    New,
    /// In the base only.
    Gone,
}

/// The differences of one rendered document.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DocumentDiff {
    /// Name of the file without its ending, e.g. `service`.
    pub document: String,
    /// Whether it is on both sides.
    pub presence: Presence,
    /// What differs, in the order of the template.
    pub changes: Vec<Change>,
}

/// One changed thing: a resource, an output, a parameter, or a whole request.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// What it is.
    pub section: Section,
    /// Logical id, or name.
    pub id: String,
    /// The resource type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What happens to it.
    pub action: Action,
    /// JSON pointer into the rendered document: the new one, or the base's for what is removed.
    pub pointer: String,
    /// The properties that differ.
    pub properties: Vec<PropertyChange>,
    /// Who gains or loses which permission.
    pub permissions: Vec<Permission>,
    /// Where it comes from.
    pub origin: Option<Origin>,
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// A CloudFormation resource.
    Resource,
    /// A request to SageMaker's API.
    Request,
    /// A parameter of the template.
    Parameter,
    /// An output of the template.
    Output,
    /// A condition of the template.
    Condition,
    /// A mapping of the template.
    Mapping,
    /// Anything else at the top of the template.
    Template,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing happens in the account: only how CloudFormation treats it differs.
    Bookkeeping,
    /// It is updated in place.
    Update,
    /// It is made.
    Add,
    /// It may be replaced; the values decide, and they are not known offline.
    MayReplace,
    /// A new one is made and the old one removed.
    Replace,
    /// It is removed.
    Remove,
}

/// One changed property.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PropertyChange {
    /// The path for people, e.g. `ProductionVariants[AllTraffic].InstanceType`.
    pub path: String,
    /// JSON pointer into the rendered document: the new one, or the base's for what is removed.
    pub pointer: String,
    /// What kind of difference it is.
    pub difference: Difference,
    /// The value in the base.
    pub before: Option<Value>,
    /// The value in the working tree.
    pub after: Option<Value>,
    /// What it does to the resource.
    pub effect: Effect,
    /// Why it has that effect; `None` for an update in place.
    pub rule: Option<String>,
    /// For a value that changes because another one does: which.
    pub because: Option<Cause>,
    /// Where it comes from.
    pub origin: Option<Origin>,
}

/// Kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Another value.
    Value,
    /// The same items of a list in another order.
    Order,
    /// A policy; the permissions of the change say what it means.
    Policy,
    /// The same text, but what it refers to changes.
    Reference,
}

/// What a changed property does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing in the account.
    None,
    /// An update in place.
    InPlace,
    /// Perhaps a replacement.
    MayReplace,
    /// A replacement.
    Replace,
}

/// Another change that a value follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Cause {
    /// The document that it is in; `None` for data and code.
    pub document: Option<String>,
    /// What is referred to, e.g. `Model.ModelName` or `ModelDataKey`.
    pub reference: String,
    /// Whether the value changes for certain.
    pub certain: bool,
}

/// A permission that is gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Permission {
    /// Whether it is gained or lost.
    pub direction: Direction,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Who has it.
    pub who: String,
    /// The actions.
    pub actions: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
    /// Under which condition; `None` for none.
    pub condition: Option<String>,
    /// Whether somebody may do more than before because of it.
    pub widens: bool,
}

/// Gained, lost, or left of something that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// In the working tree only.
    Gains,
    /// What is left of something that is lost.
    Keeps,
    /// In the base only.
    Loses,
}

/// Data or code that is not part of the rendered documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContentChange {
    /// What it is.
    pub what: Content,
    /// The path as it is found in the repository, or as the stack file names it.
    pub path: String,
    /// What is known of it.
    pub state: ContentState,
}

/// Kinds of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The archive of a model that is brought.
    Model,
    /// The data file.
    Data,
    /// The training code.
    TrainingCode,
    /// The function's code.
    FunctionCode,
}

/// What is known of data or code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ContentState {
    /// It differs.
    Changed {
        /// The files that differ, with `+`, `~` or `-` before each.
        files: Vec<String>,
    },
    /// The stack file names another one.
    Moved {
        /// What it named before.
        before: String,
    },
    /// It is another archive, of which only the digest is known.
    Archive {
        /// SHA-256 in the base.
        before: String,
        /// SHA-256 on the other side.
        after: String,
    },
    /// Nothing is known.
    Unknown {
        /// Why.
        because: String,
    },
}

/// What the changes mean for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Consequence {
    /// How grave it is.
    pub severity: Severity,
    /// What it is about.
    pub topic: Topic,
    /// A sentence.
    pub text: String,
    /// The resource it is about, as `document/logical id`.
    pub resource: Option<String>,
}

/// How grave a consequence is; the gravest is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something is lost, stops, or is open to everybody.
    Danger,
    /// Worth a second look.
    Caution,
    /// Good to know.
    Info,
}

/// What a consequence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A change that CloudFormation refuses.
    Refused,
    /// Data that is lost.
    Data,
    /// Who can reach it.
    Exposure,
    /// Who may do what.
    Permissions,
    /// The address that callers use.
    Address,
    /// Whether a model is trained.
    Training,
    /// Which model serves, and what it answers.
    Model,
    /// How the endpoint is updated.
    Endpoint,
    /// Instances beside those that serve, while it is updated.
    Fleet,
    /// What it costs.
    Cost,
    /// Everything else.
    Other,
}

/// Where a rendered value comes from. Filled in from the provenance of rendering, where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Origin {
    /// The line of the rendered file.
    pub rendered: Option<Line>,
    /// The line of the template.
    pub template: Option<Line>,
    /// The line of the stack file.
    pub stack: Option<Line>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

impl ContentChange {
    /// Compares two archives by their digests; `None` when they are the same.
    pub fn of_archives(
        what: Content,
        path: String,
        before: &Digest,
        after: &Digest,
    ) -> Option<Self> {
        (before != after).then(|| Self {
            what,
            path,
            state: ContentState::Archive {
                before: before.to_string(),
                after: after.to_string(),
            },
        })
    }
}

impl Change {
    /// The gravest of its properties' effects as an action.
    pub(super) fn action_of(properties: &[PropertyChange]) -> Action {
        match properties.iter().map(|property| property.effect).max() {
            Some(Effect::Replace) => Action::Replace,
            Some(Effect::MayReplace) => Action::MayReplace,
            Some(Effect::InPlace) => Action::Update,
            Some(Effect::None) | None => Action::Bookkeeping,
        }
    }
}

impl Action {
    /// The sign that stands before it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Remove => "-",
            Self::Update => "~",
            Self::Replace => "±",
            Self::MayReplace => "±?",
            Self::Bookkeeping => "·",
        }
    }

    /// What happens, in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "added",
            Self::Remove => "removed",
            Self::Update => "updated in place",
            Self::Replace => "replaced",
            Self::MayReplace => "may be replaced",
            Self::Bookkeeping => "unchanged itself",
        }
    }
}
