//! The S3 API as the `s3s` crate delivers it: one line per operation, and who may call.
//!
//! `s3s` parses and writes the messages, checks signatures and names operations that are missing here.

use std::collections::BTreeMap;

use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput, DeleteBucketInput,
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, DeleteBucketOutput,
    DeleteBucketOwnershipControlsInput, DeleteBucketOwnershipControlsOutput,
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, DeleteBucketTaggingInput,
    DeleteBucketTaggingOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, DeletePublicAccessBlockInput, DeletePublicAccessBlockOutput,
    GetBucketEncryptionInput, GetBucketEncryptionOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput, GetBucketPolicyInput,
    GetBucketPolicyOutput, GetBucketTaggingInput, GetBucketTaggingOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, GetPublicAccessBlockInput,
    GetPublicAccessBlockOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput,
    ListPartsOutput, PutBucketEncryptionInput, PutBucketEncryptionOutput,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput,
    PutBucketOwnershipControlsInput, PutBucketOwnershipControlsOutput, PutBucketPolicyInput,
    PutBucketPolicyOutput, PutBucketTaggingInput, PutBucketTaggingOutput, PutBucketVersioningInput,
    PutBucketVersioningOutput, PutObjectInput, PutObjectOutput, PutPublicAccessBlockInput,
    PutPublicAccessBlockOutput, UploadPartInput, UploadPartOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Error, S3Request, S3Response, S3Result, TrailingHeaders, s3_error};

use super::S3;
use super::access::Access;
use super::checksum::{Algorithm, Promise};
use super::fault::S3Fault;
use crate::local::auth::{Identity, Refusal};

/// Region of requests that name none.
const DEFAULT_REGION: &str = "us-east-1";

/// Makes the service as whoever asks meets it.
pub(super) fn service(
    s3: &S3,
    who: Result<Identity, Refusal>,
    region: Option<String>,
) -> S3Service {
    let caller = who.as_ref().ok().map(|identity| identity.caller.clone());
    let account = caller.as_ref().map(|caller| caller.account.as_str());
    let own = account.map_or_else(|| s3.clone(), |account| s3.of_account(account));
    let mut builder = S3ServiceBuilder::new(Wire(own.clone()));
    builder.set_auth(OneKey(who));
    builder.set_access(Access {
        s3: own,
        caller,
        region,
    });
    builder.build()
}

/// The key of whoever asks, or why there is none.
struct OneKey(Result<Identity, Refusal>);

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match &self.0 {
            Ok(known) if known.credentials.access_key == access_key => {
                Ok(SecretKey::from(known.credentials.secret_key.as_str()))
            }
            Err(Refusal::Expired) => {
                Err(s3_error!(ExpiredToken, "The provided token has expired."))
            }
            _ => Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            )),
        }
    }
}

fn answer<T>(result: Result<T, S3Fault>) -> S3Result<S3Response<T>> {
    result.map(S3Response::new).map_err(S3Error::from)
}

fn region<T>(req: &S3Request<T>) -> String {
    let region = req.region.as_ref().map(|region| region.as_str().to_owned());
    region.unwrap_or_else(|| DEFAULT_REGION.to_owned())
}

/// Returns the checksums that follow the body, and where they arrive.
fn trailing<T>(req: &S3Request<T>) -> Option<(Vec<Algorithm>, TrailingHeaders)> {
    let announced = req.headers.get("x-amz-trailer")?.to_str().ok()?;
    Some((Promise::announced(announced), req.trailing_headers.clone()?))
}

struct Wire(S3);

