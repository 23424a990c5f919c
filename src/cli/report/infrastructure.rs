//! `deploy report --infrastructure`.

use serde_json::json;

use super::super::context::{Environment, Global};
use super::super::failure::Failure;
use super::super::history;
use super::super::output::{self, Format};
use super::super::releases::{self, Known};
use super::{Arguments, Page};
use crate::graph;

/// Opens or saves the page of what a release is made of.
pub(super) async fn run(
    global: &Global,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<(), Failure> {
    let name = environment.stack.environment.as_str();
    let Some(session) = environment.session_to_look(global).await? else {
        return Err(releases::none_serves(name));
    };
    let known = Known::look(&session, environment).await?;
    let recorded = if let Some(text) = &arguments.release {
        known.meant(text)?
    } else {
        let serving = known.releases.iter().find(|one| known.serves(&one.release));
        serving.ok_or_else(|| releases::none_serves(name))?
    };
    let release = &recorded.release;
    let bucket = &environment.stack.names.bucket;
    let documents = releases::documents(&session, bucket, release).await?;
    let title = format!("{}: release {}", environment.title(), release.id);
    let facts = history::lines(recorded, &known);
    let content = graph::page(&title, &facts, &graph::resources(&title, &documents));
    let page = Page {
        content: content.as_bytes(),
        file: format!(
            "infrastructure-{}-{name}-{}.html",
            release.stack, release.id
        ),
    };
    let path = page.put(global, arguments)?;
    if global.output == Format::Json {
        output::result(&json!({
            "stack": release.stack,
            "environment": name,
            "release": release.id,
            "path": path.as_ref().map(|path| path.display().to_string()),
        }));
    } else if let Some(path) = &path {
        output::note(&title);
        output::text(&path.display().to_string());
    }
    arguments.open(global, path.as_deref());
    Ok(())
}
