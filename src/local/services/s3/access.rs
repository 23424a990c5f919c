//! Who may do what with a bucket: its own account everything, others what its policy allows.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{CopyObjectInput, CopySource};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};
use serde_json::Value;

use super::S3;
use super::fault::S3Fault;
use crate::local::access::{self, Denial};
use crate::local::auth::Caller;
use crate::local::policy::{Decision, Question, decide};

/// The header by which clients find a bucket's region.
const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// What is asked of a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// E.g. `s3:GetObject`; `None` for what no policy gives away here.
    pub(super) action: Option<&'static str>,
    pub(super) bucket: &'a str,
    pub(super) key: Option<&'a str>,
}

/// Whose bucket it is, where it is, and what its policy is.
struct Rules {
    account: String,
    region: String,
    policy: Option<String>,
    is_restricted: bool,
}

impl S3 {
    /// Lets a caller do something with a bucket. A bucket that is not there is left to the operation.
    ///
    /// # Errors
    /// `AccessDenied`, or the policy holds something that is not emulated.
    pub(super) fn permit(&self, caller: &Caller, wish: Wish<'_>) -> Result<(), S3Fault> {
        let Some(rules) = self.rules(wish.bucket) else {
            return Ok(());
        };
        if rules.account == caller.account {
            return Ok(());
        }
        if !rules.allow(caller, wish)? {
            return Err(denied());
        }
        // Whoever may not list is not told that a key is not there ("GetObject", S3 API reference).
        let listing = Wish {
            action: Some("s3:ListBucket"),
            key: None,
            ..wish
        };
        if wish.action == Some("s3:GetObject") && !rules.allow(caller, listing)? {
            let there = self.store.read(|index| {
                let state = index.bucket(wish.bucket)?;
                Ok::<_, S3Fault>(state.present(wish.key.unwrap_or_default()).is_some())
            });
            if !there? {
                return Err(denied());
            }
        }
        Ok(())
    }

    /// Lets the service's own account do something with a bucket, as the other services ask for it.
    ///
    /// # Errors
    /// As [`S3::permit`].
    pub(super) fn permit_own(
        &self,
        action: Option<&'static str>,
        bucket: &str,
        key: Option<&str>,
    ) -> Result<(), S3Fault> {
        let wish = Wish {
            action,
            bucket,
            key,
        };
        self.permit(&Caller::root(&self.account), wish)
    }

    fn rules(&self, bucket: &str) -> Option<Rules> {
        let found = self.look_at_bucket(bucket, |bucket| {
            let block = bucket.public_access.as_ref();
            Ok(Rules {
                account: bucket.account.clone(),
                region: bucket.region.clone(),
                policy: bucket.policy.clone(),
                is_restricted: block.and_then(|block| block.restrict_public_buckets) == Some(true),
            })
        });
        found.ok()
    }
}

impl Rules {
    fn allow(&self, caller: &Caller, wish: Wish<'_>) -> Result<bool, S3Fault> {
        let (Some(policy), Some(action)) = (&self.policy, wish.action) else {
            return Ok(false);
        };
        // It was read when it was put, so it is JSON.
        let policy: Value = serde_json::from_str(policy).unwrap_or_default();
        let bucket = format!("arn:aws:s3:::{}", wish.bucket);
        let resource = match wish.key {
            Some(key) => format!("{bucket}/{key}"),
            None => bucket,
        };
        let question = Question {
            caller,
            action,
            resource: Some(&resource),
            context: &[],
            public_counts: !self.is_restricted,
        };
        let decision = decide(&policy, &question);
        let decision = decision.map_err(|error| S3Fault::not_emulated(&error.to_string()))?;
        Ok(decision == Decision::Allowed)
    }
}

/// The access of one caller over HTTP.
pub(super) struct Access {
    pub(super) s3: S3,
    pub(super) caller: Option<Caller>,
    /// Region of the signature.
    pub(super) region: Option<String>,
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let (Some(_), Some(caller)) = (cx.credentials(), &self.caller) else {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        };
        let operation = cx.s3_op().name();
        let query = cx.uri().query().unwrap_or_default();
        let by_version = query.split('&').any(|part| part.starts_with("versionId="));
        self.check_session(operation, by_version, cx.s3_path())?;
        let (bucket, key) = match cx.s3_path() {
            S3Path::Root => return Ok(()),
            S3Path::Bucket { bucket } => (&**bucket, None),
            S3Path::Object { bucket, key } => (&**bucket, Some(&**key)),
        };
        if operation == "CreateBucket" {
            return Ok(());
        }
        let expected = cx.headers().get("x-amz-expected-bucket-owner");
        self.check_owner(bucket, expected.and_then(|owner| owner.to_str().ok()))?;
        if operation != "GetBucketLocation" {
            self.check_region(bucket)?;
        }
        let action = action(operation, by_version);
        Ok(self.s3.permit(
            caller,
            Wish {
                action,
                bucket,
                key,
            },
        )?)
    }

    async fn copy_object(&self, req: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        let input = &req.input;
        // Sources of another kind are refused by the operation.
        let (
            Some(caller),
            CopySource::Bucket {
                bucket,
                key,
                version_id,
            },
        ) = (&self.caller, &input.copy_source)
        else {
            return Ok(());
        };
        self.check_owner(bucket, input.expected_source_bucket_owner.as_deref())?;
        let source = S3Path::object(bucket, key);
        self.check_session("GetObject", version_id.is_some(), &source)?;
        let action = action("GetObject", version_id.is_some());
        let key = Some(&**key);
        Ok(self.s3.permit(
            caller,
            Wish {
                action,
                bucket,
                key,
            },
        )?)
    }
}

