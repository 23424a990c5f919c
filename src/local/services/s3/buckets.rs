//! Buckets themselves: make, list, look at, remove.

use s3s::dto::{
    Bucket as ListedBucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
    GetBucketLocationOutput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
};

use super::fault::S3Fault;
use super::index::{BucketState, Change};
use super::list::owner;
use super::model::{Bucket, Versioning};
use super::put::refuse_first;
use super::{S3, timestamp};

/// The region that has no location constraint.
const CLASSIC_REGION: &str = "us-east-1";

impl S3 {
    /// Makes a bucket in the region of the request.
    pub(super) fn create_bucket(
        &self,
        input: CreateBucketInput,
        region: &str,
    ) -> Result<CreateBucketOutput, S3Fault> {
        let acl = input
            .acl
            .as_ref()
            .is_some_and(|acl| acl.as_str() != "private");
        refuse_first(&[
            (acl, "bucket ACLs"),
            (
                input.object_lock_enabled_for_bucket == Some(true),
                "object lock",
            ),
        ])?;
        let constraint = input
            .create_bucket_configuration
            .and_then(|set| set.location_constraint);
        let region = match constraint {
            Some(constraint) if constraint.as_str() != region && region != CLASSIC_REGION => {
                return Err(S3Fault::bad_request(
                    "IllegalLocationConstraintException",
                    format!(
                        "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
                        constraint.as_str()
                    ),
                ));
            }
            Some(constraint) => constraint.as_str().to_owned(),
            None => region.to_owned(),
        };
        let ownership = input.object_ownership.map(|set| set.as_str().to_owned());
        self.make_bucket(
            &input.bucket,
            Bucket {
                region,
                ownership,
                ..Bucket::default()
            },
        )?;
        Ok(CreateBucketOutput {
            location: Some(format!("/{}", input.bucket)),
        })
    }

    /// Makes a bucket with its settings.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou`, or `BucketAlreadyExists` when another account has taken the name.
    pub(super) fn make_bucket(&self, name: &str, mut bucket: Bucket) -> Result<(), S3Fault> {
        bucket.created = self.clock.epoch_millis();
        bucket.account.clone_from(&self.account);
        self.store.commit(|index| {
            if let Some(there) = index.buckets().get(name) {
                if there.bucket.account != self.account {
                    return Err(S3Fault::refused(
                        axum::http::StatusCode::CONFLICT,
                        "BucketAlreadyExists",
                        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
                    ));
                }
                return Err(S3Fault::refused(
                    axum::http::StatusCode::CONFLICT,
                    "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                ));
            }
            Ok((vec![set(name, bucket)], ()))
        })
    }

    /// Changes a bucket's settings.
    ///
    /// # Errors
    /// `NoSuchBucket`, or what `change` refuses.
    pub(super) fn change_bucket(
        &self,
        name: &str,
        change: impl FnOnce(&mut Bucket) -> Result<(), S3Fault>,
    ) -> Result<(), S3Fault> {
        self.store.commit(|index| {
            let mut bucket = index.bucket(name)?.bucket.clone();
            change(&mut bucket)?;
            Ok((vec![set(name, bucket)], ()))
        })
    }

    /// Looks at a bucket's settings.
    ///
    /// # Errors
    /// `NoSuchBucket`, or what `look` answers.
    pub(super) fn look_at_bucket<R>(
        &self,
        name: &str,
        look: impl FnOnce(&Bucket) -> Result<R, S3Fault>,
    ) -> Result<R, S3Fault> {
        self.store.read(|index| look(&index.bucket(name)?.bucket))
    }

    /// Removes a bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`, or `BucketNotEmpty` while it holds versions or delete markers.
    pub(super) fn delete_bucket(&self, name: &str) -> Result<(), S3Fault> {
        self.store.commit(|index| {
            let state = index.bucket(name)?;
            if !state.objects.is_empty() {
                return Err(not_empty(state));
            }
            let change = Change::DropBucket {
                name: name.to_owned(),
            };
            Ok((vec![change], ()))
        })
    }

    /// Tells whether a bucket exists and where.
    pub(super) fn head_bucket(&self, name: &str) -> Result<HeadBucketOutput, S3Fault> {
        self.look_at_bucket(name, |bucket| {
            Ok(HeadBucketOutput {
                bucket_region: Some(bucket.region.clone()),
                ..HeadBucketOutput::default()
            })
        })
    }

    /// Tells a bucket's region; `us-east-1` is the empty answer.
    pub(super) fn get_bucket_location(
        &self,
        name: &str,
    ) -> Result<GetBucketLocationOutput, S3Fault> {
        self.look_at_bucket(name, |bucket| {
            let constraint = (bucket.region != CLASSIC_REGION).then(|| bucket.region.clone());
            Ok(GetBucketLocationOutput {
                location_constraint: constraint.map(BucketLocationConstraint::from),
            })
        })
    }

    /// Lists the account's buckets, of all regions.
    pub(super) fn list_buckets(&self, input: &ListBucketsInput) -> ListBucketsOutput {
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let most = input
            .max_buckets
            .and_then(|most| usize::try_from(most).ok());
        let most = most.unwrap_or(10_000);
        let after = input.continuation_token.as_deref().unwrap_or_default();
        self.store.read(|index| {
            let mut wanted = index.buckets().iter().filter(|(name, state)| {
                let region = input.bucket_region.as_ref();
                state.bucket.account == self.account
                    && name.starts_with(prefix)
                    && name.as_str() > after
                    && region.is_none_or(|region| *region == state.bucket.region)
            });
            let shown: Vec<ListedBucket> = wanted
                .by_ref()
                .take(most)
                .map(|(name, state)| ListedBucket {
                    name: Some(name.clone()),
                    bucket_region: Some(state.bucket.region.clone()),
                    creation_date: Some(timestamp(state.bucket.created)),
                })
                .collect();
            let more = wanted.next().is_some();
            let last = shown.last().and_then(|bucket| bucket.name.clone());
            ListBucketsOutput {
                continuation_token: last.filter(|_| more),
                buckets: Some(shown),
                owner: Some(owner()),
                prefix: input.prefix.clone(),
            }
        })
    }
}

fn set(name: &str, bucket: Bucket) -> Change {
    Change::SetBucket {
        name: name.to_owned(),
        bucket: Box::new(bucket),
    }
}

fn not_empty(state: &BucketState) -> S3Fault {
    S3Fault::BucketNotEmpty {
        versioned: state.bucket.versioning != Versioning::Off,
    }
}
