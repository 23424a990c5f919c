//! Brings a model archive from the store into the folder that a server reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::SageMaker;
use super::super::archive;
use super::super::names::Kind;
use super::super::ports::S3Uri;
use super::super::state::Serving;

/// The folders of one endpoint under one configuration.
#[derive(Debug, Clone)]
pub(in super::super) struct Place {
    root: PathBuf,
}

impl Place {
    /// Names the folders of what is served from `root`.
    pub(in super::super) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Returns a further folder beside the model's.
    pub(in super::super) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Returns what stands for `/opt/ml`.
    pub(in super::super) fn ml(&self) -> PathBuf {
        self.root.join("ml")
    }

    /// Returns the file of the server program.
    pub(in super::super) fn program(&self) -> PathBuf {
        self.root.join("serve.py")
    }

    /// Removes the folders.
    pub(in super::super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl SageMaker {
    /// Names the folders of an endpoint under a configuration.
    pub(in super::super) fn place(&self, endpoint: &str, serving: &Serving) -> Place {
        Place {
            root: self.endpoint_folder(endpoint).join(&serving.config),
        }
    }

    /// Names the folder of all configurations of an endpoint.
    pub(super) fn endpoint_folder(&self, endpoint: &str) -> PathBuf {
        let mut parts = endpoint.split(':').skip(3);
        let region = parts.next().unwrap_or("us-east-1");
        let name = endpoint.rsplit('/').next().unwrap_or_default();
        debug_assert_eq!(self.arn(Kind::Endpoint, region, name), endpoint);
        self.parts
            .folder
            .join("work/endpoints")
            .join(region)
            .join(name)
    }

    /// Has the model in place: unpacked and complete. One that is there already is kept.
    ///
    /// # Errors
    /// The reason, as it is to stand in the endpoint's `FailureReason`.
    pub(in super::super) async fn place_model(
        &self,
        place: &Place,
        serving: &Serving,
    ) -> Result<(), String> {
        let model = place.ml().join("model");
        if model.is_dir() {
            return Ok(());
        }
        let trouble =
            |error: io::Error| format!("InternalServerError: the model cannot be stored: {error}");
        fs::create_dir_all(place.ml()).map_err(trouble)?;
        let uri = S3Uri::parse(&serving.model_data).ok_or("the model data has no S3 address")?;
        let file = place.root.join("model.tar.gz");
        let fetched = self
            .parts
            .store
            .get_to_file(&uri.bucket, &uri.key, &file)
            .await;
        fetched.map_err(|fault| not_downloaded(&uri, &fault.to_string()))?;
        unpack(file, place.ml().join("model.partial"), model)
            .await
            .map_err(|error| {
                format!(
                    "Failed to extract model data archive for container \"container_1\" from URL \
                     \"{uri}\": {error}. Please ensure that the object located at the URL is a valid \
                     tar.gz archive."
                )
            })
    }
}

/// What SageMaker says of a model archive that it cannot have.
pub(super) fn not_downloaded(uri: &S3Uri, reason: &str) -> String {
    format!(
        "Failed to download model data for container \"container_1\" from URL: \"{uri}\": \
         {reason}. Please ensure that there is an object located at the URL and that the role \
         passed to CreateModel has permissions to download the object."
    )
}

/// Unpacks beside the target and renames, so that a model folder that is there is complete.
async fn unpack(file: PathBuf, partial: PathBuf, model: PathBuf) -> io::Result<()> {
    let work = move || {
        remove(&partial)?;
        archive::unpack(&file, &partial)?;
        fs::rename(&partial, &model)?;
        fs::remove_file(&file)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn remove(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
    } else {
        Ok(())
    }
}
