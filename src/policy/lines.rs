//! The line of the text that a JSON pointer into its value leads to.

use crate::stack::yaml::{self, Content, Node, Tags};

/// A text, read so that places in it can be looked up.
pub(super) struct Lines {
    root: Option<Node>,
}

impl Lines {
    /// Reads a rendered text.
    pub(super) fn of(text: &str) -> Self {
        Self {
            root: yaml::read(text, Tags::Kept).ok(),
        }
    }

    /// The line of the key or list item that a pointer leads to; of the nearest around it where the
    /// text has no such thing, because a short form such as `!Sub` stands for a map.
    pub(super) fn line(&self, pointer: &str) -> usize {
        let Some(mut node) = self.root.as_ref() else {
            return 1;
        };
        let mut line = node.place.line;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            match &node.content {
                Content::Map(map) if node.tag.is_none() || map.contains_key(&step) => {
                    let Some(entry) = map.get(&step) else { break };
                    line = entry.key.line;
                    node = &entry.value;
                }
                Content::List(list) if step.bytes().all(|byte| byte.is_ascii_digit()) => {
                    let Some(item) = step.parse::<usize>().ok().and_then(|i| list.get(i)) else {
                        break;
                    };
                    line = item.place.line;
                    node = item;
                }
                // `!Join [..]` is `Fn::Join` in the value: the step is the tag's own.
                _ if node.tag.is_some() => {}
                _ => break,
            }
        }
        line.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# c\nA:\n  B:\n    - x: 1\n    - !Sub \"y\"\n  C: !Join\n    - ''\n    - [a, b]\n";

    #[test]
    fn keys_items_and_short_forms_have_lines() {
        let lines = Lines::of(TEXT);
        assert_eq!(lines.line("/A"), 2);
        assert_eq!(lines.line("/A/B/0/x"), 4);
        assert_eq!(lines.line("/A/B/1"), 5);
        assert_eq!(lines.line("/A/B/1/Fn::Sub"), 5);
        assert_eq!(lines.line("/A/C/Fn::Join/1"), 8);
        assert_eq!(lines.line("/A/Z/Y"), 2);
        assert_eq!(Lines::of(": : [").line("/A"), 1);
    }
}
