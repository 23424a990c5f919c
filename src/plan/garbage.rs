//! What of an environment nothing refers to any more: models, data and code of the past. Pure.
//!
//! What is kept: what serves, what the stack file asks for now, what is being trained, the newest models and
//! releases, what is pinned, and the data and code that all these were made from. Records of releases are
//! never garbage.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::action::{Action, Plan, Reason, Step, StepKind};
use super::basis::Basis;
use super::desired::Desired;
use super::observed::Observed;
use super::parameters;
use super::record::ModelRecord;
use super::up::held;
use crate::cloud::inventory::{Item, Scope, kinds};
use crate::release::{Pin, Release};
use crate::stack::Names;

/// Digits of a whole digest.
const DIGEST_CHARACTERS: usize = 64;
/// Digits of a digest that are shown.
const SHOWN: usize = 16;

/// What an object in the bucket belongs to, named by the digest of its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A model, by the beginning of its training key: artifact, checkpoints and record.
    Model(String),
    /// A data set.
    Data(String),
    /// Training code.
    Code(String),
    /// Code of the function.
    Function(String),
    /// A template of a release.
    Template(String),
}

/// What is kept although nothing of what serves refers to it.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// So many of the newest models.
    pub models: usize,
    /// All that is needed to go back to so many of the newest releases.
    pub newest_releases: usize,
    /// The releases, newest first.
    pub releases: &'a [Release],
    /// What other environments, or this one, will take over.
    pub pins: &'a [Pin],
}

impl Owner {
    /// Tells whose an object is by its key; `None` for what is nobody's to remove.
    pub fn of(key: &str, scope: &Scope) -> Option<Self> {
        let (folder, rest) = key.split_once('/')?;
        let first = rest.split('/').next()?;
        match folder {
            "models" => digits(first.split('.').next()?, Names::KEY_CHARACTERS).map(Self::Model),
            "training" => Self::of_job(first, scope),
            "checkpoints" => digits(first, DIGEST_CHARACTERS).map(|key| Self::model(&key)),
            "data" => digits(first, DIGEST_CHARACTERS).map(Self::Data),
            "code" => digits(first, DIGEST_CHARACTERS).map(Self::Code),
            "function" => Self::function(key),
            "templates" => {
                let name = first.strip_suffix(".yaml")?;
                digits(name, DIGEST_CHARACTERS).map(Self::Template)
            }
            _ => None,
        }
    }

    /// The model of a training key.
    fn model(training_key: &str) -> Self {
        Self::Model(training_key.chars().take(Names::KEY_CHARACTERS).collect())
    }

    /// The model that a training job trains, told by the job's name.
    fn of_job(name: &str, scope: &Scope) -> Option<Self> {
        let key = name.strip_prefix(&scope.stem)?.strip_prefix('-')?;
        scope.training_job(name).then(|| Self::model(key))
    }

    /// The function code under a key.
    fn function(key: &str) -> Option<Self> {
        let name = key.strip_prefix("function/")?.strip_suffix(".zip")?;
        digits(name, DIGEST_CHARACTERS).map(Self::Function)
    }

    fn item(&self, objects: usize) -> Item {
        let (kind, digest) = match self {
            Self::Model(digest) => ("model", digest),
            Self::Data(digest) => ("data", digest),
            Self::Code(digest) => ("training code", digest),
            Self::Function(digest) => ("function code", digest),
            Self::Template(digest) => ("template", digest),
        };
        let shown: String = digest.chars().take(SHOWN).collect();
        let s = if objects == 1 { "" } else { "s" };
        Item {
            kind,
            name: format!("{shown} ({objects} object{s})"),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item(1).fmt(formatter)
    }
}

fn digits(text: &str, count: usize) -> Option<String> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| text.to_owned())
}

/// What is to be removed, and the plan that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Garbage {
    /// Whose objects are removed.
    pub owners: BTreeSet<Owner>,
    /// The training jobs whose records and logs are removed.
    pub jobs: Vec<String>,
    /// The plan.
    pub plan: Plan,
}

