//! What surrounds the training container: environment variables, network and keys.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::super::check::{Check, Field};
use super::super::document::{self, Scalar};
use super::super::problem::Problem;
use super::super::resolved::{Encryption, Network, Vpc};
use super::target::Placement;
use super::training::no_placeholder;
use super::{arn, instance};
use crate::stack::codes;

/// Limits of `CreateTrainingJob`: variables, length of their names and values.
pub(super) const MAX_VARIABLES: usize = 100;
pub(super) const MAX_LENGTH: usize = 512;
/// What the names of variables begin with that the service and the containers set themselves.
const RESERVED: [&str; 3] = ["SM_", "SAGEMAKER_", "AWS_"];

/// Resolves the environment variables.
pub(super) fn environment(
    check: &mut Check<'_>,
    given: Option<&IndexMap<String, Scalar>>,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (name, value) in given.into_iter().flatten() {
        let field = &["training", "environment", name.as_str()];
        check.unchanged(field, value);
        let value = value.to_text();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let fits = starts && name.len() <= MAX_LENGTH && name.chars().all(word);
        check.require(fits, field, || {
            Problem::new(
                &codes::INVALID_NAME,
                format!("`{name}` is no name for a variable"),
            )
            .help(format!(
                "use letters, digits and `_`, no digit first, at most {MAX_LENGTH}"
            ))
        });
        let reserved = RESERVED.iter().find(|prefix| name.starts_with(**prefix));
        if let Some(prefix) = reserved {
            let problem = Problem::new(
                &codes::RESERVED_NAME,
                format!("the variable `{name}` is reserved"),
            )
            .because(format!(
                "names with `{prefix}` are set by the service and its containers"
            ))
            .help("rename it");
            check.fail(field, problem);
        }
        let length = value.chars().count();
        check.require(length <= MAX_LENGTH, field, || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("the value of `{name}` has {length} characters"),
            )
            .because(format!("SageMaker takes {MAX_LENGTH}"))
        });
        check.require(!value.contains('\0'), field, || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("the value of `{name}` has a NUL character"),
            )
        });
        no_placeholder(check, field, &value);
        variables.insert(name.clone(), value);
    }
    let number = variables.len();
    check.require(
        number <= MAX_VARIABLES,
        &["training", "environment"],
        || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("there are {number} environment variables"),
            )
            .because(format!("SageMaker takes {MAX_VARIABLES}"))
        },
    );
    variables
}

/// Resolves the network of a job on `count` instances.
pub(super) fn network(
    check: &mut Check<'_>,
    given: Option<&document::Network>,
    count: u32,
) -> Option<Network> {
    let default = document::Network::default();
    let given = given.unwrap_or(&default);
    let encrypt_traffic = given.encrypt_traffic.unwrap_or(false);
    check.require(
        !encrypt_traffic || count > 1,
        &["training", "network", "encrypt_traffic"],
        || {
            Problem::new(
                &codes::INCOMPLETE,
                "`encrypt_traffic` needs a `count` above 1",
            )
            .because("one instance has nobody to talk to, and the setting makes jobs slower")
            .help("remove it, or raise `training.count`")
        },
    );
    let subnets = &["training", "network", "subnets"];
    let groups = &["training", "network", "security_groups"];
    ids(check, subnets, given.subnets.as_deref(), "subnet");
    ids(check, groups, given.security_groups.as_deref(), "sg");
    let vpc = match (&given.subnets, &given.security_groups) {
        (Some(subnets), Some(security_groups)) => Some(Vpc {
            subnets: subnets.clone(),
            security_groups: security_groups.clone(),
        }),
        (None, None) => None,
        (here, _) => {
            let (field, other): (Field<'_>, _) = match here {
                Some(_) => (subnets, "security_groups"),
                None => (groups, "subnets"),
            };
            let problem = Problem::new(&codes::INCOMPLETE, format!("a VPC needs `{other}` too"))
                .because("SageMaker takes subnets and security groups together")
                .help(format!("add `{other}: [...]`"));
            check.fail(field, problem);
            return None;
        }
    };
    Some(Network {
        vpc,
        isolation: given.isolation.unwrap_or(false),
        encrypt_traffic,
    })
}

/// Requires that every text of a list is an id of a kind, such as `subnet-0123456789abcdef0`.
fn ids(check: &mut Check<'_>, field: Field<'_>, list: Option<&[String]>, kind: &str) {
    let mut seen = BTreeSet::new();
    for (index, id) in list.into_iter().flatten().enumerate() {
        let index = index.to_string();
        let mut inner = field.to_vec();
        inner.push(&index);
        let hex = id
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('-'));
        let good = hex.is_some_and(|hex| {
            matches!(hex.len(), 8 | 17)
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        });
        check.require(good, &inner, || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("`{id}` is no id of this kind"),
            )
            .help(format!("an id looks like `{kind}-0123456789abcdef0`"))
        });
        check.require(seen.insert(id), &inner, || {
            Problem::new(
                &codes::DUPLICATE_ENTRY,
                format!("`{id}` is here a second time"),
            )
            .help("keep one")
        });
    }
}

/// Resolves the keys.
pub(super) fn encryption(
    check: &mut Check<'_>,
    training: &document::Training,
    place: Option<&Placement>,
) -> Encryption {
    let default = document::Encryption::default();
    let given = training.encryption.as_ref().unwrap_or(&default);
    if let Some(key) = &given.volume_key {
        let field = &["training", "encryption", "volume_key"];
        arn::kms(check, field, key, place);
        instance::no_key_for_own_disks(check, field, training.instance.list());
    }
    if let Some(key) = &given.output_key {
        arn::kms(check, &["training", "encryption", "output_key"], key, place);
    }
    Encryption {
        volume_key: given.volume_key.clone(),
        output_key: given.output_key.clone(),
    }
}
