//! Encryption: where data rests, and between the machines of a job.

use serde_json::Value;

use crate::code::Example;
use crate::policy::facts;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{DocumentName, Subject, is_given, is_or_may_be, number};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "S3-ENCRYPTION",
        severity: Severity::Warning,
        title: "Buckets say how they encrypt",
        reason: "what the template does not say is decided by a default that can be changed elsewhere",
        remedy: "set `BucketEncryption` to `AES256` or `aws:kms`",
        example: Example {
            before: "\
Bucket:
  Type: AWS::S3::Bucket",
            after: "\
Bucket:
  Type: AWS::S3::Bucket
  Properties:
    BucketEncryption:
      ServerSideEncryptionConfiguration:
        - ServerSideEncryptionByDefault: { SSEAlgorithm: AES256 }",
        },
        check: bucket,
    },
    Policy {
        id: "NOTEBOOK-ENCRYPTION",
        severity: Severity::Warning,
        title: "Notebook volumes are encrypted with a key of your own",
        reason: "people copy data to a notebook's disk, and without a key of yours its use cannot be withdrawn",
        remedy: "set `KmsKeyId` of the notebook",
        example: Example {
            before: "\
Notebook:
  Type: AWS::SageMaker::NotebookInstance
  Properties:
    InstanceType: ml.t3.medium",
            after: "\
Notebook:
  Type: AWS::SageMaker::NotebookInstance
  Properties:
    InstanceType: ml.t3.medium
    KmsKeyId: { Ref: Key }",
        },
        check: notebook,
    },
    Policy {
        id: "VOLUME-KEY",
        severity: Severity::Note,
        title: "Volumes of jobs and endpoints are encrypted with a key of your own",
        reason: "a key of yours shows in the logs who used it, and its use can be withdrawn",
        remedy: "set `encryption.volume_key` of training or endpoint",
        example: Example {
            before: "\
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{ InstanceType: ml.m5.large }]",
            after: "\
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{ InstanceType: ml.m5.large }]
    KmsKeyId: { Ref: Key }",
        },
        check: volumes,
    },
    Policy {
        id: "TRAINING-TRAFFIC",
        severity: Severity::Warning,
        title: "Traffic between the instances of a training job is encrypted",
        reason: "gradients and data cross the network between the instances in the open",
        remedy: "set `training.network.encrypt_traffic`",
        example: Example {
            before: "\
TrainingJobName: news-1
ResourceConfig: { InstanceType: ml.g5.xlarge, InstanceCount: 2 }",
            after: "\
TrainingJobName: news-1
ResourceConfig: { InstanceType: ml.g5.xlarge, InstanceCount: 2 }
EnableInterContainerTrafficEncryption: true",
        },
        check: traffic,
    },
    Policy {
        id: "TOPIC-ENCRYPTION",
        severity: Severity::Warning,
        title: "Topics and queues are encrypted",
        reason: "messages rest in the open until they are delivered",
        remedy: "set `KmsMasterKeyId`, e.g. to `alias/aws/sns`",
        example: Example {
            before: "\
Topic:
  Type: AWS::SNS::Topic",
            after: "\
Topic:
  Type: AWS::SNS::Topic
  Properties:
    KmsMasterKeyId: alias/aws/sns",
        },
        check: messages,
    },
];

fn bucket(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::S3::Bucket")
        .filter(|bucket| !is_given(bucket.property("/BucketEncryption")))
        .map(|bucket| {
            bucket.sighting(
                "/BucketEncryption",
                "the bucket does not say how it encrypts",
            )
        })
        .collect()
}

fn notebook(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::SageMaker::NotebookInstance")
        .filter(|notebook| !is_given(notebook.property("/KmsKeyId")))
        .map(|notebook| {
            notebook.sighting("/KmsKeyId", "the notebook's volume has no key of your own")
        })
        .collect()
}

fn volumes(subject: &Subject<'_>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for config in subject.of_type("AWS::SageMaker::EndpointConfig") {
        let variants = config.property("/ProductionVariants");
        if !is_given(config.property("/KmsKeyId")) && variants.is_some_and(takes_key) {
            found.push(config.sighting(
                "/KmsKeyId",
                "the endpoint's volumes have no key of your own",
            ));
        }
    }
    for (name, section) in [
        (DocumentName::TrainingJob, "ResourceConfig"),
        (DocumentName::TransformJob, "TransformResources"),
    ] {
        let Some(document) = subject.document(name) else {
            continue;
        };
        let Some(resources) = document.body.get(section) else {
            continue;
        };
        if !is_given(resources.get("VolumeKmsKeyId")) && takes_key(resources) {
            let message = "the job's volumes have no key of your own";
            found.push(document.sighting(&format!("/{section}"), message));
        }
    }
    found
}