/// Plans what is removed: whatever of `found` (with its number of objects) and of the observed jobs nothing
/// refers to. `models` is what the bucket keeps of models.
pub fn plan(
    desired: &Desired,
    observed: &Observed,
    found: &BTreeMap<Owner, usize>,
    models: &[ModelRecord],
    keep: Kept<'_>,
) -> Garbage {
    let scope = desired.deployment.scope();
    let roots = roots(desired, observed, models, keep);
    let (kept, owners): (BTreeSet<&Owner>, BTreeSet<&Owner>) =
        found.keys().partition(|owner| roots.contains(owner));
    let goes =
        |name: &str| Owner::of_job(name, &scope).is_some_and(|model| !roots.contains(&model));
    let jobs: Vec<String> = observed
        .inside
        .jobs
        .iter()
        .filter(|job| job.is_settled() && goes(&job.name))
        .map(|job| job.name.clone())
        .collect();
    let items = |owners: &BTreeSet<&Owner>| -> Vec<Item> {
        let item = |owner: &&Owner| owner.item(found.get(*owner).copied().unwrap_or_default());
        owners.iter().map(item).collect()
    };
    let mut removes = items(&owners);
    removes.extend(jobs.iter().map(|name| Item {
        kind: kinds::TRAINING_JOB,
        name: name.clone(),
    }));
    let steps = (!removes.is_empty()).then_some(Step {
        kind: StepKind::Garbage,
        action: Action::Delete,
        reason: Reason::Unreferenced,
    });
    let plan = Plan {
        steps: steps.into_iter().collect(),
        held: held(&desired.deployment, observed),
        removes,
        keeps: items(&kept),
        based_on: Basis::of(observed),
    };
    Garbage {
        owners: owners.into_iter().cloned().collect(),
        jobs,
        plan,
    }
}

/// What something refers to.
fn roots(
    desired: &Desired,
    observed: &Observed,
    models: &[ModelRecord],
    keep: Kept<'_>,
) -> BTreeSet<Owner> {
    let scope = desired.deployment.scope();
    let mut roots = BTreeSet::from([Owner::model(desired.training_key.as_str())]);
    if let Some(training) = desired.training() {
        let made_from = &training.ingredients;
        roots.insert(Owner::Data(made_from.data.digest.to_string()));
        roots.insert(Owner::Code(made_from.code.digest.to_string()));
    }
    roots.extend(Owner::function(&desired.function_key));
    let serving = |name| observed.service.as_ref()?.parameters.get(name);
    roots.extend(serving(parameters::TRAINING_KEY).map(|key| Owner::model(key)));
    roots.extend(serving(parameters::FUNCTION_CODE_KEY).and_then(|key| Owner::function(key)));
    let running = observed.inside.jobs.iter().filter(|job| !job.is_settled());
    roots.extend(running.filter_map(|job| Owner::of_job(&job.name, &scope)));
    let mut trained: Vec<&ModelRecord> = models
        .iter()
        .filter(|model| model.trained.is_some())
        .collect();
    trained.sort_by_key(|model| model.trained.as_ref().and_then(|job| job.facts.ended));
    let newest = trained.iter().rev().take(keep.models);
    roots.extend(newest.map(|model| Owner::model(model.key.as_str())));
    let serving = observed.release();
    let releases = keep.releases.iter().enumerate().filter(|(index, release)| {
        *index < keep.newest_releases || serving.as_ref() == Some(&release.id)
    });
    roots.extend(releases.flat_map(|(_, release)| of_release(release)));
    for pin in keep.pins {
        roots.insert(Owner::model(pin.model.training_key.as_str()));
        roots.extend(Owner::function(&pin.function.key));
    }
    for model in models {
        if roots.contains(&Owner::model(model.key.as_str())) {
            roots.insert(Owner::Data(model.ingredients.data.digest.to_string()));
            roots.insert(Owner::Code(model.ingredients.code.digest.to_string()));
        }
    }
    roots
}

