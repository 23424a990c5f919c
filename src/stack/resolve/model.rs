//! Where the model comes from: the sections `data` and `training`, or `model`.

use super::super::check::Check;
use super::super::document::{self, Document};
use super::super::problem::Problem;
use super::super::resolved::{Brought, Data, ModelSource, Recipe, Training};
use super::data::bucket;
use crate::stack::codes;

/// How an archive's name ends.
const ENDING: &str = ".tar.gz";

/// Puts together where the model comes from, of what was resolved already.
pub(super) fn resolve(
    check: &mut Check<'_>,
    document: &Document,
    data: Option<Data>,
    training: Option<Training>,
) -> Option<ModelSource> {
    let given = [
        ("data", document.data.is_some()),
        ("training", document.training.is_some()),
    ];
    if let Some(model) = &document.model {
        for (section, _) in given.into_iter().filter(|(_, given)| *given) {
            let problem = Problem::new(
                &codes::CONTRADICTION,
                format!("`{section}` does not go with `model`"),
            )
            .because("a model that is there already is not trained")
            .help(format!(
                "keep one; an environment removes the stack's with `{section}: null`"
            ));
            check.fail(&[section], problem);
        }
        return brought(check, model).map(ModelSource::Brought);
    }
    // Of a section that cannot be read, it is told why already.
    for (section, given) in given {
        let told = given || check.is_broken(section) || check.is_broken("model");
        check.require(told, &[], || {
            Problem::new(
                &codes::MISSING_FIELD,
                format!("the stack lacks `{section}`"),
            )
            .help(format!(
                "add `{section}:`, or `model:` for a model that is there already"
            ))
        });
    }
    let mut training = training?;
    let data = data?;
    super::handover::format(check, &data, &mut training);
    Some(ModelSource::Trained(Box::new(Recipe { data, training })))
}

fn brought(check: &mut Check<'_>, model: &document::Model) -> Option<Brought> {
    let field = &["model", "artifact"];
    let sha256 = model.sha256.clone();
    if let Some(digest) = &sha256 {
        check.require(is_sha256(digest), &["model", "sha256"], || {
            Problem::new(&codes::INVALID_VALUE, "this is no SHA-256")
                .help("write 64 lower-case hexadecimal digits, as `sha256sum` prints them")
        });
    }
    check.require(model.artifact.ends_with(ENDING), field, || {
        Problem::new(
            &codes::INVALID_VALUE,
            format!("`{}` is no `{ENDING}`", model.artifact),
        )
        .because("SageMaker unpacks nothing else into the container")
        .help("pack what is to stand in /opt/ml/model: `tar -czf model.tar.gz -C FOLDER .`")
    });
    let Some(rest) = model.artifact.strip_prefix("s3://") else {
        let path = check.file(field, &model.artifact)?;
        return Some(Brought::File { path, sha256 });
    };
    let Some((name, key)) = rest.split_once('/').filter(|(_, key)| !key.is_empty()) else {
        let problem = Problem::new(
            &codes::INVALID_VALUE,
            format!("`{}` is no object in S3", model.artifact),
        )
        .help("write `s3://BUCKET/KEY`");
        check.fail(field, problem);
        return None;
    };
    bucket(check, field, name);
    check.require(sha256.is_some(), field, || {
        Problem::new(&codes::MISSING_FIELD, "nobody says which model this is")
            .because("what is in S3 may be another one tomorrow, and nothing is fetched to look")
            .help("add `sha256:` with what `sha256sum model.tar.gz` prints")
    });
    Some(Brought::S3 {
        bucket: name.to_owned(),
        key: key.to_owned(),
        sha256: sha256?,
    })
}

fn is_sha256(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(hex)
}
