//! Files that are not what the stack file says they are.

use super::*;

fn format() -> Format {
    Format {
        separator: b'\t',
        quoted: false,
        header: false,
        columns: ["ID", "TITLE", "CATEGORY", "STORY"]
            .map(str::to_owned)
            .to_vec(),
        text: 1,
        label: 2,
        classes: ["b", "t"].map(str::to_owned).to_vec(),
        labels: Vec::new(),
        group: None,
        time: None,
        required: vec![3],
        max_unusable: 0.01,
    }
}

fn examined(format: &Format, files: &[&[u8]]) -> Result<Option<String>, WrongData> {
    let folder = tempfile::tempdir().unwrap();
    let mut examination = Examination::new(Some(format));
    for (index, bytes) in files.iter().enumerate() {
        let path = folder.path().join("x");
        std::fs::write(&path, bytes).unwrap();
        let digest = examination.file(&path, &format!("{index}.tsv")).unwrap();
        assert_eq!(digest, Digest::of_bytes(bytes), "whatever is wrong with it");
    }
    examination.finish(Path::new("news.tsv"))
}

/// Good rows, and one more.
fn with(row: &[u8]) -> Vec<u8> {
    let mut text = "1\tFed says\tb\ts1\n2\tA \"new phone\tt\ts2\n"
        .repeat(20)
        .into_bytes();
    text.extend(row);
    text
}

#[test]
fn good_files_pass_without_a_word() {
    assert_eq!(examined(&format(), &[&with(b"")]), Ok(None));
    // The classes are those of all files together.
    let halves: [&[u8]; 2] = [b"1\tFed says\tb\ts1\n", b"2\tPhone\tt\ts2\r\n"];
    assert_eq!(examined(&format(), &halves), Ok(None));
    let quoted = Format {
        separator: b',',
        quoted: true,
        header: true,
        ..format()
    };
    let text = b"ID,TITLE,CATEGORY,STORY\n1,\"Fed, says\nmore\",b,s1\n2,x,t,s2\n";
    assert_eq!(examined(&quoted, &[text]), Ok(None));
}

#[test]
fn each_unusable_row_is_told_with_its_place() {
    let long = b"2\tx\tt\ts2\textra\n".to_vec();
    for (row, problem) in [
        (&b"3\tonly two\n"[..], "2 columns instead of 4"),
        (&long, "5 columns instead of 4"),
        (b"\n", "1 columns instead of 4"),
        (b"3\t \tb\ts3\n", "`TITLE` is empty"),
        (b"3\tx\tb\t\n", "`STORY` is empty"),
        (b"3\tx\tq\ts3\n", "`q` is none of the classes b, t"),
        (b"3\tx\xff\tb\ts3\n", "not UTF-8 at byte 3"),
    ] {
        let wrong = examined(&format(), &[&with(row)]).unwrap_err();
        assert_eq!(wrong.examples(), [format!("0.tsv:41: {problem}")]);
        assert_eq!(
            wrong.to_string(),
            "news.tsv is not what the stack file says: 1 of 41 rows cannot be used, more than \
             `max_unusable` (0.01) allows"
        );
    }
}

#[test]
fn a_few_unusable_rows_are_a_remark_and_too_many_a_mistake() {
    let lenient = Format {
        max_unusable: 0.05,
        ..format()
    };
    let remark = examined(&lenient, &[&with(b"x\n")]).unwrap().unwrap();
    assert!(
        remark.contains("unusable rows (1 of 41)") && remark.contains("0.tsv:41: 1 columns"),
        "{remark}"
    );
    let wrong = examined(&lenient, &[&with(&b"x\n".repeat(5))]).unwrap_err();
    assert_eq!(wrong.examples().len(), SHOWN);
    assert!(wrong.to_string().contains("5 of 45 rows"), "{wrong}");
}

#[test]
fn what_is_wrong_with_a_whole_file_is_told_first() {
    let header = b"ID\tTITLE\tCATEGORY\tSTORY\n1\tx\tb\ts\n2\tx\tt\ts\n";
    let with_header = Format {
        header: true,
        ..format()
    };
    let quoted = Format {
        quoted: true,
        ..format()
    };
    for (format, bytes, reason) in [
        (format(), &b""[..], "it is empty"),
        (format(), b"1\tx\tb\ts\n", "fewer rows (1) than classes (2)"),
        (
            format(),
            b"1\tx\tb\ts\n2\ty\tb\ts\n",
            "no row has the class `t`",
        ),
        (format(), header, "say so with `header: true`"),
        (
            with_header,
            b"1\tx\tb\ts\n",
            "does not begin with the names of its columns",
        ),
        (format(), b"\xff\xfe1\x00", "is UTF-16"),
        (format(), b"\xef\xbb\xbf1\tx\tb\ts\n", "byte order mark"),
        (format(), b"\x1f\x8b\x08", "is compressed"),
        (quoted, b"1\tx\tb\ts\n2\t\"y\tt\ts\n", "0.tsv:2 has no end"),
    ] {
        let wrong = examined(&format, &[bytes]).unwrap_err();
        assert!(wrong.to_string().contains(reason), "{wrong}");
    }
}
