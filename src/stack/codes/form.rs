//! Codes of the form of a stack file: its text, its fields, the types of their values.

use crate::code::codes;

codes! {
    /// The codes of the form of a stack file.
    pub FORM
    UNREADABLE_STACK_FILE = "unreadable-stack-file" {
        title: "The stack file cannot be read as text",
        why: "It is not there or may not be read, it is larger than 1 MiB, or it is not UTF-8 without a byte order \
              mark. Nothing can be said about its content",
        remedy: "name the file with `--stack`, or save it as UTF-8 without BOM",
    }
    INVALID_YAML = "invalid-yaml" {
        title: "The stack file is not one YAML document",
        why: "What is no YAML, what has several documents, and what grows out of measure when it is read could mean \
              anything; so nothing of it is used",
        remedy: "mend what is underlined; indent with spaces, never with tabs",
        before: "endpoint:\n\tinstance: ml.m5.large",
        after: "endpoint:\n  instance: ml.m5.large",
    }
    DUPLICATE_KEY = "duplicate-key" {
        title: "A key is in the same map twice",
        why: "Most readers of YAML keep the second and drop the first in silence, so that half of what a reviewer \
              read has no effect",
        remedy: "keep one of the two",
        before: "endpoint:\n  instance: ml.m5.large\n  instance: ml.m5.xlarge",
        after: "endpoint:\n  instance: ml.m5.xlarge",
    }
    AMBIGUOUS_YAML = "ambiguous-yaml" {
        title: "A value means different things to different readers of YAML",
        why: "`no` is a text or false, `012` is ten or twelve, and `1.10` as a number becomes 1.1. What is meant has \
              to be told, not guessed",
        remedy: "write texts in quotes, and numbers in decimal without a `0` in front",
        before: "tags:\n  version: 1.10\n  public: no",
        after: "tags:\n  version: \"1.10\"\n  public: \"no\"",
    }
    EMPTY_VALUE = "empty-value" {
        title: "A field has no value",
        why: "It looks as if something was set, and the default would be used. Only in an environment has `null`, \
              written out, a meaning: it removes what the stack says",
        remedy: "give it a value, or remove the line",
        before: "endpoint:\n  count:",
        after: "endpoint:\n  count: 1",
    }
    UNKNOWN_FIELD = "unknown-field" {
        title: "There is no field of this name here",
        why: "A field that nobody reads is most often a slip of the pen: the default would be used in silence",
        remedy: "correct the name, or remove the field; `deploy schema` prints all of them for editors",
        before: "endpoint:\n  startup_timout: 20m",
        after: "endpoint:\n  startup_timeout: 20m",
    }
    MISPLACED_FIELD = "misplaced-field" {
        title: "A field belongs elsewhere in the file",
        why: "Some things are of one environment (`target`, `protected`, `promotes_from`), and `stack`, the name, is \
              of all of them together",
        remedy: "move it into `environments: <name>:`, or out of it",
        before: "protected: true",
        after: "environments:\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }\n    protected: true",
    }
    MISSING_FIELD = "missing-field" {
        title: "A field that has no default is not there",
        why: "What differs from project to project cannot be guessed, and a wrong guess would cost money",
        remedy: "add the field",
        before: "environments:\n  prod:\n    target: { account: \"111122223333\" }",
        after: "environments:\n  prod:\n    target: { account: \"111122223333\", region: eu-west-1 }",
    }
    WRONG_TYPE = "wrong-type" {
        title: "A value is of another type than its field takes",
        why: "A text in quotes, a number, `true`, a list and a map are different things in YAML, and one is not \
              turned into another",
        remedy: "write what the message asks for; a number or `true` that is meant as a text needs quotes",
        before: "endpoint:\n  count: \"2\"",
        after: "endpoint:\n  count: 2",
    }
}
