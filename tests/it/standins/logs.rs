//! Log streams, on both stand-ins.

use deploy::cloud::logs::{LogLine, LogPage, Streams};
use serde_json::{Value, json};

use super::server::{StandIn, ministack, moto};

const GROUP: &str = "/logs/read-and-deleted";

fn event(timestamp: u64, message: &str) -> Value {
    json!({ "timestamp": timestamp, "message": message })
}

fn put(stream: &str, events: &[Value]) -> (&'static str, &'static str, Value) {
    let arguments = json!({ "logGroupName": GROUP, "logStreamName": stream, "logEvents": events });
    ("logs", "put_log_events", arguments)
}

/// Milliseconds since 1970, a minute ago: the services refuse events that are old.
fn a_minute_ago() -> u64 {
    let minute = jiff::SignedDuration::from_mins(1);
    #[expect(
        clippy::disallowed_methods,
        reason = "the stand-ins have no clock that a test could set"
    )]
    let now = jiff::Timestamp::now();
    u64::try_from((now - minute).as_millisecond()).unwrap()
}

async fn reads_on_and_deletes(stand_in: &StandIn, account: &str) {
    let logs = stand_in.cloud(account).await.logs;
    // No group and no stream are an empty page.
    assert!(
        logs.read(GROUP, "job-1/", None, Streams::Known)
            .await
            .unwrap()
            .lines
            .is_empty()
    );
    logs.delete_streams(GROUP, "job-1/").await.unwrap();
    let stream = |name: &str| {
        let arguments = json!({ "logGroupName": GROUP, "logStreamName": name });
        ("logs", "create_log_stream", arguments)
    };
    let time = a_minute_ago();
    stand_in.second_client(
        account,
        &[
            ("logs", "create_log_group", json!({ "logGroupName": GROUP })),
            stream("job-1/algo-1"),
            stream("job-10/algo-1"),
            put(
                "job-1/algo-1",
                &[event(time, "first"), event(time + 1, "second")],
            ),
            put("job-10/algo-1", &[event(time, "of another job")]),
        ],
    );
    let texts = |page: &LogPage| -> Vec<String> {
        let line = |line: &LogLine| format!("{}: {}", line.host, line.text);
        page.lines.iter().map(line).collect()
    };
    let read = async |cursor: Option<&str>, streams| {
        let page = logs.read(GROUP, "job-1/", cursor, streams).await;
        page.unwrap()
    };
    let page = read(None, Streams::Known).await;
    assert_eq!(texts(&page), ["algo-1: first", "algo-1: second"]);
    let again = read(page.cursor.as_deref(), Streams::New).await;
    assert!(again.lines.is_empty(), "{again:?}");
    // A second host begins to write, and a job of several hosts has one log.
    stand_in.second_client(
        account,
        &[
            stream("job-1/algo-2"),
            put("job-1/algo-1", &[event(time + 3, "last")]),
            put("job-1/algo-2", &[event(time + 2, "third")]),
        ],
    );
    let known = read(again.cursor.as_deref(), Streams::Known).await;
    assert_eq!(texts(&known), ["algo-1: last"]);
    let later = read(again.cursor.as_deref(), Streams::New).await;
    assert_eq!(texts(&later), ["algo-2: third", "algo-1: last"]);

    logs.delete_streams(GROUP, "job-1/").await.unwrap();
    let calls = [(
        "logs",
        "describe_log_streams",
        json!({ "logGroupName": GROUP }),
    )];
    let left = &stand_in.second_client(account, &calls)[0]["logStreams"];
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["logStreamName"], "job-10/algo-1");
}

#[tokio::test]
async fn a_job_s_log_is_read_on_and_deleted_on_ministack() {
    reads_on_and_deletes(ministack(), "100000000030").await;
}

#[tokio::test]
async fn a_job_s_log_is_read_on_and_deleted_on_moto() {
    reads_on_and_deletes(moto(), "moto").await;
}
