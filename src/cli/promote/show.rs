//! A promotion on the terminal.

use std::collections::{BTreeMap, BTreeSet};

use super::Both;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::diff::{self, Documents, Report};
use crate::reconcile;
use crate::release::{Promotion, Release};

/// Shows what differs between what serves and what is to serve, and what was found.
pub(super) async fn show(both: &Both, promotion: &Promotion) -> Result<(), Failure> {
    let (from, to) = (&both.from.stack.environment, &both.to.stack.environment);
    output::note(&format!(
        "{}: {} of {from} is to be taken over by {to}",
        both.to.stack.name, promotion.from.release
    ));
    for line in figures(
        &both.candidate.release,
        both.serving.as_ref(),
        from.as_str(),
        to.as_str(),
    ) {
        output::note(&line);
    }
    let region = &both.to.stack.region;
    if both.from.stack.region != *region {
        output::note(&format!(
            "the endpoint's image is taken in {region}: {}",
            both.to.stack.endpoint.image.uri
        ));
    }
    let report = difference(both).await?;
    if report.changed {
        output::note(diff::human(&report).trim_end());
    }
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

/// The metrics side by side, those of single classes too.
fn figures(new: &Release, serving: Option<&Release>, from: &str, to: &str) -> Vec<String> {
    let named = |release: &Release| -> BTreeMap<String, f64> {
        let metrics = release.model.metrics.clone();
        let classes = release.model.classes.iter();
        let classes = classes.map(|(label, f1)| (format!("F1 of {label}"), *f1));
        metrics.into_iter().chain(classes).collect()
    };
    let (new, old) = (named(new), serving.map(named).unwrap_or_default());
    let metrics: BTreeSet<&String> = new.keys().chain(old.keys()).collect();
    let cell = |value: Option<&f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
    let row = |name: &&String| {
        let (new, old) = (new.get(*name), old.get(*name));
        let change = new.zip(old).map(|(new, old)| format!("{:+.4}", new - old));
        [
            (*name).clone(),
            cell(new),
            cell(old),
            change.unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 4]> = metrics.iter().map(row).collect();
    output::table(["metric", from, to, "change"], &rows)
}

/// What differs between the templates that serve and those that are to serve.
async fn difference(both: &Both) -> Result<Report, Failure> {
    let unreadable = |error: diff::UnreadableDocument| Failure::failed(error);
    let mut before = None;
    if let Some(serving) = &both.serving {
        let bucket = &both.to.stack.names.bucket;
        let mut documents = Documents::new();
        for (name, template) in [
            ("foundation", &serving.stacks.foundation),
            ("service", &serving.stacks.service),
        ] {
            let text = reconcile::template(&both.session, bucket, template).await?;
            let document = diff::read_document(&format!("{name}.yaml"), &text);
            documents.insert(name.to_owned(), document.map_err(unreadable)?);
        }
        before = Some(documents);
    }
    let mut after = diff::documents_of(&both.rendered).map_err(unreadable)?;
    // What a release holds: nothing is trained, and a batch takes its request from the working tree.
    after.retain(|name, _| matches!(name.as_str(), "foundation" | "service"));
    let environment = both.to.stack.environment.as_str();
    let found = diff::compare_environment(environment, before.as_ref(), Some(&after), Vec::new());
    let base = both.serving.as_ref().map_or_else(
        || "nothing".to_owned(),
        |serving| format!("release {}", serving.id),
    );
    Ok(Report::new(
        both.to.stack.name.as_str(),
        &base,
        vec![found],
        Vec::new(),
    ))
}