impl Access {
    /// Refuses whoever looks for a bucket in another region, telling where it is: "Error responses", S3 API
    /// reference. Sources of copies may be anywhere.
    fn check_region(&self, bucket: &str) -> S3Result<()> {
        let (Some(asked), Some(rules)) = (&self.region, self.s3.rules(bucket)) else {
            return Ok(());
        };
        if *asked == rules.region {
            return Ok(());
        }
        let mut error = S3Error::with_message(
            S3ErrorCode::AuthorizationHeaderMalformed,
            format!(
                "The authorization header is malformed; the region '{asked}' is wrong; expecting '{}'",
                rules.region
            ),
        );
        if let Ok(region) = HeaderValue::from_str(&rules.region) {
            error.set_headers(HeaderMap::from_iter([(BUCKET_REGION, region)]));
        }
        Err(error)
    }

    /// Lets the session of a role do what its policies allow, whosever bucket it is.
    fn check_session(&self, operation: &str, by_version: bool, path: &S3Path) -> S3Result<()> {
        let (Some(caller), Some(authority)) = (&self.caller, &self.s3.authority) else {
            return Ok(());
        };
        if caller.session.is_none() {
            return Ok(());
        }
        let action = action(operation, by_version).or_else(|| setting(operation));
        let action = action.ok_or_else(|| {
            S3Fault::not_emulated(&format!("rights of a role's session to {operation}"))
        })?;
        let bucket = |bucket: &str| format!("arn:aws:s3:::{bucket}");
        let resource = match path {
            S3Path::Root => "*".to_owned(),
            S3Path::Bucket { bucket: name } if operation == "DeleteObjects" => bucket(name) + "/*",
            S3Path::Bucket { bucket: name } => bucket(name),
            S3Path::Object { bucket: name, key } => format!("{}/{key}", bucket(name)),
        };
        let may = |action: &str, resource: String| {
            let permitted = authority.permit(caller, &access::Wish::new(action, resource));
            permitted.map_err(|denial| match denial {
                Denial::Denied(message) => {
                    S3Fault::refused(StatusCode::FORBIDDEN, "AccessDenied", message)
                }
                Denial::Unclear(message) => S3Fault::not_emulated(&message),
            })
        };
        may(action, resource)?;
        // Whoever may not list is not told that a key is not there ("GetObject", S3 API reference).
        if let (S3Path::Object { bucket: name, key }, "s3:GetObject") = (path, action)
            && let Err(fault) = may("s3:ListBucket", bucket(name))
        {
            let there = self
                .s3
                .store
                .read(|index| Ok::<_, S3Fault>(index.bucket(name)?.present(key).is_some()));
            if !there? {
                return Err(fault.into());
            }
        }
        Ok(())
    }

    /// Holds a bucket against the account that it is expected to belong to.
    fn check_owner(&self, bucket: &str, expected: Option<&str>) -> Result<(), S3Fault> {
        let (Some(expected), Some(rules)) = (expected, self.s3.rules(bucket)) else {
            return Ok(());
        };
        if rules.account == expected {
            Ok(())
        } else {
            Err(denied())
        }
    }
}

/// Returns the action of a policy that an operation needs ("Required permissions for Amazon S3 API
/// operations", S3 user guide). The settings of a bucket, and removing many objects at once, are for its
/// own account only.
fn action(operation: &str, by_version: bool) -> Option<&'static str> {
    Some(match (operation, by_version) {
        ("GetObject" | "HeadObject", false) => "s3:GetObject",
        ("GetObject" | "HeadObject", true) => "s3:GetObjectVersion",
        ("HeadBucket" | "ListObjects" | "ListObjectsV2", _) => "s3:ListBucket",
        ("ListObjectVersions", _) => "s3:ListBucketVersions",
        ("ListMultipartUploads", _) => "s3:ListBucketMultipartUploads",
        ("ListParts", _) => "s3:ListMultipartUploadParts",
        ("GetBucketLocation", _) => "s3:GetBucketLocation",
        (
            "PutObject"
            | "CopyObject"
            | "CreateMultipartUpload"
            | "UploadPart"
            | "CompleteMultipartUpload",
            _,
        ) => "s3:PutObject",
        ("AbortMultipartUpload", _) => "s3:AbortMultipartUpload",
        ("DeleteObject", false) => "s3:DeleteObject",
        ("DeleteObject", true) => "s3:DeleteObjectVersion",
        _ => return None,
    })
}

/// Returns the action that an operation on the settings of a bucket, or on many objects at once, needs.
fn setting(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "CreateBucket" => "s3:CreateBucket",
        "DeleteBucket" => "s3:DeleteBucket",
        // By version: who empties a bucket removes versions.
        "DeleteObjects" => "s3:DeleteObjectVersion",
        "GetBucketEncryption" => "s3:GetEncryptionConfiguration",
        "GetBucketPolicy" => "s3:GetBucketPolicy",
        "GetBucketVersioning" => "s3:GetBucketVersioning",
        "GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "ListBuckets" => "s3:ListAllMyBuckets",
        "PutBucketPolicy" => "s3:PutBucketPolicy",
        "PutBucketVersioning" => "s3:PutBucketVersioning",
        _ => return None,
    })
}

fn denied() -> S3Fault {
    S3Fault::refused(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied")
}
