//! Text that is markup, and text that is not.

use std::fmt::{self, Display};

/// Text in HTML, or in the value of an attribute, with nothing in it that is markup.
pub(super) struct Plain<'a>(pub(super) &'a str);

impl Display for Plain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            formatter.write_str(&rest[..at])?;
            formatter.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        formatter.write_str(rest)
    }
}

/// The markup of each item, one after the other.
pub(super) fn each<T>(
    items: impl IntoIterator<Item = T>,
    markup: impl FnMut(T) -> String,
) -> String {
    items.into_iter().map(markup).collect()
}

/// A table with its caption, which can be scrolled by keyboard where it is too wide. The rows are markup.
pub(super) fn table(caption: &str, head: &[&str], rows: &str) -> String {
    let head = each(head.iter(), |name| {
        format!("<th scope=\"col\">{}</th>", Plain(name))
    });
    let caption = Plain(caption);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\
         <caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// A section with its heading. The body is markup.
pub(super) fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{}</h2>{body}</section>", Plain(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let text = "<b title=\"x\">&'é</b>";
        assert_eq!(
            Plain(text).to_string(),
            "&lt;b title=&quot;x&quot;&gt;&amp;&#39;é&lt;/b&gt;"
        );
    }
}
