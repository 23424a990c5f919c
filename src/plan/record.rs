//! What the bucket keeps of a model: what it was made from, and the job that made it.
//!
//! It is written before the job starts and again when the model is there, so that a model can be told from
//! another, and used again, when the job's own record is long gone.

use serde::{Deserialize, Serialize};

use crate::bundle::{Digest, Ingredients};
use crate::cloud::training::TrainingState;
use crate::stack::Names;

/// The version of the format.
const VERSION: u32 = 1;

/// What is kept of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    version: u32,
    /// The training key.
    pub key: Digest,
    /// What it is made from.
    pub ingredients: Ingredients,
    /// The job that has trained it; `None` before that.
    pub trained: Option<TrainingState>,
}

impl ModelRecord {
    /// What the keys of all these objects begin with.
    pub const FOLDER: &str = "models/";

    /// Puts together what is kept.
    pub fn new(ingredients: Ingredients, trained: Option<TrainingState>) -> Self {
        Self {
            version: VERSION,
            key: ingredients.key(),
            ingredients,
            trained,
        }
    }

    /// The object that keeps the model of a training key. It carries as much of the key as the names of
    /// jobs do.
    pub fn object(training_key: &str) -> String {
        let end = training_key.len().min(Names::KEY_CHARACTERS);
        format!("{}{}.json", Self::FOLDER, &training_key[..end])
    }

    /// Whether an object keeps a model. Beside it may be what else is kept of the model.
    pub fn is_object(key: &str) -> bool {
        let name = key.strip_prefix(Self::FOLDER);
        name.and_then(|name| name.strip_suffix(".json"))
            .is_some_and(|key| key.len() == Names::KEY_CHARACTERS && !key.contains('.'))
    }

    /// The object that keeps the model of a training job, told by the job's name.
    pub fn object_of_job(stem: &str, job: &str) -> Option<String> {
        let rest = job.strip_prefix(stem)?.strip_prefix('-')?;
        rest.is_char_boundary(Names::KEY_CHARACTERS)
            .then(|| Self::object(rest))
    }

    /// Reads what is kept; `None` for what another version of deploy wrote.
    pub fn read(text: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(text).ok()?;
        (record.version == VERSION).then_some(record)
    }

    /// What is written.
    ///
    /// # Errors
    /// Never for what this crate puts together.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::ingredients;

    #[test]
    fn a_record_is_read_as_it_was_written_and_only_by_its_version() {
        let record = ModelRecord::new(ingredients(), None);
        let text = record.text().unwrap();
        assert_eq!(ModelRecord::read(&text), Some(record));
        let later = text.replace("\"version\": 1", "\"version\": 2");
        assert_ne!(later, text);
        assert_eq!(ModelRecord::read(&later), None);
        assert_eq!(ModelRecord::read("{}"), None);
    }

    #[test]
    fn key_and_job_lead_to_the_same_object() {
        let key = ingredients().key();
        let object = ModelRecord::object(key.as_str());
        let job = format!("news-prod-{}-r2", &key.as_str()[..16]);
        assert_eq!(ModelRecord::object_of_job("news-prod", &job), Some(object));
        assert_eq!(ModelRecord::object_of_job("other", &job), None);
        let object = ModelRecord::object(key.as_str());
        assert!(ModelRecord::is_object(&object));
        let beside = object.replace(".json", ".override.json");
        assert!(!ModelRecord::is_object(&beside));
    }
}
