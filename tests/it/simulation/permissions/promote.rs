//! Promotions by somebody who holds what is printed for both environments, in one account and in two.

use std::collections::BTreeSet;

use deploy::local::script::Script;
use deploy::permissions::{Part, Purpose, Statement};
use serde_json::json;

use super::super::command::Command;
use super::super::takeover::Takeover;
use super::super::world::{Project, World};
use super::people::{HOME, allow, make_roles, role};
use super::{DEPLOYER, names, passed, printed};

/// The account of the environment that takes over, where it is another one.
const OTHER: &str = "333344445555";
/// The role by which the environment is looked at that is promoted from.
const LOOKER: &str = "looker";

/// An environment that serves, and one that is to take over, maybe in another account.
struct Pair {
    project: Project,
    world: World,
    account: &'static str,
}

impl Pair {
    async fn in_accounts(account: &'static str) -> Self {
        let project = Project::new();
        let desired = project.desired_complete("1e-3");
        let world = World::new(&Script::default());
        let principal = json!({ "AWS": HOME });
        let [looker, deployer] = [LOOKER, DEPLOYER].map(|name| (name, principal.clone()));
        if account == HOME {
            make_roles(&world, HOME, &[looker, deployer]).await;
        } else {
            project.promotes_into(account);
            make_roles(&world, HOME, &[looker]).await;
            make_roles(&world, account, &[deployer]).await;
        }
        world.run(Command::Up(&desired)).await.end.unwrap().done();
        Self {
            project,
            world,
            account,
        }
    }

    /// What is printed for who promotes: for an environment, in its account.
    fn printed(&self, environment: &str) -> Vec<Statement> {
        printed(&self.project, environment, &[Purpose::Promote], Part::Whole)
    }

    /// Promotes with these rights where it is promoted to, and those where it is promoted from.
    async fn promote(&self, into: &[Statement], from: &[Statement]) -> Result<(), String> {
        let world = self.world.copy();
        allow(&world, self.account, DEPLOYER, into).await;
        allow(&world, HOME, LOOKER, from).await;
        let world = world
            .acting_as(&role(self.account, DEPLOYER))
            .taking_over_as(&role(HOME, LOOKER));
        let takeover = Takeover {
            project: &self.project,
        };
        let run = world.run(Command::Promote(&takeover)).await;
        passed(&run)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_printed_for_both_environments_suffices_to_promote() {
    for account in [HOME, OTHER] {
        let pair = Pair::in_accounts(account).await;
        let (into, from) = (pair.printed("prod"), pair.printed("local"));
        assert_eq!(pair.promote(&into, &from).await, Ok(()), "{account}");
        for (into, from) in [(&into[..], &[][..]), (&[][..], &from[..])] {
            let failure = pair.promote(into, from).await.unwrap_err();
            assert!(failure.contains("is not authorized"), "{failure}");
        }
    }
}

/// Statements for the environment that is promoted from which no promotion misses, with the reason.
const UNMISSED: &[(&str, &str)] = &[
    (
        "JobLogGroups",
        "whoever promotes may look at it, also by `deploy logs`; a promotion reads no log",
    ),
    (
        "ScalableTargets",
        "CloudFormation reads the tags of targets to find drift; those of the engine have none",
    ),
    (
        "TrainingJobs",
        "`deploy status` looks at jobs; a promotion goes by the release's record",
    ),
];

#[tokio::test(start_paused = true)]
async fn without_a_right_to_look_at_the_source_the_promotion_fails_and_names_it() {
    let pair = Pair::in_accounts(OTHER).await;
    let (into, from) = (pair.printed("prod"), pair.printed("local"));
    let (mut survivors, mut silent) = (BTreeSet::new(), Vec::new());
    for (at, missing) in from.iter().enumerate() {
        let mut left = from.clone();
        left.remove(at);
        let name = format!("{:?}", missing.scope);
        match pair.promote(&into, &left).await {
            Ok(()) => {
                survivors.insert(name);
            }
            Err(failure) if names(&failure, &missing.actions) => {}
            Err(failure) => silent.push((name, failure)),
        }
    }
    assert!(silent.is_empty(), "failed without a name: {silent:#?}");
    let survivors: Vec<&str> = survivors.iter().map(String::as_str).collect();
    let unmissed: Vec<&str> = UNMISSED.iter().map(|(name, _)| *name).collect();
    assert_eq!(survivors, unmissed, "of {}", from.len());
}
