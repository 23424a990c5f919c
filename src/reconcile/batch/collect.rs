//! Brings an input that is in S3 to this machine, object by object, in flat memory.

use std::path::Path;

use super::super::Session;
use super::super::error::{ReconcileError, doing};
use super::fetch::keys;
use crate::batch::InputFile;
use crate::stack::S3Location;

/// Downloads every object whose key begins with the location's prefix. Each is called by its key, whose end
/// tells what is in it.
///
/// # Errors
/// There is nothing, or it cannot be read.
pub async fn collect(
    session: &Session,
    location: &S3Location,
    folder: &Path,
) -> Result<Vec<InputFile>, ReconcileError> {
    let mut files = Vec::new();
    for key in keys(session, &location.bucket, &location.prefix).await? {
        session.cancel.check()?;
        // What a console shows as a folder is an empty object.
        if key.ends_with('/') {
            continue;
        }
        let path = folder.join(format!("{:06}", files.len()));
        let got = session
            .cloud
            .artifacts
            .download(&location.bucket, &key, &path)
            .await;
        if got.map_err(doing("get the input"))?.is_some() {
            files.push(InputFile { name: key, path });
        }
    }
    if files.is_empty() {
        return Err(ReconcileError::NoData(location.clone()));
    }
    Ok(files)
}
