//! Codes of single values of a stack file, and of values that do not go together.

use crate::code::codes;

codes! {
    /// The codes of values of a stack file.
    pub VALUES
    UNKNOWN_VALUE = "unknown-value" {
        title: "A field takes one of several words, and this is none of them",
        why: "Words such as regions, methods and runtimes are taken from a list; what is not in it would be refused \
              by the service after minutes",
        remedy: "choose one of those that the message names",
        before: "api:\n  auth: iam2",
        after: "api:\n  auth: iam",
    }
    INVALID_VALUE = "invalid-value" {
        title: "A value is not written the way its field takes it",
        why: "Times, sizes, account numbers, addresses and ids have a form of their own; what does not fit it would \
              be refused by the service, or mean something else there",
        remedy: "write it as the message says: `20m`, `4 GiB`, `POST /classify`",
        before: "function:\n  memory: 1 GB",
        after: "function:\n  memory: 1 GiB",
    }
    INVALID_NAME = "invalid-name" {
        title: "A name has characters that it cannot have where it goes",
        why: "Names become parts of AWS names, object keys, environment variables and options of scripts, each with \
              a rule of its own",
        remedy: "rename it with the characters that the message lists",
        before: "training:\n  hyperparameters: { \"learning rate\": 5e-5 }",
        after: "training:\n  hyperparameters: { learning_rate: 5e-5 }",
    }
    RESERVED_NAME = "reserved-name" {
        title: "A name or a text belongs to AWS, to a container or to deploy",
        why: "Two owners of one name overwrite each other: `aws:` and `deploy:` in tags, `SM_` and `SAGEMAKER_` in \
              the environment, `sagemaker_` in hyperparameters, `${deploy:` in values",
        remedy: "choose another name",
        before: "tags:\n  \"deploy:team\": search",
        after: "tags:\n  team: search",
    }
    NAME_TOO_LONG = "name-too-long" {
        title: "A name that is put together from stack and environment is longer than AWS takes",
        why: "Endpoints, roles and buckets are named after both, and the bucket after account and region too, in 63 \
              characters at most",
        remedy: "shorten the name of the stack or of the environment",
        before: "stack: a-very-long-name-for-a-news-classifier-of-the-search-team",
        after: "stack: news",
    }
    OUT_OF_RANGE = "out-of-range" {
        title: "A number, a time or a size is beyond what the service takes",
        why: "The service would refuse it while deploying, or cut it off in silence: behind an HTTP API a function \
              has 30 seconds, whatever its own limit says",
        remedy: "stay within the bounds that the message names",
        before: "function:\n  timeout: 30s",
        after: "function:\n  timeout: 25s",
    }
    LIMIT_EXCEEDED = "limit-exceeded" {
        title: "There are more, or longer, things than the service takes",
        why: "Each service has a fixed number of tags, variables, metrics and characters, which no quota raises",
        remedy: "leave some out, or shorten what is too long",
        before: "batch:\n  instance: ml.m5.xlarge\n  max_payload: 50 MiB\n  max_concurrency: 3",
        after: "batch:\n  instance: ml.m5.xlarge\n  max_payload: 50 MiB\n  max_concurrency: 2",
    }
    DUPLICATE_ENTRY = "duplicate-entry" {
        title: "Something is in a list twice",
        why: "The second would be refused, or it is one that was meant to be something else",
        remedy: "keep one of them",
        before: "api:\n  routes: [POST /classify, POST /classify]",
        after: "api:\n  routes: [POST /classify, POST /v1/classify]",
    }
    CONTRADICTION = "contradiction" {
        title: "Two fields cannot be together",
        why: "Each excludes the other, so one of the two would have no effect, and which one cannot be known",
        remedy: "remove one; an environment removes what the stack says with `null`",
        before: "endpoint:\n  instance: ml.m5.large\n  serverless: { memory: 4 GiB }",
        after: "endpoint:\n  instance: ml.m5.large",
    }
    INCOMPLETE = "incomplete" {
        title: "A field has no effect without another",
        why: "Half of a setting looks like all of it to a reviewer, but does nothing or is refused",
        remedy: "add what the message names, or remove the field",
        before: "training:\n  network: { subnets: [subnet-0123456789abcdef0] }",
        after: "training:\n  network: { subnets: [subnet-0123456789abcdef0], security_groups: [sg-0123456789abcdef0] }",
    }
    MISSING_FILE = "missing-file" {
        title: "A file or folder that the stack file names is not there",
        why: "It would be missed when it is uploaded, after other things were made already. Paths start from the \
              folder of the stack file",
        remedy: "correct the path, or put the file there",
        before: "training:\n  entry_point: trian.py",
        after: "training:\n  entry_point: train.py",
    }
    INVALID_ARN = "invalid-arn" {
        title: "This is no ARN of the kind of thing that is meant",
        why: "Keys are named by their id and not by an alias, which could come to mean another key without a change \
              of the file",
        remedy: "write the ARN as the message shows it",
        before: "endpoint:\n  encryption: { volume_key: alias/endpoint }",
        after: "endpoint:\n  encryption: { volume_key: \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }",
    }
    FOREIGN_ARN = "foreign-arn" {
        title: "An ARN is of another account, region or partition than the environment",
        why: "Services take keys and topics of their own region only, and whether another account lets a role use \
              its key cannot be seen from here",
        remedy: "name one of the environment's own account and region",
        before: "alarms:\n  notify: arn:aws:sns:us-east-1:111122223333:on-call",
        after: "alarms:\n  notify: arn:aws:sns:eu-west-1:111122223333:on-call",
    }
}
