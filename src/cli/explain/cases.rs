//! Cases: failures as the program meets them, for codes whose examples are no piece of a file.
//!
//! Each is made as where it really comes from, so that it carries the code that it carries there.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::batch::{BatchError, WrongLine};
use crate::bundle::{BundleError, Digest};
use crate::cli::failure::{Failure, printed};
use crate::cloud::condition::StackStatus;
use crate::cloud::copies::At;
use crate::cloud::inventory::Item;
use crate::cloud::transform::{TransformPhase, TransformState};
use crate::cloud::{CloudFault, FaultKind};
use crate::code::Code;
use crate::plan::batch::BatchFault;
use crate::plan::check::Flaw;
use crate::plan::request::RequestFault;
use crate::plan::{Held, StepKind};
use crate::reconcile::drift::{Finding, SeenBy, Subject};
use crate::reconcile::{Cause, ReconcileError};
use crate::release::UnreadableRelease;
use crate::render::RenderError;
use crate::stack::{S3Location, StackFile};

/// A failure as the program meets it.
pub(super) struct Case(Failure);

impl Case {
    /// Whether it is one of a code.
    pub(super) fn raises(&self, code: &Code) -> bool {
        self.0.codes().any(|raised| raised == code)
    }

    /// What the program prints of it.
    pub(super) fn printed(&self) -> String {
        printed(&self.0)
    }
}

/// All cases.
pub(super) fn cases() -> Vec<Case> {
    let mut failures: Vec<Failure> = runs().into_iter().map(Failure::from).collect();
    failures.extend(held().into_iter().map(|held| Failure::from(vec![held])));
    failures.extend(
        batches()
            .into_iter()
            .map(|error| Failure::from(ReconcileError::Batch(error))),
    );
    failures.extend(bundles().into_iter().map(Failure::from));
    failures.extend(templates().into_iter().map(Failure::from));
    let unreadable = StackFile::read(Path::new("stacks/no-such-stack/stack.yaml"));
    failures.extend(unreadable.err().map(Failure::from));
    failures.into_iter().map(Case).collect()
}

fn templates() -> Vec<RenderError> {
    let path = Path::new("templates/servise.yaml.tera");
    vec![
        RenderError::Engine {
            template: "service.yaml.tera".to_owned(),
            source: tera::Error::message("the value is of a type that cannot be written"),
        },
        RenderError::Unknown {
            path: path.to_owned(),
            file: "servise.yaml.tera".to_owned(),
            help: crate::render::unknown_help("servise"),
        },
        RenderError::Unreadable {
            path: Path::new("templates/service.yaml.tera").to_owned(),
            source: io::ErrorKind::PermissionDenied.into(),
        },
    ]
}

fn bundles() -> Vec<BundleError> {
    let folder = || Path::new("stacks/news/code").to_owned();
    vec![
        BundleError::Unreadable {
            path: folder(),
            source: io::ErrorKind::PermissionDenied.into(),
        },
        BundleError::Unusable { path: folder() },
        BundleError::TooLarge {
            path: folder(),
            limit: "200 MiB",
            largest: ".venv/lib/libtorch.so".to_owned(),
        },
        BundleError::Empty { path: folder() },
        BundleError::BadRule {
            path: folder().join(".deployignore"),
            line: 3,
            source: ignore::Error::InvalidDefinition,
        },
        BundleError::wrong_data(
            Path::new("stacks/news/data/rows.csv"),
            "2 rows have a class that is none: `x`",
            "rows.csv:17: the class is `x`",
        ),
        BundleError::AnotherModel {
            path: folder().join("model.tar.gz"),
            found: Digest::of_bytes(b"another"),
            meant: Digest::of_bytes(b"the one").to_string(),
        },
        BundleError::NoArchive {
            path: folder().join("model.tar.gz"),
            source: io::ErrorKind::InvalidData.into(),
        },
        BundleError::Pack {
            path: folder(),
            source: zip::result::ZipError::FileNotFound,
        },
    ]
}