#[async_trait::async_trait]
impl s3s::S3 for Wire {
    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let region = region(&req);
        let input = req.input;
        answer(self.0.create_bucket(input, &region))
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        let input = req.input;
        answer(self.0.head_bucket(&input.bucket))
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let input = req.input;
        answer(
            self.0
                .delete_bucket(&input.bucket)
                .map(|()| DeleteBucketOutput::default()),
        )
    }

    async fn list_buckets(
        &self,
        req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let input = req.input;
        answer(Ok::<_, S3Fault>(self.0.list_buckets(&input)))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let input = req.input;
        answer(self.0.get_bucket_location(&input.bucket))
    }

    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let trailing = trailing(&req);
        let input = req.input;
        answer(self.0.put_object(input, trailing).await)
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        answer(self.0.get_object(input))
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        answer(self.0.head_object(input))
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        answer(self.0.copy_object(input).await)
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        answer(self.0.delete_object(input))
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = req.input;
        answer(self.0.delete_objects(&input))
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = req.input;
        answer(self.0.list_objects(&input))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        answer(self.0.list_objects_v2(&input))
    }

    async fn list_object_versions(
        &self,
        req: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = req.input;
        answer(self.0.list_object_versions(&input))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        answer(self.0.create_multipart_upload(input))
    }

    async fn upload_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let trailing = trailing(&req);
        let input = req.input;
        answer(self.0.upload_part(input, trailing).await)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        answer(self.0.complete_multipart_upload(input).await)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = req.input;
        answer(
            self.0
                .abort_multipart_upload(&input)
                .map(|()| AbortMultipartUploadOutput::default()),
        )
    }

    async fn list_parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        answer(self.0.list_parts(&input))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = req.input;
        answer(self.0.list_multipart_uploads(&input))
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        let input = req.input;
        answer(
            self.0
                .put_versioning(&input.bucket, &input.versioning_configuration)
                .map(|()| PutBucketVersioningOutput::default()),
        )
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let input = req.input;
        answer(self.0.get_versioning(&input.bucket))
    }

    async fn put_bucket_tagging(
        &self,
        req: S3Request<PutBucketTaggingInput>,
    ) -> S3Result<S3Response<PutBucketTaggingOutput>> {
        let input = req.input;
        answer(
            self.0
                .put_tags(&input.bucket, input.tagging)
                .map(|()| PutBucketTaggingOutput::default()),
        )
    }

    async fn get_bucket_tagging(
        &self,
        req: S3Request<GetBucketTaggingInput>,
    ) -> S3Result<S3Response<GetBucketTaggingOutput>> {
        let input = req.input;
        answer(self.0.get_tags(&input.bucket))
    }

    async fn delete_bucket_tagging(
        &self,
        req: S3Request<DeleteBucketTaggingInput>,
    ) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.tags = BTreeMap::new();
                    Ok(())
                })
                .map(|()| DeleteBucketTaggingOutput::default()),
        )
    }

    async fn put_bucket_encryption(
        &self,
        req: S3Request<PutBucketEncryptionInput>,
    ) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.encryption = Some(input.server_side_encryption_configuration);
                    Ok(())
                })
                .map(|()| PutBucketEncryptionOutput::default()),
        )
    }

    async fn get_bucket_encryption(
        &self,
        req: S3Request<GetBucketEncryptionInput>,
    ) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
        let input = req.input;
        answer(self.0.get_encryption(&input.bucket))
    }

    async fn delete_bucket_encryption(
        &self,
        req: S3Request<DeleteBucketEncryptionInput>,
    ) -> S3Result<S3Response<DeleteBucketEncryptionOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.encryption = None;
                    Ok(())
                })
                .map(|()| DeleteBucketEncryptionOutput::default()),
        )
    }

    async fn put_public_access_block(
        &self,
        req: S3Request<PutPublicAccessBlockInput>,
    ) -> S3Result<S3Response<PutPublicAccessBlockOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.public_access = Some(input.public_access_block_configuration);
                    Ok(())
                })
                .map(|()| PutPublicAccessBlockOutput::default()),
        )
    }

    async fn get_public_access_block(
        &self,
        req: S3Request<GetPublicAccessBlockInput>,
    ) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
        let input = req.input;
        answer(self.0.get_public_access_block(&input.bucket))
    }

    async fn delete_public_access_block(
        &self,
        req: S3Request<DeletePublicAccessBlockInput>,
    ) -> S3Result<S3Response<DeletePublicAccessBlockOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.public_access = None;
                    Ok(())
                })
                .map(|()| DeletePublicAccessBlockOutput::default()),
        )
    }

    async fn put_bucket_ownership_controls(
        &self,
        req: S3Request<PutBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<PutBucketOwnershipControlsOutput>> {
        let input = req.input;
        answer(
            self.0
                .put_ownership(&input.bucket, &input.ownership_controls)
                .map(|()| PutBucketOwnershipControlsOutput::default()),
        )
    }

    async fn get_bucket_ownership_controls(
        &self,
        req: S3Request<GetBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<GetBucketOwnershipControlsOutput>> {
        let input = req.input;
        answer(self.0.get_ownership(&input.bucket))
    }

    async fn delete_bucket_ownership_controls(
        &self,
        req: S3Request<DeleteBucketOwnershipControlsInput>,
    ) -> S3Result<S3Response<DeleteBucketOwnershipControlsOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.ownership = None;
                    Ok(())
                })
                .map(|()| DeleteBucketOwnershipControlsOutput::default()),
        )
    }

    async fn put_bucket_lifecycle_configuration(
        &self,
        req: S3Request<PutBucketLifecycleConfigurationInput>,
    ) -> S3Result<S3Response<PutBucketLifecycleConfigurationOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.lifecycle = input.lifecycle_configuration;
                    Ok(())
                })
                .map(|()| PutBucketLifecycleConfigurationOutput::default()),
        )
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        req: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> S3Result<S3Response<GetBucketLifecycleConfigurationOutput>> {
        let input = req.input;
        answer(self.0.get_lifecycle(&input.bucket))
    }

    async fn delete_bucket_lifecycle(
        &self,
        req: S3Request<DeleteBucketLifecycleInput>,
    ) -> S3Result<S3Response<DeleteBucketLifecycleOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.lifecycle = None;
                    Ok(())
                })
                .map(|()| DeleteBucketLifecycleOutput::default()),
        )
    }

    async fn put_bucket_policy(
        &self,
        req: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<S3Response<PutBucketPolicyOutput>> {
        let input = req.input;
        answer(
            self.0
                .put_policy(&input.bucket, input.policy)
                .map(|()| PutBucketPolicyOutput::default()),
        )
    }

    async fn get_bucket_policy(
        &self,
        req: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        let input = req.input;
        answer(self.0.get_policy(&input.bucket))
    }

    async fn delete_bucket_policy(
        &self,
        req: S3Request<DeleteBucketPolicyInput>,
    ) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
        let input = req.input;
        answer(
            self.0
                .change_bucket(&input.bucket, |bucket| {
                    bucket.policy = None;
                    Ok(())
                })
                .map(|()| DeleteBucketPolicyOutput::default()),
        )
    }
}
