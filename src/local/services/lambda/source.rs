//! Where a function's code comes from.

use std::io;
use std::path::Path;

use super::code::{self, CodeError};
use super::model::Code;
use super::{Lambda, code_folder};

/// Code as it is given.
pub(super) enum Source {
    /// The text of the module `index`, from a template.
    Inline(String),
    /// The bytes of an archive.
    Archive(Vec<u8>),
    /// An archive in S3.
    Object {
        bucket: String,
        key: String,
        version: Option<String>,
    },
}

/// Why code cannot be had, in the words of the service.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    /// S3 does not give it.
    #[error("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")]
    Object { code: String, message: String },
    /// It cannot be used.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The disk failed.
    #[error("the local engine cannot store the code: {0}")]
    Io(#[from] io::Error),
}

impl Lambda {
    /// Fetches and unpacks code. The caller holds the gate.
    ///
    /// # Errors
    /// See [`SourceError`]; nothing is left behind then.
    pub(super) async fn fetch(&self, source: Source) -> Result<Code, SourceError> {
        let folder = code_folder(&self.parts.work);
        let scratch = match source {
            Source::Inline(text) => return unblock(move || code::inline(&text, &folder)).await,
            Source::Archive(bytes) => {
                let scratch = tempfile::tempdir_in(&self.parts.work)?;
                std::fs::write(archive(scratch.path()), bytes)?;
                scratch
            }
            Source::Object {
                bucket,
                key,
                version,
            } => {
                let scratch = tempfile::tempdir_in(&self.parts.work)?;
                let to = archive(scratch.path());
                let fetched = self
                    .parts
                    .s3
                    .get_version_to_file(&bucket, &key, version.as_deref(), &to)
                    .await;
                fetched.map_err(|fault| SourceError::Object {
                    code: fault.code().to_owned(),
                    message: fault.to_string(),
                })?;
                scratch
            }
        };
        // The scratch folder lives until the archive is unpacked.
        unblock(move || code::unpack(&archive(scratch.path()), &folder)).await
    }
}

fn archive(scratch: &Path) -> std::path::PathBuf {
    scratch.join("code.zip")
}

async fn unblock(
    work: impl FnOnce() -> Result<Code, CodeError> + Send + 'static,
) -> Result<Code, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(io::Error::other)??)
}
