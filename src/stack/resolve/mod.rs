//! Document to [`Stack`]: fills in defaults, composes names, looks images up, checks every rule.
//!
//! Input: the shaped document of one environment, and where it comes from. Output: the resolved
//! stack or all problems. Each section has its own file here. Must not know: how YAML is read.

mod api;
mod arn;
mod container;
mod cors;
mod data;
mod endpoint;
mod extras;
mod function;
mod gates;
mod handover;
mod image;
mod instance;
mod launch;
mod limits;
mod model;
mod promotion;
mod role;
mod rollout;
mod tags;
mod target;
mod training;
mod ttl;

use std::collections::BTreeSet;
use std::path::Path;

use super::check::Check;
use super::document::{self, Document};
use super::names::{EnvironmentName, Names, StackName};
use super::problem::Problem;
use super::resolved::{Brought, Capacity, DataSource, Endpoint, ModelSource, Protection, Stack};
use super::yaml::Node;
use crate::stack::codes;

/// Where a document comes from.
pub(super) struct Origin<'a> {
    /// The absolute path of the stack file.
    pub(super) file: &'a Path,
    /// The text of the stack file.
    pub(super) text: &'a str,
    /// The merged tree that the document was made from.
    pub(super) root: &'a Node,
    /// SHA-256 of that tree.
    pub(super) content_digest: String,
    /// The sections that were left out since their shape is wrong.
    pub(super) broken: BTreeSet<String>,
}

/// Resolves one environment; without a stack there is at least one problem, unless a section is
/// broken.
pub(super) fn resolve(
    document: &Document,
    environment: &EnvironmentName,
    origin: &Origin<'_>,
) -> (Option<Stack>, Vec<Problem>) {
    let folder = origin.file.parent().unwrap_or(Path::new("/"));
    let mut check = Check::new(origin, folder);
    let stack = build(document, environment, origin, &mut check);
    (stack, check.into_problems())
}

/// Builds the stack; `None` only if the check has a problem for it, or a section is broken.
fn build(
    document: &Document,
    environment: &EnvironmentName,
    origin: &Origin<'_>,
    check: &mut Check<'_>,
) -> Option<Stack> {
    // Every section is looked at before the first `?`, so that one mistake does not hide another.
    let name = document.stack.as_ref();
    let name: Option<StackName> = name.and_then(|name| check.parse(&["stack"], name));
    let place = target::resolve(check, document);
    let at = place.as_ref();
    let data = document.data.as_ref();
    let data = data.and_then(|data| data::resolve(check, data));
    let training = document.training.as_ref();
    let training = training.and_then(|training| training::resolve(check, training, at));
    let endpoint = document.endpoint.as_ref();
    let endpoint = endpoint.and_then(|endpoint| endpoint::resolve(check, document, endpoint, at));
    let function = document.function.as_ref();
    let function = function.and_then(|function| function::resolve(check, function));
    let api = document.api.as_ref();
    let api = api::resolve(check, api.unwrap_or(&document::Api::default()), at);
    let batch = document.batch.as_ref();
    let batch = batch.map(|batch| extras::batch(check, batch, at));
    let notebook = document.notebook.as_ref();
    let notebook = notebook.map(|notebook| extras::notebook(check, notebook, at));
    let registry = document.registry.as_ref();
    let registry = registry.map(|registry| extras::registry(check, registry));
    let alarms = document.alarms.as_ref();
    let alarms = alarms.map(|alarms| extras::alarms(check, alarms, at));
    let logs = document.logs.as_ref();
    let logs = extras::logs(check, logs.unwrap_or(&document::Logs::default()));
    let (tags, of) = (document.tags.as_ref(), document.stack.as_deref());
    let tags = tags::resolve(check, tags, of, environment);
    let boundary = role::boundary(check, document.permissions_boundary.as_deref(), at);
    let checks = document.checks.as_ref();
    let waivers = checks.map(|checks| extras::waivers(check, checks));
    let promotion = promotion::resolve(check, document, training.as_ref(), data.as_ref());
    let ttl = ttl::resolve(check, document);
    let prices = document.prices.as_ref();
    let prices = prices.and_then(|prices| check.file(&["prices"], prices));
    let model = model::resolve(check, document, data, training);

    if let (Some(endpoint), Some(Some(batch)), Some(place)) = (&endpoint, &batch, at) {
        instance::same_processor(check, endpoint, batch, place);
    }

    let (name, place) = (name?, place?);
    let names = names(check, &name, environment, &place, endpoint.as_ref())?;
    foreign_bucket(check, model.as_ref(), &names);
    Some(Stack {
        file: origin.file.to_path_buf(),
        content_digest: origin.content_digest.clone(),
        name,
        environment: environment.clone(),
        target: place.target,
        account: place.account,
        region: place.region,
        protection: protection(document),
        ttl,
        promotion,
        names,
        model: model?,
        endpoint: endpoint?,
        function: function?,
        api: api?,
        batch: transposed(batch)?,
        notebook: transposed(notebook)?,
        registry: transposed(registry)?,
        alarms: transposed(alarms)?,
        logs: logs?,
        tags,
        prices,
        permissions_boundary: boundary,
        waivers: waivers.unwrap_or_default(),
    })
}

fn protection(document: &Document) -> Protection {
    if document.protected == Some(true) {
        Protection::Protected
    } else {
        Protection::Unprotected
    }
}

/// Turns a section that may be absent or mistaken into one that is absent, or nothing at all.
#[expect(
    clippy::option_option,
    reason = "absent and mistaken are two different things"
)]
fn transposed<T>(section: Option<Option<T>>) -> Option<Option<T>> {
    match section {
        None => Some(None),
        Some(resolved) => resolved.map(Some),
    }
}

/// Composes the names, and requires that they fit.
fn names(
    check: &mut Check<'_>,
    name: &StackName,
    environment: &EnvironmentName,
    place: &target::Placement,
    endpoint: Option<&Endpoint>,
) -> Option<Names> {
    let capacity = endpoint.map(|endpoint| &endpoint.capacity);
    match Names::compose(name, environment, &place.account, &place.region) {
        Ok(names) if matches!(capacity, Some(Capacity::Serverless(_))) => Some(names.serverless()),
        Ok(names) => Some(names),
        Err(error) => {
            let summary = "the stack's or the environment's name is too long";
            let problem = Problem::new(&codes::NAME_TOO_LONG, summary)
                .because(error.to_string())
                .help("shorten it");
            check.fail(&["stack"], problem);
            None
        }
    }
}

/// Requires that what is taken from S3 is not in the environment's own bucket.
fn foreign_bucket(check: &mut Check<'_>, model: Option<&ModelSource>, names: &Names) {
    let (bucket, field) = match model {
        Some(ModelSource::Brought(Brought::S3 { bucket, .. })) => (bucket, ["model", "artifact"]),
        Some(ModelSource::Trained(recipe)) => match &recipe.data.source {
            DataSource::S3(location) => (&location.bucket, ["data", "s3"]),
            DataSource::File(_) | DataSource::Folder(_) => return,
        },
        _ => return,
    };
    check.require(*bucket != names.bucket, &field, || {
        Problem::new(&codes::OWN_BUCKET, "the bucket is the environment's own")
            .because("`deploy down` empties it")
            .help("name a bucket that outlives the environment")
    });
}
