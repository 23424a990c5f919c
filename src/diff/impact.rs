//! Follows a change through references: what is replaced changes the values that refer to it, and
//! these may replace what uses them, until nothing more follows.
//!
//! Levels only ever rise, so the end is the same whatever the order of the resources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::Effect;
use super::facts::{self, Rule};
use super::references::{Reference, Target};

/// How certain it is that a value changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It stays the same.
    No,
    /// It may change.
    Maybe,
    /// It changes.
    Yes,
}

/// A resource by its document and logical id.
pub(super) type Key = (String, String);

/// A resource that is on both sides.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its type.
    pub(super) kind: String,
    /// Its properties before.
    pub(super) before: Value,
    /// Its properties after, in their one form.
    pub(super) after: Value,
    /// What its properties refer to.
    pub(super) references: Vec<Reference>,
    /// Paths below `Properties` that differ, with what that does.
    pub(super) direct: Vec<(String, Effect)>,
}

/// What an output refers to.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// Whether its own text differs.
    pub(super) differs: bool,
    /// What its value refers to.
    pub(super) references: Vec<Reference>,
}

/// Everything that changes can follow through.
#[derive(Debug, Default)]
pub(super) struct Web {
    /// The resources that are on both sides.
    pub(super) nodes: BTreeMap<Key, Node>,
    /// The outputs of the documents.
    pub(super) outputs: BTreeMap<Key, Output>,
    /// Parameters whose values are known to change, or may.
    pub(super) parameters: BTreeMap<Key, Level>,
    /// Conditions and mappings that differ.
    pub(super) tables: BTreeSet<Key>,
}

/// A property that follows another change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Follow {
    /// Path below `Properties`.
    pub(super) path: String,
    /// What it refers to.
    pub(super) target: Target,
    /// How certain it is.
    pub(super) level: Level,
    /// What it does to the resource.
    pub(super) effect: Effect,
}

/// The document whose outputs are the other's parameters of the same names.
const FEEDS: (&str, &str) = ("foundation", "service");

type Follows = BTreeMap<Key, BTreeMap<(String, Target), Level>>;

impl Web {
    /// Finds everything that follows, per resource.
    pub(super) fn settle(&self) -> BTreeMap<Key, Vec<Follow>> {
        let mut follows = Follows::new();
        // Each round raises at least one level or is the last, so this ends.
        loop {
            let mut raised = false;
            for (key, node) in &self.nodes {
                for reference in &node.references {
                    let level = self.level(&key.0, reference, &follows);
                    if level == Level::No {
                        continue;
                    }
                    let place = (reference.path.clone(), reference.target.clone());
                    let known = follows.entry(key.clone()).or_default();
                    let known = known.entry(place).or_insert(Level::No);
                    if *known < level {
                        *known = level;
                        raised = true;
                    }
                }
            }
            if !raised {
                break;
            }
        }
        follows
            .into_iter()
            .map(|(key, followed)| {
                let kind = self.nodes[&key].kind.as_str();
                let follow = |((path, target), level): ((String, Target), Level)| Follow {
                    effect: effect(kind, &path, level),
                    path,
                    target,
                    level,
                };
                (key, followed.into_iter().map(follow).collect())
            })
            .collect()
    }

    fn level(&self, document: &str, reference: &Reference, follows: &Follows) -> Level {
        let level = self.target(document, &reference.target, follows);
        if reference.certain {
            level
        } else {
            level.min(Level::Maybe)
        }
    }

    fn target(&self, document: &str, target: &Target, follows: &Follows) -> Level {
        let key = |name: &str| (document.to_owned(), name.to_owned());
        match target {
            Target::Condition(name) | Target::Mapping(name) => {
                if self.tables.contains(&key(name)) {
                    Level::Maybe
                } else {
                    Level::No
                }
            }
            Target::Name(name) => match self.nodes.get(&key(name)) {
                Some(node) => node.value(&key(name), None, follows),
                None => self.parameter(document, name, follows),
            },
            Target::Attribute(name, attribute) => {
                self.nodes.get(&key(name)).map_or(Level::No, |node| {
                    node.value(&key(name), Some(attribute), follows)
                })
            }
        }
    }

    fn parameter(&self, document: &str, name: &str, follows: &Follows) -> Level {
        let key = (document.to_owned(), name.to_owned());
        let own = self.parameters.get(&key).copied().unwrap_or(Level::No);
        let fed = if document == FEEDS.1 {
            self.output(name, follows)
        } else {
            Level::No
        };
        own.max(fed)
    }

    /// How certain it is that an output of the feeding document changes.
    fn output(&self, name: &str, follows: &Follows) -> Level {
        let Some(output) = self.outputs.get(&(FEEDS.0.to_owned(), name.to_owned())) else {
            return Level::No;
        };
        if output.differs {
            return Level::Yes;
        }
        let levels = output.references.iter();
        levels
            .map(|reference| self.level(FEEDS.0, reference, follows))
            .max()
            .unwrap_or(Level::No)
    }

