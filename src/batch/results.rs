//! Results as files: JSON Lines, or CSV.

use std::io::{self, Write};

use serde_json::{Map, Value};

/// What results are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object a line: where it comes from, the text, and all that the model answered.
    JsonLines,
    /// A table with the label and its probability.
    Csv,
}

impl Shape {
    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// One line of the results.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row<'a> {
    pub(super) file: &'a str,
    pub(super) line: u64,
    pub(super) id: Value,
    /// What was classified; `None` for a line that was left out.
    pub(super) text: Option<String>,
    /// The model's answer, or why there is none.
    pub(super) answer: Result<Value, String>,
}

/// Columns of a table of results.
const COLUMNS: &str = "file,line,id,text,predicted_label,probability,error\n";

/// Writes what comes before the first row.
pub(super) fn begin(shape: Shape, to: &mut impl Write) -> io::Result<()> {
    match shape {
        Shape::JsonLines => Ok(()),
        Shape::Csv => to.write_all(COLUMNS.as_bytes()),
    }
}

/// Writes a row.
pub(super) fn write(shape: Shape, row: Row<'_>, to: &mut impl Write) -> io::Result<()> {
    match shape {
        Shape::JsonLines => {
            serde_json::to_writer(&mut *to, &object(row))?;
            to.write_all(b"\n")
        }
        Shape::Csv => table_row(&row, to),
    }
}

fn object(row: Row<'_>) -> Value {
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    set("file", row.file.into());
    set("line", row.line.into());
    set("id", row.id);
    set("text", row.text.into());
    match row.answer {
        Err(why) => drop(set("error", why.into())),
        Ok(Value::Object(answer)) => {
            for (key, value) in answer {
                // What the caller gave is not lost to a model that answers with the same words.
                object.entry(key).or_insert(value);
            }
        }
        Ok(answer) => drop(set("answer", answer)),
    }
    Value::Object(object)
}

fn table_row(row: &Row<'_>, to: &mut impl Write) -> io::Result<()> {
    let id = match &row.id {
        Value::Null => String::new(),
        Value::String(id) => id.clone(),
        id => id.to_string(),
    };
    let (label, probability, error) = match &row.answer {
        Ok(answer) => (label(answer), probability(answer), ""),
        Err(why) => (String::new(), None, why.as_str()),
    };
    cell(row.file, to)?;
    write!(to, ",{},", row.line)?;
    cell(&id, to)?;
    to.write_all(b",")?;
    cell(row.text.as_deref().unwrap_or_default(), to)?;
    to.write_all(b",")?;
    cell(&label, to)?;
    to.write_all(b",")?;
    if let Some(probability) = probability {
        write!(to, "{probability}")?;
    }
    to.write_all(b",")?;
    cell(error, to)?;
    to.write_all(b"\n")
}

/// Writes a cell as RFC 4180 has it. One that a spreadsheet would take for a formula gets an apostrophe
/// before it ("CSV Injection" of OWASP): texts come from strangers, and tables are opened in spreadsheets.
fn cell(text: &str, to: &mut impl Write) -> io::Result<()> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    if !formula && !quoted {
        return to.write_all(text.as_bytes());
    }
    to.write_all(b"\"")?;
    if formula {
        to.write_all(b"'")?;
    }
    to.write_all(text.replace('"', "\"\"").as_bytes())?;
    to.write_all(b"\"")
}

/// The label of an answer: that of the shipped model, or that of a pipeline without code of its own.
fn label(answer: &Value) -> String {
    let one = answer.get(0).unwrap_or(answer);
    let label = ["predicted_label", "label"]
        .into_iter()
        .find_map(|name| one.get(name));
    label.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The probability of the label.
fn probability(answer: &Value) -> Option<f64> {
    let one = answer.get(0).unwrap_or(answer);
    let named = one.get("predicted_label").and_then(Value::as_str);
    let named = named.and_then(|label| one.get("scores")?.get(label));
    if let Some(score) = named.or_else(|| one.get("score")).and_then(Value::as_f64) {
        return Some(score);
    }
    let all = one.get("probabilities")?.as_array()?;
    let row = all.first().and_then(Value::as_array).unwrap_or(all);
    row.iter().filter_map(Value::as_f64).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(shape: Shape, row: Row<'_>) -> String {
        let mut bytes = Vec::new();
        write(shape, row, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn row(text: &str, answer: Result<Value, String>) -> Row<'static> {
        Row {
            file: "a.csv",
            line: 7,
            id: json!("x"),
            text: Some(text.into()),
            answer,
        }
    }

    #[test]
    fn cells_cannot_break_out_of_a_table_or_become_formulas() {
        let answer = json!({ "predicted_label": "Business", "scores": { "Business": 0.75 } });
        for (text, cell) in [
            ("Fed holds", "Fed holds"),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("-5 % in a day", "\"'-5 % in a day\""),
            (" padded ", "\" padded \""),
        ] {
            let line = written(Shape::Csv, row(text, Ok(answer.clone())));
            assert_eq!(line, format!("a.csv,7,x,{cell},Business,0.75,\n"));
        }
        let line = written(Shape::Csv, row("a", Err("no answer, sorry".into())));
        assert_eq!(line, "a.csv,7,x,a,,,\"no answer, sorry\"\n");
    }

    #[test]
    fn an_object_has_what_was_given_and_what_was_answered() {
        let answer = json!({ "predicted_label": "Health", "id": "the model's" });
        let line = written(Shape::JsonLines, row("a", Ok(answer)));
        assert_eq!(
            line,
            "{\"file\":\"a.csv\",\"line\":7,\"id\":\"x\",\"text\":\"a\",\"predicted_label\":\"Health\"}\n"
        );
        let line = written(Shape::JsonLines, row("a", Ok(json!(3))));
        assert!(line.ends_with("\"answer\":3}\n"), "{line}");
    }

    #[test]
    fn labels_are_found_in_the_usual_answers() {
        let reference = json!({ "predicted_label": "Health", "probabilities": [[0.1, 0.9]] });
        let pipeline = json!([{ "label": "LABEL_1", "score": 0.5 }]);
        assert_eq!(
            (label(&reference), probability(&reference)),
            ("Health".into(), Some(0.9))
        );
        assert_eq!(
            (label(&pipeline), probability(&pipeline)),
            ("LABEL_1".into(), Some(0.5))
        );
        assert_eq!(
            (label(&json!("odd")), probability(&json!("odd"))),
            (String::new(), None)
        );
    }
}
