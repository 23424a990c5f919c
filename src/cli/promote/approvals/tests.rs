//! Approvals that are too few, that nobody asks for, and that a pin keeps.

use super::*;
use crate::release::testing::release;
use crate::release::{ReleaseId, Source};

fn terms(needed: u32, ci: bool) -> Approvals {
    Approvals {
        needed,
        signers: (!ci).then(|| "approvers".into()),
        ci,
    }
}

fn promotion(by: &[&str]) -> Promotion {
    let approval = |by: &&str| Approval {
        by: (*by).to_owned(),
        means: Means::Ci("run".into()),
        at: Timestamp::UNIX_EPOCH,
        signature: None,
    };
    Promotion {
        from: Source {
            environment: "staging".into(),
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            bucket: "b".into(),
            release: ReleaseId::new(7, "f", "s"),
            record: crate::bundle::Digest::of_bytes(b"record"),
        },
        evidence: Vec::new(),
        approvals: by.iter().map(approval).collect(),
        unproven: None,
    }
}

#[test]
fn too_few_approvals_are_told_with_how_to_approve() {
    let failure = require(Some(&terms(2, false)), &promotion(&["alice"]), "prod").unwrap_err();
    assert_eq!(failure.code, GATE_FAILED);
    assert!(
        failure
            .text()
            .ends_with("2 people must approve it, only alice has approved it"),
        "{}",
        failure.text()
    );
    assert!(failure.hints[0].contains("deploy approve staging prod > approval"));
    let failure = require(Some(&terms(1, true)), &promotion(&[]), "prod").unwrap_err();
    assert!(
        failure
            .text()
            .ends_with("one person must approve it, nobody has approved it")
    );
    assert!(failure.hints[0].contains("--approved-by NAME"));
    assert!(require(Some(&terms(2, true)), &promotion(&["a", "b"]), "prod").is_ok());
    assert!(require(None, &promotion(&[]), "prod").is_ok());
}

#[test]
fn an_approval_that_nobody_asks_for_is_wrong_usage() {
    let arguments = |signatures: &[&str], names: &[&str]| ApprovalArguments {
        signatures: signatures.iter().map(PathBuf::from).collect(),
        approved_by: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    for (terms, arguments, why) in [
        (None, arguments(&["a.sig"], &[]), "no signature is asked"),
        (
            Some(terms(1, true)),
            arguments(&["a.sig"], &[]),
            "no signature is asked",
        ),
        (None, arguments(&[], &["alice"]), "does not count here"),
        (
            Some(terms(1, false)),
            arguments(&[], &["alice"]),
            "does not count here",
        ),
    ] {
        let failure =
            collect(terms.as_ref(), &arguments, "text", Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(failure.code, USAGE);
        assert!(failure.text().contains(why), "{}", failure.text());
    }
}

#[test]
fn the_run_of_a_ci_system_is_told_by_its_address() {
    let run = |variables: &[(&str, &str)]| {
        run_of(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let github = [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "news/classifier"),
        ("GITHUB_RUN_ID", "42"),
    ];
    assert_eq!(
        run(&github).unwrap(),
        "https://github.com/news/classifier/actions/runs/42"
    );
    assert_eq!(run(&github[1..]), None);
    assert_eq!(run(&[("CI", "false")]), None);
    let gitlab = [("CI", "true"), ("CI_JOB_URL", "https://gitlab.example/j/1")];
    assert_eq!(run(&gitlab).unwrap(), "https://gitlab.example/j/1");
    assert!(run(&gitlab[..1]).unwrap().contains("no address"));
}

/// A pin that keeps the approval of a CI system.
fn pinned(by: &str) -> Pin {
    let release = release(7, "s");
    Pin {
        version: Pin::VERSION,
        stack: "news".into(),
        environment: "prod".into(),
        at: Timestamp::UNIX_EPOCH,
        by: "a@mill".into(),
        model: release.model,
        function: release.function,
        stacks: release.stacks,
        promotion: promotion(&[by]),
    }
}

#[test]
fn an_approval_that_a_pin_keeps_counts_as_long_as_it_is_asked_for() {
    let pin = pinned("alice");
    let counts = kept(Some(&terms(1, true)), &pin).unwrap();
    assert_eq!(counts, pin.promotion.approvals);
    assert_eq!(kept(None, &pin).unwrap(), []);
    let failure = kept(Some(&terms(1, false)), &pin).unwrap_err();
    assert_eq!(failure.code, GATE_FAILED);
    assert!(
        failure
            .text()
            .starts_with("the approval of alice that is pinned does not count: "),
        "{}",
        failure.text()
    );
}

#[test]
fn each_person_counts_once() {
    let mut promotion = promotion(&["alice"]);
    let more = self::promotion(&["alice", "bob", "bob"]).approvals;
    assert!(promotion.approve(&more));
    assert!(!promotion.approve(&more));
    let by: Vec<&str> = promotion
        .approvals
        .iter()
        .map(|one| one.by.as_str())
        .collect();
    assert_eq!(by, ["alice", "bob"]);
}
