//! What all `List*` operations share: filters by name, order and paging.

use serde_json::{Value, json};

use super::SageMaker;
use super::names::{Kind, constraint, invalid, unsupported};
use super::state::Record;
use crate::local::wire::ApiError;

const DEFAULT_PAGE: u64 = 10;
const MAX_PAGE: u64 = 100;

/// A thing that can be listed.
pub(super) trait Listed {
    /// What all things have.
    fn record(&self) -> &Record;

    /// What it is called among others in a list.
    fn name(&self) -> String {
        self.record().name.clone()
    }

    /// Its status, where the kind of thing has one: then it may change, and is told with when it did.
    fn status(&self) -> Option<&'static str> {
        None
    }

    /// Adds to its summary what only its kind has.
    fn tell(&self, _summary: &mut Value) {}
}

impl Listed for Record {
    fn record(&self) -> &Record {
        self
    }
}

impl SageMaker {
    /// Lists the things of a kind in a region, as `input` wants.
    pub(super) fn list(&self, kind: Kind, region: &str, input: &Value) -> Result<Value, ApiError> {
        self.read(|state| match kind {
            Kind::TrainingJob => page(kind, region, input, state.jobs.values()),
            Kind::TransformJob => page(kind, region, input, state.transforms.values()),
            Kind::Model => page(kind, region, input, state.models.values()),
            Kind::EndpointConfig => page(kind, region, input, state.configs.values()),
            Kind::Endpoint => page(kind, region, input, state.endpoints.values()),
            Kind::PackageGroup => page(kind, region, input, state.package_groups.values()),
            Kind::Package => page(kind, region, input, state.packages.values()),
        })
    }
}

/// Members of list requests that are understood; others are refused by name.
const KNOWN: [&str; 6] = [
    "NameContains",
    "StatusEquals",
    "MaxResults",
    "NextToken",
    "SortBy",
    "SortOrder",
];

/// Filters, sorts and cuts the page that `input` asks for.
pub(super) fn page<'a, T: Listed + 'a>(
    kind: Kind,
    region: &str,
    input: &Value,
    things: impl Iterator<Item = &'a T>,
) -> Result<Value, ApiError> {
    for given in input.as_object().into_iter().flat_map(|map| map.keys()) {
        if !KNOWN.contains(&given.as_str()) {
            return Err(unsupported(format!("the filter {given}")));
        }
    }
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let size = page_size(input)?;
    let by_name = match text("SortBy") {
        Some("Name") => true,
        None | Some("CreationTime") => false,
        Some(other) => return Err(unsupported(format!("SortBy {other}"))),
    };
    let mut items: Vec<(String, &T)> = things
        .filter(|thing| thing.record().region == region)
        .filter(|thing| text("NameContains").is_none_or(|part| contains(&thing.name(), part)))
        .filter(|thing| text("StatusEquals").is_none_or(|want| thing.status() == Some(want)))
        .map(|thing| (sort_key(thing, by_name), thing))
        .collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    let descending = text("SortOrder") == Some("Descending");
    if descending {
        items.reverse();
    }
    if let Some(token) = text("NextToken") {
        let last = decode(token)?;
        items.retain(|(key, _)| if descending { *key < last } else { *key > last });
    }
    let more = items.len() > size;
    items.truncate(size);
    let next = items
        .last()
        .filter(|_| more)
        .map(|(key, _)| hex::encode(key));
    let summaries = items.into_iter().map(|(_, thing)| {
        let mut summary = json!({});
        summarize(kind, thing, &mut summary);
        summary
    });
    let mut answer = json!({ kind.listed_as(): summaries.collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// Adds to an answer what a list tells of a thing.
pub(super) fn summarize(kind: Kind, thing: &impl Listed, answer: &mut Value) {
    let record = thing.record();
    answer[kind.member()] = record.name.as_str().into();
    answer[kind.arn_member()] = record.arn.as_str().into();
    answer["CreationTime"] = record.created.into();
    if let Some(status) = thing.status() {
        answer[kind.status_member()] = status.into();
        answer["LastModifiedTime"] = record.modified.into();
    }
    thing.tell(answer);
}

fn page_size(input: &Value) -> Result<usize, ApiError> {
    let size = input
        .get("MaxResults")
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&size) {
        return Err(constraint(
            &size.to_string(),
            "MaxResults",
            "Member must have value less than or equal to 100",
        ));
    }
    usize::try_from(size).map_err(|_| invalid("MaxResults is too large"))
}

fn contains(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

/// A text that sorts like the wanted order; the name makes it unique.
fn sort_key(thing: &impl Listed, by_name: bool) -> String {
    if by_name {
        thing.name()
    } else {
        format!("{:020.6}/{}", thing.record().created, thing.name())
    }
}

fn decode(token: &str) -> Result<String, ApiError> {
    hex::decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| invalid("The NextToken is invalid."))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Thing(Record, &'static str);

    impl Listed for Thing {
        fn record(&self) -> &Record {
            &self.0
        }

        fn status(&self) -> Option<&'static str> {
            Some(self.1)
        }
    }

    const HERE: &str = "us-east-1";

    fn thing(number: u32, region: &str) -> Thing {
        let status = if number.is_multiple_of(2) {
            "Completed"
        } else {
            "Failed"
        };
        let record = Record {
            name: format!("job-{number}"),
            region: region.to_owned(),
            arn: format!("arn-{number}"),
            created: f64::from(number) * 10.0,
            modified: 0.0,
            tags: BTreeMap::new(),
            request: Value::Null,
        };
        Thing(record, status)
    }

    /// The names on a page, and the answer with it.
    fn listed(input: &Value) -> (Vec<String>, Value) {
        let mut things: Vec<Thing> = (0..25).map(|number| thing(number, HERE)).collect();
        things.push(thing(26, "eu-west-1"));
        let answer = page(Kind::TrainingJob, HERE, input, things.iter()).unwrap();
        let jobs = answer["TrainingJobSummaries"].as_array().unwrap().iter();
        let names = jobs.map(|job| job["TrainingJobName"].as_str().unwrap().to_owned());
        (names.collect(), answer)
    }

    #[test]
    fn pages_cover_everything_once_in_order() {
        for order in ["Ascending", "Descending"] {
            let mut seen = Vec::new();
            let mut input = json!({ "SortOrder": order });
            for _ in 0..5 {
                let (names, answer) = listed(&input);
                seen.extend(names);
                let Some(token) = answer.get("NextToken") else {
                    break;
                };
                input["NextToken"] = token.clone();
            }
            let mut wanted: Vec<String> = (0..25).map(|number| format!("job-{number}")).collect();
            if order == "Descending" {
                wanted.reverse();
            }
            assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn filters_by_name_and_status() {
        let input = json!({ "NameContains": "JOB-2", "StatusEquals": "Failed" });
        let (names, answer) = listed(&input);
        assert_eq!(names, ["job-21", "job-23"]);
        let first = json!({
            "TrainingJobName": "job-21", "TrainingJobArn": "arn-21", "CreationTime": 210.0,
            "TrainingJobStatus": "Failed", "LastModifiedTime": 0.0,
        });
        assert_eq!(answer["TrainingJobSummaries"][0], first);
    }

    #[test]
    fn an_unknown_filter_is_refused_by_name() {
        let input = json!({ "CreationTimeAfter": 1 });
        let error = page(Kind::Model, HERE, &input, std::iter::empty::<&Thing>());
        let error = error.unwrap_err();
        assert!(error.message.contains("CreationTimeAfter"), "{error}");
    }
}
