//! Trees as they are seen, without a terminal.

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

/// Numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn training(&mut self, text: String) -> Event {
        let number = self.below(usize::MAX);
        match self.below(5) {
            0 => Event::TrainingStatus {
                job: "j".into(),
                status: text.clone(),
                message: text,
            },
            1 => Event::TrainingLine { line: text },
            2 => Event::TrainingMetric {
                name: text,
                value: f64::from(u32::try_from(number % 1000).unwrap_or_default()) - 500.0,
            },
            3 => Event::TrainingFacts {
                job: "j".into(),
                attempt: number % 4,
                saving: number.is_multiple_of(2).then_some(70),
                facts: JobFacts {
                    instances: vec![text],
                    interruptions: number % 3,
                    ..JobFacts::default()
                },
            },
            _ => Event::TrainingRepeated {
                job: "j".into(),
                reason: text,
                attempt: 2,
                of: 3,
                pause: at(60),
            },
        }
    }

    fn event(&mut self) -> Event {
        const TEXTS: [&str; 8] = [
            "",
            "ok",
            "新闻分类器正在训练",
            "a\tb\r\nc",
            "\u{1b}[2J\u{1b}[31mred",
            "e\u{301}\u{301}\u{301}",
            "👩‍👩‍👧‍👦 family",
            "a reason that is much longer than any window that people use, and goes on and on",
        ];
        const KINDS: [StepKind; 4] = [
            StepKind::Foundation,
            StepKind::Training,
            StepKind::Service,
            StepKind::Leftovers,
        ];
        let text = self.one(&TEXTS).to_owned();
        let step = KINDS[self.below(KINDS.len())];
        let number = self.below(usize::MAX);
        match self.below(15) {
            0 => planned(&KINDS[..self.below(5)]),
            1 => started(step),
            2 => Event::StepDone {
                step,
                took: at(number as u64 % 100_000),
            },
            3 => Event::StepFailed { step },
            4 => Event::StepSkipped { step },
            5 => Event::Waiting { on: text },
            6..8 => {
                let id = format!("Resource{}", self.below(40));
                let status = self.one(&[
                    "CREATE_IN_PROGRESS",
                    "CREATE_COMPLETE",
                    "UPDATE_FAILED",
                    "DELETE_IN_PROGRESS",
                    "x",
                ]);
                resource(
                    &id,
                    self.one(&["AWS::SageMaker::Endpoint", ""]),
                    status,
                    Some(&text),
                )
            }
            8 => Event::Uploaded {
                step,
                sent: number as u64,
                total: self.below(usize::MAX) as u64,
            },
            9..14 => self.training(text),
            _ => Event::Removed { objects: number },
        }
    }
}

/// Whatever happens, in whatever order and window, the tree fits.
#[test]
fn ten_thousand_events_never_exceed_the_window() {
    for seed in 1..=2 {
        let mut numbers = Numbers(seed);
        let mut model = Model::new(if seed % 2 == 0 {
            Pace::Aws
        } else {
            Pace::Local
        });
        let mut time = Duration::ZERO;
        let mut drawn = 0;
        for index in 0..10_000 {
            time += Duration::from_millis(numbers.below(100_000) as u64);
            // A clock that goes back is nobody's fault here.
            let when = time.saturating_sub(Duration::from_secs(numbers.below(60) as u64));
            model.take(&numbers.event(), when);
            let window = Window {
                width: numbers.below(120),
                height: numbers.below(30),
            };
            let lines = lines(&model, time, window);
            drawn += lines.len();
            assert!(
                lines.len() <= window.height.saturating_sub(1).max(1),
                "seed {seed}, event {index}: {} lines in {window:?}",
                lines.len()
            );
            for line in lines {
                let text = line.text(false);
                let columns = unicode_width::UnicodeWidthStr::width(text.as_str());
                assert!(
                    columns <= window.width,
                    "seed {seed}, event {index}: {text:?} in {window:?}"
                );
                assert!(
                    !text.contains(char::is_control),
                    "seed {seed}, event {index}: {text:?}"
                );
            }
        }
        assert!(drawn > 10_000, "seed {seed} draws next to nothing");
    }
}
