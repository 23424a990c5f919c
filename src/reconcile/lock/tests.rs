//! The lock among several runs, under virtual time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;

use super::{KEY, Lock, find, note, remove};
use crate::cloud::FaultKind;
use crate::cloud::records::Records;
use crate::plan::Deployment;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::station::Station;
use crate::reconcile::testing::{self, Bed, Clock, Memory, worker};
use crate::reconcile::wait::sleep;
use crate::stack::Names;

fn deployment() -> Deployment {
    let names = Names::compose(
        &"news".parse().unwrap(),
        &"staging".parse().unwrap(),
        &"111122223333".parse().unwrap(),
        &"eu-west-1".parse().unwrap(),
    );
    Deployment {
        stack: "news".into(),
        environment: "staging".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        names: names.unwrap(),
        registry: None,
    }
}

/// Several runs that share a bucket and a clock.
struct World {
    memory: Arc<Memory>,
    clock: Arc<Clock>,
}

impl World {
    fn new() -> Self {
        Self {
            memory: Arc::default(),
            clock: testing::clock(),
        }
    }

    fn run(&self, id: &str) -> Bed {
        let mut bed = testing::session();
        bed.session.cloud.records = self.memory.clone();
        bed.session.station = Station {
            worker: worker(id),
            witness: self.clock.clone(),
        };
        bed
    }

    async fn is_there(&self) -> bool {
        self.memory.read("", KEY).await.unwrap().is_some()
    }
}

fn lock_of(bed: &Bed) -> Arc<Lock> {
    Arc::new(Lock::new(&bed.session, &deployment(), "up"))
}