/// What going back to a release needs.
fn of_release(release: &Release) -> Vec<Owner> {
    let templates = [&release.stacks.foundation, &release.stacks.service];
    let templates = templates.map(|template| Owner::Template(template.sha256.to_string()));
    let model = Owner::model(release.model.training_key.as_str());
    let function = Owner::function(&release.function.key);
    templates
        .into_iter()
        .chain([model])
        .chain(function)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Digest, ingredients};
    use crate::cloud::training::{TrainingPhase, TrainingState};
    use crate::plan::Inside;
    use crate::plan::tests::desired;

    fn digest(text: &str) -> Digest {
        Digest::of_bytes(text.as_bytes())
    }

    fn model(name: &str, hour: i64) -> ModelRecord {
        let mut made_from = ingredients();
        made_from.hyperparameters.insert("name".into(), name.into());
        made_from.data.digest = digest(&format!("data of {name}"));
        made_from.code.digest = digest(&format!("code of {name}"));
        let mut job = job(&made_from.key(), TrainingPhase::Completed);
        job.facts.ended = Some(jiff::Timestamp::from_second(hour * 3_600).unwrap());
        ModelRecord::new(made_from, Some(job))
    }

    fn job(key: &Digest, phase: TrainingPhase) -> TrainingState {
        TrainingState {
            name: desired().deployment.names.training_job(key.as_str()),
            phase,
            detail: String::new(),
            message: String::new(),
            failure_reason: None,
            model: None,
            metrics: BTreeMap::new(),
            facts: crate::cloud::training::JobFacts::default(),
        }
    }

    fn observed(inside: Inside) -> Observed {
        Observed {
            account: desired().deployment.account,
            foundation: None,
            service: None,
            inside,
        }
    }

    fn found(models: &[ModelRecord]) -> BTreeMap<Owner, usize> {
        let owners = |model: &ModelRecord| {
            [
                (Owner::model(model.key.as_str()), 2),
                (Owner::Data(model.ingredients.data.digest.to_string()), 1),
                (Owner::Code(model.ingredients.code.digest.to_string()), 7),
            ]
        };
        models.iter().flat_map(owners).collect()
    }

    fn newest(models: usize) -> Kept<'static> {
        Kept {
            models,
            newest_releases: 1,
            releases: &[],
            pins: &[],
        }
    }

    #[test]
    fn what_can_be_gone_back_to_stays_with_its_function_and_templates() {
        let models = [model("old", 1)];
        let mut release = crate::release::testing::release(1, "s");
        release.model.training_key = models[0].key.clone();
        release.function.key = format!("function/{}.zip", digest("function"));
        let template = Owner::Template(release.stacks.service.sha256.to_string());
        let mut found = found(&models);
        found.insert(template, 1);
        found.insert(Owner::Template(digest("another").to_string()), 1);
        found.insert(Owner::Function(digest("function").to_string()), 1);
        let keep = Kept {
            releases: &[release],
            ..newest(0)
        };
        let garbage = plan(
            &desired(),
            &observed(Inside::default()),
            &found,
            &models,
            keep,
        );
        let another = Owner::Template(digest("another").to_string());
        assert_eq!(garbage.owners, BTreeSet::from([another]));
    }

    #[test]
    fn keys_tell_whose_an_object_is_and_strangers_are_nobody_s() {
        let scope = desired().deployment.scope();
        let key = digest("key").to_string();
        let short = key[..16].to_owned();
        let job = format!("{}-{short}-r2", scope.stem);
        for (object, owner) in [
            (
                format!("models/{short}.json"),
                Some(Owner::Model(short.clone())),
            ),
            (
                format!("models/{short}.override.json"),
                Some(Owner::Model(short.clone())),
            ),
            (
                format!("training/{job}/output/model.tar.gz"),
                Some(Owner::Model(short.clone())),
            ),
            (
                format!("checkpoints/{key}/a/b.bin"),
                Some(Owner::Model(short.clone())),
            ),
            (
                format!("data/{key}/headlines.csv"),
                Some(Owner::Data(key.clone())),
            ),
            (
                format!("code/{key}/train.py"),
                Some(Owner::Code(key.clone())),
            ),
            (
                format!("function/{key}.zip"),
                Some(Owner::Function(key.clone())),
            ),
            (
                format!("templates/{key}.yaml"),
                Some(Owner::Template(key.clone())),
            ),
            (format!("releases/1-0123456789ab/{key}.json"), None),
            ("deploy/lock.json".into(), None),
            ("data/mine/notes.txt".into(), None),
            ("training/another-job/output/model.tar.gz".into(), None),
            (format!("elsewhere/{key}"), None),
            ("readme".into(), None),
        ] {
            assert_eq!(Owner::of(&object, &scope), owner, "{object}");
        }
    }

    #[test]
    fn what_is_new_stays_with_what_it_was_made_from_and_the_rest_goes() {
        let models = [model("old", 1), model("newest", 3), model("newer", 2)];
        let observed = observed(Inside::default());
        let garbage = plan(&desired(), &observed, &found(&models), &models, newest(2));
        let old = found(&models[..1]).into_keys().collect();
        assert_eq!(garbage.owners, old);
        assert_eq!(garbage.plan.removes.len(), 3);
        assert_eq!(garbage.plan.keeps.len(), 6);
        let all = plan(&desired(), &observed, &found(&models), &models, newest(3));
        assert!(all.plan.changes_nothing() && all.plan.steps.is_empty());
        assert!(crate::plan::check::flaws(&garbage.plan).is_empty());
    }

    #[test]
    fn what_is_being_trained_or_wanted_stays_however_old() {
        let models = [model("a", 1), model("b", 2)];
        let running = job(&models[0].key, TrainingPhase::InProgress);
        let ended = job(&models[1].key, TrainingPhase::Completed);
        let observed = observed(Inside {
            jobs: vec![running, ended.clone()],
            ..Inside::default()
        });
        let mut found = found(&models);
        let wanted = Owner::model(desired().training_key.as_str());
        found.insert(wanted.clone(), 1);
        let garbage = plan(&desired(), &observed, &found, &models, newest(0));
        assert!(!garbage.owners.contains(&wanted));
        assert!(
            !garbage
                .owners
                .contains(&Owner::model(models[0].key.as_str()))
        );
        assert!(
            garbage
                .owners
                .contains(&Owner::model(models[1].key.as_str()))
        );
        assert_eq!(garbage.jobs, [ended.name]);
    }
}
