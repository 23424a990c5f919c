//! Staying up: more than one instance, somebody who notices, a way back, time to answer.

use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Resource, Subject, is_function, is_given, number, refers_to};

/// What the HTTP API waits for a function unless told otherwise, in milliseconds (the most there is).
const LONGEST_WAIT: f64 = 30_000.0;
/// What Lambda gives a function that says nothing, in seconds.
const DEFAULT_TIMEOUT: f64 = 3.0;

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "RES-SINGLE-INSTANCE",
        severity: Severity::Warning,
        title: "Endpoints of a protected environment have two instances or more",
        reason: "one instance is in one zone: when it or its zone fails, nothing answers",
        remedy: "set `endpoint.count` (or `autoscaling.min`) to 2 or more",
        example: Example {
            before: "\
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{ InstanceType: ml.m5.large, InitialInstanceCount: 1 }]",
            after: "\
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{ InstanceType: ml.m5.large, InitialInstanceCount: 2 }]",
        },
        check: single_instance,
    },
    Policy {
        id: "RES-ALARMS",
        severity: Severity::Warning,
        title: "Endpoints of a protected environment have alarms",
        reason: "nobody is told when the endpoint fails or is slow",
        remedy: "add an `alarms` section",
        example: Example {
            before: "\
Endpoint:
  Type: AWS::SageMaker::Endpoint",
            after: "\
Endpoint:
  Type: AWS::SageMaker::Endpoint
ErrorsAlarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    Namespace: AWS/SageMaker
    MetricName: Invocation5XXErrors",
        },
        check: alarms,
    },
    Policy {
        id: "RES-ROLLBACK",
        severity: Severity::Error,
        title: "A gradual rollout has alarms that roll it back",
        reason: "without them a bad model goes on to all the traffic; the waits gain nothing",
        remedy: "add an `alarms` section, whose alarms the rollout watches",
        example: Example {
            before: "\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    DeploymentConfig:
      BlueGreenUpdatePolicy:
        TrafficRoutingConfiguration: { Type: CANARY }",
            after: "\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    DeploymentConfig:
      BlueGreenUpdatePolicy:
        TrafficRoutingConfiguration: { Type: CANARY }
      AutoRollbackConfiguration:
        Alarms: [{ AlarmName: news-endpoint-errors }]",
        },
        check: rollback,
    },
    Policy {
        id: "RES-TIMEOUT",
        severity: Severity::Error,
        title: "A function gives up before the API does",
        reason: "the API cuts the function off and answers 503 or 504, and nobody learns why",
        remedy: "make `function.timeout` shorter than the integration's, 29 s at most",
        example: Example {
            before: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    Timeout: 30
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties:
    IntegrationUri: { Fn::GetAtt: [Function, Arn] }",
            after: "\
Function:
  Type: AWS::Lambda::Function
  Properties:
    Timeout: 25
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties:
    IntegrationUri: { Fn::GetAtt: [Function, Arn] }",
        },
        check: timeout,
    },
];

fn single_instance(subject: &Subject<'_>) -> Vec<Sighting> {
    if !subject.is_protected() {
        return Vec::new();
    }
    let at_least_two = |value: Option<&Value>| number(value).is_some_and(|n| n >= 2.0);
    let scales = subject
        .of_type("AWS::ApplicationAutoScaling::ScalableTarget")
        .any(|target| at_least_two(target.property("/MinCapacity")));
    let mut found = Vec::new();
    for config in subject.of_type("AWS::SageMaker::EndpointConfig") {
        for (pointer, variant) in config.items("/ProductionVariants") {
            let count = variant.get("InitialInstanceCount");
            let managed = variant.pointer("/ManagedInstanceScaling/MinInstanceCount");
            let fine = is_given(variant.get("ServerlessConfig"))
                || at_least_two(count)
                || count.is_some_and(is_function)
                || at_least_two(managed)
                || scales;
            if !fine {
                let pointer = format!("{pointer}/InitialInstanceCount");
                found.push(config.sighting(&pointer, "the endpoint has a single instance"));
            }
        }
    }
    found
}

fn alarms(subject: &Subject<'_>) -> Vec<Sighting> {
    let watched = subject.resources().any(|r| {
        matches!(
            r.kind,
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm"
        )
    });
    if watched || !subject.is_protected() {
        return Vec::new();
    }
    subject
        .of_type("AWS::SageMaker::Endpoint")
        .map(|endpoint| endpoint.sighting("", "no alarm watches the endpoint"))
        .collect()
}

