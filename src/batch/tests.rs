//! Inputs of every kind on their way to shards and back.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn options(column: Option<&str>) -> Options {
    Options {
        column: column.map(|column| column.parse().unwrap()),
        wrong_lines: WrongLines::Refuse,
        instances: 1,
    }
}

fn input(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> InputFile {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    InputFile {
        name: name.to_owned(),
        path,
    }
}

fn shards(folder: &TempDir) -> std::path::PathBuf {
    let path = folder.path().join("shards");
    fs::create_dir_all(&path).unwrap();
    path
}

/// Prepares one file.
fn prepared(
    name: &str,
    content: impl AsRef<[u8]>,
    options: &Options,
) -> Result<(Vec<String>, Prepared), BatchError> {
    let folder = tempfile::tempdir().unwrap();
    let file = input(&folder, name, content);
    let prepared = prepare(&[file], options, &shards(&folder))?;
    let requests = |shard: &Shard| fs::read_to_string(&shard.requests.path).unwrap();
    let lines = prepared.shards.iter().map(requests).collect::<String>();
    let text = |line: &str| {
        let request: Value = serde_json::from_str(line).unwrap();
        assert_eq!(request.as_object().unwrap().len(), 1);
        request["inputs"].as_str().unwrap().to_owned()
    };
    Ok((lines.lines().map(text).collect(), prepared))
}

fn texts(name: &str, content: impl AsRef<[u8]>, column: Option<&str>) -> Vec<String> {
    prepared(name, content, &options(column))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .0
}

fn refused(name: &str, content: impl AsRef<[u8]>, column: Option<&str>) -> String {
    let error = prepared(name, content, &options(column)).unwrap_err();
    let mut text = error.to_string();
    if let BatchError::WrongLines { first, .. } = &error {
        text = first
            .iter()
            .fold(text, |all, line| format!("{all}\n{line}"));
    }
    format!("{text}\n{}", error.remedy().unwrap_or_default())
}

/// Joins what a model answered that says the number of each request.
fn joined(prepared: &Prepared, shape: Shape, folder: &Path) -> (String, Tally) {
    let path = folder.join("results");
    let mut joiner = Joiner::new(&path, shape).unwrap();
    let mut number = 0;
    for shard in &prepared.shards {
        let requests = fs::read_to_string(&shard.requests.path).unwrap();
        let answers: Vec<String> = requests
            .lines()
            .map(|_| {
                number += 1;
                json!({ "predicted_label": "L", "scores": { "L": 0.5 }, "n": number }).to_string()
            })
            .collect();
        let out = folder.join(format!("{}.out", shard.name));
        fs::write(&out, answers.join("\n")).unwrap();
        joiner.add(&part(shard, Ok(out))).unwrap();
    }
    let tally = joiner.finish().unwrap();
    (fs::read_to_string(path).unwrap(), tally)
}

fn part(shard: &Shard, answers: Result<std::path::PathBuf, String>) -> Part {
    Part {
        name: shard.name.clone(),
        requests: shard.requests.path.clone(),
        index: shard.index.path.clone(),
        answers,
    }
}

#[test]
fn texts_are_found_in_every_kind_of_file() {
    let two = ["Fed \"holds\" rates", "New phone"];
    assert_eq!(
        texts("a.txt", "Fed \"holds\" rates\r\n\nNew phone", None),
        two
    );
    assert_eq!(
        texts("a", "\u{feff}Fed \"holds\" rates\nNew phone\n", None),
        two
    );
    let csv = "ID,TITLE\n7,\"Fed \"\"holds\"\" rates\"\n8,New phone\n";
    assert_eq!(texts("a.csv", csv, None), two);
    assert_eq!(texts("a.csv", csv, Some("title")), two);
    assert_eq!(texts("a.csv", &csv[9..], Some("2")), two);
    // A quotation mark of the UCI file is a letter like others.
    let tsv = "1\tFed \"holds\" rates\tb\n2\tNew phone\tt\n";
    for name in ["a.tsv", "a.csv", "a.txt"] {
        assert_eq!(texts(name, tsv, Some("2")), two);
    }
    let lines = "\"Fed \\\"holds\\\" rates\"\n{\"id\": 3, \"headline\": \"New phone\"}\n";
    assert_eq!(texts("a.jsonl", lines, None), two);
    let lines =
        "{\"inputs\": \"Fed \\\"holds\\\" rates\"}\n{\"query\": {\"headline\": \"New phone\"}}";
    assert_eq!(texts("a.ndjson", lines, None), two);
    assert_eq!(
        texts("a.jsonl", "{\"t\": \"New phone\"}", Some("t")),
        two[1..]
    );
    assert_eq!(
        texts("a.json", "{\n    \"inputs\": \"New phone\"\n}", None),
        two[1..]
    );
}

fn archive(members: &[(&str, &str)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn the_archive_of_the_reference_project_is_read_file_by_file() {
    let bytes = archive(&[
        ("input1.json", "{\n    \"inputs\": \"Fed holds rates\"\n}"),
        ("._input1.json", "rubbish of a Mac"),
        ("input2.json", "{\n    \"inputs\": \"New phone\"\n}"),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = input(&folder, "inputs.tar.gz", &bytes);
    let prepared = prepare(&[file], &options(None), &shards(&folder)).unwrap();
    let (csv, _) = joined(&prepared, Shape::Csv, folder.path());
    let lines: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "input1.json,1,,Fed holds rates,L,0.5,",
            "input2.json,1,,New phone,L,0.5,"
        ]
    );
    let wrong = archive(&[("input1.json", "{\"inputs\": 1}"), ("notes.txt", "a")]);
    let said = refused("inputs.tar.gz", wrong, None);
    assert!(
        said.contains("input1.json:1: `inputs` is no text"),
        "{said}"
    );
    assert!(said.contains("notes.txt:1: no JSON file"), "{said}");
    let said = refused("inputs.tar.gz", &bytes[..bytes.len() / 2], None);
    assert!(said.contains("no whole archive"), "{said}");
}

#[test]
fn every_wrong_line_is_told_before_anything_is_classified() {
    let said = refused(
        "a.csv",
        "id,headline\n1,a\n2, \n3,b,c\n4,\"d\ne\"\n5,\n",
        None,
    );
    for text in [
        "3 of 5 lines",
        "a.csv:3: the text is blank",
        "a.csv:4: 3 columns instead of 2",
        "a.csv:7: the text is blank",
        "--skip-bad-lines",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    let said = refused("a.txt", b"good\n\xff\n", None);
    assert!(said.contains("a.txt:2: not UTF-8 at byte 0"), "{said}");
    let lines = "{\"headline\": \"a\"}\n{\"head\": 1}\n[1]\n{\"headline\": [\"a\"]}\n{\"headline\": \"\\ud800\"}\n{";
    let said = refused("a.jsonl", lines, None);
    for text in [
        "5 of 6",
        "a.jsonl:2: none of the fields",
        "a.jsonl:3: expected",
        "a.jsonl:4: `headline` is a list",
        "a.jsonl:5: not JSON",
        "a.jsonl:6: not JSON",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn a_file_that_is_no_input_is_refused_with_what_to_do() {
    for (name, content, column, says) in [
        ("a.txt", &b"\x1f\x8b\x08"[..], None, "is compressed"),
        ("a.txt", b"\xff\xfea\0", None, "is UTF-16"),
        ("a.bin", b"a\0b", None, "is no text"),
        ("a.txt", b"a\n", Some("b"), "no columns"),
        ("a.csv", b"x,y\n1,2\n", None, "`--column NAME`"),
        (
            "a.csv",
            b"x,y\n1,2\n",
            Some("z"),
            "no column `z`, but `x`, `y`",
        ),
        ("a.csv", b"x,y\n1,2\n", Some("3"), "no column 3"),
        ("a.csv", b"x\n\"open\n", Some("x"), "begins in line 2"),
        ("a.jsonl", b"{}", Some("1"), "fields have no numbers"),
        ("a.txt", b"\n\n", None, "no text in a.txt"),
    ] {
        let said = refused(name, content, column);
        assert!(said.contains(says), "{name} {says}: {said}");
    }
}

#[test]
fn order_ids_and_lines_come_back_over_many_shards() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = b"id,headline\n".to_vec();
    for number in 0..25_000 {
        let title = if number % 1000 == 999 {
            ""
        } else {
            "A headline, \"quoted\""
        };
        let quoted = title.replace('"', "\"\"");
        writeln!(text, "id-{number},\"{quoted}\"").unwrap();
    }
    let file = input(&folder, "big.csv", &text);
    let skipping = Options {
        wrong_lines: WrongLines::Skip,
        ..options(None)
    };
    let prepared = prepare(&[file], &skipping, &shards(&folder)).unwrap();
    assert_eq!((prepared.texts, prepared.wrong), (24_975, 25));
    assert!(prepared.shards.len() >= 3, "{}", prepared.shards.len());
    let (results, tally) = joined(&prepared, Shape::JsonLines, folder.path());
    assert_eq!((tally.answered, tally.failed), (24_975, 25));
    assert_eq!(
        tally.first_failed[0].to_string(),
        "big.csv:1001: the text is blank"
    );
    let mut answered = 0;
    for (at, line) in results.lines().enumerate() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["line"], at + 2);
        if row.get("error").is_none() {
            answered += 1;
            assert_eq!(
                (&row["id"], &row["n"]),
                (&json!(format!("id-{at}")), &json!(answered))
            );
        }
    }
    assert_eq!(results.lines().count(), 25_000);
}

#[test]
fn the_same_input_has_the_same_digest_and_another_has_another() {
    let digest =
        |content: &str, options: &Options| prepared("a.txt", content, options).unwrap().1.digest;
    let plain = options(None);
    assert_eq!(digest("a\nb\n", &plain), digest("a\nb\n", &plain));
    assert_ne!(digest("a\nb\n", &plain), digest("b\na\n", &plain));
    // The same requests from other lines are other results.
    assert_ne!(digest("a\nb\n", &plain), digest("a\n\nb\n", &plain));
}

#[test]
fn instances_share_what_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let text = "A headline of some forty letters or so.\n".repeat(20_000);
    let count = |instances| {
        let file = input(&folder, "a.txt", &text);
        let options = Options {
            instances,
            ..options(None)
        };
        prepare(&[file], &options, &shards(&folder))
            .unwrap()
            .shards
            .len()
    };
    assert!(count(1) <= 6);
    assert!(count(4) >= 16);
}

#[test]
fn answers_that_cannot_be_told_apart_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = input(&folder, "a.txt", "a\nb\n");
    let prepared = prepare(&[file], &options(None), &shards(&folder)).unwrap();
    let answers = |text: &str| {
        let out = folder.path().join("out");
        fs::File::create(&out)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let path = folder.path().join("results");
        let mut joiner = Joiner::new(&path, Shape::JsonLines).unwrap();
        joiner.add(&part(&prepared.shards[0], Ok(out))).unwrap();
        joiner.finish().unwrap()
    };
    assert_eq!(answers("{}\n{}\n").answered, 2);
    let short = answers("{}\n");
    assert_eq!((short.answered, short.failed), (0, 2));
    assert!(short.first_failed[0].why.contains("1 lines for the 2"));
    let odd = answers("{}\nnot JSON\n");
    assert_eq!((odd.answered, odd.failed), (1, 1));
    assert_eq!(odd.first_failed[0].line, 2);

    let path = folder.path().join("results");
    let mut joiner = Joiner::new(&path, Shape::Csv).unwrap();
    joiner
        .add(&part(&prepared.shards[0], Err("the job failed".into())))
        .unwrap();
    assert_eq!(joiner.finish().unwrap().failed, 2);
}

#[test]
fn an_index_of_another_shard_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let file = input(&folder, "a.txt", "a\nb\n");
    let prepared = prepare(&[file], &options(None), &shards(&folder)).unwrap();
    let shard = &prepared.shards[0];
    for (index, why) in [
        ("F \"a\"\n1\n", "in no index"),
        ("F \"a\"\n1\n2\n3\n", "missing"),
    ] {
        fs::write(&shard.index.path, index).unwrap();
        let mut joiner = Joiner::new(&folder.path().join("results"), Shape::Csv).unwrap();
        let error = joiner.add(&part(shard, Err("none".into()))).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