fn holder(result: Result<(), ReconcileError>) -> String {
    match result {
        Err(ReconcileError::Locked { by: Some(note) }) => note.worker.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn one_run_works_and_the_other_is_told_who() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let (first, second) = (lock_of(&a), lock_of(&b));
    first.take().await.unwrap();
    let error = second.take().await.unwrap_err();
    assert!(error.to_string().contains("user-a on mill"), "{error}");
    first.release().await;
    assert!(!world.is_there().await);
    second.take().await.unwrap();
    assert!(second.check("X").is_ok() && first.check("X").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_renewed_for_as_long_as_its_holder_works() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let (first, second) = (lock_of(&a), lock_of(&b));
    first.take().await.unwrap();
    for _ in 0..48 {
        sleep(Duration::from_mins(10)).await;
        assert!(first.check("X").is_ok());
        assert_eq!(holder(second.take().await), "a");
    }
    // Eight hours, with a lease that grows to ten minutes, are not written every twenty seconds.
    let writes = world.memory.writes();
    assert!((100..600).contains(&writes), "{writes}");
    first.release().await;
    assert!(!world.is_there().await);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_died_elsewhere_keeps_the_lock_until_its_lease_is_over() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let first = lock_of(&a);
    first.take().await.unwrap();
    drop(first);
    tokio::task::yield_now().await;
    let second = lock_of(&b);
    assert_eq!(holder(second.take().await), "a");
    advance(note::SHORTEST).await;
    // It is over by the clock; that nobody renews it for an interval is waited for.
    let began = tokio::time::Instant::now();
    second.take().await.unwrap();
    assert!(began.elapsed() >= note::SHORTEST / 3);
    let notices = b.told.notices();
    assert!(
        notices[0].contains("taking over the lock: user-a"),
        "{notices:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_died_on_this_machine_is_succeeded_at_once() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let first = lock_of(&a);
    first.take().await.unwrap();
    drop(first);
    world.clock.gone.lock().unwrap().push("a".into());
    let began = tokio::time::Instant::now();
    lock_of(&b).take().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_runs_ahead_takes_no_lock_from_the_living() {
    let world = World::new();
    let a = world.run("a");
    let first = lock_of(&a);
    first.take().await.unwrap();
    // To this one every lease seems to be over.
    let mut b = world.run("b");
    let ahead = testing::clock_ahead(Duration::from_hours(24));
    b.session.station.witness = ahead;
    assert_eq!(holder(lock_of(&b).take().await), "a");
    assert!(first.check("X").is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_patient_gets_the_lock_when_it_is_free() {
    let world = World::new();
    let (a, mut b) = (world.run("a"), world.run("b"));
    b.session.patience = Duration::from_mins(30);
    let (first, second) = (lock_of(&a), lock_of(&b));
    first.take().await.unwrap();
    let (taken, ()) = futures::join!(second.take(), async {
        sleep(Duration::from_mins(5)).await;
        first.release().await;
    });
    taken.unwrap();
    assert!(world.is_there().await);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_renew_changes_nothing_once_its_lease_is_over() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let (first, second) = (lock_of(&a), lock_of(&b));
    first.take().await.unwrap();
    *world.memory.fault.lock().unwrap() = Some(FaultKind::Unavailable);
    sleep(Duration::from_secs(50)).await;
    assert!(first.check("X").is_ok());
    sleep(Duration::from_secs(30)).await;
    let fault = first.check("CreateTrainingJob").unwrap_err();
    assert_eq!(fault.kind, FaultKind::Fenced);
    *world.memory.fault.lock().unwrap() = None;
    // The network is back. Whoever comes first has it, and never both.
    sleep(Duration::from_mins(2)).await;
    assert_eq!(holder(second.take().await), "a");
    assert!(first.check("X").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_lock_was_taken_over_is_fenced_for_good() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let (first, second) = (lock_of(&a), lock_of(&b));
    first.take().await.unwrap();
    // Its machine is taken for gone, wrongly.
    world.clock.gone.lock().unwrap().push("a".into());
    second.take().await.unwrap();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(first.check("X").unwrap_err().kind, FaultKind::Fenced);
    assert!(second.check("X").is_ok());
    // Letting go does not take the other's lock away.
    first.release().await;
    assert!(world.is_there().await);
}

#[tokio::test(start_paused = true)]
async fn answers_that_get_lost_neither_lose_the_lock_nor_leave_it() {
    let world = World::new();
    let a = world.run("a");
    let lock = lock_of(&a);
    *world.memory.lost.lock().unwrap() = 1;
    lock.take().await.unwrap();
    for _ in 0..5 {
        *world.memory.lost.lock().unwrap() = 1;
        sleep(Duration::from_secs(30)).await;
        assert!(lock.check("X").is_ok());
    }
    *world.memory.lost.lock().unwrap() = 1;
    sleep(Duration::from_secs(20)).await;
    lock.release().await;
    assert!(!world.is_there().await);
}

#[tokio::test(start_paused = true)]
async fn without_a_bucket_there_is_no_lock_to_take() {
    let bed = testing::session();
    let lock = Arc::new(Lock::new(&bed.session, &deployment(), "up"));
    lock.take().await.unwrap();
    assert!(lock.check("X").is_ok());
    lock.release().await;
    assert_eq!(find(&bed.session, &deployment()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_was_found_is_removed_only_if_nobody_renews_it() {
    let world = World::new();
    let (a, b) = (world.run("a"), world.run("b"));
    let lock = lock_of(&a);
    lock.take().await.unwrap();
    let found = find(&b.session, &deployment()).await.unwrap().unwrap();
    assert_eq!(found.note.as_ref().unwrap().worker.user, "user-a");
    sleep(Duration::from_secs(30)).await;
    assert!(!remove(&b.session, &deployment(), &found).await.unwrap());
    drop(lock);
    tokio::task::yield_now().await;
    let found = find(&b.session, &deployment()).await.unwrap().unwrap();
    assert!(remove(&b.session, &deployment(), &found).await.unwrap());
    assert!(!world.is_there().await);
}

#[tokio::test(start_paused = true)]
async fn the_user_can_stop_waiting() {
    let world = World::new();
    let (a, mut b) = (world.run("a"), world.run("b"));
    b.session.patience = Duration::from_hours(1);
    lock_of(&a).take().await.unwrap();
    // Dropped above: nobody renews it, and its lease runs on.
    b.cancel.send(true).unwrap();
    let stopped = lock_of(&b).take().await;
    assert!(matches!(stopped, Err(ReconcileError::Interrupted)));
}