fn rollback(subject: &Subject<'_>) -> Vec<Sighting> {
    const CONFIG: &str = "/DeploymentConfig";
    subject
        .of_type("AWS::SageMaker::Endpoint")
        .filter_map(|endpoint| {
            let kind = rollout(endpoint)?;
            let alarms = endpoint.property("/DeploymentConfig/AutoRollbackConfiguration/Alarms");
            (!is_given(alarms))
                .then(|| endpoint.sighting(CONFIG, format!("the {kind} rollout watches no alarm")))
        })
        .collect()
}

/// The kind of a gradual rollout.
fn rollout(endpoint: Resource<'_>) -> Option<&'static str> {
    if is_given(endpoint.property("/DeploymentConfig/RollingUpdatePolicy")) {
        return Some("rolling");
    }
    let routing = "/DeploymentConfig/BlueGreenUpdatePolicy/TrafficRoutingConfiguration/Type";
    match endpoint.property(routing)?.as_str()? {
        "CANARY" => Some("canary"),
        "LINEAR" => Some("linear"),
        _ => None,
    }
}

fn timeout(subject: &Subject<'_>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for function in subject.of_type("AWS::Lambda::Function") {
        let value = function.property("/Timeout");
        if value.is_some_and(is_function) {
            continue;
        }
        let timeout = number(value).unwrap_or(DEFAULT_TIMEOUT);
        let shortest = subject
            .of_type("AWS::ApiGatewayV2::Integration")
            .filter(|integration| {
                let uri = integration.property("/IntegrationUri");
                uri.is_some_and(|uri| refers_to(uri, function.id))
            })
            .filter_map(
                |integration| match integration.property("/TimeoutInMillis") {
                    None => Some(LONGEST_WAIT),
                    value => number(value),
                },
            )
            .fold(f64::INFINITY, f64::min);
        if timeout * 1000.0 >= shortest {
            let message = format!(
                "the function may take {timeout} s, the API waits {} s",
                shortest / 1000.0
            );
            found.push(function.sighting("/Timeout", message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_template, on_unprotected};
    use super::*;

    fn config(variant: &Value) -> Value {
        json!({"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}})
    }

    #[test]
    fn a_protected_endpoint_has_two_instances() {
        let find = |variant| on_template("RES-SINGLE-INSTANCE", json!({"C": config(&variant)}));
        assert_eq!(find(json!({"InitialInstanceCount": 1})).len(), 1);
        assert!(find(json!({"InitialInstanceCount": 2})).is_empty());
        assert!(find(json!({"ServerlessConfig": {"MaxConcurrency": 1}})).is_empty());
        let one = json!({"C": config(&json!({"InitialInstanceCount": 1}))});
        assert!(on_unprotected("RES-SINGLE-INSTANCE", one.clone()).is_empty());
        let mut scaled = one;
        scaled["T"] = json!({"Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {"MinCapacity": 2}});
        assert!(on_template("RES-SINGLE-INSTANCE", scaled).is_empty());
    }

    #[test]
    fn a_protected_endpoint_is_watched() {
        let mut template = json!({"E": {"Type": "AWS::SageMaker::Endpoint", "Properties": {}}});
        assert_eq!(on_template("RES-ALARMS", template.clone()).len(), 1);
        assert!(on_unprotected("RES-ALARMS", template.clone()).is_empty());
        template["A"] = json!({"Type": "AWS::CloudWatch::Alarm"});
        assert!(on_template("RES-ALARMS", template).is_empty());
    }

    #[test]
    fn a_gradual_rollout_watches_alarms() {
        let find = |config| {
            let endpoint = json!({"DeploymentConfig": config});
            on_resource("RES-ROLLBACK", "AWS::SageMaker::Endpoint", endpoint)
        };
        let routing = |kind: &str| json!({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": kind}}});
        assert_eq!(find(routing("CANARY")).len(), 1);
        assert!(find(routing("ALL_AT_ONCE")).is_empty());
        let mut watched = json!({"RollingUpdatePolicy": {"MaximumBatchSize": {}}});
        assert!(find(watched.clone()).len() == 1);
        watched["AutoRollbackConfiguration"] = json!({"Alarms": [{"AlarmName": "a"}]});
        assert!(find(watched).is_empty());
    }

    #[test]
    fn a_function_gives_up_first() {
        let find = |function: Value, milliseconds: Value| {
            on_template(
                "RES-TIMEOUT",
                json!({
                "F": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": function}},
                "I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
                    "IntegrationUri": {"Fn::GetAtt": ["F", "Arn"]},
                    "TimeoutInMillis": milliseconds}}}),
            )
        };
        assert!(find(json!(25), json!(26_000)).is_empty());
        let found = find(json!(30), json!(30_000));
        assert_eq!(
            found[0].message,
            "the function may take 30 s, the API waits 30 s"
        );
        assert!(find(json!({"Ref": "P"}), json!(1000)).is_empty());
    }
}
