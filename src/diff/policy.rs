//! Policies compared by what they allow: who gains or loses which action on which resource.
//!
//! A policy is taken apart into single grants. A grant is gained when nothing in the base covers
//! it, wildcards and conditions considered; splitting or ordering statements changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::canonical::{key, normal, text};
use super::change::{Direction, Permission};
use super::compare::is_policy;

/// One action of one principal on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    effect: String,
    who: Term,
    action: Term,
    resource: Term,
    condition: Option<String>,
}

/// A pattern, or everything but some patterns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Term {
    except: bool,
    text: String,
}

impl Term {
    fn new(text: impl Into<String>) -> Self {
        Self {
            except: false,
            text: text.into(),
        }
    }

    fn covers(&self, other: &Self, pattern: fn(&str, &str) -> bool) -> bool {
        self == other || (!self.except && !other.except && pattern(&self.text, &other.text))
            // Everything but something is within everything.
            || (!self.except && self.text == "*")
    }

    fn shown(&self) -> String {
        if self.except {
            format!("everything but {}", self.text)
        } else {
            self.text.clone()
        }
    }
}

impl Grant {
    fn covers(&self, other: &Self) -> bool {
        let action = |one: &str, other: &str| glob(&one.to_lowercase(), &other.to_lowercase());
        self.effect == other.effect
            && self.who.covers(&other.who, |one, other| one == other)
            && self.action.covers(&other.action, action)
            && self.resource.covers(&other.resource, glob)
            && (self.condition.is_none() || self.condition == other.condition)
    }
}

/// Says who gains and loses what when a resource's properties (in their one form) change.
pub(super) fn permissions(
    kind: &str,
    id: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Vec<Permission> {
    let all = |properties: Option<&Value>| {
        properties.map_or_else(BTreeSet::new, |properties| grants(kind, id, properties))
    };
    let (old, new) = (all(before), all(after));
    let missing = |from: &BTreeSet<Grant>, there: &BTreeSet<Grant>| -> Vec<Grant> {
        let uncovered = |grant: &&Grant| !there.iter().any(|other| other.covers(grant));
        from.iter().filter(uncovered).cloned().collect()
    };
    let lost = missing(&old, &new);
    // What is left of something that was wider: the same action, under a condition it may be.
    let left = new.difference(&old);
    let left = left.filter(|grant| lost.iter().any(|wide| wide.covers(grant)));
    let mut out = grouped(Direction::Gains, missing(&new, &old));
    out.extend(grouped(Direction::Keeps, left.cloned().collect()));
    out.extend(grouped(Direction::Loses, lost));
    out
}

/// Whether two policy documents allow and forbid the same, under the same statement names.
pub(super) fn are_equal(before: &Value, after: &Value) -> bool {
    let all = |policy: &Value| {
        let mut found = BTreeSet::new();
        document(policy, "this role", "this resource", &mut found);
        found
    };
    let names = |policy: &Value| -> BTreeSet<String> {
        let names = statements(policy).filter_map(|statement| statement.get("Sid"));
        names.map(key).collect()
    };
    let version = |policy: &Value| policy.get("Version").map(key);
    all(before) == all(after) && names(before) == names(after) && version(before) == version(after)
}

/// What grouped permissions share: effect, who, condition and resources.
type Group = (String, String, Option<String>, BTreeSet<String>);

/// Puts grants that differ only in action or resource together.
fn grouped(direction: Direction, grants: Vec<Grant>) -> Vec<Permission> {
    let mut resources: BTreeMap<(String, String, Option<String>, String), BTreeSet<String>> =
        BTreeMap::new();
    for grant in grants {
        let group = (
            grant.effect,
            grant.who.shown(),
            grant.condition,
            grant.action.shown(),
        );
        resources
            .entry(group)
            .or_default()
            .insert(grant.resource.shown());
    }
    let mut actions: BTreeMap<Group, Vec<String>> = BTreeMap::new();
    for ((effect, who, condition, action), on) in resources {
        actions
            .entry((effect, who, condition, on))
            .or_default()
            .push(action);
    }
    let permission = |((effect, who, condition, on), actions)| Permission {
        direction,
        widens: match direction {
            Direction::Gains => effect == "Allow",
            Direction::Loses => effect == "Deny",
            Direction::Keeps => false,
        },
        effect,
        who,
        actions,
        resources: BTreeSet::into_iter(on).collect(),
        condition,
    };
    actions.into_iter().map(permission).collect()
}

/// Every grant in the properties of a resource.
fn grants(kind: &str, id: &str, properties: &Value) -> BTreeSet<Grant> {
    let mut found = BTreeSet::new();
    if kind == "AWS::Lambda::Permission" {
        found.extend(function_permission(properties));
        return found;
    }
    let holders = holders(properties, id);
    for holder in &holders {
        policies(properties, holder, id, &mut found);
    }
    for managed in items(properties.get("ManagedPolicyArns")) {
        found.insert(Grant {
            effect: "Allow".to_owned(),
            who: Term::new(id),
            action: Term::new("everything in the managed policy"),
            resource: Term::new(text(managed)),
            condition: None,
        });
    }
    found
}

/// Whose policy it is: of the roles that it names, otherwise of the resource itself.
fn holders(properties: &Value, id: &str) -> Vec<String> {
    let named: Vec<String> = ["Roles", "Users", "Groups", "RoleName"]
        .iter()
        .filter(|_| properties.get("PolicyDocument").is_some())
        .flat_map(|name| items(properties.get(*name)))
        .map(|value| text(value).trim_start_matches("!Ref ").to_owned())
        .collect();
    if named.is_empty() {
        vec![id.to_owned()]
    } else {
        named
    }
}

/// Finds every policy document in a value.
fn policies(value: &Value, holder: &str, id: &str, found: &mut BTreeSet<Grant>) {
    match value {
        policy if is_policy(policy) => document(policy, holder, id, found),
        Value::Object(map) => {
            for item in map.values() {
                policies(item, holder, id, found);
            }
        }
        Value::Array(list) => {
            for item in list {
                policies(item, holder, id, found);
            }
        }
        // Some types take a policy as JSON text.
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(policy) = serde_json::from_str::<Value>(text)
                && is_policy(&policy)
            {
                document(&normal(&policy), holder, id, found);
            }
        }
        _ => {}
    }
}

fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    items(policy.get("Statement"))
}

fn document(policy: &Value, holder: &str, id: &str, found: &mut BTreeSet<Grant>) {
    for statement in statements(policy) {
        let condition = statement.get("Condition").map(conditions);
        let effect = statement.get("Effect").map_or_else(String::new, text);
        let principals = principals(statement);
        let who = if principals.is_empty() {
            vec![Term::new(holder)]
        } else {
            principals
        };
        let resources = terms(statement, "Resource", "NotResource");
        let resources = if resources.is_empty() {
            vec![Term::new(id)]
        } else {
            resources
        };
        for action in terms(statement, "Action", "NotAction") {
            for who in &who {
                for resource in &resources {
                    found.insert(Grant {
                        effect: effect.clone(),
                        who: who.clone(),
                        action: action.clone(),
                        resource: resource.clone(),
                        condition: condition.clone(),
                    });
                }
            }
        }
    }
}

fn terms(statement: &Value, name: &str, except: &str) -> Vec<Term> {
    if let Some(excepted) = statement.get(except) {
        let mut texts: Vec<String> = items(Some(excepted)).map(text).collect();
        texts.sort_unstable();
        return vec![Term {
            except: true,
            text: texts.join(", "),
        }];
    }
    items(statement.get(name))
        .map(|item| Term::new(text(item)))
        .collect()
}

fn principals(statement: &Value) -> Vec<Term> {
    let (named, except) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => (principal, false),
        (None, Some(principal)) => (principal, true),
        (None, None) => return Vec::new(),
    };
    let texts: Vec<String> = match named.as_object().filter(|map| !map.contains_key("Fn::Sub")) {
        Some(map) => map
            .values()
            .flat_map(|value| items(Some(value)))
            .map(text)
            .collect(),
        None => items(Some(named)).map(text).collect(),
    };
    if except {
        return vec![Term {
            except,
            text: texts.join(", "),
        }];
    }
    texts.into_iter().map(Term::new).collect()
}

fn function_permission(properties: &Value) -> Option<Grant> {
    let get = |name: &str| properties.get(name).map(text);
    let conditions: Vec<String> = [
        "SourceArn",
        "SourceAccount",
        "PrincipalOrgID",
        "FunctionUrlAuthType",
    ]
    .iter()
    .filter_map(|name| get(name).map(|value| format!("{name} = {value}")))
    .collect();
    Some(Grant {
        effect: "Allow".to_owned(),
        who: Term::new(get("Principal")?),
        action: Term::new(get("Action")?),
        resource: Term::new(get("FunctionName")?.trim_start_matches("!Ref ")),
        condition: (!conditions.is_empty()).then(|| conditions.join(" and ")),
    })
}

/// Writes a condition so that order and list-or-not make no difference.
fn conditions(condition: &Value) -> String {
    let mut parts = BTreeSet::new();
    for (operator, tests) in condition.as_object().into_iter().flatten() {
        for (name, values) in tests.as_object().into_iter().flatten() {
            let values: BTreeSet<String> = items(Some(values)).map(text).collect();
            let values: Vec<String> = values.into_iter().collect();
            parts.insert(format!("{operator} {name} = {}", values.join(" or ")));
        }
    }
    parts.into_iter().collect::<Vec<_>>().join(" and ")
}

/// The items of a list; a single value is a list of one.
fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (list, single) = match value {
        Some(Value::Array(list)) => (list.as_slice(), None),
        other => (&[][..], other),
    };
    list.iter().chain(single)
}

