//! What CloudFormation's schemas say of resource types: which property replaces, which list has no
//! order, which values are made from a name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The embedded table; its head says where it is from and of which day.
static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    serde_json::from_str(include_str!("facts.json")).expect("the embedded table is valid")
});

/// Lists without an order wherever they occur, by the name of their property.
const UNORDERED: &[&str] = &[
    "Tags",
    "SecurityGroupIds",
    "SubnetIds",
    "Subnets",
    "ManagedPolicyArns",
    "DependsOn",
    "MetricDefinitions",
    "InputDataConfig",
];

#[derive(Debug, Deserialize)]
struct Facts {
    date: String,
    types: BTreeMap<String, TypeFacts>,
}

/// What is known of one resource type. Paths have `/` between names and `*` for list items.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TypeFacts {
    /// Properties whose change replaces the resource.
    create_only: Vec<String>,
    /// Properties whose change may replace the resource.
    conditional: Vec<String>,
    /// Lists whose order means nothing.
    unordered: Vec<String>,
    /// How the resource is named.
    pub(super) naming: Option<Naming>,
}

/// How a resource is named, and what is made from the name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Naming {
    /// The properties that name it; without them the name is generated.
    pub(super) by: Vec<String>,
    /// Properties that, beside the name, decide the attributes.
    #[serde(default)]
    pub(super) and: Vec<String>,
    /// Whether `Ref` is the name itself; otherwise it is an ARN or id made from it.
    pub(super) ref_is_name: bool,
    /// The attributes that are made from the name.
    pub(super) attributes: Vec<String>,
}

/// What a change of a property does to its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The resource is updated in place.
    InPlace,
    /// The resource is replaced.
    CreateOnly,
    /// The resource may be replaced, depending on the values.
    Conditional,
    /// There are no facts of this type.
    Unknown,
}

/// The facts of a type, if there are any.
pub(super) fn of(kind: &str) -> Option<&'static TypeFacts> {
    FACTS.types.get(kind)
}

/// The day that the facts are of.
pub(super) fn date() -> &'static str {
    &FACTS.date
}

/// What a change at a path below `Properties` does to a resource of the type.
pub(super) fn rule(kind: &str, path: &str) -> Rule {
    let Some(facts) = of(kind) else {
        return Rule::Unknown;
    };
    let covers = |list: &[String]| list.iter().any(|entry| is_within(path, entry));
    // A change reported above a create-only property may or may not concern it.
    let may = |list: &[String]| list.iter().any(|entry| is_within(entry, path));
    if covers(&facts.create_only) {
        Rule::CreateOnly
    } else if covers(&facts.conditional) || may(&facts.create_only) || may(&facts.conditional) {
        Rule::Conditional
    } else {
        Rule::InPlace
    }
}

/// Whether the list at a path has no order. `kind` is empty for requests.
pub(super) fn is_unordered(kind: &str, path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    UNORDERED.contains(&last)
        || of(kind).is_some_and(|facts| facts.unordered.iter().any(|entry| entry == path))
}

fn is_within(path: &str, entry: &str) -> bool {
    path.strip_prefix(entry)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_dated() {
        assert!(date().starts_with("20"));
        assert!(FACTS.types.len() > 30);
    }

    #[test]
    fn a_path_within_a_create_only_property_replaces() {
        let model = "AWS::SageMaker::Model";
        assert_eq!(rule(model, "PrimaryContainer/Image"), Rule::CreateOnly);
        assert_eq!(rule(model, "Tags/*/Value"), Rule::InPlace);
        assert_eq!(
            rule("AWS::Lambda::Function", "DurableConfig"),
            Rule::Conditional
        );
        assert_eq!(rule("AWS::S3::Bucket", "BucketNames"), Rule::InPlace);
        assert_eq!(rule("Custom::Thing", "A"), Rule::Unknown);
    }

    #[test]
    fn containers_of_a_pipeline_and_arguments_have_an_order() {
        assert!(!is_unordered("AWS::SageMaker::Model", "Containers"));
        assert!(!is_unordered(
            "",
            "AlgorithmSpecification/ContainerEntrypoint"
        ));
        assert!(is_unordered("AWS::SageMaker::Model", "VpcConfig/Subnets"));
        assert!(is_unordered("AWS::CloudWatch::Alarm", "Dimensions"));
    }
}
