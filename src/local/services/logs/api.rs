//! The operations of CloudWatch Logs.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::events::{Filter, Get, Put, filter, get, put};
use super::store::Group;
use super::{Logs, LogsFault};
use crate::local::wire::json::{answer, input, operation};
use crate::local::wire::{ApiError, ApiRequest};

/// Most entries of one page of groups or streams.
const PAGE: usize = 50;

/// Answers one request.
pub(super) fn handle(logs: &Logs, request: &ApiRequest) -> Response<Body> {
    let body = &request.body;
    let result = match operation(&request.headers).unwrap_or_default() {
        "CreateLogGroup" => with(body, |names: Names| {
            logs.store
                .create_group(&names.group, "", logs.clock.epoch_millis())?;
            if !names.tags.is_empty() {
                logs.store
                    .change_group(&names.group, |group| group.tags.extend(names.tags))?;
            }
            Ok(json!({}))
        }),
        "CreateLogStream" => with(body, |names: Names| {
            logs.store
                .create_stream(&names.group, &names.stream, logs.clock.epoch_millis())?;
            Ok(json!({}))
        }),
        "DeleteLogGroup" => with(body, |names: Names| {
            logs.store.delete_group(&names.group)?;
            Ok(json!({}))
        }),
        "DeleteLogStream" => with(body, |names: Names| {
            logs.store.delete_stream(&names.group, &names.stream)?;
            Ok(json!({}))
        }),
        "DeleteRetentionPolicy" => with(body, |names: Names| {
            logs.store
                .change_group(&names.group, |group| group.retention_days = None)?;
            Ok(json!({}))
        }),
        "DescribeLogGroups" => with(body, |ask: Describe| {
            describe_groups(logs, &ask, &request.region)
        }),
        "DescribeLogStreams" => with(body, |ask: Describe| {
            describe_streams(logs, &ask, &request.region)
        }),
        "FilterLogEvents" => with(body, |ask: Filter| filter(logs, &ask)),
        "GetLogEvents" => with(body, |ask: Get| get(logs, &ask)),
        "ListTagsForResource" => with(body, |ask: Tagged| {
            let name = ask
                .arn
                .split(":log-group:")
                .nth(1)
                .map(|name| name.trim_end_matches(":*"))
                .unwrap_or_default();
            Ok(json!({ "tags": logs.store.group(name)?.tags }))
        }),
        "PutLogEvents" => with(body, |ask: Put| put(logs, &ask)),
        "PutRetentionPolicy" => with(body, |names: Names| {
            let days = names
                .retention
                .ok_or_else(|| LogsFault::Invalid("retentionInDays must not be null".into()))?;
            logs.store
                .change_group(&names.group, |group| group.retention_days = Some(days))?;
            Ok(json!({}))
        }),
        other => Err(ApiError::not_emulated("logs", other)),
    };
    answer(result)
}

fn with<T: DeserializeOwned>(
    body: &[u8],
    act: impl FnOnce(T) -> Result<Value, LogsFault>,
) -> Result<Value, ApiError> {
    act(input(body)?).map_err(ApiError::from)
}

impl From<LogsFault> for ApiError {
    fn from(fault: LogsFault) -> Self {
        let message = fault.to_string();
        match fault {
            LogsFault::Exists(_) => Self::client("ResourceAlreadyExistsException", message),
            LogsFault::Missing(_) => Self::client("ResourceNotFoundException", message),
            LogsFault::Invalid(_) => Self::client("InvalidParameterException", message),
            LogsFault::Files(error) => Self::from(error),
        }
    }
}

#[derive(Deserialize)]
struct Names {
    #[serde(rename = "logGroupName")]
    group: String,
    #[serde(rename = "logStreamName", default)]
    stream: String,
    #[serde(rename = "retentionInDays")]
    retention: Option<u64>,
    #[serde(default)]
    tags: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Tagged {
    #[serde(rename = "resourceArn")]
    arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(default)]
    log_group_name_prefix: String,
    #[serde(default)]
    log_group_name: String,
    log_group_identifier: Option<String>,
    #[serde(default)]
    log_stream_name_prefix: String,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    limit: Option<usize>,
    next_token: Option<String>,
}

