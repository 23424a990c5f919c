//! Messages as services give them, each with the cause that is to be recognised; and messages that look
//! like it and are not.

use super::samples::{BUCKET, SAMPLES};
use super::*;

fn symptom(origin: Origin<'static>, code: &'static str, message: &'static str) -> Symptom<'static> {
    Symptom {
        origin,
        code,
        message,
    }
}

#[test]
fn every_known_cause_is_recognised_and_its_remedy_is_exact() {
    for (origin, code, message, cause, named) in SAMPLES {
        let found = diagnose(&symptom(*origin, code, message));
        let found = found.unwrap_or_else(|| panic!("not recognised: {message}"));
        assert_eq!(found.cause, *cause, "{message}");
        let told = format!("{} {}", found.explanation, found.remedy);
        assert!(told.contains(named), "{named:?} is not in: {told}");
        assert!(
            found.explanation.ends_with('.') && !found.remedy.ends_with('.'),
            "{told}"
        );
        assert!(!told.contains("  "), "a line break in the source: {told}");
        let sentences = found.explanation.matches(". ").count() + 1;
        assert!(sentences <= 3, "{sentences} sentences: {told}");
    }
}

#[test]
fn every_row_has_an_example() {
    let mut used = std::collections::BTreeSet::new();
    for (origin, code, message, ..) in SAMPLES {
        let symptom = symptom(*origin, code, message);
        let text = matching::searched(&symptom);
        let row = families(&symptom)
            .into_iter()
            .flatten()
            .find(|row| row.matches(&symptom, &text));
        used.extend(row.map(|row| std::ptr::from_ref(row).addr()));
    }
    let special = [
        training::JOB,
        training::ALGORITHM,
        endpoint::ROWS,
        api::ANSWERS,
        api::FUNCTION,
        bucket::ROWS,
        name::ROWS,
        template::ROWS,
    ];
    for row in special.iter().chain(&GENERAL).copied().flatten() {
        assert!(
            used.contains(&std::ptr::from_ref(row).addr()),
            "{:?} {:?} has no example",
            row.cause,
            row.phrases
        );
    }
}

#[test]
fn what_only_looks_like_a_known_cause_is_not_explained() {
    for (origin, code, message) in [
        // A script's or a model's own words are no service's.
        (
            Origin::Api,
            "",
            "HTTP 500: {\"error\":\"ThrottlingException: Rate exceeded\"}",
        ),
        (Origin::Api, "", "HTTP 403: {\"error\":\"AccessDenied\"}"),
        (
            Origin::Api,
            "",
            "HTTP 200: {\"message\":\"Internal Server Error\"}",
        ),
        // Words that a name or a property may have.
        (
            Origin::Resource("AWS::ApiGatewayV2::Stage"),
            "",
            "Invalid throttling settings: ThrottlingRateLimit must be positive",
        ),
        (
            Origin::Resource("AWS::SageMaker::EndpointConfig"),
            "",
            "Instance type ml.m5.large is not valid for access-denied-model",
        ),
        (
            Origin::Resource("AWS::IAM::Role"),
            "",
            "The specified value for capacity is invalid",
        ),
        (BUCKET, "", "The bucket policy is not valid"),
        // Said by CloudFormation itself; the cause is another event.
        (
            Origin::Resource("AWS::Lambda::Function"),
            "",
            "Resource creation cancelled",
        ),
        (
            Origin::Change,
            "",
            "The submitted information didn't contain changes.",
        ),
        (
            Origin::Operation("DescribeStacks"),
            "ValidationError",
            "Stack with id news does not exist",
        ),
        (
            Origin::Operation("DescribeEndpoint"),
            "ValidationException",
            "Could not find endpoint \"news\".",
        ),
        (Origin::Training, "Stopped", "Training job stopped"),
        (
            Origin::Operation("HeadObject"),
            "NoSuchBucket",
            "The specified bucket does not exist",
        ),
        (
            Origin::Endpoint,
            "",
            "its answer lacks predicted_label or probabilities: {}",
        ),
        (Origin::Operation("CreateChangeSet"), "", ""),
    ] {
        let found = diagnose(&symptom(origin, code, message));
        assert_eq!(found, None, "{message}");
    }
}

#[test]
fn what_a_script_prints_is_never_taken_for_the_service() {
    let reason = "AlgorithmError: CapacityError: Unable to provision, AccessDenied, exit code: 1";
    let found = diagnose(&Symptom::training("Failed", reason)).unwrap();
    assert_eq!(found.cause, KnownCause::ScriptFailed);
    assert!(!found.cause.is_transient());
}

#[test]
fn a_reason_is_split_into_class_and_words() {
    let symptom = Symptom::training("Failed", "AlgorithmError: no data: none, exit code: 3");
    assert_eq!(
        (symptom.code, symptom.message),
        ("AlgorithmError", "no data: none, exit code: 3")
    );
    let symptom = Symptom::training("MaxRuntimeExceeded", "it ran: too long");
    assert_eq!(
        (symptom.code, symptom.message),
        ("MaxRuntimeExceeded", "it ran: too long")
    );
}

#[test]
fn propagation_is_told_apart_from_a_denial() {
    for message in [
        "Could not assume role arn:aws:iam::1:role/r. Please ensure that the role exists",
        "Unauthorized to List objects under S3 URL 's3://b/k'",
        "Access denied to OutputDataConfig S3 bucket b",
        "User is not authorized because no identity-based policy allows the s3:ListBucket action",
        "The role defined for the function cannot be assumed by Lambda.",
        "Could not access model data at s3://b/model.tar.gz.",
    ] {
        assert!(is_propagation(message), "{message}");
    }
    for message in [
        "User: a is not authorized to perform: iam:PassRole on resource: b because no identity-based policy allows the iam:PassRole action",
        "Access Denied",
        "Could not find model data at s3://b/model.tar.gz.",
        "",
    ] {
        assert!(!is_propagation(message), "{message}");
    }
}

#[test]
fn a_cause_has_a_code_in_snake_case() {
    let code = serde_json::to_value(KnownCause::QuotaExceeded).unwrap();
    assert_eq!(code, "quota_exceeded");
}
