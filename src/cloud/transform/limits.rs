//! The limits that `CreateTransformJob` sets, held against a request before it is sent: a template of the
//! project's own may render anything.
//!
//! Sources: "`CreateTransformJob`" in the SageMaker API reference and the service model of botocore 1.44.5.

use super::TransformRequest;

/// The most that all requests to one container may hold together, in MB.
const MOST_AT_ONCE: i32 = 100;

/// Names everything in a request that is beyond a limit.
pub fn violations(request: &TransformRequest) -> Vec<String> {
    let mut found = Vec::new();
    let mut require = |holds: bool, text: String| {
        if !holds {
            found.push(text);
        }
    };
    for (what, name) in [
        ("TransformJobName", &request.transform_job_name),
        ("ModelName", &request.model_name),
    ] {
        let text = format!("{what} `{name}` is no name of 1 to 63 characters");
        require(is_name(name), text);
    }
    words(&mut require, request);
    numbers(&mut require, request);
    for (what, place) in [
        (
            "S3Uri",
            &request.transform_input.data_source.s3_data_source.s3_uri,
        ),
        ("S3OutputPath", &request.transform_output.s3_output_path),
    ] {
        let fits = place.starts_with("s3://") && place.chars().count() <= 1_024;
        let text = format!("{what} is no s3:// address of at most 1024 characters");
        require(fits, text);
    }
    for (key, value) in &request.environment {
        let fits = key.chars().count() <= 1_024 && value.chars().count() <= 10_240;
        require(fits, format!("Environment.{key} is too long"));
    }
    for tag in &request.tags {
        let fits = (1..=128).contains(&tag.key.chars().count()) && tag.value.chars().count() <= 256;
        let text = format!(
            "the tag {} has a key of more than 128 or a value of more than 256 characters",
            tag.key
        );
        require(fits, text);
    }
    found
}

/// Holds words against those that the service knows.
fn words(require: &mut impl FnMut(bool, String), request: &TransformRequest) {
    let (input, output) = (&request.transform_input, &request.transform_output);
    let objects = &input.data_source.s3_data_source;
    let splits = ["None", "Line", "RecordIO", "TFRecord"];
    let known: [(&str, Option<&str>, &[&str]); 5] = [
        ("SplitType", input.split_type.as_deref(), &splits),
        (
            "CompressionType",
            input.compression_type.as_deref(),
            &["None", "Gzip"],
        ),
        (
            "S3DataType",
            Some(&objects.s3_data_type),
            &["S3Prefix", "ManifestFile"],
        ),
        (
            "AssembleWith",
            output.assemble_with.as_deref(),
            &["None", "Line"],
        ),
        (
            "BatchStrategy",
            request.batch_strategy.as_deref(),
            &["MultiRecord", "SingleRecord"],
        ),
    ];
    for (what, given, known) in known {
        if let Some(given) = given {
            let text = format!("{what} is `{given}`, not one of {}", known.join(", "));
            require(known.contains(&given), text);
        }
    }
}

/// Holds numbers, and numbers of entries, against their limits.
fn numbers(require: &mut impl FnMut(bool, String), request: &TransformRequest) {
    let client = request.model_client_config.as_ref();
    for (what, number, least, most) in [
        (
            "InstanceCount",
            Some(request.transform_resources.instance_count),
            1,
            i32::MAX,
        ),
        ("MaxPayloadInMB", request.max_payload_in_mb, 0, 100),
        (
            "MaxConcurrentTransforms",
            request.max_concurrent_transforms,
            0,
            i32::MAX,
        ),
        (
            "InvocationsTimeoutInSeconds",
            client.and_then(|c| c.invocations_timeout_in_seconds),
            1,
            3_600,
        ),
        (
            "InvocationsMaxRetries",
            client.and_then(|c| c.invocations_max_retries),
            0,
            3,
        ),
    ] {
        if let Some(number) = number {
            let fits = (least..=most).contains(&number);
            require(fits, format!("{what} is {number}, not {least} to {most}"));
        }
    }
    for (what, count, most) in [
        ("Environment", request.environment.len(), 16),
        ("Tags", request.tags.len(), 50),
    ] {
        require(
            count <= most,
            format!("{what} has {count} entries, not 0 to {most}"),
        );
    }
    let payload = request.max_payload_in_mb.unwrap_or(6);
    let at_once = request
        .max_concurrent_transforms
        .unwrap_or(1)
        .saturating_mul(payload);
    require(
        at_once <= MOST_AT_ONCE,
        format!("MaxPayloadInMB times MaxConcurrentTransforms is {at_once}, over {MOST_AT_ONCE}"),
    );
}