/// Whether a pattern with `*` and `?` matches a text.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, read));
            at += 1;
        } else if pattern
            .get(at)
            .is_some_and(|one| *one == '?' || *one == text[read])
        {
            at += 1;
            read += 1;
        } else if let Some((place, from)) = star {
            star = Some((place, from + 1));
            at = place + 1;
            read = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(statements: &Value) -> Value {
        json!({"Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]})
    }

    fn between(before: &Value, after: &Value) -> Vec<Permission> {
        permissions(
            "AWS::IAM::Role",
            "Role",
            Some(&normal(before)),
            Some(&normal(after)),
        )
    }

    fn allow(action: &Value, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    #[test]
    fn splitting_and_ordering_statements_changes_nothing() {
        let one = role(&json!([allow(
            &json!(["s3:GetObject", "s3:PutObject"]),
            "arn:b/*"
        )]));
        let two = role(&json!([
            allow(&json!("s3:PutObject"), "arn:b/*"),
            allow(&json!(["s3:GetObject"]), "arn:b/*"),
        ]));
        assert_eq!(between(&one, &two), []);
    }

    #[test]
    fn a_gained_action_widens_and_a_lost_one_does_not() {
        let before = role(&json!([allow(
            &json!(["s3:GetObject", "s3:ListBucket"]),
            "arn:b/*"
        )]));
        let after = role(&json!([allow(
            &json!(["s3:GetObject", "s3:DeleteObject"]),
            "arn:b/*"
        )]));
        let found = between(&before, &after);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].direction, found[0].widens),
            (Direction::Gains, true)
        );
        assert_eq!(found[0].actions, ["s3:DeleteObject"]);
        assert_eq!(found[0].who, "Role");
        assert_eq!(
            (found[1].direction, found[1].widens),
            (Direction::Loses, false)
        );
        assert_eq!(found[1].actions, ["s3:ListBucket"]);
    }

    #[test]
    fn what_a_wildcard_covers_is_not_gained() {
        let wide = role(&json!([allow(&json!("s3:*"), "*")]));
        let narrow = role(&json!([allow(&json!("S3:GetObject"), "arn:b/*")]));
        let found = between(&wide, &narrow);
        let said: Vec<_> = found
            .iter()
            .map(|one| (one.direction, one.actions[0].as_str(), one.widens))
            .collect();
        let expected = [
            (Direction::Keeps, "S3:GetObject", false),
            (Direction::Loses, "s3:*", false),
        ];
        assert_eq!(said, expected);
        assert!(
            between(&narrow, &wide)
                .iter()
                .all(|one| one.direction == Direction::Gains)
        );
    }

    #[test]
    fn a_dropped_condition_widens() {
        let mut limited = allow(&json!("s3:ListBucket"), "arn:b");
        limited["Condition"] = json!({"StringLike": {"s3:prefix": ["b/*", "a/*"]}});
        let free = allow(&json!("s3:ListBucket"), "arn:b");
        let found = between(&role(&json!([limited])), &role(&json!([free])));
        assert_eq!(found.len(), 1);
        assert!(found[0].widens && found[0].condition.is_none());
        let found = between(&role(&json!([free])), &role(&json!([limited])));
        assert_eq!(
            found[0].condition.as_deref(),
            Some("StringLike s3:prefix = a/* or b/*")
        );
        assert!(!found[0].widens);
    }

    #[test]
    fn losing_a_denial_widens() {
        let deny = json!({"PolicyDocument": {"Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "b"}]}});
        let none = json!({"PolicyDocument": {"Statement": []}});
        let found = permissions("AWS::S3::BucketPolicy", "P", Some(&deny), Some(&none));
        assert!(found[0].widens, "{found:?}");
        assert_eq!(found[0].who, "*");
    }

    #[test]
    fn everything_but_something_is_not_taken_for_a_pattern() {
        let but = |action: &str| {
            role(&json!([{"Effect": "Allow", "NotAction": action, "Resource": "*"}]))
        };
        let found = between(&but("s3:*"), &but("s3:Get*"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].actions, ["everything but s3:Get*"]);
    }

    #[test]
    fn a_trusted_service_and_a_policy_in_json_text_are_seen() {
        let trust = |service: &str| {
            json!({"AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow",
                "Principal": {"Service": service}, "Action": "sts:AssumeRole"}}})
        };
        let found = between(&trust("a.amazonaws.com"), &trust("b.amazonaws.com"));
        assert_eq!(found[0].who, "b.amazonaws.com");
        assert_eq!(found[0].resources, ["Role"]);
        let text =
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"x:Y","Resource":"*"}]}"#;
        let found = permissions("Other", "R", None, Some(&json!({"Policy": text})));
        assert_eq!(found[0].actions, ["x:Y"]);
    }

    #[test]
    fn patterns_match_as_iam_has_them() {
        assert!(glob("a*c?", "abbbcd") && glob("*", "") && glob("a", "a"));
        assert!(!glob("a*c", "abd") && !glob("a?", "a") && !glob("", "a"));
    }
}
