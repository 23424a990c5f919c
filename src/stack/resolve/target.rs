//! Where an environment lives: the embedded engine, or an account and a region.

use super::super::check::Check;
use super::super::document::{self, Document};
use super::super::facts;
use super::super::names::{AccountId, Region};
use super::super::problem::Problem;
use super::super::resolved::{AwsTarget, LocalTarget, Python, Target};
use super::super::suggest;
use super::role;
use crate::stack::codes;

/// The port of the engine unless the file names one.
const DEFAULT_PORT: u16 = 4599;
/// The account that the engine plays unless the file names one.
const LOCAL_ACCOUNT: &str = "000000000000";
/// The region that the engine plays unless the file names one.
const LOCAL_REGION: &str = "us-east-1";
/// The dependency group of the local Python unless the file names one.
const DEFAULT_GROUP: &str = "local";

/// A resolved target with its account and region.
pub(super) struct Placement {
    /// The target.
    pub(super) target: Target,
    /// The account.
    pub(super) account: AccountId,
    /// The region; it exists.
    pub(super) region: Region,
}

impl Placement {
    /// Whether nothing of AWS is needed, so that images are names only.
    pub(super) const fn is_local(&self) -> bool {
        matches!(self.target, Target::Local(_))
    }
}

/// Resolves the target of an environment.
pub(super) fn resolve(check: &mut Check<'_>, document: &Document) -> Option<Placement> {
    let target = document.target.as_ref()?;
    match (target, &document.local) {
        (document::Target::Word(document::TargetWord::Local), Some(local)) => {
            resolve_local(check, local)
        }
        (document::Target::Word(document::TargetWord::Local), None) if check.is_broken("local") => {
            None
        }
        (document::Target::Word(document::TargetWord::Local), None) => {
            let problem = Problem::new(
                &codes::NO_PYTHON,
                "a local environment needs a Python to run in",
            )
            .because("training, serving and the function are Python processes")
            .help(
                "add `local: { python: { project: <folder of pyproject.toml> } }` or \
                     `local: { python: { interpreter: <path> } }`",
            );
            check.fail(&["target"], problem);
            None
        }
        (document::Target::Account(account), local) => {
            check.require(local.is_none(), &["local"], || {
                Problem::new(
                    &codes::CONTRADICTION,
                    "`local` is for environments with `target: local`",
                )
                .help("remove it")
            });
            resolve_aws(check, account)
        }
    }
}

fn resolve_aws(check: &mut Check<'_>, account: &document::AwsAccount) -> Option<Placement> {
    let id = check.parse::<AccountId>(&["target", "account"], &account.account);
    let region = region(check, &["target", "region"], &account.region);
    if let Some(profile) = &account.profile {
        check.require(!profile.trim().is_empty(), &["target", "profile"], || {
            Problem::new(&codes::INVALID_VALUE, "`profile` is empty")
                .help("name a profile, or remove the line")
        });
    }
    let (id, region) = (id?, region?);
    let role = account.role.as_ref();
    let target = AwsTarget {
        role: role.map(|role| role::resolve(check, role, &id, &region)),
        service_role: account.service_role.as_deref().map(|arn| {
            role::of_account(check, &["target", "service_role"], arn, &id, &region);
            arn.to_owned()
        }),
        account: id.clone(),
        region: region.clone(),
        profile: account.profile.clone(),
    };
    Some(Placement {
        target: Target::Aws(target),
        account: id,
        region,
    })
}

fn resolve_local(check: &mut Check<'_>, local: &document::Local) -> Option<Placement> {
    let name = local.region.as_deref().unwrap_or(LOCAL_REGION);
    let region = region(check, &["local", "region"], name);
    let python = python(check, &local.python);
    let name = local.account.as_deref().unwrap_or(LOCAL_ACCOUNT);
    let account = check.parse::<AccountId>(&["local", "account"], name);
    let target = LocalTarget {
        port: local.port.unwrap_or(DEFAULT_PORT),
        python: python?,
    };
    Some(Placement {
        target: Target::Local(target),
        account: account?,
        region: region?,
    })
}

fn python(check: &mut Check<'_>, python: &document::Python) -> Option<Python> {
    let field = &["local", "python"];
    match (&python.project, &python.interpreter) {
        (Some(project), None) => {
            let folder = check.folder(&["local", "python", "project"], project)?;
            check.require(
                folder.join("pyproject.toml").is_file(),
                &["local", "python", "project"],
                || {
                    Problem::new(
                        &codes::MISSING_FILE,
                        format!("there is no `pyproject.toml` in `{project}`"),
                    )
                },
            );
            let group = python
                .group
                .clone()
                .unwrap_or_else(|| DEFAULT_GROUP.to_owned());
            let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            check.require(
                !group.is_empty() && group.chars().all(safe) && !group.starts_with('-'),
                &["local", "python", "group"],
                || {
                    Problem::new(
                        &codes::INVALID_NAME,
                        format!("`{group}` is no name of a dependency group"),
                    )
                },
            );
            Some(Python::Project { folder, group })
        }
        (None, Some(interpreter)) => {
            check.require(python.group.is_none(), field, || {
                Problem::new(
                    &codes::CONTRADICTION,
                    "`group` belongs to a `project`, not to an `interpreter`",
                )
                .help("remove `group`")
            });
            let file = check.file(&["local", "python", "interpreter"], interpreter)?;
            Some(Python::Interpreter(file))
        }
        (both, _) => {
            let many = if both.is_some() {
                "not both"
            } else {
                "one of them"
            };
            let problem = Problem::new(
                &codes::CONTRADICTION,
                format!("`python` takes `project` or `interpreter`, {many}"),
            );
            check.fail(field, problem);
            None
        }
    }
}

/// Reads a region and requires that it exists.
fn region(check: &mut Check<'_>, field: &[&str], name: &str) -> Option<Region> {
    if facts::region(name).is_none() {
        let problem = Problem::new(
            &codes::UNKNOWN_VALUE,
            format!("there is no region `{name}`"),
        );
        let near = suggest::nearest(name, facts::region_names());
        let problem = match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("a region looks like `eu-west-1`"),
        };
        check.fail(field, problem);
        return None;
    }
    check.parse(field, name)
}
