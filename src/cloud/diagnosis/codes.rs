//! The codes of known causes.
//!
//! What a cause means in a case, and what to do about it, is told by its table; here is what does not
//! depend on the case. Examples are the samples that the tables are tested with.

use super::samples::{SAMPLES, Sample};
use super::{Diagnosis, KnownCause, Symptom, diagnose};
use crate::code::{Code, codes};

codes! {
    /// The codes of known causes.
    pub CODES
    QUOTA_EXCEEDED = "quota-exceeded" {
        title: "A quota of the account is too low",
        why: "Nothing is made above a quota. New accounts often have a quota of 0 for GPU training, and raising it takes days",
    }
    NO_CAPACITY = "no-capacity" {
        title: "The region has no capacity of the instance type at the moment",
        why: "It is no mistake of yours: the same request may pass later, or with another instance type",
    }
    IMAGE_NOT_FOUND = "image-not-found" {
        title: "The container image does not exist",
        why: "A tag can be deleted or never have been there; a job or an endpoint has nothing to run",
    }
    IMAGE_DENIED = "image-denied" {
        title: "The container image may not be pulled",
        why: "The role that pulls, and the policy of the repository, both have to allow it",
    }
    IMAGE_ELSEWHERE = "image-elsewhere" {
        title: "The container image cannot be used from here",
        why: "SageMaker pulls from Amazon ECR, unless the model is in a VPC and says otherwise",
    }
    NAME_TAKEN = "name-taken" {
        title: "Something of this name exists already, outside of the stack",
        why: "deploy touches nothing that it did not make, so it does not take it over",
    }
    BUCKET_NOT_EMPTY = "bucket-not-empty" {
        title: "The bucket cannot be deleted while it holds something",
        why: "S3 counts old versions and delete markers too, which a plain listing does not show",
    }
    TERMINATION_PROTECTED = "termination-protected" {
        title: "The stack is protected from being deleted",
        why: "Somebody switched the protection on, and only somebody who means it should switch it off",
    }
    BUCKET_BUSY = "bucket-busy" {
        title: "The bucket is being made or deleted by somebody at this moment",
        why: "S3 finishes one operation on a bucket's name at a time, in a few minutes",
    }
    CREDENTIALS_EXPIRED = "credentials-expired" {
        title: "The credentials were good once",
        why: "Sessions of single sign-on and of roles end after some hours",
    }
    CREDENTIALS_MISSING = "credentials-missing" {
        title: "There are no credentials",
        why: "Nothing can be asked of AWS; offline commands such as `render`, `diff` and `check` work all the same",
    }
    CREDENTIALS_INVALID = "credentials-invalid" {
        title: "The credentials are not known",
        why: "The key was deleted, mistyped, or is of another partition",
    }
    CLOCK_WRONG = "clock-wrong" {
        title: "The clock of this machine is wrong",
        why: "Requests are signed with the time, and AWS refuses those that are more than minutes off",
    }
    WRONG_REGION = "wrong-region" {
        title: "Something is in another region, or the region is not enabled or lacks something",
        why: "Most things can only be used in their own region",
    }
    WRONG_ACCOUNT = "wrong-account" {
        title: "Something belongs to another account",
        why: "A role can only be handed to a service of its own account",
    }
    THROTTLED = "throttled" {
        title: "Too many requests",
        why: "Requests are repeated with growing pauses; this one stayed throttled to the end",
    }
    SERVICE_FAULT = "service-fault" {
        title: "The service failed by itself",
        why: "It was repeated and failed again; what was under way is taken up by the next run",
    }
    LOCAL_PYTHON = "local-python" {
        title: "The local engine has no Python to run jobs with",
        why: "Training, serving and the function are Python processes there",
    }
    NOT_READY_IN_TIME = "not-ready-in-time" {
        title: "Something was not ready in the time that it is given",
        why: "CloudFormation gives up and takes the change back",
    }
    ROLE_NOT_READY = "role-not-ready" {
        title: "A role is not known everywhere yet, or does not allow what is needed",
        why: "IAM tells its services of a new role within seconds to minutes",
    }
    DENIED = "denied" {
        title: "A policy does not allow it",
        why: "The permission can be missing, or denied by a boundary, a service control policy or the resource itself",
    }
    KEY_DENIED = "key-denied" {
        title: "A key may not be used",
        why: "A disabled or foreign KMS key makes everything that it encrypts unreadable",
    }
    NO_DATA = "no-data" {
        title: "There is no data where the job looks for it",
        why: "A training without data fails before its first step",
    }
    DATA_DENIED = "data-denied" {
        title: "The job may not read its data",
        why: "The training role reads the prefix that the stack file names, and nothing else",
    }
    OUT_OF_TIME = "out-of-time" {
        title: "The job ran as long as it may",
        why: "What it learned after its last checkpoint is lost",
    }
    OUT_OF_PATIENCE = "out-of-patience" {
        title: "The job waited for capacity as long as it may",
        why: "Nothing ran, so nothing was paid for",
    }
    OUT_OF_MEMORY = "out-of-memory" {
        title: "The memory did not suffice",
        why: "The process was killed in the middle; the same again ends the same",
    }
    DISK_FULL = "disk-full" {
        title: "The disk did not suffice",
        why: "Data, checkpoints and the model share the volume of the job",
    }
    PACKAGE_MISSING = "package-missing" {
        title: "The code needs a package that is not installed",
        why: "The image decides what is installed, and `requirements.txt` beside the code adds to it",
    }
    OPTION_UNKNOWN = "option-unknown" {
        title: "The script does not know an option that it is given",
        why: "Every hyperparameter is handed over as an option of the script",
    }
    SCRIPT_FAILED = "script-failed" {
        title: "The code that was handed over failed",
        why: "The end of its log says where; the same code fails the same way again",
    }
    MODEL_MISSING = "model-missing" {
        title: "The model's artifact is not there",
        why: "An endpoint loads it when an instance starts, not only when it is made",
    }
    UNHEALTHY = "unhealthy" {
        title: "The model server does not become healthy",
        why: "SageMaker asks `/ping` and gives up after the start-up time",
    }
    MODEL_FAILED = "model-failed" {
        title: "The model server answers with an error",
        why: "The request arrived; the code of the model failed on it",
    }
    MODEL_SILENT = "model-silent" {
        title: "The model server did not answer",
        why: "It has 60 seconds; what takes longer, or dies, has no answer",
    }
    ALARM_RANG = "alarm-rang" {
        title: "An alarm took the endpoint's update back",
        why: "What served before serves on: that is what the alarm is for",
    }
    KIND_FIXED = "kind-fixed" {
        title: "An endpoint on instances was to become serverless, or the other way round",
        why: "SageMaker cannot convert one into the other; a second endpoint has to take over",
    }
    WENT_BACK = "went-back" {
        title: "The endpoint went back to what it served before",
        why: "SageMaker does so by itself when the new instances fail, and CloudFormation does not notice",
    }
    FUNCTION_FAILED = "function-failed" {
        title: "The API cannot call the function, or the function failed",
        why: "Callers see an HTTP 500 without a reason",
    }
    FUNCTION_BUSY = "function-busy" {
        title: "The function did not answer in time or was not free",
        why: "Callers see an HTTP 503 and may ask again",
    }
    ROUTE_MISSING = "route-missing" {
        title: "The API has no such route",
        why: "Callers see an HTTP 404; nothing behind the API was asked",
    }
    CALLER_DENIED = "caller-denied" {
        title: "The API asks for authorization",
        why: "The request was not signed, or came without a token that the API takes",
    }
    POLICY_FULL = "policy-full" {
        title: "The function's own policy has no room",
        why: "Every route that may call the function is a statement in a policy of 20 KB at most",
    }
    TEMPLATE_TOO_LARGE = "template-too-large" {
        title: "A template is larger than CloudFormation takes",
        why: "The limits of size, resources, parameters and outputs are fixed",
    }
    TEMPLATE_INVALID = "template-invalid" {
        title: "A template says something that CloudFormation does not accept",
        why: "Nothing was changed: a template is checked as a whole first",
    }
}

