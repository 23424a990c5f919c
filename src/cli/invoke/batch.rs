//! Texts in as few requests as the limits allow, and their answers one by one again.

use serde_json::{Value, json};

/// Texts that the function and the model take in one request.
const TEXTS: usize = 256;
/// Bytes of texts in one request: the function takes 256 KiB, and signs that JSON escapes grow.
const BYTES: usize = 64 * 1024;

/// Texts that go together.
pub(super) fn batches(texts: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, text) in texts.iter().enumerate() {
        let full = at - from == TEXTS || bytes + text.len() > BYTES;
        if full && at > from {
            batches.push(&texts[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += text.len();
    }
    if from < texts.len() {
        batches.push(&texts[from..]);
    }
    batches
}

/// What the function is asked, by itself or through the API.
pub(super) fn question(texts: &[String]) -> String {
    match texts {
        [one] => json!({ "query": { "headline": one } }),
        many => json!({ "headlines": many }),
    }
    .to_string()
}

/// What the model is asked.
pub(super) fn inputs(texts: &[String]) -> String {
    match texts {
        [one] => json!({ "inputs": one }),
        many => json!({ "inputs": many }),
    }
    .to_string()
}

/// The answers of a request, one a text; `None` when there are not that many.
pub(super) fn answers(answer: Value, count: usize) -> Option<Vec<Value>> {
    if count == 1 && answer.get("predictions").is_none() {
        return Some(vec![answer]);
    }
    let Value::Array(answers) = answer.get("predictions")? else {
        return None;
    };
    (answers.len() == count).then(|| answers.clone())
}

/// The highest probability of an answer, as a percentage; one text's are a row of a table.
pub(super) fn probability(answer: &Value) -> String {
    let values = answer["probabilities"].as_array();
    let first = values.and_then(|values| values.first());
    let row = first.and_then(Value::as_array).or(values);
    let highest = row
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .reduce(f64::max);
    highest
        .map(|value| format!("{:.1}%", value * 100.0))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize, length: usize) -> Vec<String> {
        vec!["x".repeat(length); count]
    }

    #[test]
    fn batches_hold_all_texts_within_the_limits() {
        let sizes = |texts: &[String]| -> Vec<usize> {
            batches(texts).iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(sizes(&[]), [0_usize; 0]);
        assert_eq!(sizes(&texts(600, 10)), [256, 256, 88]);
        assert_eq!(sizes(&texts(3, 40 * 1024)), [1, 1, 1]);
        // One that is too long by itself is asked all the same, and refused by name.
        assert_eq!(sizes(&texts(2, 100 * 1024)), [1, 1]);
    }

    #[test]
    fn answers_come_one_a_text_or_not_at_all() {
        let one = json!({ "predicted_label": "Health", "probabilities": [[0.1, 0.9]] });
        assert_eq!(answers(one.clone(), 1), Some(vec![one.clone()]));
        let many = json!({ "predictions": [{ "probabilities": [0.25, 0.75] }, {}] });
        let found = answers(many.clone(), 2).unwrap();
        assert_eq!(probability(&found[0]), "75.0%");
        assert_eq!(probability(&one), "90.0%");
        assert!(answers(many, 3).is_none());
        assert!(answers(one, 2).is_none());
    }
}
