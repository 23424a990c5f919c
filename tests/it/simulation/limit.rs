//! A limit of an account: how often all its clients together may ask.

use std::sync::Mutex;

use tokio::time::Instant;

/// A bucket of tokens that fills with time; every call of a limited operation takes one.
pub(super) struct Limit {
    operations: &'static [&'static str],
    per_second: u32,
    began: Instant,
    state: Mutex<State>,
}

struct State {
    tokens: f64,
    filled: Instant,
    asked: Vec<u64>,
    throttled: Option<u64>,
}

impl Limit {
    /// Lets these operations be called so often a second.
    pub(super) fn new(operations: &'static [&'static str], per_second: u32) -> Self {
        let began = Instant::now();
        Self {
            operations,
            per_second,
            began,
            state: Mutex::new(State {
                tokens: f64::from(per_second),
                filled: began,
                asked: Vec::new(),
                throttled: None,
            }),
        }
    }

    /// Counts a call; `false` when it is one too many.
    pub(super) fn admits(&self, operation: &str) -> bool {
        if !self.operations.contains(&operation) {
            return true;
        }
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        let second = (now - self.began).as_secs();
        state.asked.push(second);
        let rate = f64::from(self.per_second);
        let gained = (now - state.filled).as_secs_f64() * rate;
        state.tokens = (state.tokens + gained).min(rate);
        state.filled = now;
        let admitted = state.tokens >= 1.0;
        if admitted {
            state.tokens -= 1.0;
        } else {
            state.throttled.get_or_insert(second);
        }
        admitted
    }

    /// The limited calls in each second, admitted or not.
    pub(super) fn calls(&self) -> Vec<usize> {
        let asked = &self.state.lock().unwrap().asked;
        let seconds = asked.last().map_or(0, |last| last + 1);
        let of = |second| asked.iter().filter(|asked| **asked == second).count();
        (0..seconds).map(of).collect()
    }

    /// The second in which there was the first call too many.
    pub(super) fn first_throttled(&self) -> Option<u64> {
        self.state.lock().unwrap().throttled
    }
}
