//! `deploy local status` and `deploy local logs`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::super::context::Global;
use super::super::failure::Failure;
use super::super::interrupt;
use super::super::output::{self, Format};
use super::folder::Folder;
use super::launch;

/// Time between two looks at a log.
const PAUSE: Duration = Duration::from_millis(300);

/// Shows whether the engine runs, which accounts and regions are in it, and how other AWS clients reach it.
pub(super) async fn status(global: &Global, folder: &Folder) -> Result<(), Failure> {
    let found = launch::looked_at(folder).await?;
    let credentials = folder.credentials_file();
    if global.output == Format::Json {
        let (url, cells) = found.unzip();
        output::result(&json!({
            "running": url.is_some(),
            "url": url,
            "cells": cells.unwrap_or_default(),
            "credentials_file": credentials,
            "log": folder.log(),
        }));
        return Ok(());
    }
    let Some((url, cells)) = found else {
        output::text("not running");
        return Ok(());
    };
    output::text(&format!("running at {url}"));
    for cell in &cells {
        output::text(&format!("account {} in {}", cell.account, cell.region));
    }
    output::text(&format!("log: {}", folder.log().display()));
    output::note("for aws, boto3 and other clients:");
    output::text(&format!("export AWS_ENDPOINT_URL={url}"));
    output::text(&format!(
        "export AWS_SHARED_CREDENTIALS_FILE={}",
        credentials.display()
    ));
    // Some clients read the one, some the other.
    output::text("export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1");
    output::note(
        "(or the region that the stack file names in `local.region`; that is the key of account \
         000000000000, and `deploy local key --env ENVIRONMENT` prints that of another)",
    );
    Ok(())
}

/// Whether to go on printing as lines are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    /// Until Ctrl-C.
    Yes,
    /// What there is.
    No,
}

impl From<bool> for Follow {
    fn from(flag: bool) -> Self {
        if flag { Self::Yes } else { Self::No }
    }
}

/// Prints the engine's log.
pub(super) async fn logs(folder: &Folder, follow: Follow) -> Result<(), Failure> {
    let path = folder.log();
    let mut offset = 0;
    let cancel = interrupt::cancel();
    loop {
        let text = read_from(folder, &mut offset)
            .with_context(|| format!("cannot read {}", path.display()))
            .map_err(|error| {
                Failure::failed(error).hint("an engine that never ran here has no log")
            })?;
        if !text.is_empty() {
            output::text(text.trim_end_matches('\n'));
        }
        if follow == Follow::No {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = cancel.cancelled() => return Ok(()),
        }
    }
}

/// Reads what was added since `offset`; a log that became shorter was begun anew.
fn read_from(folder: &Folder, offset: &mut u64) -> io::Result<String> {
    let mut file = File::open(folder.log())?;
    let length = file.metadata()?.len();
    if length < *offset {
        *offset = 0;
    }
    file.seek(SeekFrom::Start(*offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    *offset += bytes.len() as u64;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
