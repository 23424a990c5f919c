//! Deleting: objects, versions, many at once.

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error, ObjectIdentifier,
};

use super::S3;
use super::condition::Conditions;
use super::fault::S3Fault;
use super::index::{BucketState, Change};
use super::model::{NULL_VERSION, Version, Versioning};
use super::put::{next_version_id, refuse_first, shown_version};

/// What one deletion did.
#[derive(Debug, Default)]
struct Deletion {
    /// Whether a delete marker was made, or removed.
    marker: bool,
    /// Version that was made or removed, where versioning was ever on.
    version_id: Option<String>,
}

impl S3 {
    /// Deletes an object, leaving a delete marker where versioning is on. One that is not there is left
    /// alone.
    ///
    /// # Errors
    /// `NoSuchBucket`, or the change cannot be written.
    pub fn delete(&self, bucket: &str, key: &str) -> Result<(), S3Fault> {
        self.permit_own(Some("s3:DeleteObject"), bucket, Some(key))?;
        self.store.commit(|index| {
            let state = index.bucket(bucket)?;
            if state.present(key).is_none() {
                return Ok((Vec::new(), ()));
            }
            let target = (bucket, key, None);
            let (changes, _) = self.deletion(state, target, &Conditions::default())?;
            Ok((changes, ()))
        })
    }

    /// Removes a version, or hides an object behind a delete marker where versioning is on.
    pub(super) fn delete_object(
        &self,
        input: DeleteObjectInput,
    ) -> Result<DeleteObjectOutput, S3Fault> {
        refuse_first(&[
            (input.mfa.is_some(), "MFA delete"),
            (
                input.if_match_size.is_some() || input.if_match_last_modified_time.is_some(),
                "delete conditions on size or time",
            ),
        ])?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: None,
        };
        let deletion = self.store.commit(|index| {
            let state = index.bucket(&input.bucket)?;
            let version = input.version_id.as_deref();
            self.deletion(state, (&input.bucket, &input.key, version), &conditions)
        })?;
        Ok(DeleteObjectOutput {
            delete_marker: deletion.marker.then_some(true),
            version_id: deletion.version_id,
            ..DeleteObjectOutput::default()
        })
    }

    /// Deletes up to 1,000 keys or versions in one durable step.
    pub(super) fn delete_objects(
        &self,
        input: &DeleteObjectsInput,
    ) -> Result<DeleteObjectsOutput, S3Fault> {
        refuse_first(&[(input.mfa.is_some(), "MFA delete")])?;
        if input.delete.objects.is_empty() || input.delete.objects.len() > 1000 {
            return Err(S3Fault::bad_request(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            ));
        }
        let quiet = input.delete.quiet.unwrap_or(false);
        self.store.commit(|index| {
            let state = index.bucket(&input.bucket)?;
            let mut changes = Vec::new();
            let (mut deleted, mut errors) = (Vec::new(), Vec::new());
            for object in &input.delete.objects {
                match self.delete_one(state, &input.bucket, object) {
                    Ok((change, entry)) => {
                        changes.extend(change);
                        deleted.push(entry);
                    }
                    Err(fault) => errors.push(Error {
                        code: Some(fault.code().to_owned()),
                        key: Some(object.key.clone()),
                        message: Some(fault.to_string()),
                        version_id: object.version_id.clone(),
                    }),
                }
            }
            let output = DeleteObjectsOutput {
                deleted: (!quiet).then_some(deleted),
                errors: Some(errors),
                ..DeleteObjectsOutput::default()
            };
            Ok((changes, output))
        })
    }

    fn delete_one(
        &self,
        state: &BucketState,
        bucket: &str,
        object: &ObjectIdentifier,
    ) -> Result<(Vec<Change>, DeletedObject), S3Fault> {
        let conditions = Conditions {
            if_match: object.e_tag.clone().map(ETagCondition::ETag),
            if_none_match: None,
        };
        let version = object.version_id.as_deref();
        let (changes, deletion) =
            self.deletion(state, (bucket, &object.key, version), &conditions)?;
        let entry = DeletedObject {
            key: Some(object.key.clone()),
            version_id: object.version_id.clone(),
            delete_marker: deletion.marker.then_some(true),
            delete_marker_version_id: deletion.version_id.filter(|_| deletion.marker),
        };
        Ok((changes, entry))
    }

    /// Decides what deleting `(bucket, key, version id)` changes.
    fn deletion(
        &self,
        state: &BucketState,
        (bucket, key, version_id): (&str, &str, Option<&str>),
        conditions: &Conditions,
    ) -> Result<(Vec<Change>, Deletion), S3Fault> {
        conditions.check_write(state.present(key))?;
        let drop = |id: &str| Change::DropVersion {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            id: id.to_owned(),
        };
        if let Some(id) = version_id {
            let versions = state.objects.get(key).into_iter().flatten();
            let gone = versions.into_iter().find(|version| version.id == id);
            let deletion = Deletion {
                marker: gone.is_some_and(|version| version.content.is_none()),
                version_id: Some(id.to_owned()),
            };
            return Ok((gone.map(|_| drop(id)).into_iter().collect(), deletion));
        }
        if state.bucket.versioning == Versioning::Off {
            let there = state.objects.contains_key(key);
            let changes = there.then(|| drop(NULL_VERSION)).into_iter().collect();
            return Ok((changes, Deletion::default()));
        }
        let id = next_version_id(state);
        let deletion = Deletion {
            marker: true,
            version_id: shown_version(state, &id),
        };
        let change = Change::AddVersion {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: Box::new(Version {
                id,
                modified: self.clock.epoch_millis(),
                content: None,
            }),
        };
        Ok((vec![change], deletion))
    }
}
