//! Regions and accounts.
//!
//! Texts: "Error responses" in the Amazon S3 API reference, aws/aws-sdk-cpp#1339; that of an unknown resource
//! type is CloudFormation's, of a disabled region STS's ("`AssumeRole`" in the STS API reference).

use super::KnownCause;
use super::matching::{Row, between, say};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::WrongRegion,
        types: &[],
        phrases: &[
            "authorizationheadermalformed",
            "the region '*' is wrong; expecting",
        ],
        told: |symptom| {
            let right = between(symptom.message, "expecting '", "'");
            let place = right.map_or_else(|| "another region".to_owned(), str::to_owned);
            say(
                &format!("The bucket is in {place}, not where the request went."),
                &format!(
                    "set `target.region` to {}, or give the stack or the environment another name, so \
                     that it gets a bucket of its own",
                    right.unwrap_or("that region")
                ),
            )
        },
    },
    Row {
        cause: KnownCause::WrongRegion,
        types: &[],
        phrases: &[
            "permanentredirect",
            "must be addressed using the specified endpoint",
            "illegallocationconstraint",
            "location constraint is incompatible",
        ],
        told: |_| {
            say(
                "The bucket is in another region than the environment.",
                "set `target.region` to the bucket's region (`aws s3api get-bucket-location` tells it), or \
                 give the stack or the environment another name, so that it gets a bucket of its own",
            )
        },
    },
    Row {
        cause: KnownCause::WrongRegion,
        types: &[],
        phrases: &[
            "optinrequired",
            "regiondisabledexception",
            "sts is not activated in this region",
        ],
        told: |_| {
            say(
                "The account has not enabled this region, or not signed up for the service there.",
                "enable the region in the console (Account, AWS Regions), or name another in \
                 `target.region`",
            )
        },
    },
    Row {
        cause: KnownCause::WrongRegion,
        types: &[],
        phrases: &[
            "unrecognized resource types: [",
            "is not supported in this region",
            "not available in this region",
        ],
        told: |symptom| {
            let what = between(symptom.message, "types: [", "]").unwrap_or("What was asked for");
            say(
                &format!("{what} does not exist in the environment's region."),
                "name another region in `target.region`, or leave out of the stack file what the region \
                 lacks",
            )
        },
    },
    Row {
        cause: KnownCause::WrongAccount,
        types: &[],
        phrases: &[
            "cross-account pass role is not allowed",
            "is not in the same account",
        ],
        told: |_| {
            say(
                "Something that was named belongs to another account than the credentials.",
                "compare `target.account` with `aws sts get-caller-identity`",
            )
        },
    },
];
