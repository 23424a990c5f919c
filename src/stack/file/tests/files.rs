//! Files that are none of a stack.

use super::*;

#[test]
fn files_that_are_no_stack_are_refused() {
    for (text, expected) in [
        ("", "is a map"),
        ("- a\n", "is a map"),
        ("stack: x\n", "no environments"),
        ("stack: x\nenvironments: {}\n", "`environments` is empty"),
        ("stack: x\nenvironments: [a]\n", "must be a map"),
        (
            "stack: x\nenvironments: { A: { target: local } }\n",
            "no name for an environment",
        ),
        ("stack: x\nenvironments: { a: local }\n", "must be a map"),
        ("stack: [\n", "not valid YAML"),
    ] {
        let (_folder, file) = project(text);
        let read = StackFile::read(&file).and_then(|file| file.all());
        let error = read.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    let missing = StackFile::read(Path::new("/nonexistent/stack.yaml")).unwrap_err();
    assert!(
        missing.to_string().contains("cannot read the stack file"),
        "{missing}"
    );
}

#[test]
fn files_in_other_encodings_and_huge_ones_are_refused() {
    let read = |bytes: &[u8]| {
        let (_folder, file) = project("");
        fs::write(&file, bytes).unwrap();
        StackFile::read(&file).map(|_| ()).unwrap_err().to_string()
    };
    let latin = read(b"stack: x\ntags: { a: \"\xe9\" }\n");
    assert!(
        latin.contains("not UTF-8") && latin.contains("line 2"),
        "{latin}"
    );
    let marked = read("\u{feff}stack: x\n".as_bytes());
    assert!(
        marked.contains("byte order mark") && marked.contains(":1:1"),
        "{marked}"
    );
    let wide: Vec<u8> = "stack: x\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut utf16 = vec![0xff, 0xfe];
    utf16.extend(wide);
    assert!(read(&utf16).contains("not UTF-8"));
    let (_folder, file) = project("");
    let huge = fs::File::create(&file).unwrap();
    huge.set_len(10 << 20).unwrap();
    let error = StackFile::read(&file).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("10485760 bytes"), "{error}");
}