fn batches() -> Vec<BatchError> {
    let file = || "news.csv".to_owned();
    vec![
        BatchError::Unwritable {
            path: file().into(),
            source: io::ErrorKind::StorageFull.into(),
        },
        BatchError::Unusable {
            file: file(),
            why: "has several columns".to_owned(),
            remedy: Some("name the one with the texts: `--column TITLE`".to_owned()),
        },
        BatchError::WrongLines {
            count: 1,
            lines: 1000,
            first: vec![WrongLine {
                file: file(),
                line: 17,
                why: "the text is empty".to_owned(),
            }],
        },
        BatchError::NoTexts(file()),
        BatchError::Damaged {
            part: "part-0003".to_owned(),
            why: "99 answers for 100 requests".to_owned(),
        },
    ]
}

fn held() -> Vec<Held> {
    let stack = || "news-prod-service".to_owned();
    let job = || "news-prod-1f2e3d4c".to_owned();
    vec![
        Held::WrongAccount {
            expected: "111122223333".to_owned(),
            actual: "444455556666".to_owned(),
        },
        Held::ForeignStack(stack()),
        Held::Busy {
            stack: stack(),
            status: StackStatus::UpdateInProgress,
            token: String::new(),
        },
        Held::LiveResources {
            stack: stack(),
            status: StackStatus::RollbackFailed,
            resources: vec!["Endpoint (AWS::SageMaker::Endpoint) news-prod".to_owned()],
        },
        Held::NeedsHand {
            stack: stack(),
            status: StackStatus::RollbackFailed,
            remedy: "delete the stack in the console, keeping what cannot be deleted",
        },
        Held::TrainingExhausted {
            job: job(),
            reason: "InternalServerError: We encountered an internal error.".to_owned(),
            attempts: 3,
        },
        Held::Gone {
            what: "the model",
            key: "training/1f2e3d4c/output/model.tar.gz".to_owned(),
        },
        Held::TrainingFailed {
            job: job(),
            reason: "AlgorithmError: ValueError: bad label, exit code: 1".to_owned(),
        },
    ]
}

fn runs() -> Vec<ReconcileError> {
    let mut all = stacks();
    all.extend(services());
    all.extend(jobs());
    all.extend(states());
    all
}

/// What stacks can do.
fn stacks() -> Vec<ReconcileError> {
    let stack = || "news-prod-service".to_owned();
    let failed = |status, resource: &str, kind: &str, reason: &str| ReconcileError::StackFailed {
        stack: stack(),
        status,
        cause: Some(Cause {
            logical_id: resource.to_owned(),
            resource_type: kind.to_owned(),
            reason: reason.to_owned(),
            log: Vec::new(),
        }),
    };
    vec![
        ReconcileError::Cloud {
            doing: "look at the stacks",
            fault: CloudFault {
                kind: FaultKind::Unavailable,
                operation: "DescribeStacks",
                code: String::new(),
                message: "the connection was closed".to_owned(),
            },
        },
        ReconcileError::ChangeRefused {
            stack: stack(),
            reason: "Template error: instance of Fn::GetAtt references undefined resource Modle"
                .to_owned(),
        },
        failed(
            StackStatus::RollbackFailed,
            "Endpoint",
            "AWS::SageMaker::Endpoint",
            "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.",
        ),
        failed(
            StackStatus::UpdateRollbackComplete,
            "Function",
            "AWS::Lambda::Function",
            "Unzipped size must be smaller than 262144000 bytes",
        ),
        ReconcileError::NotAtRest {
            stack: stack(),
            status: StackStatus::UpdateInProgress,
        },
        ReconcileError::UnreadableTemplate {
            stack: stack(),
            reason: "it is no YAML".to_owned(),
        },
        ReconcileError::DriftLeft {
            findings: vec![Finding {
                subject: Subject {
                    stack: stack(),
                    logical_id: "Bucket".to_owned(),
                    kind: "AWS::S3::Bucket".to_owned(),
                },
                property: Some("/Tags/owner".to_owned()),
                expected: None,
                actual: Some("somebody".to_owned()),
                seen_by: SeenBy::ReadBack,
            }],
        },
        ReconcileError::Leftovers {
            items: vec![Item {
                kind: "log group",
                name: "/aws/lambda/news-prod-classify".to_owned(),
            }],
        },
    ]
}

