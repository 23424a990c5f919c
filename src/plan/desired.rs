//! What an environment is to be, as data: templates, parameters, uploads and the training request.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::model;
use crate::bundle::{Bundles, Digest, Ingredients};
use crate::cloud::artifacts::Source;
use crate::cloud::copies::At;
use crate::cloud::inventory::Scope;
use crate::release::{Model, Provenance, ReleaseId, Stacks, Template};
use crate::render::Rendered;
use crate::stack::{Gate, Names, S3Location, Stack};

/// Which environment is meant, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Name of the stack.
    pub stack: String,
    /// Name of the environment.
    pub environment: String,
    /// Account that it lives in.
    pub account: String,
    /// Region that it lives in.
    pub region: String,
    /// Names of all that it is made of.
    pub names: Names,
    /// The model package group that its models are entered into, if they are.
    pub registry: Option<String>,
}

/// What an environment is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Which environment it is.
    pub deployment: Deployment,
    /// Tags of everything.
    pub tags: BTreeMap<String, String>,
    /// The CloudFormation stack of the bucket and the roles.
    pub foundation: DesiredStack,
    /// The CloudFormation stack of everything that serves.
    pub service: DesiredStack,
    /// What has to be in the bucket.
    pub uploads: Vec<Upload>,
    /// Digest of everything that decides the model.
    pub training_key: Digest,
    /// Where the model comes from.
    pub model: DesiredModel,
    /// Key of the function's archive.
    pub function_key: String,
    /// The container image that serves the model; `None` where a release is gone back to, whose template
    /// alone tells it.
    pub image: Option<String>,
    /// What a release of this says about how it came about.
    pub provenance: Provenance,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum DesiredModel {
    /// From a training job of this environment.
    Trained(Box<DesiredTraining>),
    /// Somebody brings it: nothing is trained, and nobody has measured it here.
    Brought(Box<BroughtModel>),
    /// From a release: its artifact is taken as it is, and nothing is trained.
    Released(Box<ReleasedModel>),
}

/// How a model is trained, and what has to come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredTraining {
    /// Where the data is when it is in S3 already, and what was there; `None` before anybody has looked.
    pub data_in_s3: Option<(S3Location, Option<Digest>)>,
    /// Everything that decides the model.
    pub ingredients: Ingredients,
    /// The training request, with placeholders for what is known only when it is sent.
    pub request: Value,
    /// Values of those placeholders that are known already.
    pub placeholders: BTreeMap<&'static str, String>,
    /// Seconds that a training job may take, waiting for an instance included.
    pub limit_seconds: u64,
    /// What the trained model's metrics must be before it serves.
    pub gates: Vec<Gate>,
    /// How much worse than in the model that serves the metrics of the gates may be.
    pub regression: Option<f64>,
    /// Why the gates are not to hold this time, in the user's words.
    pub gate_override: Option<String>,
}

/// A model that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtModel {
    /// What people know it by.
    pub name: String,
    /// Key of its archive in the environment's own bucket.
    pub key: String,
    /// SHA-256 of the archive.
    pub sha256: Digest,
    /// The object that it is copied from; `None` for a file, which is uploaded.
    pub source: Option<At>,
}

/// A model that a release has proven.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedModel {
    /// The model; its artifact's key is the one in the environment's own bucket.
    pub model: Model,
    /// Where the artifact is taken from; `None` if it has to be in the bucket already.
    pub source: Option<At>,
}

/// A CloudFormation stack as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredStack {
    /// Name.
    pub name: String,
    /// Template text.
    pub template: String,
    /// SHA-256 of what the text says, without its comments.
    pub digest: String,
    /// Digest of everything that decides the stack's content. It is a parameter of the stack, so
    /// that one look at the stack tells whether anything is to be done.
    pub fingerprint: String,
}

/// An object that has to be in the bucket. Its key contains the digest of its content, so one that
/// is there is the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What it is for.
    pub purpose: Purpose,
    /// Key.
    pub key: String,
    /// Content.
    pub source: Source,
}

/// What an object is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Training data.
    Data,
    /// Training code.
    Code,
    /// Function code.
    Function,
    /// A model that is brought.
    Model,
}

impl Deployment {
    /// Takes what tells an environment from all others; nothing else of the stack needs to be whole.
    pub fn of(stack: &Stack) -> Self {
        Self {
            stack: stack.name.to_string(),
            environment: stack.environment.to_string(),
            account: stack.account.to_string(),
            region: stack.region.to_string(),
            names: stack.names.clone(),
            registry: stack
                .registry
                .as_ref()
                .map(|registry| registry.group.clone()),
        }
    }

