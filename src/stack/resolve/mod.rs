//! Document to [`Stack`]: fills in defaults, composes names, looks images up, checks every rule.
//!
//! Input: the shaped document of one environment, and where it comes from. Output: the resolved
//! stack or all problems. Each section has its own file here. Must not know: how YAML is read.

mod api;
mod endpoint;
mod function;
mod image;
mod tags;
mod target;
mod training;

use std::path::Path;

use super::check::Check;
use super::document::Document;
use super::names::{EnvironmentName, Names, StackName};
use super::problem::Problem;
use super::resolved::{Data, Protection, Stack};
use super::yaml::Node;

/// Where a document comes from.
pub(super) struct Origin<'a> {
    /// The absolute path of the stack file.
    pub(super) file: &'a Path,
    /// The merged tree that the document was made from.
    pub(super) root: &'a Node,
    /// SHA-256 of that tree.
    pub(super) content_digest: String,
}

/// Resolves one environment, or says everything that is wrong with it.
pub(super) fn resolve(
    document: &Document,
    environment: &EnvironmentName,
    origin: &Origin<'_>,
) -> Result<Stack, Vec<Problem>> {
    let folder = origin.file.parent().unwrap_or(Path::new("/"));
    let mut check = Check::new(origin.root, folder);
    let stack = build(document, environment, origin, &mut check);
    let problems = check.into_problems();
    match stack {
        Some(stack) if problems.is_empty() => Ok(stack),
        _ => Err(problems),
    }
}

/// Builds the stack; `None` only if the check has a problem for it.
fn build(
    document: &Document,
    environment: &EnvironmentName,
    origin: &Origin<'_>,
    check: &mut Check<'_>,
) -> Option<Stack> {
    // Every section is looked at before the first `?`, so that one mistake does not hide another.
    let name: Option<StackName> = check.parse(&["stack"], &document.stack);
    let place = target::resolve(check, document);
    let data = data(check, &document.data.file);
    let training = training::resolve(check, &document.training, place.as_ref());
    let endpoint = endpoint::resolve(check, &document.endpoint, place.as_ref());
    let function = function::resolve(check, &document.function);
    let api = api::resolve(check, &document.api);
    let logs = function::logs(check, &document.logs);
    let tags = tags::resolve(check, &document.tags, &document.stack, environment);

    let (name, place) = (name?, place?);
    let names = match Names::compose(&name, environment, &place.account, &place.region) {
        Ok(names) => names,
        Err(error) => {
            let summary = "the stack's or the environment's name is too long";
            let problem = Problem::new(summary)
                .because(error.to_string())
                .help("shorten it");
            check.fail(&["stack"], problem);
            return None;
        }
    };
    let protected = document.protected;
    Some(Stack {
        file: origin.file.to_path_buf(),
        content_digest: origin.content_digest.clone(),
        name,
        environment: environment.clone(),
        target: place.target,
        account: place.account,
        region: place.region,
        protection: if protected {
            Protection::Protected
        } else {
            Protection::Unprotected
        },
        names,
        data: data?,
        training: training?,
        endpoint: endpoint?,
        function: function?,
        api: api?,
        logs: logs?,
        tags,
    })
}

/// Resolves the data set: one file whose name can be part of an object key.
fn data(check: &mut Check<'_>, text: &str) -> Option<Data> {
    let field = &["data", "file"];
    let file = check.file(field, text)?;
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    check.require(!name.is_empty() && name.chars().all(safe), field, || {
        Problem::new(format!(
            "the file name of `{text}` cannot be part of an object key"
        ))
        .help("rename the file to letters, digits, `.`, `_` and `-`")
    });
    Some(Data { file })
}
