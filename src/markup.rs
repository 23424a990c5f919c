//! Text that goes into HTML or XML.
//!
//! Purpose: whoever writes a page or a picture puts foreign text into it by one rule. Input: any text. Output:
//! text that is no markup, also within quotation marks. Must not know: what the page is about. (The local engine
//! imports nothing of this crate, and has its own.)

/// A text with nothing in it that is markup. XML forbids most characters that control: a space stands for each.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            sign if sign.is_control() => safe.push(' '),
            sign => safe.push(sign),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup_or_forbidden() {
        assert_eq!(
            escaped("<b title=\"x\">&'é\u{1b}\n</b>"),
            "&lt;b title=&quot;x&quot;&gt;&amp;&#39;é  &lt;/b&gt;"
        );
    }
}
