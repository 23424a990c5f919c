//! A promotion on the terminal.

use super::Both;
use crate::cli::failure::Failure;
use crate::cli::{output, releases};
use crate::diff::{self, Besides, Compared, Content, ContentChange, ModelDiff, Report};
use crate::release::Promotion;

/// Shows what differs between what serves and what is to serve, and what was found.
pub(super) async fn show(both: &Both, promotion: &Promotion) -> Result<(), Failure> {
    output::note(&format!(
        "{}: {} of {} is to be taken over by {}",
        both.to.stack.name,
        promotion.from.release,
        both.from.stack.environment,
        both.to.stack.environment
    ));
    let region = &both.to.stack.region;
    if both.from.stack.region != *region {
        output::note(&format!(
            "the endpoint's image is taken in {region}: {}",
            both.to.stack.endpoint.image.uri
        ));
    }
    let report = difference(both).await?;
    output::note(diff::human(&report).trim_end());
    for evidence in &promotion.evidence {
        let sign = if evidence.passed { "ok    " } else { "FAILED" };
        output::note(&format!("{sign} {evidence}"));
    }
    for approval in &promotion.approvals {
        output::note(&format!("ok     approved by {approval}"));
    }
    if let Some(unproven) = &promotion.unproven {
        output::note(&format!(
            "warning: not proven: {} (\"{}\")",
            unproven.differs.join(", "),
            unproven.reason
        ));
    }
    Ok(())
}

/// What differs between what serves and what is to serve: model, templates and function.
async fn difference(both: &Both) -> Result<Report, Failure> {
    let (stack, candidate) = (&both.to.stack, &both.candidate.release);
    let serving = both.serving.as_ref();
    let before = match serving {
        Some(serving) => {
            Some(releases::documents(&both.session, &stack.names.bucket, serving).await?)
        }
        None => None,
    };
    let mut after = diff::documents_of(&both.rendered).map_err(Failure::failed)?;
    // Nothing is trained, and a batch takes its request from the working tree.
    after.retain(|name, _| releases::is_kept(name));
    let function = serving.and_then(|serving| {
        let (before, after) = (&serving.function.sha256, &both.function.digest);
        let path = stack.function.code.display().to_string();
        ContentChange::of_archives(Content::FunctionCode, path, before, after)
    });
    let model = ModelDiff::between(
        serving.map(Compared::Released),
        Some(Compared::Released(candidate)),
    );
    let besides = Besides {
        content: function.into_iter().collect(),
        model: Some(model),
        settings: Vec::new(),
    };
    let environment = stack.environment.as_str();
    let found = diff::compare_environment(environment, before.as_ref(), Some(&after), besides);
    let base = serving.map_or_else(
        || "nothing".to_owned(),
        |serving| format!("release {} of {}", serving.id, serving.environment),
    );
    let subject = format!("release {} of {}", candidate.id, candidate.environment);
    let report = Report::new(stack.name.as_str(), &base, vec![found], Vec::new());
    Ok(report.about(&subject))
}
