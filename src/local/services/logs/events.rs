//! Writing, reading and searching events.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{token, with_token};
use super::filter::Pattern;
use super::stream::{Placed, StreamFile};
use super::{Logs, LogsFault};

/// Most events of one answer, and most bytes of their messages.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1024 * 1024;

/// Most events and bytes of one `PutLogEvents`, as with AWS; each event counts 26 bytes more.
const MOST_PUT: usize = 10_000;
const MOST_PUT_BYTES: usize = 1_048_576;

/// The input of `PutLogEvents`.
#[derive(Deserialize)]
pub(super) struct Put {
    #[serde(rename = "logGroupName")]
    group: String,
    #[serde(rename = "logStreamName")]
    stream: String,
    #[serde(rename = "logEvents")]
    events: Vec<PutEvent>,
}

#[derive(Deserialize)]
struct PutEvent {
    timestamp: i64,
    message: String,
}

/// Appends events.
pub(super) fn put(logs: &Logs, ask: &Put) -> Result<Value, LogsFault> {
    logs.store.stream(&ask.group, &ask.stream)?;
    let events: Vec<(i64, &str)> = ask
        .events
        .iter()
        .map(|event| (event.timestamp, event.message.as_str()))
        .collect();
    let bytes: usize = events.iter().map(|(_, message)| message.len() + 26).sum();
    if events.is_empty() || events.len() > MOST_PUT || bytes > MOST_PUT_BYTES {
        return Err(LogsFault::Invalid(format!(
            "a batch has 1 to {MOST_PUT} events and at most {MOST_PUT_BYTES} bytes"
        )));
    }
    if !events.is_sorted_by_key(|(time, _)| *time) {
        return Err(LogsFault::Invalid(
            "Log events in a single PutLogEvents request must be in chronological order.".into(),
        ));
    }
    logs.store
        .append(&ask.group, &ask.stream, &events, logs.clock.epoch_millis())?;
    Ok(json!({ "nextSequenceToken": "0" }))
}

/// The input of `GetLogEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    log_group_name: String,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    limit: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    start_from_head: bool,
}

/// Reads a stream. Tokens are `f/` or `b/` and a byte of the file: forward from there, or backward up to there. At an
/// end the answer repeats the token that it was asked with, as the service's own do.
pub(super) fn get(logs: &Logs, ask: &Get) -> Result<Value, LogsFault> {
    let stream = logs
        .store
        .stream(&ask.log_group_name, &ask.log_stream_name)?;
    let limit = ask.limit.unwrap_or(MOST_EVENTS).clamp(1, MOST_EVENTS);
    let within = |placed: &Placed| {
        ask.start_time
            .is_none_or(|start| placed.event.time >= start)
            && ask.end_time.is_none_or(|end| placed.event.time < end)
    };
    let place = |text: &str| {
        text.parse()
            .map_err(|_| LogsFault::Invalid("The specified nextToken is invalid.".into()))
    };
    let (events, begins, ends) = match ask.next_token.as_deref() {
        Some(token) => match token.split_once('/') {
            Some(("f", from)) => forward(&stream, place(from)?, limit, within)?,
            Some(("b", to)) => backward(&stream, place(to)?, limit, within)?,
            _ => {
                return Err(LogsFault::Invalid(
                    "The specified nextToken is invalid.".into(),
                ));
            }
        },
        None if ask.start_from_head => forward(&stream, stream.start(), limit, within)?,
        None => backward(&stream, u64::MAX, limit, within)?,
    };
    let events: Vec<Value> = events
        .into_iter()
        .map(|Placed { event, .. }| json!({ "timestamp": event.time, "message": event.message, "ingestionTime": event.taken }))
        .collect();
    Ok(json!({
        "events": events, "nextForwardToken": format!("f/{ends:020}"), "nextBackwardToken": format!("b/{begins:020}"),
    }))
}

type Found = (Vec<Placed>, u64, u64);

fn forward(
    stream: &StreamFile,
    from: u64,
    limit: usize,
    within: impl Fn(&Placed) -> bool,
) -> Result<Found, LogsFault> {
    let from = from.max(stream.start());
    let (mut events, mut bytes, mut ends) = (Vec::new(), 0, from);
    stream.scan(from, |placed| {
        if within(&placed) {
            bytes += placed.event.message.len();
            if events.len() >= limit || (bytes > MOST_BYTES && !events.is_empty()) {
                return false;
            }
            ends = placed.ends;
            events.push(placed);
        } else {
            ends = placed.ends;
        }
        true
    })?;
    Ok((events, from, ends))
}

fn backward(
    stream: &StreamFile,
    to: u64,
    limit: usize,
    within: impl Fn(&Placed) -> bool,
) -> Result<Found, LogsFault> {
    let mut events = std::collections::VecDeque::new();
    let (mut bytes, mut ends) = (0, stream.start());
    stream.scan(0, |placed| {
        if placed.begins >= to {
            return false;
        }
        ends = placed.ends;
        if within(&placed) {
            bytes += placed.event.message.len();
            events.push_back(placed);
            while events.len() > limit || (bytes > MOST_BYTES && events.len() > 1) {
                bytes -= events
                    .pop_front()
                    .map_or(0, |dropped: Placed| dropped.event.message.len());
            }
        }
        true
    })?;
    let begins = events.front().map_or(stream.start(), |first| first.begins);
    Ok((events.into(), begins, ends))
}

/// The input of `FilterLogEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    log_group_name: String,
    #[serde(default)]
    log_stream_names: Vec<String>,
    #[serde(default)]
    log_stream_name_prefix: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    #[serde(default)]
    #[serde(rename = "filterPattern")]
    pattern: String,
    limit: Option<usize>,
    next_token: Option<String>,
}

/// Searches a group. The token is the number of matching events before the page.
pub(super) fn filter(logs: &Logs, ask: &Filter) -> Result<Value, LogsFault> {
    let pattern = Pattern::parse(&ask.pattern)?;
    let skip = token(ask.next_token.as_deref())?;
    let limit = ask.limit.unwrap_or(MOST_EVENTS).clamp(1, MOST_EVENTS);
    let mut found: Vec<(String, Placed)> = Vec::new();
    for stream in logs
        .store
        .streams(&ask.log_group_name, &ask.log_stream_name_prefix)?
    {
        if !ask.log_stream_names.is_empty() && !ask.log_stream_names.contains(&stream.name) {
            continue;
        }
        stream.scan(0, |placed| {
            let event = &placed.event;
            if ask.start_time.is_none_or(|start| event.time >= start)
                && ask.end_time.is_none_or(|end| event.time <= end)
                && pattern.matches(&event.message)
            {
                found.push((stream.name.clone(), placed));
            }
            true
        })?;
    }
    found.sort_by_key(|(_, placed)| placed.event.time);
    let mut bytes = 0;
    let events: Vec<Value> = found
        .iter()
        .skip(skip)
        .take(limit)
        .take_while(|(_, placed)| {
            let first = bytes == 0;
            bytes += placed.event.message.len();
            first || bytes <= MOST_BYTES
        })
        .map(|(stream, placed)| {
            json!({
                "logStreamName": stream, "timestamp": placed.event.time, "message": placed.event.message,
                "ingestionTime": placed.event.taken, "eventId": format!("{stream}/{:020}", placed.begins),
            })
        })
        .collect();
    let seen = skip + events.len();
    let next = (seen < found.len()).then(|| seen.to_string());
    Ok(with_token(
        json!({ "events": events, "searchedLogStreams": [] }),
        next,
    ))
}
