//! Credentials and the clock that they are signed with.
//!
//! Texts: "Common Errors" of the AWS query APIs, "Error responses" in the Amazon S3 API reference, the
//! AWS CLI's and SDKs' own words about SSO, and those of `src/aws/fault.rs` where nothing was sent.

use super::KnownCause;
use super::matching::{Row, say};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::CredentialsExpired,
        types: &[],
        phrases: &[
            "expiredtoken",
            "security token included in the request is expired",
            "token has expired",
            "sso session associated with this profile",
            "requestexpired",
        ],
        told: |_| {
            say(
                "The credentials were good for a time that is over. What AWS was doing goes on without \
                 them.",
                "log in again (`aws sso login`, or whatever gave you the keys), then run the command \
                 again: it goes on where it stopped",
            )
        },
    },
    Row {
        cause: KnownCause::ClockWrong,
        types: &[],
        phrases: &[
            "signature expired",
            "signature not yet current",
            "requesttimetooskewed",
            "request time and the current time is too large",
        ],
        told: |_| {
            say(
                "A request is signed with the time, and this machine's clock is minutes away from that of \
                 AWS.",
                "set the clock of this machine (in a container: of its host)",
            )
        },
    },
    Row {
        cause: KnownCause::CredentialsMissing,
        types: &[],
        phrases: &[
            "there are no usable aws credentials",
            "no providers in chain provided credentials",
            "missingauthenticationtoken",
            "unable to locate credentials",
        ],
        told: |_| {
            say(
                "No credentials were found: neither in the environment nor in the AWS configuration, nor \
                 from the machine's role.",
                "log in (`aws sso login`, `aws configure`), or name the profile in `target.profile`; \
                 `aws sts get-caller-identity` shows who you are",
            )
        },
    },
    Row {
        cause: KnownCause::CredentialsInvalid,
        types: &[],
        phrases: &[
            "invalidclienttokenid",
            "unrecognizedclientexception",
            "invalidaccesskeyid",
            "security token included in the request is invalid",
        ],
        told: |_| {
            say(
                "AWS does not know this access key. It was deleted, belongs to another partition, or the \
                 region is one that the account has not enabled.",
                "check `aws sts get-caller-identity`, `target.profile` and `target.region`; new keys come \
                 from whoever manages the account",
            )
        },
    },
    Row {
        cause: KnownCause::CredentialsInvalid,
        types: &[],
        phrases: &[
            "signaturedoesnotmatch",
            "invalidsignatureexception",
            "incompletesignature",
            "request signature we calculated does not match",
        ],
        told: |_| {
            say(
                "AWS knows the access key but not this signature: the secret key is not the one that \
                 belongs to it, or something on the way changes requests.",
                "enter the secret key again (`aws configure`), and look at a proxy if there is one",
            )
        },
    },
];