    /// The document that a parameter's change comes from, if it is another one's output.
    pub(super) fn feeder(&self, document: &str, parameter: &str) -> Option<&'static str> {
        let output = (FEEDS.0.to_owned(), parameter.to_owned());
        let own = (document.to_owned(), parameter.to_owned());
        let fed = document == FEEDS.1 && self.outputs.contains_key(&output);
        (fed && !self.parameters.contains_key(&own)).then_some(FEEDS.0)
    }
}

impl Node {
    /// How certain it is that `Ref` (or an attribute) of it changes.
    fn value(&self, key: &Key, attribute: Option<&str>, follows: &Follows) -> Level {
        let empty = BTreeMap::new();
        let followed = follows.get(key).unwrap_or(&empty);
        let touched = attribute.map_or(Level::No, |name| self.touched(name, followed));
        let direct = self.direct.iter().map(|(_, effect)| fate(*effect));
        let indirect = followed
            .iter()
            .map(|((path, _), level)| fate(effect(&self.kind, path, *level)));
        let replaced = direct.chain(indirect).max().unwrap_or(Level::No);
        if replaced == Level::No || self.keeps(attribute, followed) {
            return touched;
        }
        replaced.max(touched)
    }

    /// Whether a value is known to stay the same when the resource is replaced: it is made from a
    /// name that the template gives and that does not change.
    fn keeps(&self, attribute: Option<&str>, followed: &BTreeMap<(String, Target), Level>) -> bool {
        let Some(naming) = facts::of(&self.kind).and_then(|facts| facts.naming.as_ref()) else {
            return false;
        };
        let given = |name: &String| {
            self.before.get(name).is_some()
                && self.after.get(name).is_some()
                && self.touched(name, followed) == Level::No
        };
        let others_stay = || {
            let touched = |name: &String| self.touched(name, followed) != Level::No;
            !naming.and.iter().any(touched)
        };
        naming.by.iter().all(given)
            && match attribute {
                None => naming.ref_is_name || others_stay(),
                Some(name) => naming.attributes.iter().any(|one| one == name) && others_stay(),
            }
    }