/// Letters, digits and single or repeated hyphens between them.
fn is_name(name: &str) -> bool {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let ends = name.starts_with('-') || name.ends_with('-');
    (1..=63).contains(&name.len()) && letters && !ends
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request() -> Value {
        json!({
            "TransformJobName": "job",
            "ModelName": "model",
            "TransformInput": {
                "ContentType": "application/jsonlines", "CompressionType": "None", "SplitType": "Line",
                "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": "s3://b/in/" } },
            },
            "TransformOutput": { "S3OutputPath": "s3://b/out", "AssembleWith": "Line" },
            "TransformResources": { "InstanceType": "ml.m5.xlarge", "InstanceCount": 1 },
            "BatchStrategy": "SingleRecord",
            "MaxPayloadInMB": 50,
            "MaxConcurrentTransforms": 2,
            "ModelClientConfig": { "InvocationsTimeoutInSeconds": 3600, "InvocationsMaxRetries": 3 },
            "Tags": [{ "Key": "a", "Value": "" }],
        })
    }

    fn found(request: Value) -> Vec<String> {
        violations(&serde_json::from_value(request).unwrap())
    }

    #[test]
    fn every_limit_holds_at_its_edge_and_no_further() {
        assert_eq!(found(request()), Vec::<String>::new());
        for (pointer, value, says) in [
            (
                "/TransformJobName",
                json!("n".repeat(64)),
                "TransformJobName",
            ),
            ("/ModelName", json!("-a"), "ModelName"),
            (
                "/TransformInput/SplitType",
                json!("Lines"),
                "SplitType is `Lines`",
            ),
            (
                "/TransformInput/CompressionType",
                json!("Zip"),
                "CompressionType",
            ),
            (
                "/TransformInput/DataSource/S3DataSource/S3DataType",
                json!("Key"),
                "S3DataType",
            ),
            (
                "/TransformInput/DataSource/S3DataSource/S3Uri",
                json!("b/in"),
                "S3Uri",
            ),
            (
                "/TransformOutput/AssembleWith",
                json!("Comma"),
                "AssembleWith",
            ),
            (
                "/TransformResources/InstanceCount",
                json!(0),
                "InstanceCount is 0",
            ),
            ("/BatchStrategy", json!("Many"), "BatchStrategy"),
            ("/MaxPayloadInMB", json!(51), "is 102, over 100"),
            (
                "/ModelClientConfig/InvocationsTimeoutInSeconds",
                json!(3_601),
                "InvocationsTimeout",
            ),
            (
                "/ModelClientConfig/InvocationsMaxRetries",
                json!(4),
                "InvocationsMaxRetries is 4",
            ),
            ("/Tags/0/Key", json!("k".repeat(129)), "the tag"),
        ] {
            let mut request = request();
            *request.pointer_mut(pointer).unwrap() = value;
            let found = found(request);
            assert!(
                found.iter().any(|text| text.contains(says)),
                "{pointer}: {found:?}"
            );
        }
        let mut many = request();
        many["Environment"] = (0..17)
            .map(|n| (format!("k{n}"), json!("v")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert!(found(many)[0].contains("17 entries"));
    }
}
