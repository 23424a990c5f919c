//! Names that are taken.
//!
//! Texts: CloudFormation's handlers (`HandlerErrorCode: AlreadyExists`), serverless/serverless#9006 and
//! #9986, stefanjenkner/ec2-gaming-sunshine#374; SageMaker's "Cannot create already existing" in several
//! clients' sources; the validation's name in CloudFormation's own message since November 2025 ("Validate
//! stack deployments" in the CloudFormation user guide).

use super::matching::{Row, between, say, word_after};
use super::{KnownCause, Origin, Symptom};

/// What all ways to say it have in common.
const EXISTS: &[&str] = &[
    "handlererrorcode: alreadyexists",
    "entityalreadyexists",
    "resourcealreadyexistsexception",
    "resourceconflictexception: function already exist",
    "cannot create already existing",
    " already exists",
];

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::NameTaken,
        types: &[],
        phrases: &["already exists in stack"],
        told: |symptom| {
            let owner = word_after(symptom.message, "already exists in stack ");
            let owner = owner
                .and_then(|arn| arn.split('/').nth(1))
                .unwrap_or("another");
            let name = name(symptom);
            say(
                &format!("{name} belongs to the CloudFormation stack {owner}."),
                "give the stack or the environment another name in the stack file, or remove that \
                 CloudFormation stack",
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &["AWS::S3::Bucket"],
        phrases: &[
            "bucketalreadyexists",
            "bucket name is not available",
            "handlererrorcode: alreadyexists",
            " already exists",
        ],
        told: |symptom| {
            let name = name(symptom);
            say(
                &format!(
                    "{name} is taken. Bucket names are unique over all accounts of AWS: it belongs to \
                     somebody else, or an earlier deployment of yours kept it."
                ),
                "`aws s3api head-bucket` tells whether it is yours: then empty and delete it, if nobody \
                 needs it; else give the stack or the environment another name in the stack file",
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &["AWS::Logs::LogGroup"],
        phrases: EXISTS,
        told: |symptom| {
            let (name, plain) = (name(symptom), plain(symptom));
            say(
                &format!(
                    "{name} exists, but no stack has it: something logged after an earlier teardown, or \
                     before the first deployment."
                ),
                &format!(
                    "delete it with `aws logs delete-log-group --log-group-name {plain}`, then run the command again"
                ),
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &["AWS::SageMaker::Endpoint"],
        phrases: EXISTS,
        told: |symptom| {
            let (name, plain) = (name(symptom), plain(symptom));
            say(
                &format!(
                    "{name} exists, but not in this stack: somebody made it by hand, or an earlier stack left it."
                ),
                &format!(
                    "delete it with `aws sagemaker delete-endpoint --endpoint-name {plain}` if nothing uses \
                     it, or give the stack or the environment another name"
                ),
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &["AWS::Lambda::Function"],
        phrases: EXISTS,
        told: |symptom| {
            let (name, plain) = (name(symptom), plain(symptom));
            say(
                &format!("{name} exists, but not in this stack."),
                &format!(
                    "delete it with `aws lambda delete-function --function-name {plain}` if nothing uses it, \
                     or give the stack or the environment another name"
                ),
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &["AWS::IAM::Role"],
        phrases: EXISTS,
        told: |symptom| {
            let name = name(symptom);
            say(
                &format!(
                    "{name} exists, but not in this stack. Role names are unique in the account, over all its regions."
                ),
                "delete the role if nothing uses it, or give the stack or the environment another name",
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &[],
        phrases: &["earlyvalidation::resourceexistencecheck"],
        told: |_| {
            say(
                "CloudFormation looked before it began: something that the stack would make exists \
                 already under its name, or something that it refers to does not.",
                "`aws cloudformation describe-events` names it; delete it if nothing uses it, or give the \
                 stack or the environment another name",
            )
        },
    },
    Row {
        cause: KnownCause::NameTaken,
        types: &[],
        phrases: &[
            "handlererrorcode: alreadyexists",
            "entityalreadyexists",
            "cannot create already existing",
        ],
        told: |symptom| {
            let name = name(symptom);
            say(
                &format!("{name} exists, but not in this stack."),
                "delete it if nothing uses it, or give the stack or the environment another name",
            )
        },
    },
];

/// The thing that exists, as the beginning of a sentence.
fn name(symptom: &Symptom<'_>) -> String {
    let kind = match symptom.origin {
        Origin::Resource("AWS::S3::Bucket") => "The bucket",
        Origin::Resource("AWS::Logs::LogGroup") => "The log group",
        Origin::Resource("AWS::SageMaker::Endpoint") => "The endpoint",
        Origin::Resource("AWS::Lambda::Function") => "The function",
        Origin::Resource("AWS::IAM::Role") => "The role",
        _ => "It",
    };
    match found(symptom.message) {
        Some(name) if kind == "It" => name.to_owned(),
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    }
}

/// Its name for a command.
fn plain<'a>(symptom: &Symptom<'a>) -> &'a str {
    found(symptom.message).unwrap_or("NAME")
}

/// The services say `… with identifier 'NAME' already exists`, `Role with name NAME already exists`,
/// `Cannot create already existing endpoint "arn:…/NAME"`, `NAME already exists`.
fn found(message: &str) -> Option<&str> {
    let arn =
        word_after(message, "already existing endpoint ").and_then(|arn| arn.rsplit('/').next());
    let named = arn
        .or_else(|| between(message, "with identifier '", "'").map(identified))
        .or_else(|| word_after(message, "with name "))
        .or_else(|| word_after(message, "Function already exist: "));
    named.or_else(|| {
        let (before, _) = message.split_once(" already exist")?;
        let word = before.rsplit([' ', '"', '\'']).next()?;
        // A sentence such as "The specified log group already exists" names nothing.
        word.contains(['-', '/', '.']).then_some(word)
    })
}

/// An identifier is a name, or an object of one: `{"/properties/LogGroupName":"NAME"}`.
fn identified(identifier: &str) -> &str {
    let inner = identifier.strip_suffix("\"}");
    inner
        .and_then(|inner| inner.rsplit('"').next())
        .unwrap_or(identifier)
}