    /// How certain it is that a property itself changes.
    fn touched(&self, name: &str, followed: &BTreeMap<(String, Target), Level>) -> Level {
        let within = |path: &str| {
            path.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.direct.iter().any(|(path, _)| within(path)) {
            return Level::Yes;
        }
        let levels = followed.iter().filter(|((path, _), _)| within(path));
        levels.map(|(_, level)| *level).max().unwrap_or(Level::No)
    }
}

/// What a change of a property does to a resource of a type.
pub(super) fn effect(kind: &str, path: &str, level: Level) -> Effect {
    match (facts::rule(kind, path), level) {
        (_, Level::No) => Effect::None,
        (Rule::CreateOnly, Level::Yes) => Effect::Replace,
        (Rule::CreateOnly | Rule::Conditional | Rule::Unknown, _) => Effect::MayReplace,
        (Rule::InPlace, _) => Effect::InPlace,
    }
}

fn fate(effect: Effect) -> Level {
    match effect {
        Effect::None | Effect::InPlace => Level::No,
        Effect::MayReplace => Level::Maybe,
        Effect::Replace => Level::Yes,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::canonical::normal;
    use super::super::references::references;
    use super::*;

    fn node(kind: &str, properties: &Value, direct: &[&str]) -> Node {
        let after = normal(properties);
        Node {
            kind: kind.to_owned(),
            before: after.clone(),
            references: references(&after),
            after,
            direct: direct
                .iter()
                .map(|path| ((*path).to_owned(), effect(kind, path, Level::Yes)))
                .collect(),
        }
    }

    fn web(nodes: &[(&str, Node)]) -> Web {
        let key = |id: &str| ("service".to_owned(), id.to_owned());
        Web {
            nodes: nodes
                .iter()
                .map(|(id, node)| (key(id), node.clone()))
                .collect(),
            ..Web::default()
        }
    }

    fn fates(web: &Web) -> Vec<(String, Effect)> {
        let gravest = |follows: Vec<Follow>| follows.iter().map(|one| one.effect).max();
        web.settle()
            .into_iter()
            .filter_map(|((_, id), follows)| Some((id, gravest(follows)?)))
            .collect()
    }

    fn serving(model: &[&str]) -> [(&'static str, Node); 3] {
        let config =
            json!({"ProductionVariants": [{"ModelName": {"Fn::GetAtt": "Model.ModelName"}}]});
        let endpoint = json!({"EndpointName": "e",
            "EndpointConfigName": {"Fn::GetAtt": "Config.EndpointConfigName"}});
        [
            (
                "Config",
                node("AWS::SageMaker::EndpointConfig", &config, &[]),
            ),
            ("Endpoint", node("AWS::SageMaker::Endpoint", &endpoint, &[])),
            ("Model", node("AWS::SageMaker::Model", &json!({}), model)),
        ]
    }

    #[test]
    fn a_new_model_replaces_the_config_and_updates_the_endpoint() {
        let found = fates(&web(&serving(&["PrimaryContainer/Image"])));
        let expected = [
            ("Config".to_owned(), Effect::Replace),
            ("Endpoint".to_owned(), Effect::InPlace),
        ];
        assert_eq!(found, expected);
        assert_eq!(fates(&web(&serving(&["Tags/*/Value"]))), []);
    }

    #[test]
    fn a_name_that_stays_stops_it() {
        let policy = json!({"Bucket": {"Ref": "Bucket"}});
        let with = |properties: Value, direct: &str| {
            web(&[
                ("Bucket", node("AWS::S3::Bucket", &properties, &[direct])),
                ("Policy", node("AWS::S3::BucketPolicy", &policy, &[])),
            ])
        };
        let named = json!({"BucketName": "b"});
        assert_eq!(fates(&with(named.clone(), "BucketNamespace")), []);
        let replaced = [("Policy".to_owned(), Effect::Replace)];
        assert_eq!(fates(&with(named, "BucketName")), replaced);
        assert_eq!(fates(&with(json!({}), "BucketNamespace")), replaced);
    }

    #[test]
    fn the_arn_of_a_role_follows_its_path_and_its_name_does_not() {
        let role = node(
            "AWS::IAM::Role",
            &json!({"RoleName": "r", "Path": "/a/"}),
            &["Path"],
        );
        let by_name = node(
            "AWS::IAM::RolePolicy",
            &json!({"RoleName": {"Ref": "Role"}}),
            &[],
        );
        let model = json!({"ExecutionRoleArn": {"Fn::GetAtt": "Role.Arn"}});
        let by_arn = node("AWS::SageMaker::Model", &model, &[]);
        let found = fates(&web(&[
            ("Role", role),
            ("Name", by_name),
            ("Model", by_arn),
        ]));
        assert_eq!(found, [("Model".to_owned(), Effect::Replace)]);
    }

    #[test]
    fn what_may_be_replaced_may_replace() {
        let function = node("AWS::Lambda::Function", &json!({}), &["DurableConfig"]);
        let alias = node(
            "AWS::Lambda::Alias",
            &json!({"FunctionName": {"Ref": "F"}}),
            &[],
        );
        let found = fates(&web(&[("F", function), ("Alias", alias)]));
        assert_eq!(found, [("Alias".to_owned(), Effect::MayReplace)]);
    }

    #[test]
    fn an_output_of_the_foundation_is_a_parameter_of_the_service() {
        let bucket = node("AWS::S3::Bucket", &json!({}), &["BucketName"]);
        let url =
            json!({"PrimaryContainer": {"ModelDataUrl": {"Fn::Sub": "s3://${BucketName}/m"}}});
        let mut web = web(&[("Model", node("AWS::SageMaker::Model", &url, &[]))]);
        web.nodes
            .insert(("foundation".into(), "Bucket".into()), bucket);
        assert_eq!(fates(&web), []);
        let output = Output {
            differs: false,
            references: references(&json!({"Ref": "Bucket"})),
        };
        web.outputs
            .insert(("foundation".into(), "BucketName".into()), output);
        assert_eq!(fates(&web), [("Model".to_owned(), Effect::Replace)]);
        assert_eq!(web.feeder("service", "BucketName"), Some("foundation"));
    }

    /// Resources whose names are permuted, so that they settle in another order.
    fn renamed(edges: &[(usize, usize, bool)], direct: &[usize], order: &[usize]) -> Vec<Effect> {
        let count = order.len();
        let id = |index: usize| format!("R{:02}", order[index]);
        let mut found = web(&[]);
        for index in 0..count {
            let mut properties = serde_json::Map::new();
            for (number, (from, to, create_only)) in edges.iter().enumerate() {
                if *from == index && to != from {
                    let name = if *create_only {
                        "ProductionVariants"
                    } else {
                        "Tags"
                    };
                    let list = properties.entry(name).or_insert_with(|| json!({}));
                    list[format!("p{number}")] = json!({"Ref": id(*to)});
                }
            }
            let direct: &[&str] = if direct.contains(&index) {
                &["KmsKeyId"]
            } else {
                &[]
            };
            let node = node("AWS::SageMaker::EndpointConfig", &properties.into(), direct);
            found.nodes.insert(("service".into(), id(index)), node);
        }
        let settled = found.settle();
        (0..count)
            .map(|index| {
                let follows = settled.get(&("service".to_owned(), id(index)));
                let effects = follows.into_iter().flatten().map(|follow| follow.effect);
                effects.max().unwrap_or(Effect::None)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn the_end_does_not_depend_on_the_order_and_more_changes_do_not_undo_any(
            edges in prop::collection::vec((0_usize..6, 0_usize..6, any::<bool>()), 0..14),
            direct in prop::collection::vec(0_usize..6, 0..4),
            more in 0_usize..6,
            order in Just((0_usize..6).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let straight: Vec<usize> = (0..6).collect();
            let end = renamed(&edges, &direct, &straight);
            prop_assert_eq!(&renamed(&edges, &direct, &order), &end);
            let mut with_more = direct.clone();
            with_more.push(more);
            let larger = renamed(&edges, &with_more, &straight);
            prop_assert!(end.iter().zip(&larger).all(|(one, other)| one <= other));
        }
    }
}
