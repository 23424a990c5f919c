//! What all `List*` operations share: filters by name, order and paging.

use serde_json::{Value, json};

use super::names::{constraint, invalid, unsupported};
use crate::local::wire::ApiError;

const DEFAULT_PAGE: u64 = 10;
const MAX_PAGE: u64 = 100;

/// A thing as lists see it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Name.
    pub(super) name: String,
    /// Creation in seconds since the Unix epoch.
    pub(super) created: f64,
    /// Status, where the kind of thing has one.
    pub(super) status: Option<String>,
    /// The summary that the list answers.
    pub(super) summary: Value,
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

/// Filters, sorts and cuts the page that `input` asks for; the list is answered as `member`.
pub(super) fn page(member: &str, input: &Value, items: Vec<Item>) -> Result<Value, ApiError> {
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
    let mut items: Vec<(String, Item)> = items
        .into_iter()
        .filter(|item| text("NameContains").is_none_or(|part| contains(&item.name, part)))
        .filter(|item| text("StatusEquals").is_none_or(|want| item.status.as_deref() == Some(want)))
        .map(|item| (sort_key(&item, by_name), item))
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
    let summaries: Vec<Value> = items.into_iter().map(|(_, item)| item.summary).collect();
    let mut answer = json!({ member: summaries });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
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
fn sort_key(item: &Item, by_name: bool) -> String {
    if by_name {
        item.name.clone()
    } else {
        format!("{:020.6}/{}", item.created, item.name)
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
    use super::*;

    fn items() -> Vec<Item> {
        (0..25)
            .map(|number| Item {
                name: format!("job-{number}"),
                created: f64::from(number) * 10.0,
                status: Some(
                    if number % 2 == 0 {
                        "Completed"
                    } else {
                        "Failed"
                    }
                    .to_owned(),
                ),
                summary: json!(number),
            })
            .collect()
    }

    #[test]
    fn pages_cover_everything_once_in_order() {
        for order in ["Ascending", "Descending"] {
            let mut seen = Vec::new();
            let mut input = json!({ "SortOrder": order });
            for _ in 0..5 {
                let answer = page("Jobs", &input, items()).unwrap();
                seen.extend(
                    answer["Jobs"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|v| v.as_u64().unwrap()),
                );
                let Some(token) = answer.get("NextToken") else {
                    break;
                };
                input["NextToken"] = token.clone();
            }
            let mut wanted: Vec<u64> = (0..25).collect();
            if order == "Descending" {
                wanted.reverse();
            }
            assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn filters_by_name_and_status() {
        let input = json!({ "NameContains": "JOB-2", "StatusEquals": "Failed" });
        let answer = page("Jobs", &input, items()).unwrap();
        assert_eq!(answer["Jobs"], json!([21, 23]));
    }

    #[test]
    fn an_unknown_filter_is_refused_by_name() {
        let error = page("Jobs", &json!({ "CreationTimeAfter": 1 }), items()).unwrap_err();
        assert!(error.message.contains("CreationTimeAfter"), "{error}");
    }
}
