//! The network: what the internet can reach, and what can reach the internet.

use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::DocumentName;
use crate::policy::subject::{Resource, Subject, is_or_may_be};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "NET-OPEN-INGRESS",
        severity: Severity::Error,
        title: "No security group lets the whole internet in",
        reason: "whatever listens behind it can be tried by everybody, all day",
        remedy: "name the addresses or security groups that need it",
        example: Example {
            before: "\
SecurityGroup:
  Type: AWS::EC2::SecurityGroup
  Properties:
    SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0 }]",
            after: "\
SecurityGroup:
  Type: AWS::EC2::SecurityGroup
  Properties:
    SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/16 }]",
        },
        check: open_ingress,
    },
    Policy {
        id: "NET-FUNCTION-URL",
        severity: Severity::Error,
        title: "No function has a public URL of its own",
        reason: "a function URL without authorization passes by the API's throttle and logs",
        remedy: "set `AuthType` to `AWS_IAM`, or call the function through the API",
        example: Example {
            before: "\
Url:
  Type: AWS::Lambda::Url
  Properties:
    AuthType: NONE",
            after: "\
Url:
  Type: AWS::Lambda::Url
  Properties:
    AuthType: AWS_IAM",
        },
        check: function_url,
    },
    Policy {
        id: "NET-TRAINING",
        severity: Severity::Note,
        title: "Training code cannot reach the network",
        reason: "code and packages from elsewhere could send the data away",
        remedy: "set `training.network.isolation`, if all that training needs is in its channels and image",
        example: Example {
            before: "\
TrainingJobName: news-1
EnableNetworkIsolation: false",
            after: "\
TrainingJobName: news-1
EnableNetworkIsolation: true",
        },
        check: training_isolation,
    },
];

fn open_ingress(subject: &Subject<'_>) -> Vec<Sighting> {
    let groups = subject
        .of_type("AWS::EC2::SecurityGroup")
        .flat_map(|group| {
            group
                .items("/SecurityGroupIngress")
                .filter_map(|(pointer, rule)| open(group, &pointer, rule))
                .collect::<Vec<_>>()
        });
    let rules = subject
        .of_type("AWS::EC2::SecurityGroupIngress")
        .filter_map(|rule| open(rule, "", rule.property("")?));
    groups.chain(rules).collect()
}

fn open(resource: Resource<'_>, pointer: &str, rule: &Value) -> Option<Sighting> {
    let (key, range) = ["CidrIp", "CidrIpv6"].into_iter().find_map(|key| {
        let range = rule.get(key)?.as_str()?;
        ["0.0.0.0/0", "::/0"]
            .contains(&range)
            .then_some((key, range))
    })?;
    let message = format!("`{range}`, all the internet, is let in");
    Some(resource.sighting(&format!("{pointer}/{key}"), message))
}

fn function_url(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .of_type("AWS::Lambda::Url")
        .filter(|url| url.property("/AuthType").and_then(Value::as_str) == Some("NONE"))
        .map(|url| url.sighting("/AuthType", "everybody can call the function by its URL"))
        .collect()
}

fn training_isolation(subject: &Subject<'_>) -> Vec<Sighting> {
    subject
        .document(DocumentName::TrainingJob)
        .filter(|job| !is_or_may_be(job.body.get("EnableNetworkIsolation"), "true"))
        .map(|job| {
            job.sighting(
                "/EnableNetworkIsolation",
                "training code can reach the network",
            )
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_training};

    #[test]
    fn the_internet_is_not_let_in() {
        let group = |range: &str| {
            let rules = json!({"SecurityGroupIngress": [{"CidrIp": range}]});
            on_resource("NET-OPEN-INGRESS", "AWS::EC2::SecurityGroup", rules)
        };
        assert_eq!(group("0.0.0.0/0").len(), 1);
        assert!(group("10.0.0.0/8").is_empty());
        let rule = json!({"CidrIpv6": "::/0"});
        assert_eq!(
            on_resource("NET-OPEN-INGRESS", "AWS::EC2::SecurityGroupIngress", rule).len(),
            1
        );
    }

    #[test]
    fn a_function_url_asks_who_is_calling() {
        let find = |auth: &str| {
            on_resource(
                "NET-FUNCTION-URL",
                "AWS::Lambda::Url",
                json!({"AuthType": auth}),
            )
        };
        assert_eq!(find("NONE").len(), 1);
        assert!(find("AWS_IAM").is_empty());
    }

    #[test]
    fn training_without_isolation_is_noted() {
        assert_eq!(
            on_training("NET-TRAINING", json!({"EnableNetworkIsolation": false})).len(),
            1
        );
        assert!(on_training("NET-TRAINING", json!({"EnableNetworkIsolation": true})).is_empty());
    }
}
