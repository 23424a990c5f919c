//! Log streams by CloudWatch Logs.

use async_trait::async_trait;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::fault;
use crate::cloud::logs::{LogEvent, LogEvents, LogLine, LogPage, Logs, Search, Streams};
use crate::cloud::{CloudFault, FaultKind};

/// Asks CloudWatch Logs.
pub(super) struct CloudWatchLogs {
    client: aws_sdk_cloudwatchlogs::Client,
}

impl CloudWatchLogs {
    pub(super) fn new(client: aws_sdk_cloudwatchlogs::Client) -> Self {
        Self { client }
    }

    async fn streams(&self, group: &str, prefix: &str) -> Result<Vec<String>, CloudFault> {
        let request = self.client.describe_log_streams().log_group_name(group);
        match request.log_stream_name_prefix(prefix).send().await {
            Ok(answer) => Ok(answer
                .log_streams
                .unwrap_or_default()
                .into_iter()
                .filter_map(|stream| stream.log_stream_name)
                .collect()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(Vec::new()),
            Err(error) => Err(fault("DescribeLogStreams", &error)),
        }
    }
}

#[async_trait]
impl Logs for CloudWatchLogs {
    async fn read(
        &self,
        group: &str,
        stream_prefix: &str,
        cursor: Option<&str>,
        streams: Streams,
    ) -> Result<LogPage, CloudFault> {
        let mut places = places(cursor);
        if places.is_empty() || streams == Streams::New {
            for stream in self.streams(group, stream_prefix).await? {
                if places.iter().all(|(known, _)| *known != stream) {
                    places.push((stream, None));
                }
            }
        }
        let mut lines = Vec::new();
        for (stream, token) in &mut places {
            let request = self
                .client
                .get_log_events()
                .log_group_name(group)
                .log_stream_name(&*stream)
                .start_from_head(true)
                .set_next_token(token.clone());
            let answer = match request.send().await {
                Ok(answer) => answer,
                // Somebody deleted it while it was read, as `down` does.
                Err(error) if error.code() == Some("ResourceNotFoundException") => continue,
                Err(error) => return Err(fault("GetLogEvents", &error)),
            };
            let host = host(stream);
            lines.extend(
                answer
                    .events
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|event| {
                        let text = event.message?;
                        Some((
                            event.timestamp,
                            LogLine {
                                host: host.clone(),
                                text,
                            },
                        ))
                    }),
            );
            *token = answer.next_forward_token.or(token.take());
        }
        // Of one moment, the lines of a host stay together and in their order.
        lines.sort_by_key(|(time, _)| *time);
        let known: Vec<String> = places
            .into_iter()
            .map(|(stream, token)| format!("{stream} {}", token.unwrap_or_default()))
            .collect();
        Ok(LogPage {
            lines: lines.into_iter().map(|(_, line)| line).collect(),
            cursor: (!known.is_empty()).then(|| known.join("\n")),
        })
    }

    async fn search(
        &self,
        search: &Search<'_>,
        next: Option<&str>,
    ) -> Result<LogEvents, CloudFault> {
        let request = self
            .client
            .filter_log_events()
            .log_group_name(search.group)
            .start_time(search.since)
            .set_log_stream_name_prefix(search.stream_prefix.map(str::to_owned))
            .set_filter_pattern(search.text.map(phrase))
            .set_next_token(next.map(str::to_owned));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                return Ok(LogEvents::default());
            }
            Err(error) => return Err(fault("FilterLogEvents", &error)),
        };
        let events = answer.events.unwrap_or_default().into_iter();
        let events = events.filter_map(|event| {
            Some(LogEvent {
                id: event.event_id?,
                time: event.timestamp?,
                stream: event.log_stream_name.unwrap_or_default(),
                text: event.message?,
            })
        });
        Ok(LogEvents {
            events: events.collect(),
            next: answer.next_token,
        })
    }

    async fn delete_streams(&self, group: &str, stream_prefix: &str) -> Result<(), CloudFault> {
        for stream in self.streams(group, stream_prefix).await? {
            let request = self.client.delete_log_stream().log_group_name(group);
            if let Err(error) = request.log_stream_name(stream).send().await {
                let fault = fault("DeleteLogStream", &error);
                if fault.kind != FaultKind::NotFound {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }
}

/// A filter pattern for a text as it is written ("Filter pattern syntax for metric filters, subscription
/// filters, filter log events, and Live Tail" in the CloudWatch Logs user guide).
fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Takes a cursor apart: a line `<stream> <token>` for each stream, whose name has no spaces.
fn places(cursor: Option<&str>) -> Vec<(String, Option<String>)> {
    let lines = cursor.into_iter().flat_map(str::lines);
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(stream, token)| {
            let token = (!token.is_empty()).then(|| token.to_owned());
            (stream.to_owned(), token)
        })
        .collect()
}

/// The host of a stream `<job>/<host>-<time>` ("Log Amazon SageMaker Events with Amazon CloudWatch" in the
/// SageMaker developer guide).
fn host(stream: &str) -> String {
    let name = stream.rsplit_once('/').map_or(stream, |(_, name)| name);
    match name.rsplit_once('-') {
        Some((host, time)) if time.len() > 6 && time.bytes().all(|b| b.is_ascii_digit()) => {
            host.to_owned()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_remembers_every_stream() {
        let known = places(Some("j/algo-1-17 f/1\nj/algo-2-18 "));
        let place = |stream: &str, token: Option<&str>| (stream.into(), token.map(str::to_owned));
        assert_eq!(
            known,
            [
                place("j/algo-1-17", Some("f/1")),
                place("j/algo-2-18", None)
            ]
        );
        assert!(places(None).is_empty());
    }

    #[test]
    fn the_host_stands_between_job_and_time() {
        assert_eq!(host("news-1/algo-2-1794932000"), "algo-2");
        assert_eq!(host("news-1/algo-2"), "algo-2");
        assert_eq!(host("odd"), "odd");
    }
}
