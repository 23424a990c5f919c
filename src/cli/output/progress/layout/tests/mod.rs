//! Trees as they are seen, without a terminal.

mod any_events;

use super::super::model::Pace;
use super::*;
use crate::cloud::training::JobFacts;
use crate::plan::Action;
use crate::reconcile::progress::{Event, PlannedStep};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn planned(kinds: &[StepKind]) -> Event {
    let step = |kind: &StepKind| PlannedStep {
        step: *kind,
        action: Action::Create,
    };
    Event::Planned {
        steps: kinds.iter().map(step).collect(),
    }
}

fn started(step: StepKind) -> Event {
    Event::StepStarted {
        step,
        action: Action::Create,
    }
}

fn resource(id: &str, kind: &str, status: &str, reason: Option<&str>) -> Event {
    Event::Resource {
        stack: "news-service".into(),
        logical_id: id.into(),
        resource_type: kind.into(),
        status: status.into(),
        reason: reason.map(str::to_owned),
    }
}

/// The tree of these events at a time, as text.
fn seen(pace: Pace, events: &[(u64, Event)], now: u64, window: (usize, usize)) -> String {
    let mut model = Model::new(pace);
    for (seconds, event) in events {
        model.take(event, at(*seconds));
    }
    let (width, height) = window;
    let lines = lines(&model, at(now), Window { width, height });
    assert!(
        lines.len() < height.max(2),
        "{} lines in {height}",
        lines.len()
    );
    let text = |line: &Line| {
        assert!(line.width() < width.max(1), "{line:?} in {width}");
        let text = line.text(false).trim_end().to_owned();
        // Which frame of the spinner it is has nothing to do with the rest.
        text.replace(SPINNER, "⠋")
    };
    let lines: Vec<String> = lines.iter().map(text).collect();
    lines.join("\n")
}

/// A service stack whose endpoint is being made, and one resource failed.
fn service() -> Vec<(u64, Event)> {
    let steps = [
        StepKind::Foundation,
        StepKind::Service,
        StepKind::Verification,
    ];
    let role = "AWS::IAM::Role";
    vec![
        (0, planned(&steps)),
        (0, started(StepKind::Foundation)),
        (
            40,
            Event::StepDone {
                step: StepKind::Foundation,
                took: at(40),
            },
        ),
        (40, started(StepKind::Service)),
        (
            42,
            resource("Model", "AWS::SageMaker::Model", "CREATE_IN_PROGRESS", None),
        ),
        (
            45,
            resource("Model", "AWS::SageMaker::Model", "CREATE_COMPLETE", None),
        ),
        (45, resource("HttpApi", role, "CREATE_IN_PROGRESS", None)),
        (50, resource("HttpApi", role, "CREATE_COMPLETE", None)),
        (
            50,
            resource(
                "Function",
                "AWS::Lambda::Function",
                "CREATE_IN_PROGRESS",
                None,
            ),
        ),
        (
            51,
            resource(
                "Endpoint",
                "AWS::SageMaker::Endpoint",
                "CREATE_IN_PROGRESS",
                None,
            ),
        ),
        (
            60,
            resource(
                "Function",
                "AWS::Lambda::Function",
                "CREATE_FAILED",
                Some("Access\ndenied"),
            ),
        ),
    ]
}

#[test]
fn with_room_everything_is_shown() {
    let expected = "\
⠋ service                2 min 40 s (usually 5-15 min)
  ├ Function             create failed: Access denied
  ├ Endpoint             creating 2 min 29 s (usually 3-15 min)
  ├ Model                created in 3 s
  └ HttpApi              created in 5 s
· verification";
    assert_eq!(seen(Pace::Aws, &service(), 200, (100, 24)), expected);
}

#[test]
fn what_is_finished_is_folded_first_and_what_comes_after_next() {
    let six = seen(Pace::Local, &service(), 200, (100, 6));
    assert_eq!(
        six,
        "\
⠋ service                2 min 40 s
  ├ Function             create failed: Access denied
  ├ Endpoint             creating 2 min 29 s
  └ 2 finished
· verification"
    );
    let many = [
        planned(&[
            StepKind::Service,
            StepKind::Verification,
            StepKind::Leftovers,
        ]),
        started(StepKind::Service),
    ];
    let many: Vec<(u64, Event)> = many.into_iter().map(|event| (0, event)).collect();
    assert_eq!(
        seen(Pace::Local, &many, 1, (40, 3)),
        "⠋ service      1 s\n· then verification, leftovers"
    );
}

#[test]
fn a_narrow_and_low_window_shows_what_matters_most() {
    assert_eq!(
        seen(Pace::Aws, &service(), 200, (40, 5)),
        "\
⠋ service      2 min 40 s (usually 5-1…
  ├ Function   create failed: Access d…
  └ and 2 more
· then verification"
    );
    assert_eq!(
        seen(Pace::Aws, &service(), 200, (40, 3)),
        "\
⠋ service      2 min 40 s (usually 5-1…
  └ Function   create failed: Access d…"
    );
    assert_eq!(seen(Pace::Aws, &service(), 200, (9, 1)), "⠋ servi…");
    assert_eq!(seen(Pace::Aws, &service(), 200, (1, 1)), "");
}