fn describe_groups(logs: &Logs, ask: &Describe, region: &str) -> Result<Value, LogsFault> {
    let groups = logs.store.groups(&ask.log_group_name_prefix)?;
    let (page, next) = page(&groups, ask)?;
    let groups: Vec<Value> = page
        .iter()
        .map(|group| describe_group(group, &logs.account, region))
        .collect();
    Ok(with_token(json!({ "logGroups": groups }), next))
}

fn describe_group(group: &Group, account: &str, region: &str) -> Value {
    let arn = format!("arn:aws:logs:{region}:{account}:log-group:{}", group.name);
    let mut description = json!({
        "logGroupName": group.name, "creationTime": group.created, "arn": format!("{arn}:*"), "logGroupArn": arn,
        "metricFilterCount": 0, "storedBytes": 0, "logGroupClass": "STANDARD",
    });
    if let Some(days) = group.retention_days {
        description["retentionInDays"] = json!(days);
    }
    description
}

fn describe_streams(logs: &Logs, ask: &Describe, region: &str) -> Result<Value, LogsFault> {
    let group =
        ask.log_group_identifier
            .as_deref()
            .map_or(ask.log_group_name.as_str(), |identifier| {
                identifier
                    .rsplit(":log-group:")
                    .next()
                    .unwrap_or(identifier)
                    .trim_end_matches(":*")
            });
    let mut streams = Vec::new();
    for stream in logs.store.streams(group, &ask.log_stream_name_prefix)? {
        let ends = stream.ends()?;
        streams.push((stream, ends));
    }
    match ask.order_by.as_deref() {
        None | Some("LogStreamName") => {}
        Some("LastEventTime") => streams.sort_by_key(|(stream, ends)| {
            ends.as_ref().map_or(stream.created, |(_, last)| last.time)
        }),
        Some(other) => return Err(LogsFault::Invalid(format!("orderBy must not be {other}"))),
    }
    if ask.descending {
        streams.reverse();
    }
    let (page, next) = page(&streams, ask)?;
    let described: Vec<Value> = page
        .iter()
        .map(|(stream, ends)| {
            let arn = format!(
                "arn:aws:logs:{region}:{}:log-group:{group}:log-stream:{}",
                logs.account, stream.name
            );
            let mut description = json!({
                "logStreamName": stream.name, "creationTime": stream.created, "arn": arn, "storedBytes": 0,
                "uploadSequenceToken": "0",
            });
            if let Some((first, last)) = ends {
                description["firstEventTimestamp"] = json!(first.time);
                description["lastEventTimestamp"] = json!(last.time);
                description["lastIngestionTime"] = json!(last.taken);
            }
            description
        })
        .collect();
    Ok(with_token(json!({ "logStreams": described }), next))
}

/// Cuts a page out; the token is the number of items before it.
fn page<'a, T>(items: &'a [T], ask: &Describe) -> Result<(&'a [T], Option<String>), LogsFault> {
    let start = token(ask.next_token.as_deref())?.min(items.len());
    let size = ask.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let end = items.len().min(start + size);
    Ok((
        &items[start..end],
        (end < items.len()).then(|| end.to_string()),
    ))
}

pub(super) fn token(text: Option<&str>) -> Result<usize, LogsFault> {
    text.map_or(Ok(0), |text| {
        text.parse()
            .map_err(|_| LogsFault::Invalid("The specified nextToken is invalid.".into()))
    })
}

