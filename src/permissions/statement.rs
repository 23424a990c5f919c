//! Statements of an identity policy, and the documents that they are written in.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Scope;

/// Characters of a managed policy at most, white space not counted ("IAM and AWS STS quotas", IAM user
/// guide).
pub const MANAGED_LIMIT: usize = 6_144;

/// A condition: a key that has to have one of these values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The operator, e.g. `StringEquals`.
    pub operator: &'static str,
    /// The key, e.g. `iam:PassedToService`.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

impl Condition {
    /// A key that has to have exactly this value.
    pub(super) fn equals(key: &str, value: &str) -> Self {
        Self {
            operator: "StringEquals",
            key: key.to_owned(),
            values: vec![value.to_owned()],
        }
    }
}

/// Actions that are allowed on the same resources under the same conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about; also its name in the document.
    pub scope: Scope,
    /// The actions, in order.
    pub actions: Vec<String>,
    /// The ARNs, possibly with `*`.
    pub resources: Vec<String>,
    /// Conditions that have to hold all together.
    pub conditions: Vec<Condition>,
}

impl Statement {
    /// Writes it as it stands in a document.
    pub fn json(&self) -> Value {
        let mut statement = json!({
            "Sid": format!("{:?}", self.scope),
            "Effect": "Allow",
            "Action": one_or_many(&self.actions),
            "Resource": one_or_many(&self.resources),
        });
        if !self.conditions.is_empty() {
            let mut operators: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
            for condition in &self.conditions {
                let keys = operators.entry(condition.operator).or_default();
                keys.insert(condition.key.clone(), one_or_many(&condition.values));
            }
            statement["Condition"] = json!(operators);
        }
        statement
    }
}

/// Writes one policy document of statements.
pub fn document(statements: &[Statement]) -> Value {
    let statements: Vec<Value> = statements.iter().map(Statement::json).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Splits statements into as few documents of at most so many characters as their order allows. A statement
/// that is longer by itself is split by its actions.
pub fn split(statements: &[Statement], limit: usize) -> Vec<Vec<Statement>> {
    let mut parts: Vec<Vec<Statement>> = Vec::new();
    for statement in statements
        .iter()
        .flat_map(|statement| halves(statement, limit))
    {
        let fits = parts.last().is_some_and(|part| {
            let mut with: Vec<Statement> = part.clone();
            with.push(statement.clone());
            size(&with) <= limit
        });
        match parts.last_mut() {
            Some(part) if fits => part.push(statement),
            _ => parts.push(vec![statement]),
        }
    }
    parts
}

/// Characters of a document, white space not counted.
pub fn size(statements: &[Statement]) -> usize {
    let text = document(statements).to_string();
    text.chars()
        .filter(|character| !character.is_whitespace())
        .count()
}

fn halves(statement: &Statement, limit: usize) -> Vec<Statement> {
    let (first, second) = statement.actions.split_at(statement.actions.len() / 2);
    if first.is_empty() || size(std::slice::from_ref(statement)) <= limit {
        return vec![statement.clone()];
    }
    let part = |actions: &[String]| Statement {
        actions: actions.to_vec(),
        ..statement.clone()
    };
    [part(first), part(second)]
        .iter()
        .flat_map(|part| halves(part, limit))
        .collect()
}

fn one_or_many(values: &[String]) -> Value {
    match values {
        [one] => json!(one),
        many => json!(many),
    }
}
