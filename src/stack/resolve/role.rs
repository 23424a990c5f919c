//! The role that an environment's deployments assume, the one that CloudFormation acts as, and the policy that
//! bounds those that are made.
//!
//! What STS takes: "`AssumeRole`" in the STS API reference; what a role is called: "IAM and AWS STS quotas" in the
//! IAM user guide.

use super::super::check::Check;
use super::super::document;
use super::super::facts;
use super::super::names::{AccountId, Region};
use super::super::problem::Problem;
use super::super::resolved::{Role, Target};
use super::target::Placement;
use crate::stack::codes;

/// Characters of a role's name at most.
const LONGEST_NAME: usize = 64;
/// Characters of a policy's name at most.
const LONGEST_POLICY: usize = 128;
/// Characters of a session's name at most.
const LONGEST_SESSION: usize = 64;
/// Characters of an external id at most.
const LONGEST_ID: usize = 1224;
/// Characters of a session's name or external id at least.
const SHORTEST: usize = 2;

/// Resolves the role of an environment in this account and region.
pub(super) fn resolve(
    check: &mut Check<'_>,
    role: &document::Role,
    account: &AccountId,
    region: &Region,
) -> Role {
    of_account(
        check,
        &["target", "role", "arn"],
        &role.arn,
        account,
        region,
    );
    if let Some(id) = &role.external_id {
        let good = id.chars().all(|c| is_word(c) || matches!(c, ':' | '/'));
        let long = (SHORTEST..=LONGEST_ID).contains(&id.len());
        check.require(good && long, &["target", "role", "external_id"], || {
            Problem::new(&codes::INVALID_VALUE, format!("`{id}` is no external id")).because(
                format!("STS takes {SHORTEST} to {LONGEST_ID} letters, digits and `_+=,.@:/-`"),
            )
        });
    }
    if let Some(name) = &role.session_name {
        let good = name.chars().all(is_word);
        let long = (SHORTEST..=LONGEST_SESSION).contains(&name.len());
        check.require(good && long, &["target", "role", "session_name"], || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("`{name}` is no name of a session"),
            )
            .because(format!(
                "STS takes {SHORTEST} to {LONGEST_SESSION} letters, digits and `_+=,.@-`"
            ))
        });
    }
    Role {
        arn: role.arn.clone(),
        external_id: role.external_id.clone(),
        session_name: role.session_name.clone(),
    }
}

/// Requires the ARN of a role of the account; a role belongs to no region, but to the region's partition.
pub(super) fn of_account(
    check: &mut Check<'_>,
    field: &[&str],
    text: &str,
    account: &AccountId,
    region: &Region,
) {
    let Some(arn) = Arn::parse(text) else {
        let problem = Problem::new(&codes::INVALID_ARN, format!("`{text}` is no ARN of a role"))
            .help(format!("write `arn:aws:iam::{account}:role/<name>`"));
        check.fail(field, problem);
        return;
    };
    check.require(arn.account == account.as_str(), field, || {
        Problem::new(
            &codes::FOREIGN_ARN,
            format!(
                "this role belongs to the account {}, the environment to {account}",
                arn.account
            ),
        )
        .because("whoever assumes a role acts in the role's account")
        .help("name a role of that account, in the environment if the others have their own")
    });
    if let Some(right) = facts::partition(region.as_str()) {
        check.require(arn.partition == right, field, || {
            Problem::new(
                &codes::FOREIGN_ARN,
                format!("an ARN of a role for `{region}` begins with `arn:{right}:`"),
            )
        });
    }
}

/// Requires the ARN of a policy of the environment's account or of AWS; the local engine has none of its own.
pub(super) fn boundary(
    check: &mut Check<'_>,
    given: Option<&str>,
    place: Option<&Placement>,
) -> Option<String> {
    let text = given?;
    let field = &["permissions_boundary"];
    let parts = text
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(":iam::"))
        .and_then(|(partition, rest)| Some((partition, rest.split_once(":policy/")?)));
    let named = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        (1..=LONGEST_POLICY).contains(&name.len()) && name.chars().all(is_word)
    };
    let Some((partition, (owner, _))) = parts.filter(|(_, (_, path))| named(path)) else {
        let problem = Problem::new(
            &codes::INVALID_ARN,
            format!("`{text}` is no ARN of a policy"),
        )
        .help("write `arn:aws:iam::<account>:policy/<name>`");
        check.fail(field, problem);
        return None;
    };
    if let Some(Placement {
        target: Target::Aws(target),
        ..
    }) = place
    {
        let account = target.account.as_str();
        check.require(owner == account || owner == "aws", field, || {
            Problem::new(
                &codes::FOREIGN_ARN,
                format!("this policy belongs to the account {owner}, the environment to {account}"),
            )
            .because("IAM takes a boundary of the role's own account, or of AWS")
            .help("name one of that account, in the environment if the others have their own")
        });
        if let Some(right) = facts::partition(target.region.as_str()) {
            check.require(partition == right, field, || {
                Problem::new(
                    &codes::FOREIGN_ARN,
                    format!(
                        "an ARN of a policy for `{}` begins with `arn:{right}:`",
                        target.region
                    ),
                )
            });
        }
    }
    Some(text.to_owned())
}

/// The parts of a role's ARN that matter.
struct Arn<'a> {
    partition: &'a str,
    account: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (partition, rest) = text.strip_prefix("arn:")?.split_once(":iam::")?;
        let (account, path) = rest.split_once(":role/")?;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let name = path.rsplit('/').next()?;
        let named = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_word);
        let path = path.chars().all(|c| c.is_ascii_graphic()) && !path.contains("//");
        (digits && named && path && !partition.contains(':')).then_some(Self { partition, account })
    }
}

/// Whether a character may be in any of the names.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}
