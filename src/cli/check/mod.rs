//! `deploy check`.

mod human;

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::context::{Global, Project};
use super::failure::Failure;
use super::origin::Origins;
use super::output::{self, Format};
use crate::policy::{self, Examined, Finding, Severity, Subject, Waivers, report};
use crate::stack::{Problems, Stack, StackFile};

/// Arguments of `deploy check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy check                                 every environment
  deploy check --env prod --fail-on warning    one environment, strictly
  deploy check --format sarif > deploy.sarif   for code scanning
  deploy check --list                          the policies

A finding is accepted by its id and a reason in the stack file:
  checks: { waive: { API-PUBLIC: \"a demo, throttled\" } }

Exit code 1 says that there are findings as bad as --fail-on.")]
pub(super) struct Arguments {
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, env = "DEPLOY_STACK", value_name = "STACK")]
    stack: Option<String>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// How the findings are printed; by default as --output says
    #[arg(long, value_enum)]
    format: Option<CheckFormat>,
    /// How bad a finding must be to make the check fail
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Show the policies instead of checking
    #[arg(long, conflicts_with_all = ["env", "fail_on"])]
    list: bool,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people.
    Human,
    /// For programs; `version` in it says which form.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// From which severity on findings make the check fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Errors only.
    Error,
    /// Errors and warnings.
    Warning,
    /// Everything.
    Note,
}

impl From<FailOn> for Severity {
    fn from(value: FailOn) -> Self {
        match value {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Note => Self::Note,
        }
    }
}

/// Looks over the rendered templates.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let format = arguments.format.unwrap_or(match global.output {
        Format::Human => CheckFormat::Human,
        Format::Json => CheckFormat::Json,
    });
    if arguments.list {
        return list(format);
    }
    let project = Project::open(global)?;
    let file = project.stack_file(arguments.stack.as_deref())?;
    let stacks = stacks(&file, &arguments.env)?;
    let waivers = waivers(&file)?;
    let library = project.library()?;
    let origins = Origins::new(&project, &file, &stacks, &library);
    let mut examined = Vec::new();
    for stack in &stacks {
        let rendered = project.render(stack, &library)?;
        let mut one = policy::examine(&Subject::new(stack, &rendered), &stack.waivers);
        one.trace(|document, pointer| {
            let environment = stack.environment.as_str();
            let origin = origins.find(environment, document.word(), pointer)?;
            Some(policy::Origin {
                template: origin.template.to_string(),
                stack_line: origin.stack.map(|place| place.line),
            })
        });
        examined.push(one);
    }
    let Some(first) = stacks.first() else {
        return Err(Failure::usage("there is no environment to check"));
    };
    let all = file.environments().count() == stacks.len();
    let unused = waivers.unused(first.name.as_str(), &examined, all);
    let report = report(first, &examined, &unused, arguments.fail_on.into());
    match format {
        CheckFormat::Human => human::print(&report),
        CheckFormat::Json => output::result(&report::json(&report)),
        CheckFormat::Sarif => output::result(&report::sarif(&report)),
    }
    match report.failing() {
        0 => Ok(()),
        failing => Err(fails(failing, report.threshold)),
    }
}

/// The environments to check, each once.
fn stacks(file: &StackFile, names: &[String]) -> Result<Vec<Stack>, Failure> {
    if names.is_empty() {
        return Ok(file.all()?);
    }
    let mut stacks = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if !names[..index].contains(name) {
            stacks.push(file.environment(name)?);
        }
    }
    Ok(stacks)
}

/// Reads the waivers of a file; one that is wrong is a mistake in the stack file like any other.
pub(super) fn waivers(file: &StackFile) -> Result<Waivers, Failure> {
    let source = file.source();
    let failed = |list| Failure::from(Problems::new(source.clone(), list));
    let waivers = Waivers::read(&source.text).map_err(|problem| failed(vec![*problem]))?;
    match waivers.problems() {
        problems if problems.is_empty() => Ok(waivers),
        problems => Err(failed(problems)),
    }
}

fn report<'a>(
    stack: &'a Stack,
    examined: &'a [Examined],
    unused: &'a [Finding],
    threshold: Severity,
) -> report::Report<'a> {
    let mut findings: Vec<&Finding> = examined
        .iter()
        .flat_map(|examined| &examined.findings)
        .chain(unused)
        .collect();
    // Stable: within a severity the environments stay together.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.policy.severity));
    report::Report {
        stack: stack.name.as_str(),
        environments: examined
            .iter()
            .map(|one| one.environment.as_str())
            .collect(),
        findings,
        threshold,
        stack_file: relative(&stack.file),
    }
}

/// A path as the repository around it names it; as code scanning wants it.
fn relative(file: &Path) -> String {
    let above = |name: &str| {
        file.ancestors()
            .skip(1)
            .find(|folder| folder.join(name).exists())
    };
    let root = above(".git").or_else(|| above("stacks"));
    let path = root
        .and_then(|root| file.strip_prefix(root).ok())
        .unwrap_or(file);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn fails(failing: usize, threshold: Severity) -> Failure {
    let findings = if failing == 1 { "finding" } else { "findings" };
    let message = match threshold {
        Severity::Error => format!("{failing} {findings} must be mended or waived"),
        least => format!("{failing} {findings} of severity {least} or worse"),
    };
    Failure::reported(message).hint(
        "mend them, or accept one in the stack file: `checks: { waive: { ID: \"the reason\" } }`",
    )
}

/// Shows the policies.
fn list(format: CheckFormat) -> Result<(), Failure> {
    match format {
        CheckFormat::Human => human::list(),
        CheckFormat::Json => {
            let policies: Vec<_> = policy::all()
                .map(|policy| {
                    json!({
                        "id": policy.id,
                        "severity": policy.severity.word(),
                        "title": policy.title,
                        "reason": policy.reason,
                        "remedy": policy.remedy,
                    })
                })
                .collect();
            output::result(&json!({ "version": 1, "policies": policies }));
        }
        CheckFormat::Sarif => {
            return Err(Failure::usage(
                "the policies are listed as human or json, not as sarif",
            ));
        }
    }
    Ok(())
}