#[test]
fn training_shows_its_status_in_words_and_the_last_line() {
    let events = [
        (0, started(StepKind::Training)),
        (
            1,
            Event::TrainingStatus {
                job: "news-1".into(),
                status: "Downloading".into(),
                message: "Downloading input data".into(),
            },
        ),
        (
            5,
            Event::TrainingLine {
                line: " 1%|\r 2%|#\u{1b}[A 新闻".into(),
            },
        ),
    ];
    assert_eq!(
        seen(Pace::Local, &events, 61, (80, 24)),
        "\
⠋ training               1 min 01 s
  ├ downloading the data 1 min 00 s  Downloading input data
  └  2%|# 新闻"
    );
}

/// A job on spare capacity, and the course of two metrics.
fn measured() -> Vec<(u64, Event)> {
    let mut events = vec![
        (0, started(StepKind::Training)),
        (
            1,
            Event::TrainingStatus {
                job: "news-1".into(),
                status: "Training".into(),
                message: String::new(),
            },
        ),
        (
            1,
            Event::TrainingFacts {
                job: "news-1".into(),
                attempt: 2,
                saving: None,
                facts: JobFacts {
                    instances: vec!["ml.g4dn.xlarge".into()],
                    count: 2,
                    spot: true,
                    interruptions: 1,
                    ..JobFacts::default()
                },
            },
        ),
    ];
    for step in 0..200_u32 {
        let metric = |name: &str, value| Event::TrainingMetric {
            name: name.into(),
            value,
        };
        let loss = 1.0 / (1.0 + f64::from(step) / 20.0);
        events.push((2, metric("train_loss", loss)));
        if step % 50 == 49 {
            events.push((2, metric("eval_macro_f1", 1.0 - loss)));
        }
    }
    events
}

#[test]
fn metrics_are_small_charts_that_fit_every_window() {
    assert_eq!(
        seen(Pace::Local, &measured(), 61, (80, 24)),
        "\
⠋ training               1 min 01 s
  ├ training 1 min 00 s
  ├ ml.g4dn.xlarge × 2, spare capacity, attempt 2, interrupted once
  ├ train_loss    0.0913     █▇▆▅▅▄▄▃▃▃▃▂▂▂▂▂▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
  └ eval_macro_f1 0.9087     ▁▅▇█"
    );
    assert_eq!(
        seen(Pace::Local, &measured(), 61, (41, 24)),
        "\
⠋ training     1 min 01 s
  ├ training 1 min 00 s
  ├ ml.g4dn.xlarge × 2, spare capacity,…
  ├ train_loss    0.0913     █▅▃▂▂▁▁▁▁▁▁
  └ eval_macro_f1 0.9087     ▁▅▇█"
    );
    // In a narrow window the value is worth more than its course.
    assert_eq!(
        seen(Pace::Local, &measured(), 61, (24, 5)),
        "\
⠋ training 1 min 01 s
  ├ training 1 min 00 s
  ├ ml.g4dn.xlarge × 2…
  └ and 2 more"
    );
    for width in 1..130 {
        for height in 1..9 {
            seen(Pace::Local, &measured(), 61, (width, height));
        }
    }
}

#[test]
fn uploads_have_a_rate_and_removals_a_number() {
    let upload = |sent| Event::Uploaded {
        step: StepKind::Data,
        sent,
        total: 50 << 20,
    };
    let mut events = vec![(0, started(StepKind::Data))];
    events.extend((1..=20).map(|second| (second, upload(second << 20))));
    assert_eq!(
        seen(Pace::Aws, &events, 20, (80, 24)),
        "⠋ data                   20 s\n  └ ━━━━━━━━────────────  20.0 MiB of 50.0 MiB  1.0 MiB/s"
    );
    let events = [
        (0, started(StepKind::BucketContent)),
        (1, Event::Removed { objects: 12_000 }),
    ];
    assert!(seen(Pace::Aws, &events, 2, (80, 24)).ends_with("└ 12,000 objects removed"));
}

#[test]
fn what_is_waited_for_before_the_first_step_is_shown_and_nothing_at_rest() {
    let waiting = |on: &str| Event::Waiting { on: on.into() };
    let events = [(0, waiting("news-service")), (9, waiting("news-service"))];
    assert_eq!(
        seen(Pace::Aws, &events, 10, (80, 24)),
        "⠋ waiting for news-service  10 s"
    );
    assert_eq!(seen(Pace::Aws, &[], 10, (80, 24)), "");
    let mut events = service();
    events.push((
        70,
        Event::StepFailed {
            step: StepKind::Service,
        },
    ));
    assert_eq!(seen(Pace::Aws, &events, 71, (80, 24)), "");
}

#[test]
fn a_roll_back_is_said() {
    let mut events = service();
    events.push((
        61,
        resource(
            "news-service",
            "AWS::CloudFormation::Stack",
            "ROLLBACK_IN_PROGRESS",
            None,
        ),
    ));
    let tree = seen(Pace::Local, &events, 70, (80, 24));
    assert!(
        tree.starts_with("⠋ service                30 s  rolling back\n"),
        "{tree}"
    );
}
