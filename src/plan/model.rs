//! Where the desired model comes from: how it is trained, or from where it is brought, and what that needs
//! in the bucket.

use std::collections::BTreeMap;

use serde_json::Value;

use super::desired::{BroughtModel, DesiredModel, DesiredTraining, Purpose, Upload};
use crate::bundle::{
    BroughtBundle, BroughtFrom, Bundles, DataBundle, Digest, LocalFile, ModelBundle, RecipeBundle,
};
use crate::cloud::artifacts::Source;
use crate::cloud::copies::At;
use crate::render::Rendered;
use crate::stack::{Names, Stack, Timespan, Training};

/// Tells where the model comes from, with the objects that have to be in the bucket for it.
pub(super) fn model(
    stack: &Stack,
    rendered: &Rendered,
    bundles: &Bundles,
) -> (DesiredModel, Vec<Upload>) {
    match &bundles.model {
        ModelBundle::Trained(recipe) => trained(stack, rendered, recipe, &bundles.training_key),
        ModelBundle::Brought(bundle) => brought(&stack.names, bundle),
    }
}

/// How a model is trained, and what training needs in the bucket.
fn trained(
    stack: &Stack,
    rendered: &Rendered,
    recipe: &RecipeBundle,
    training_key: &Digest,
) -> (DesiredModel, Vec<Upload>) {
    let sourcedir = recipe.sourcedir.as_ref();
    let code = sourcedir.map_or(&recipe.code.digest, |archive| &archive.digest);
    let code_prefix = format!("code/{code}/");
    let data_prefix = format!("data/{}/", recipe.data.digest());
    let uploads = uploads(recipe, &data_prefix, &code_prefix);
    let mut placeholders = BTreeMap::from([
        ("CodePrefix", code_prefix),
        ("TrainingKey", training_key.to_string()),
    ]);
    let data_in_s3 = match &recipe.data {
        DataBundle::S3 { location, pin } => Some((location.clone(), pin.clone())),
        DataBundle::Local { .. } => {
            placeholders.insert("DataPrefix", data_prefix);
            None
        }
    };
    let training = stack.training();
    let request = rendered.training_job.as_ref();
    let model = DesiredModel::Trained(Box::new(DesiredTraining {
        data_in_s3,
        ingredients: recipe.ingredients.clone(),
        request: request.map_or(Value::Null, |request| request.value().clone()),
        placeholders,
        limit_seconds: training.map_or(0, training_limit),
        gates: training.map_or_else(Vec::new, |training| training.gates.clone()),
        regression: training.and_then(|training| training.regression),
        gate_override: None,
    }));
    (model, uploads)
}

/// A model that is brought: a file goes into the bucket as data does, an object is copied.
fn brought(names: &Names, bundle: &BroughtBundle) -> (DesiredModel, Vec<Upload>) {
    let job = names.training_job(bundle.sha256.as_str());
    let key = format!("training/{job}/brought/{}/model.tar.gz", bundle.sha256);
    let (uploads, source) = match &bundle.from {
        BroughtFrom::File(path) => {
            let upload = Upload {
                purpose: Purpose::Model,
                key: key.clone(),
                source: Source::File {
                    path: path.clone(),
                    sha256: bundle.sha256.to_string(),
                },
            };
            (vec![upload], None)
        }
        BroughtFrom::S3 { bucket, key } => (
            Vec::new(),
            Some(At {
                bucket: bucket.clone(),
                key: key.clone(),
            }),
        ),
    };
    let model = DesiredModel::Brought(Box::new(BroughtModel {
        name: bundle.name.clone(),
        key,
        sha256: bundle.sha256.clone(),
        source,
    }));
    (model, uploads)
}

/// What training needs in the bucket.
fn uploads(recipe: &RecipeBundle, data: &str, code: &str) -> Vec<Upload> {
    let each = |purpose, prefix: &str, files: &[LocalFile]| -> Vec<Upload> {
        let upload = |file: &LocalFile| Upload {
            purpose,
            key: format!("{prefix}{}", file.name),
            source: Source::File {
                path: file.path.clone(),
                sha256: file.digest.to_string(),
            },
        };
        files.iter().map(upload).collect()
    };
    let mut uploads = match &recipe.data {
        DataBundle::Local { files, .. } => each(Purpose::Data, data, files),
        DataBundle::S3 { .. } => Vec::new(),
    };
    match &recipe.sourcedir {
        Some(archive) => uploads.push(Upload {
            purpose: Purpose::Code,
            key: format!("{code}sourcedir.tar.gz"),
            source: Source::Bytes(archive.bytes.clone()),
        }),
        None => uploads.extend(each(Purpose::Code, code, &recipe.code.files)),
    }
    uploads
}

/// SageMaker counts waiting for spot capacity and training together, and waiting for an instance
/// (`MaxPendingTimeInSeconds`) by itself.
fn training_limit(training: &Training) -> u64 {
    let run = training.max_run.seconds();
    let with_wait = training.spot.as_ref().map(|spot| spot.max_wait.seconds());
    let pending = training.max_pending.map(Timespan::seconds);
    run.max(with_wait.unwrap_or_default()) + pending.unwrap_or_default()
}
