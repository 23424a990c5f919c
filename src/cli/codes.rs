//! The codes of the command line itself.
//!
//! Examples are command lines: a test runs the shipped program with those that need nothing deployed.

use super::failure::{DECLINED, DIFFERENCES, GATE_FAILED, INTERRUPTED, LOCKED, USAGE};
use crate::code::{Code, codes};
use crate::reconcile::codes as runs;

codes! {
    /// The codes of the command line.
    pub(super) CODES
    WRONG_USAGE = "wrong-usage" {
        title: "The command line asks for something that there is not",
        why: "An option that is not known, a value that does not fit, or two that exclude each other: nothing was done",
        remedy: "`--help` after a command lists its options, with examples",
        before: "deploy up --evn staging",
        after: "deploy up --env staging",
    }
    INVALID_STACK_FILE = "invalid-stack-file" {
        title: "The stack file has mistakes, each of which has a code of its own",
        why: "All of them are told at once, before anything is touched",
        remedy: "mend each; `deploy validate` looks at all environments",
    }
    NOT_UP = "not-up" {
        title: "The environment is not up, or not whole",
        why: "There is nothing to ask, and this command starts nothing that may cost money",
        remedy: "`deploy up` brings it up; `deploy status` says how it stands",
        before: "deploy invoke \"Fed holds rates\"",
        after: "deploy up",
    }
    FILE_EXISTS = "file-exists" {
        title: "A file is there already and stays as it is",
        why: "deploy does not write over what somebody may have changed",
        remedy: "move the file away, or name another place",
        before: "deploy init news",
        after: "deploy init other-news",
    }
    DIFFERENCES_FOUND = "differences-found" {
        title: "Something is not what it is compared with",
        why: "The exit code is 2, so that a pipeline can tell a difference from a failure",
        remedy: "`deploy render` brings rendered files up to date",
        before: "deploy render --check",
        after: "deploy render",
    }
    FINDINGS = "findings" {
        title: "The command did its work, and what it found does not pass",
        why: "The result on stdout says it all: findings of `check`, assertions of `load`, lines of `batch` without an \
              answer",
        remedy: "mend them; a finding of `check` can be waived in the stack file, with a reason",
    }
    PROMOTION_REFUSED = "promotion-refused" {
        title: "A release does not pass what is asked before it is taken over",
        why: "The environment's `promotion` says what is asked: gates, probes, age, approvals. Nothing was changed",
        remedy: "make what is missing good where the release comes from, then promote again",
    }
    NO_RELEASE = "no-release" {
        title: "There is no release as it was asked for",
        why: "Releases are written down when they were seen to serve, and are named by a number or by its beginning",
        remedy: "`deploy history ENVIRONMENT` lists the releases",
    }
    NO_REPORT = "no-report" {
        title: "There is no report of the model that was asked for",
        why: "The training script leaves it; a job that failed, or whose model was removed, has none",
        remedy: "`deploy train list` shows the jobs",
    }
    ENGINE_FAILED = "engine-failed" {
        title: "The local engine does not start",
        why: "Another program has its port, or its folder `.deploy` cannot be written",
        remedy: "`--local-port` names another port; `deploy local logs` shows what the engine wrote",
    }
    NO_BROWSER = "no-browser" {
        title: "No browser could be opened",
        why: "On a server, or in a container, there often is none",
        remedy: "`deploy open --print` only prints the address",
    }
    API_REFUSED = "api-refused" {
        title: "The service was asked and answered with an error",
        why: "It is up, but this request was refused, or its code failed",
        remedy: "`deploy logs` shows what function and endpoint wrote",
    }
    NOT_EMULATED = "not-emulated" {
        title: "The local engine cannot do what the stack file asks for",
        why: "What it does not emulate it refuses by name, so that what works locally works on AWS",
        remedy: "give the local environment another value; `null` removes what the stack says",
    }
    CANNOT_COMPARE = "cannot-compare" {
        title: "There is nothing to compare with",
        why: "The revision, the folder or the repository that was named is not there or not readable",
        remedy: "`git fetch` first, or name a folder with rendered files: `--base FOLDER`",
        before: "deploy diff --base no-such-revision",
        after: "deploy diff --base main",
    }
    UNKNOWN_CODE = "unknown-code" {
        title: "There is no code of this name",
        why: "Codes are words such as `unknown-field`, ids of policies such as `S3-TLS`, and causes such as `no_capacity`",
        remedy: "`deploy explain` lists all of them",
        before: "deploy explain unknown-feild",
        after: "deploy explain unknown-field",
    }
    FAILED = "failed" {
        title: "Something failed that has no code of its own",
        why: "It is most often the machine: a file, a folder, a network. The message is all that is known",
        remedy: "mend what the message names and run the command again; nothing that was begun is lost",
    }
}

/// The code of a failure of which nothing but its exit code is known.
pub(super) fn of_exit(exit: u8) -> &'static Code {
    match exit {
        USAGE => &WRONG_USAGE,
        DIFFERENCES => &DIFFERENCES_FOUND,
        DECLINED => &runs::DECLINED,
        LOCKED => &runs::LOCKED,
        GATE_FAILED => &PROMOTION_REFUSED,
        INTERRUPTED => &runs::INTERRUPTED,
        _ => &FAILED,
    }
}
