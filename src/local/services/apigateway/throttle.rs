//! Throttling: a token bucket per route of a stage.

use std::collections::HashMap;

use tokio::time::Instant;

use super::model::Throttle;

/// The buckets of all routes that were ever asked for.
#[derive(Debug, Default)]
pub(super) struct Buckets(HashMap<String, Bucket>);

#[derive(Debug)]
struct Bucket {
    throttle: Throttle,
    tokens: f64,
    filled: Instant,
}

/// Whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Granted,
    Refused,
}

impl Buckets {
    /// Takes a token from a route's bucket. New limits start with a full bucket.
    pub(super) fn take(&mut self, route: &str, throttle: Throttle) -> Pass {
        let now = Instant::now();
        let full = || Bucket {
            throttle,
            tokens: f64::from(throttle.burst),
            filled: now,
        };
        let bucket = self.0.entry(route.to_owned()).or_insert_with(full);
        if bucket.throttle != throttle {
            *bucket = full();
        }
        let gained = (now - bucket.filled).as_secs_f64() * throttle.rate;
        bucket.tokens = (bucket.tokens + gained).min(f64::from(throttle.burst));
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return Pass::Refused;
        }
        bucket.tokens -= 1.0;
        Pass::Granted
    }

    /// Forgets the buckets of an API.
    pub(super) fn forget(&mut self, api_id: &str) {
        let prefix = format!("{api_id}/");
        self.0.retain(|route, _| !route.starts_with(&prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_granted_and_then_the_rate() {
        let mut buckets = Buckets::default();
        let throttle = Throttle {
            rate: 10.0,
            burst: 3,
        };
        let granted = |buckets: &mut Buckets, tries: usize| {
            let passes = (0..tries).map(|_| buckets.take("api/$default/GET /", throttle));
            passes.filter(|pass| *pass == Pass::Granted).count()
        };
        assert_eq!(granted(&mut buckets, 5), 3);
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!(granted(&mut buckets, 5), 2);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(granted(&mut buckets, 5), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn routes_do_not_share_a_bucket() {
        let mut buckets = Buckets::default();
        let throttle = Throttle {
            rate: 1.0,
            burst: 1,
        };
        assert_eq!(buckets.take("a/x", throttle), Pass::Granted);
        assert_eq!(buckets.take("a/y", throttle), Pass::Granted);
        assert_eq!(buckets.take("a/x", throttle), Pass::Refused);
        buckets.forget("a");
        assert_eq!(buckets.take("a/x", throttle), Pass::Granted);
    }
}
