//! The way of one stack through the reconciler, on `MiniStack`: what a run makes of the adapters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deploy::cloud::condition::StackStatus;
use deploy::cloud::stacks::DriftMode;
use deploy::reconcile::progress::{Event, Observer};
use deploy::reconcile::{
    Cancel, Crowding, ReconcileError, Session, StackChange, Station, Witness, Worker, delete,
    ensure,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::server::ministack;
use super::template;

/// Keeps what it is told.
#[derive(Default)]
struct Listener(Mutex<Vec<Event>>);

impl Observer for Listener {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

fn groups(names: &[&str]) -> Value {
    let group = |name: &&str| {
        let properties = json!({ "LogGroupName": format!("/{name}") });
        let group = json!({ "Type": "AWS::Logs::LogGroup", "Properties": properties });
        ((*name).to_owned(), group)
    };
    Value::Object(names.iter().map(group).collect())
}

fn change(resources: &Value) -> StackChange {
    StackChange {
        name: "whole".to_owned(),
        template: template(resources, &json!({})).to_string(),
        parameters: BTreeMap::new(),
        tags: BTreeMap::from([("deploy:stack".to_owned(), "whole".to_owned())]),
        drift: DriftMode::Leave,
    }
}

fn station() -> Station {
    let worker = Worker {
        id: "1".into(),
        user: "tests".into(),
        host: "here".into(),
        machine: String::new(),
        pid: 1,
        began: String::new(),
    };
    Station {
        worker,
        witness: Arc::new(NoLock),
    }
}

/// One stack needs no lock, so nobody asks.
struct NoLock;

impl Witness for NoLock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn is_gone(&self, _: &Worker) -> bool {
        false
    }
}

#[tokio::test]
async fn a_stack_goes_the_whole_way() {
    let listener = Arc::new(Listener::default());
    let (_switch, cancel) = Cancel::switch();
    let session = Session {
        cloud: ministack().cloud("100000000040").await,
        source: None,
        observer: Arc::clone(&listener) as Arc<dyn Observer>,
        cancel,
        station: station(),
        patience: Duration::ZERO,
        crowding: Crowding::default(),
    };
    let one = change(&groups(&["first"]));
    let created = ensure(&session, None, &one, None).await.unwrap();
    assert_eq!(created.status, StackStatus::CreateComplete);

    // The same content once more is an operation of its own, in which nothing is to be done.
    let again = ensure(&session, None, &one, Some(&created)).await.unwrap();
    assert_eq!(again.status, StackStatus::CreateComplete);

    let two = change(&groups(&["first", "second"]));
    let updated = ensure(&session, None, &two, Some(&created)).await.unwrap();
    assert_eq!(
        (updated.status, &updated.id),
        (StackStatus::UpdateComplete, &created.id)
    );
    // MiniStack says `UPDATE` of a resource that an update adds; AWS says `CREATE`.
    let told = listener.0.lock().unwrap().iter().any(|event| {
        matches!(event, Event::Resource { logical_id, status, .. }
            if logical_id == "second" && status.ends_with("_COMPLETE"))
    });
    assert!(told, "{:#?}", listener.0.lock().unwrap());

    let mut broken = groups(&["first"]);
    for (name, after) in [("one", "first"), ("other", "one")] {
        broken[name] = json!({
            "Type": "AWS::Events::EventBus",
            "DependsOn": after,
            "Properties": { "Name": "twin-of-a-stack" },
        });
    }
    let failure = ensure(&session, None, &change(&broken), Some(&updated))
        .await
        .unwrap_err();
    assert!(failure.rolled_back(), "{failure}");
    let ReconcileError::StackFailed {
        cause: Some(cause), ..
    } = failure
    else {
        panic!("no cause in {failure}");
    };
    assert_eq!(cause.logical_id, "other");
    assert!(cause.reason.contains("already exists"), "{cause:?}");
    // Tried again, it fails again, and says so again.
    let back = session.cloud.stacks.describe("whole").await.unwrap();
    let failure = ensure(&session, None, &change(&broken), back.as_ref()).await;
    assert!(failure.unwrap_err().rolled_back());

    // What the stack has gone back to is what it is asked to be: the change set turns out to be empty.
    let same = ensure(&session, None, &two, Some(&updated)).await.unwrap();
    assert_eq!(same.status, StackStatus::UpdateRollbackComplete);
    assert_eq!(same.id, created.id);

    delete(&session, &updated, Vec::new()).await.unwrap();
    assert_eq!(session.cloud.stacks.describe("whole").await.unwrap(), None);
}