impl KnownCause {
    /// Its code: its name in JSON with hyphens.
    pub fn code(self) -> &'static Code {
        match self {
            Self::QuotaExceeded => &QUOTA_EXCEEDED,
            Self::NoCapacity => &NO_CAPACITY,
            Self::ImageNotFound => &IMAGE_NOT_FOUND,
            Self::ImageDenied => &IMAGE_DENIED,
            Self::ImageElsewhere => &IMAGE_ELSEWHERE,
            Self::NameTaken => &NAME_TAKEN,
            Self::BucketNotEmpty => &BUCKET_NOT_EMPTY,
            Self::TerminationProtected => &TERMINATION_PROTECTED,
            Self::BucketBusy => &BUCKET_BUSY,
            Self::CredentialsExpired => &CREDENTIALS_EXPIRED,
            Self::CredentialsMissing => &CREDENTIALS_MISSING,
            Self::CredentialsInvalid => &CREDENTIALS_INVALID,
            Self::ClockWrong => &CLOCK_WRONG,
            Self::WrongRegion => &WRONG_REGION,
            Self::WrongAccount => &WRONG_ACCOUNT,
            Self::Throttled => &THROTTLED,
            Self::ServiceFault => &SERVICE_FAULT,
            Self::LocalPython => &LOCAL_PYTHON,
            Self::NotReadyInTime => &NOT_READY_IN_TIME,
            Self::RoleNotReady => &ROLE_NOT_READY,
            Self::Denied => &DENIED,
            Self::KeyDenied => &KEY_DENIED,
            Self::NoData => &NO_DATA,
            Self::DataDenied => &DATA_DENIED,
            Self::OutOfTime => &OUT_OF_TIME,
            Self::OutOfPatience => &OUT_OF_PATIENCE,
            Self::OutOfMemory => &OUT_OF_MEMORY,
            Self::DiskFull => &DISK_FULL,
            Self::PackageMissing => &PACKAGE_MISSING,
            Self::OptionUnknown => &OPTION_UNKNOWN,
            Self::ScriptFailed => &SCRIPT_FAILED,
            Self::ModelMissing => &MODEL_MISSING,
            Self::Unhealthy => &UNHEALTHY,
            Self::ModelFailed => &MODEL_FAILED,
            Self::ModelSilent => &MODEL_SILENT,
            Self::AlarmRang => &ALARM_RANG,
            Self::KindFixed => &KIND_FIXED,
            Self::WentBack => &WENT_BACK,
            Self::FunctionFailed => &FUNCTION_FAILED,
            Self::FunctionBusy => &FUNCTION_BUSY,
            Self::RouteMissing => &ROUTE_MISSING,
            Self::CallerDenied => &CALLER_DENIED,
            Self::PolicyFull => &POLICY_FULL,
            Self::TemplateTooLarge => &TEMPLATE_TOO_LARGE,
            Self::TemplateInvalid => &TEMPLATE_INVALID,
        }
    }
}

/// Words of services that are diagnosed as the cause of a code, each with the diagnosis.
pub fn samples(code: &Code) -> Vec<(Symptom<'static>, Diagnosis)> {
    let symptom = |&(origin, code, message, ..): &Sample| Symptom {
        origin,
        code,
        message,
    };
    SAMPLES
        .iter()
        .filter_map(|sample| Some((symptom(sample), diagnose(&symptom(sample))?)))
        .filter(|(_, diagnosis)| diagnosis.cause.code() == code)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_a_cause_has_a_sample_that_is_diagnosed_as_it() {
        for code in CODES {
            assert!(!samples(code).is_empty(), "{}", code.name);
        }
    }

    #[test]
    fn a_code_is_the_name_in_json_with_hyphens() {
        for code in CODES {
            let name = serde_json::Value::from(code.name.replace('-', "_"));
            let cause: KnownCause = serde_json::from_value(name).unwrap();
            assert_eq!(cause.code(), *code);
        }
    }
}
