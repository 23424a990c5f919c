//! What has to hold of every policy.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::policy::knows_resource;
use crate::render::{Library, render};
use crate::stack::StackFile;

/// The shipped stack, with something more at its end.
fn environments(more: &str) -> Vec<Stack> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier");
    let text = std::fs::read_to_string(root.join("stack.yaml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stack.yaml");
    let text = text
        .replace("../../", &format!("{}/../../", root.display()))
        .replace("file: data/", &format!("file: {}/data/", root.display()))
        .replace(
            "logs:\n  retention: 30d\n",
            &format!("logs: {{ retention: 30d }}\n{more}\n"),
        );
    std::fs::write(&path, text).unwrap();
    let file = StackFile::read(&path).unwrap();
    file.all().unwrap()
}

fn of(stack: &Stack, purposes: &[Purpose], part: Part<'_>) -> Policy {
    let rendered = render(stack, &Library::builtin()).unwrap();
    let source = environments("").into_iter().find(|other| {
        let from = stack.promotion.as_ref().map(|promotion| &promotion.from);
        Some(&other.environment) == from
    });
    policy(&Request {
        stack,
        rendered: &rendered,
        source: source.as_ref(),
        purposes,
        part,
    })
}

fn actions(policy: &Policy) -> BTreeSet<String> {
    let actions = policy
        .statements
        .iter()
        .flat_map(|statement| &statement.actions);
    actions.cloned().collect()
}

const EVERYTHING: &str = "\
alarms: { errors: 5, latency: 2s, window: 5m }
notebook: { instance: ml.t3.medium, volume: 20 GiB }
registry: { group: headlines }
permissions_boundary: arn:aws:iam::aws:policy/PowerUserAccess";

#[test]
fn reading_purposes_write_nothing() {
    // The verbs of actions that read, as the Service Authorization Reference has them.
    let reads = [
        "apigateway:GET",
        "iam:Get",
        "iam:List",
        "s3:Get",
        "s3:List",
        "cloudformation:Describe",
        "cloudformation:Get",
        "cloudformation:List",
        "cloudformation:Detect",
        "cloudformation:BatchDescribe",
        "sagemaker:Describe",
        "sagemaker:List",
        "lambda:Get",
        "logs:Describe",
        "logs:Get",
        "logs:Filter",
        "logs:List",
        "cloudwatch:Describe",
        "cloudwatch:List",
        "servicequotas:List",
        "application-autoscaling:Describe",
        "application-autoscaling:List",
        "kms:Decrypt",
    ];
    for stack in environments(EVERYTHING) {
        for purpose in Purpose::ALL
            .into_iter()
            .filter(|purpose| purpose.only_reads())
        {
            for action in actions(&of(&stack, &[purpose], Part::Whole)) {
                let is_read = reads.iter().any(|read| action.starts_with(read));
                assert!(is_read, "{action} for {}", purpose.word());
            }
        }
    }
}

#[test]
fn an_action_names_resources_where_it_can_and_only_there() {
    for stack in environments(EVERYTHING) {
        let policy = of(&stack, &Purpose::ALL, Part::Whole);
        assert_eq!(policy.unknown_types, Vec::<String>::new());
        for statement in &policy.statements {
            for action in &statement.actions {
                let known = knows_resource(action);
                let known = known.unwrap_or_else(|| panic!("{action}: unknown service"));
                let on_all = statement.resources == ["*"];
                assert_eq!(known, !on_all, "{action} on {:?}", statement.resources);
                assert!(!action.contains('*'), "{action}");
            }
        }
    }
}

#[test]
fn every_type_and_condition_of_the_facts_is_read() {
    let facts = include_str!("facts/handlers.txt");
    let kinds: Vec<&str> = facts
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .collect();
    assert!(kinds.len() > 15 && kinds.is_sorted(), "{kinds:?}");
    for kind in kinds {
        let steps = handlers::steps(kind, &BTreeSet::new()).unwrap();
        assert!(
            steps.iter().any(|step| step.handler == Handler::Create),
            "{kind}"
        );
        for step in &steps {
            let everything = step.scopes() == [Scope::Everything];
            let unknown = knows_resource(step.action) == Some(false);
            assert_eq!(everything, unknown, "{kind} {}", step.action);
        }
    }
    assert!(handlers::steps("AWS::Nothing::Known", &BTreeSet::new()).is_none());
}

/// Operations as the source of an adapter names them: `.list_roles()` of a client.
fn called(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            called(&entry.unwrap().path(), found);
        }
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    for (at, _) in code.match_indices("fault(\"") {
        let name = code[at..].split('"').nth(1).unwrap();
        found.insert(name.to_owned());
    }
    let verbs = [
        "abort", "complete", "continue", "copy", "create", "delete", "describe", "detect",
        "execute", "filter", "get", "head", "invoke", "list", "put", "rollback", "stop", "update",
        "upload",
    ];
    for (at, _) in code.match_indices("()") {
        let before = &code[..at];
        let start =
            before.rfind(|c: char| !c.is_ascii_lowercase() && c != '_' && !c.is_ascii_digit());
        let Some(start) = start.filter(|start| before[*start..].starts_with('.')) else {
            continue;
        };
        let name = &before[start + 1..];
        let Some((verb, _)) = name.split_once('_') else {
            continue;
        };
        if verbs.contains(&verb) {
            found.insert(camel(name));
        }
    }
}

fn camel(name: &str) -> String {
    let word = |word: &str| match word {
        "aws" => "AWS".to_owned(),
        word => word[..1].to_ascii_uppercase() + &word[1..],
    };
    name.split('_').map(word).collect()
}