    /// The names that belong to this environment and to no other.
    pub fn scope(&self) -> Scope {
        let names = &self.names;
        Scope {
            stem: names.stem.clone(),
            endpoints: names.endpoints().to_vec(),
            stacks: vec![names.foundation_stack.clone(), names.service_stack.clone()],
            bucket: names.bucket.clone(),
            log_groups: names
                .endpoint_log_groups()
                .into_iter()
                .chain([names.function_log_group.clone()])
                .collect(),
            function: names.function.clone(),
            stack: self.stack.clone(),
            environment: self.environment.clone(),
        }
    }
}

impl Desired {
    /// Puts together what an environment is to be.
    pub fn new(stack: &Stack, rendered: &Rendered, bundles: &Bundles) -> Self {
        let function_key = function_key(&bundles.function.digest);
        let (model, mut uploads) = model(stack, rendered, bundles);
        uploads.push(Upload {
            purpose: Purpose::Function,
            key: function_key.clone(),
            source: Source::Bytes(bundles.function.bytes.clone()),
        });
        let service = fingerprint(&[
            rendered.service.digest(),
            bundles.training_key.as_str(),
            bundles.function.digest.as_str(),
        ]);
        Self {
            deployment: Deployment::of(stack),
            tags: stack.tags.clone(),
            foundation: DesiredStack {
                name: stack.names.foundation_stack.clone(),
                template: rendered.foundation.text().to_owned(),
                digest: rendered.foundation.digest().to_owned(),
                fingerprint: fingerprint(&[rendered.foundation.digest()]),
            },
            service: DesiredStack {
                name: stack.names.service_stack.clone(),
                template: rendered.service.text().to_owned(),
                digest: rendered.service.digest().to_owned(),
                fingerprint: service,
            },
            uploads,
            training_key: bundles.training_key.clone(),
            model,
            function_key,
            image: Some(stack.endpoint.image.uri.clone()),
            provenance: Provenance::Deployed,
        }
    }

    /// How the model is trained; `None` for one that is not.
    pub fn training(&self) -> Option<&DesiredTraining> {
        match &self.model {
            DesiredModel::Trained(training) => Some(training),
            DesiredModel::Brought(_) | DesiredModel::Released(_) => None,
        }
    }

    /// Keys of all that has to be in the bucket before the service can be brought about, but for a model
    /// that is trained here.
    pub fn needed(&self) -> Vec<&str> {
        let uploads = self.uploads.iter().map(|upload| upload.key.as_str());
        let mut keys: Vec<&str> = uploads.collect();
        let artifact = match &self.model {
            DesiredModel::Trained(_) => None,
            DesiredModel::Brought(brought) => Some(brought.key.as_str()),
            DesiredModel::Released(released) => Some(released.model.artifact.key.as_str()),
        };
        for key in artifact.into_iter().chain([self.function_key.as_str()]) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Lets the model pass its gates for a reason, in the user's words.
    pub fn override_gates(&mut self, reason: Option<&String>) {
        if let DesiredModel::Trained(training) = &mut self.model {
            training.gate_override = reason.cloned();
        }
    }

    /// The stacks, as a release tells them.
    pub fn stacks(&self) -> Stacks {
        let template =
            |stack: &DesiredStack| Template::of(&stack.template, &stack.digest, &stack.fingerprint);
        Stacks {
            foundation: template(&self.foundation),
            service: template(&self.service),
        }
    }

    /// What a release of this is called that is the `number`th of its environment.
    pub fn release(&self, number: u32) -> ReleaseId {
        ReleaseId::new(
            number,
            &self.foundation.fingerprint,
            &self.service.fingerprint,
        )
    }

    /// Name of the job that trains this model, the `attempt`th time (from 1).
    pub fn job_name(&self, attempt: u32) -> String {
        let name = self
            .deployment
            .names
            .training_job(self.training_key.as_str());
        if attempt <= 1 {
            name
        } else {
            format!("{name}-r{attempt}")
        }
    }
}

/// Key of the function's archive.
pub(super) fn function_key(digest: &Digest) -> String {
    format!("function/{digest}.zip")
}

pub(super) fn fingerprint(parts: &[&str]) -> String {
    Digest::of_bytes(parts.join("\n").as_bytes()).to_string()
}