/// Whether all the instance types in a value take a key; where one does not, none can be given.
fn takes_key(value: &Value) -> bool {
    let mut types = instances(value).peekable();
    types.peek().is_some() && types.all(facts::takes_volume_key)
}

/// The instance types anywhere in a value.
fn instances(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::Array(list) => Box::new(list.iter().flat_map(instances)),
        Value::Object(map) => Box::new(map.iter().flat_map(|(key, inner)| {
            let own = (key == "InstanceType").then(|| inner.as_str()).flatten();
            own.into_iter().chain(instances(inner))
        })),
        _ => Box::new(std::iter::empty()),
    }
}

fn traffic(subject: &Subject<'_>) -> Vec<Sighting> {
    let Some(job) = subject.document(DocumentName::TrainingJob) else {
        return Vec::new();
    };
    let several =
        number(job.body.pointer("/ResourceConfig/InstanceCount")).is_some_and(|n| n > 1.0);
    let key = "EnableInterContainerTrafficEncryption";
    if several && !is_or_may_be(job.body.get(key), "true") {
        let message = "the instances talk to each other in the open";
        return vec![job.sighting(&format!("/{key}"), message)];
    }
    Vec::new()
}

fn messages(subject: &Subject<'_>) -> Vec<Sighting> {
    let topics = subject.of_type("AWS::SNS::Topic");
    let queues = subject
        .of_type("AWS::SQS::Queue")
        .filter(|queue| !is_or_may_be(queue.property("/SqsManagedSseEnabled"), "true"));
    topics
        .chain(queues)
        .filter(|resource| !is_given(resource.property("/KmsMasterKeyId")))
        .map(|resource| resource.sighting("/KmsMasterKeyId", "messages rest in the open"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_training};

    #[test]
    fn a_bucket_and_a_notebook_say_how_they_encrypt() {
        let sse = json!({"BucketEncryption": {"ServerSideEncryptionConfiguration": [{}]}});
        assert!(on_resource("S3-ENCRYPTION", "AWS::S3::Bucket", sse).is_empty());
        assert_eq!(
            on_resource("S3-ENCRYPTION", "AWS::S3::Bucket", json!({})).len(),
            1
        );
        let notebook = |body| {
            on_resource(
                "NOTEBOOK-ENCRYPTION",
                "AWS::SageMaker::NotebookInstance",
                body,
            )
        };
        assert!(notebook(json!({"KmsKeyId": {"Ref": "Key"}})).is_empty());
        assert_eq!(notebook(json!({})).len(), 1);
    }

    #[test]
    fn volumes_have_a_key_where_one_can_be_given() {
        let config = |instance: &str, key: Option<&str>| {
            let mut config = json!({"ProductionVariants": [{"InstanceType": instance}]});
            if let Some(key) = key {
                config["KmsKeyId"] = json!(key);
            }
            on_resource("VOLUME-KEY", "AWS::SageMaker::EndpointConfig", config)
        };
        assert_eq!(config("ml.m5.large", None).len(), 1);
        assert!(config("ml.m5.large", Some("k")).is_empty());
        assert!(config("ml.g5.xlarge", None).is_empty());
        let pools = json!({"ProductionVariants": [{"InstancePools":
            [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.g5.xlarge"}]}]});
        assert!(on_resource("VOLUME-KEY", "AWS::SageMaker::EndpointConfig", pools).is_empty());
        let job = |instance: &str| {
            on_training(
                "VOLUME-KEY",
                json!({"ResourceConfig": {"InstanceType": instance}}),
            )
        };
        assert_eq!(job("ml.m5.large").len(), 1);
        assert!(job("ml.g4dn.xlarge").is_empty());
    }

    #[test]
    fn instances_that_talk_do_so_in_secret() {
        let job = |count: u32, encrypted: bool| {
            on_training(
                "TRAINING-TRAFFIC",
                json!({"ResourceConfig": {"InstanceCount": count},
                "EnableInterContainerTrafficEncryption": encrypted}),
            )
        };
        assert_eq!(job(2, false).len(), 1);
        assert!(job(2, true).is_empty() && job(1, false).is_empty());
    }

    #[test]
    fn messages_do_not_rest_in_the_open() {
        assert_eq!(
            on_resource("TOPIC-ENCRYPTION", "AWS::SNS::Topic", json!({})).len(),
            1
        );
        let key = json!({"KmsMasterKeyId": "alias/aws/sns"});
        assert!(on_resource("TOPIC-ENCRYPTION", "AWS::SNS::Topic", key).is_empty());
        let managed = json!({"SqsManagedSseEnabled": true});
        assert!(on_resource("TOPIC-ENCRYPTION", "AWS::SQS::Queue", managed).is_empty());
    }
}