/// What the service can do.
fn services() -> Vec<ReconcileError> {
    vec![
        ReconcileError::RolledBackSilently {
            endpoint: "news-prod".to_owned(),
            serving: "EndpointConfig-old".to_owned(),
            wanted: "EndpointConfig-new".to_owned(),
            why: String::new(),
        },
        ReconcileError::NotServing {
            what: "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/classify".to_owned(),
            why: "HTTP 500: {\"message\":\"Internal Server Error\"}".to_owned(),
        },
    ]
}

/// What training and batch jobs can do.
fn jobs() -> Vec<ReconcileError> {
    let location = || S3Location {
        bucket: "news-archive".to_owned(),
        prefix: "2014/".to_owned(),
    };
    vec![
        ReconcileError::TrainingFailed {
            job: "news-prod-1f2e3d4c".to_owned(),
            status: "Failed".to_owned(),
            reason: "AlgorithmError: ValueError: bad label, exit code: 1".to_owned(),
            transient: false,
            log: Vec::new(),
        },
        ReconcileError::BatchFailed {
            state: Box::new(TransformState {
                name: "news-prod-b-5a6b7c8d".to_owned(),
                phase: TransformPhase::Failed,
                failure_reason: Some("ClientError: See job logs for more information".to_owned()),
                created: None,
                ended: None,
            }),
            log: Vec::new(),
        },
        ReconcileError::BatchGone("news-prod-b-5a6b7c8d".to_owned()),
        ReconcileError::BatchRequest(BatchFault::Unfit(vec![
            "`BatchStrategy` is `Many`".to_owned(),
        ])),
        ReconcileError::GateFailed {
            job: "news-prod-1f2e3d4c".to_owned(),
            failed: vec!["eval_macro_f1 is 0.871, asked is >= 0.9".to_owned()],
        },
        ReconcileError::QuotaTooLow {
            quotas: vec![("ml.g4dn.xlarge for training job usage".to_owned(), 0.0)],
            needed: 1.0,
        },
        ReconcileError::TrainingRequest(RequestFault::BeyondLimits(vec![
            "`VolumeSizeInGB` is 0, at least 1 is needed".to_owned(),
        ])),
        ReconcileError::NoData(location()),
        ReconcileError::DataMoved(location()),
    ]
}

/// What the run itself can meet.
fn states() -> Vec<ReconcileError> {
    vec![
        ReconcileError::Release(Box::new(UnreadableRelease::Tampered(
            "its name says 3f2a91bc04de, its content 77aa0c1e9b52".to_owned(),
        ))),
        ReconcileError::Declined {
            why: "nobody is there to be asked".to_owned(),
            hint: Some("`--yes` answers".to_owned()),
        },
        ReconcileError::Tampered {
            at: At {
                bucket: "news-staging-111122223333-eu-west-1".to_owned(),
                key: "training/1f2e3d4c/output/model.tar.gz".to_owned(),
            },
            why: "its SHA-256 is another".to_owned(),
        },
        ReconcileError::Moved {
            what: vec!["news-prod-service was changed".to_owned()],
        },
        ReconcileError::Locked { by: None },
        ReconcileError::Unknown("the name of the bucket"),
        ReconcileError::TimedOut {
            what: "the endpoint".to_owned(),
            after: Duration::from_hours(1),
        },
        ReconcileError::NotExpired { until: None },
        ReconcileError::Interrupted,
        ReconcileError::Unsound(Flaw::Twice(StepKind::Foundation)),
    ]
}
