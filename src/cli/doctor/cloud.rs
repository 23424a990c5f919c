//! The checks of an AWS account.

use jiff::tz::TimeZone;

use super::Told;
use crate::cli::context::Environment;
use crate::cli::failure::Failure;
use crate::cli::permissions::part;
use crate::cloud::Cloud;
use crate::cloud::checkup::Question;
use crate::doctor::{
    Check, Finding, State, Way, bucket, clock, credentials, identity, images, instances,
    permissions, places, quotas,
};
use crate::permissions::{Purpose, Request, Statement, policy};

/// Runs the checks that ask the account, and those that need nobody. Without credentials what needs them is
/// skipped, so that one cause is told once.
pub(super) async fn online(
    told: &mut Told,
    environment: &Environment,
    cloud: &Cloud,
    way: &Way,
) -> Result<(), Failure> {
    let stack = &environment.stack;
    let witness = &environment.station.witness;
    let found = credentials(cloud, witness.now()).await;
    let usable = found.state != State::Failed;
    let first = vec![Check::known("credentials", "credentials", found)];
    told.run(first).await;
    let needed = needed(environment)?;
    let mut checks = Vec::new();
    if usable {
        checks.push(Check::new(
            "account",
            "account and region",
            identity(cloud, stack),
        ));
    } else {
        checks.push(without("account", "account and region"));
    }
    checks.push(Check::new(
        "clock",
        "clock",
        clock(cloud, stack, way, || witness.now()),
    ));
    checks.extend(places(cloud, stack, way));
    if usable {
        let asked = permissions(cloud, &needed);
        checks.push(Check::new("permissions", "permissions", asked));
        checks.push(Check::new("bucket", "bucket", bucket(cloud, stack)));
        checks.extend(quotas(cloud, stack));
    } else {
        checks.push(without("permissions", "permissions"));
        checks.push(without("bucket", "bucket"));
        checks.push(without("quotas", "quotas"));
    }
    checks.extend(instances(usable.then_some(cloud), stack));
    checks.extend(of_images(environment));
    told.run(checks).await;
    Ok(())
}

/// What `deploy up` has to be allowed, as IAM is asked for it.
fn needed(environment: &Environment) -> Result<Vec<Question>, Failure> {
    let stack = &environment.stack;
    let promotion = stack.promotion.as_ref();
    let source = promotion.map(|promotion| environment.sibling(promotion.from.as_str()));
    let source = source.transpose()?;
    let policy = policy(&Request {
        stack,
        rendered: &environment.rendered()?,
        source: source.as_ref().map(|source| &source.stack),
        purposes: &[Purpose::Up],
        part: part(stack),
    });
    let question = |statement: Statement| {
        let conditions = statement.conditions.into_iter();
        Question {
            actions: statement.actions,
            resources: statement.resources,
            context: conditions
                .map(|condition| (condition.key, condition.values))
                .collect(),
        }
    };
    Ok(policy.statements.into_iter().map(question).collect())
}

/// The checks that need no network; the others are skipped.
pub(super) fn offline(environment: &Environment) -> Vec<Check<'_>> {
    let skipped = [
        ("credentials", "credentials"),
        ("account", "account and region"),
        ("clock", "clock"),
        ("reach", "reach the services"),
        ("permissions", "permissions"),
        ("bucket", "bucket"),
        ("quotas", "quotas"),
    ];
    let skipped = skipped.map(|(id, title)| Check::known(id, title, Finding::skipped("offline")));
    let mut checks = Vec::from(skipped);
    checks.extend(instances(None, &environment.stack));
    checks.extend(of_images(environment));
    checks
}

fn without(id: &str, title: &str) -> Check<'static> {
    Check::known(
        id,
        title,
        Finding::skipped("there are no credentials to ask with"),
    )
}

fn of_images<'a>(environment: &Environment) -> Vec<Check<'a>> {
    let now = environment.station.witness.now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let found = images(&environment.stack, today).into_iter();
    let check = |(section, finding)| {
        let (id, title) = (format!("image.{section}"), format!("image of {section}"));
        Check::known(id, title, finding)
    };
    found.map(check).collect()
}