pub(super) fn with_token(mut value: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        value["nextToken"] = json!(next);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::auth::Caller;
    use crate::local::clock::Clock;
    use axum::http::{HeaderMap, Method};

    async fn call(logs: &Logs, operation: &str, body: Value) -> Value {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amz-target",
            format!("Logs_20140328.{operation}").parse().unwrap(),
        );
        let response = handle(
            logs,
            &ApiRequest {
                method: Method::POST,
                path: "/".into(),
                query: String::new(),
                headers,
                body: body.to_string().into(),
                region: "us-east-1".into(),
                caller: Caller::root("000000000000"),
            },
        );
        let body = axum::body::to_bytes(response.into_body(), 10_000_000)
            .await
            .unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn messages(answer: &Value) -> Vec<&str> {
        answer["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["message"].as_str().unwrap())
            .collect()
    }

    fn logs(folder: &tempfile::TempDir) -> Logs {
        Logs::open(
            folder.path().join("logs"),
            "000000000000".into(),
            Clock::start(),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn a_reader_that_follows_a_stream_sees_every_event_once() {
        let folder = tempfile::tempdir().unwrap();
        let logs = logs(&folder);
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        logs.put("/g", "s/1", &texts(&["a", "b", "c"])).unwrap();
        let ask = |token: Value| json!({ "logGroupName": "/g", "logStreamName": "s/1", "limit": 2, "startFromHead": true, "nextToken": token });
        let first = call(&logs, "GetLogEvents", ask(Value::Null)).await;
        assert_eq!(messages(&first), ["a", "b"]);
        let second = call(
            &logs,
            "GetLogEvents",
            ask(first["nextForwardToken"].clone()),
        )
        .await;
        assert_eq!(messages(&second), ["c"]);
        let third = call(
            &logs,
            "GetLogEvents",
            ask(second["nextForwardToken"].clone()),
        )
        .await;
        assert!(messages(&third).is_empty());
        assert_eq!(third["nextForwardToken"], second["nextForwardToken"]);
        logs.put("/g", "s/1", &texts(&["d"])).unwrap();
        let fourth = call(
            &logs,
            "GetLogEvents",
            ask(third["nextForwardToken"].clone()),
        )
        .await;
        assert_eq!(messages(&fourth), ["d"]);
        let newest = call(
            &logs,
            "GetLogEvents",
            json!({ "logGroupName": "/g", "logStreamName": "s/1", "limit": 3 }),
        )
        .await;
        assert_eq!(messages(&newest), ["b", "c", "d"]);
        let older = call(
            &logs,
            "GetLogEvents",
            ask(newest["nextBackwardToken"].clone()),
        )
        .await;
        assert_eq!(messages(&older), ["a"]);
    }

    #[tokio::test]
    async fn groups_and_streams_are_managed() {
        let folder = tempfile::tempdir().unwrap();
        let logs = logs(&folder);
        let group = json!({ "logGroupName": "/aws/x" });
        assert_eq!(
            call(&logs, "CreateLogGroup", group.clone()).await,
            json!({})
        );
        assert_eq!(
            call(&logs, "CreateLogGroup", group.clone()).await["__type"],
            "ResourceAlreadyExistsException"
        );
        let stream = json!({ "logGroupName": "/aws/x", "logStreamName": "one" });
        call(&logs, "CreateLogStream", stream.clone()).await;
        let events = |times: [i64; 2]| {
            json!({ "logGroupName": "/aws/x", "logStreamName": "one",
            "logEvents": times.map(|time| json!({ "timestamp": time, "message": format!("at {time}") })) })
        };
        call(&logs, "PutLogEvents", events([1, 2])).await;
        assert_eq!(
            call(&logs, "PutLogEvents", events([4, 3])).await["__type"],
            "InvalidParameterException"
        );
        call(
            &logs,
            "PutRetentionPolicy",
            json!({ "logGroupName": "/aws/x", "retentionInDays": 7 }),
        )
        .await;
        let groups = call(
            &logs,
            "DescribeLogGroups",
            json!({ "logGroupNamePrefix": "/aws" }),
        )
        .await;
        assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
        let streams = call(
            &logs,
            "DescribeLogStreams",
            json!({ "logGroupName": "/aws/x", "logStreamNamePrefix": "o" }),
        )
        .await;
        assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], 2);
        let found = call(
            &logs,
            "FilterLogEvents",
            json!({ "logGroupName": "/aws/x", "filterPattern": "\"at 2\"" }),
        )
        .await;
        assert_eq!(messages(&found), ["at 2"]);
        call(&logs, "DeleteLogStream", stream.clone()).await;
        assert_eq!(
            call(&logs, "GetLogEvents", stream).await["__type"],
            "ResourceNotFoundException"
        );
        call(&logs, "DeleteLogGroup", group.clone()).await;
        assert_eq!(
            call(&logs, "DeleteLogGroup", group).await["__type"],
            "ResourceNotFoundException"
        );
        assert_eq!(
            call(&logs, "StartQuery", json!({})).await["__type"],
            "NotEmulated"
        );
    }
}
