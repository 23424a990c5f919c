//! ARNs that a stack file names: they must belong to the environment's region and account.

use super::super::check::Check;
use super::super::facts;
use super::super::problem::Problem;
use super::super::resolved::Target;
use super::target::Placement;
use crate::stack::codes;

/// The parts of an ARN.
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let good = arn == "arn" && digits && facts::region(region).is_some();
        good.then_some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

/// Requires the ARN of a KMS key of the environment's region and account.
pub(super) fn kms(check: &mut Check<'_>, field: &[&str], text: &str, place: Option<&Placement>) {
    let key = |resource: &str| {
        let id = resource.strip_prefix("key/");
        id.is_some_and(|id| {
            let word =
                |c: char| c.is_ascii_hexdigit() || c == '-' || c == 'm' || c == 'r' || c == 'k';
            (36..=40).contains(&id.len()) && id.chars().all(word)
        })
    };
    let arn = Arn::parse(text).filter(|arn| arn.service == "kms" && key(arn.resource));
    let Some(arn) = arn else {
        let problem = Problem::new(
            &codes::INVALID_ARN,
            format!("`{text}` is no ARN of a KMS key"),
        )
        .because("an alias could come to mean another key without this file changing")
        .help("write `arn:aws:kms:<region>:<account>:key/<id>`");
        check.fail(field, problem);
        return;
    };
    belongs(check, field, &arn, place);
}

/// Requires the ARN of an SNS topic of the environment's region and account.
pub(super) fn sns(check: &mut Check<'_>, field: &[&str], text: &str, place: Option<&Placement>) {
    let topic = |name: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (1..=256).contains(&name.len()) && name.chars().all(word)
    };
    let arn = Arn::parse(text).filter(|arn| arn.service == "sns" && topic(arn.resource));
    let Some(arn) = arn else {
        let problem = Problem::new(
            &codes::INVALID_ARN,
            format!("`{text}` is no ARN of an SNS topic"),
        )
        .because("alarms can tell standard topics only")
        .help("write `arn:aws:sns:<region>:<account>:<topic>`");
        check.fail(field, problem);
        return;
    };
    belongs(check, field, &arn, place);
}

/// Requires the ARN of a certificate of the environment's region and account.
pub(super) fn certificate(
    check: &mut Check<'_>,
    field: &[&str],
    text: &str,
    place: Option<&Placement>,
) {
    let known = |resource: &str| {
        let id = resource.strip_prefix("certificate/");
        id.is_some_and(|id| id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-'))
    };
    let arn = Arn::parse(text).filter(|arn| arn.service == "acm" && known(arn.resource));
    let Some(arn) = arn else {
        let problem = Problem::new(
            &codes::INVALID_ARN,
            format!("`{text}` is no ARN of a certificate"),
        )
        .because("API Gateway takes certificates from ACM, of the API's own region")
        .help("write `arn:aws:acm:<region>:<account>:certificate/<id>`");
        check.fail(field, problem);
        return;
    };
    belongs(check, field, &arn, place);
}

/// Requires an ARN's partition, region and account to be the environment's; the local engine has
/// none of its own.
fn belongs(check: &mut Check<'_>, field: &[&str], arn: &Arn<'_>, place: Option<&Placement>) {
    if let Some(right) = facts::partition(arn.region) {
        check.require(arn.partition == right, field, || {
            Problem::new(
                &codes::FOREIGN_ARN,
                format!("an ARN of `{}` begins with `arn:{right}:`", arn.region),
            )
        });
    }
    let Some(Placement {
        target: Target::Aws(target),
        ..
    }) = place
    else {
        return;
    };
    let region = target.region.as_str();
    check.require(arn.region == region, field, || {
        Problem::new(
            &codes::FOREIGN_ARN,
            format!("this is in `{}`, the environment in `{region}`", arn.region),
        )
        .because("a service takes keys and topics of its own region only")
        .help("name one of that region, in the environment if the others have their own")
    });
    let account = target.account.as_str();
    check.require(arn.account == account, field, || {
        Problem::new(
            &codes::FOREIGN_ARN,
            format!(
                "this belongs to the account {}, the environment to {account}",
                arn.account
            ),
        )
        .because("nobody here could see whether the other account lets the roles use it")
        .help("name one of that account, in the environment if the others have their own")
    });
}