#[test]
fn every_operation_of_the_adapters_is_in_the_table() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/aws");
    let mut found = BTreeSet::new();
    called(&root, &mut found);
    // What is called without the SDK's client for it, and what merely looks like an operation.
    found.extend(["AssumeRole", "DescribeAlarms", "GetProducts", "Invoke"].map(str::to_owned));
    let table: BTreeSet<&str> = CALLS
        .iter()
        .map(|call| call.operation.split_once('.').unwrap().1)
        .collect();
    let missing: Vec<&String> = found
        .iter()
        .filter(|name| !table.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    let dead: Vec<&&str> = table
        .iter()
        .filter(|name| !found.contains(**name))
        .collect();
    assert!(dead.is_empty(), "called by nobody: {dead:?}");
}

#[test]
fn who_takes_releases_over_does_not_train_and_reads_what_it_takes() {
    let stacks = environments("");
    let find = |name: &str| {
        stacks
            .iter()
            .find(|stack| stack.environment.as_str() == name)
            .unwrap()
    };
    let up = |name: &str| of(find(name), &[Purpose::Up], Part::Whole);
    assert!(actions(&up("staging")).contains("sagemaker:CreateTrainingJob"));
    let prod = up("prod");
    assert!(!actions(&prod).contains("sagemaker:CreateTrainingJob"));
    let source = "arn:aws:s3:::news-classifier-staging-111122223333-eu-west-1/*";
    let reads = prod
        .statements
        .iter()
        .find(|statement| statement.resources == [source]);
    assert_eq!(reads.unwrap().actions, ["s3:GetObject"]);
    // Who promotes only looks at staging, and asks its endpoint.
    let shown = actions(&of(find("staging"), &[Purpose::Promote], Part::Whole));
    assert!(shown.contains("sagemaker:InvokeEndpoint") && shown.contains("iam:GetRolePolicy"));
    assert!(!shown.contains("s3:PutObject") && !shown.contains("cloudformation:CreateChangeSet"));
}

#[test]
fn a_boundary_is_asked_for_and_cannot_be_taken_off() {
    let stack = &environments(EVERYTHING)[1];
    let policy = of(stack, &Purpose::ALL, Part::Whole);
    assert!(!actions(&policy).contains("iam:DeleteRolePermissionsBoundary"));
    for action in [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ] {
        let holders: Vec<&Statement> = policy
            .statements
            .iter()
            .filter(|statement| statement.actions.iter().any(|one| one == action))
            .collect();
        let [holder] = holders.as_slice() else {
            panic!("{action} is in {holders:?}");
        };
        assert_eq!(holder.conditions[0].key, "iam:PermissionsBoundary");
    }
}

#[test]
fn a_service_role_takes_over_what_people_need_not_have() {
    let stack = &environments(EVERYTHING)[1];
    let role = "arn:aws:iam::111122223333:role/cfn";
    let people = of(stack, &[Purpose::Up, Purpose::Down], Part::Caller(role));
    let own = actions(&of(stack, &[Purpose::Up, Purpose::Down], Part::ServiceRole));
    let whole = actions(&of(stack, &[Purpose::Up, Purpose::Down], Part::Whole));
    let theirs = actions(&people);
    for action in [
        "iam:CreateRole",
        "lambda:CreateFunction",
        "s3:CreateBucket",
        "sagemaker:CreateModel",
    ] {
        assert!(
            own.contains(action) && whole.contains(action) && !theirs.contains(action),
            "{action}"
        );
    }
    let union: BTreeSet<String> = theirs.union(&own).cloned().collect();
    assert_eq!(union, whole);
    let passes = people
        .statements
        .iter()
        .find(|statement| statement.resources == [role]);
    assert_eq!(
        passes.unwrap().conditions[0].values,
        ["cloudformation.amazonaws.com"]
    );
}

#[test]
fn roles_are_handed_over_to_named_services_only() {
    for stack in environments(EVERYTHING) {
        for statement in of(&stack, &Purpose::ALL, Part::Whole).statements {
            if statement
                .actions
                .iter()
                .any(|action| action == "iam:PassRole")
            {
                assert_eq!(statement.actions, ["iam:PassRole"]);
                assert_eq!(statement.conditions[0].key, "iam:PassedToService");
                assert!(
                    statement
                        .resources
                        .iter()
                        .all(|arn| arn.contains("role/news-classifier-"))
                );
            }
        }
    }
}

#[test]
fn documents_fit_and_lose_nothing() {
    for stack in environments(EVERYTHING) {
        let policy = of(&stack, &Purpose::ALL, Part::Whole);
        for limit in [1_000, MANAGED_LIMIT, 100_000] {
            let parts = split(&policy.statements, limit);
            assert!(parts.iter().all(|part| size(part) <= limit), "{limit}");
            let all = |statements: &[Statement]| -> BTreeSet<(Scope, String)> {
                let pairs = |statement: &Statement| {
                    let scope = statement.scope;
                    statement
                        .actions
                        .clone()
                        .into_iter()
                        .map(move |action| (scope, action))
                };
                statements.iter().flat_map(pairs).collect()
            };
            assert_eq!(all(&parts.concat()), all(&policy.statements));
            for part in &parts {
                let sids: BTreeSet<Scope> = part.iter().map(|statement| statement.scope).collect();
                assert_eq!(sids.len(), part.len(), "a name twice in a document");
            }
        }
    }
}
