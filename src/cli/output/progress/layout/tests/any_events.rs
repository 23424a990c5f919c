//! Whatever happens, the lines fit the window.

use super::*;

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
