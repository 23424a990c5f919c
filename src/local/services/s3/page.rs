//! Pages of listings: prefix, delimiter, a marker to go on from and a limit.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{CommonPrefix, EncodingType};

/// Most entries in one page, whatever the client asks for.
const LARGEST_PAGE: usize = 1000;

/// Characters that `encoding-type=url` leaves as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What to list.
#[derive(Debug, Clone, Default)]
pub(super) struct Query<'a> {
    pub(super) prefix: &'a str,
    /// Keys that share what lies before its first occurrence after the prefix are shown as one.
    pub(super) delimiter: Option<&'a str>,
    /// Entries up to and including this key are left out, ...
    pub(super) after: Option<&'a str>,
    /// ... but with an id only those up to the entry of that id within the key.
    pub(super) after_id: Option<&'a str>,
    pub(super) limit: usize,
}

/// A page of entries in the order of their keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    pub(super) prefixes: Vec<String>,
    /// Key (or common prefix) and id of the last entry, if more follow.
    pub(super) next: Option<(String, Option<String>)>,
}

/// An entry of a listing: its key, its id within the key if it has one, and what to show.
pub(super) type Entry<'a, T> = (&'a str, Option<&'a str>, T);

/// Takes one page from entries sorted by key.
pub(super) fn page<'a, T>(
    entries: impl Iterator<Item = Entry<'a, T>>,
    query: &Query<'_>,
) -> Page<T> {
    let mut page = Page {
        entries: Vec::new(),
        prefixes: Vec::new(),
        next: None,
    };
    let mut last: Option<(String, Option<String>)> = None;
    let mut within_marker = false;
    for (key, id, entry) in entries {
        let Some(rest) = key.strip_prefix(query.prefix) else {
            continue;
        };
        let common = query
            .delimiter
            .filter(|text| !text.is_empty())
            .and_then(|delimiter| {
                let end = rest.find(delimiter)? + delimiter.len();
                Some(&key[..query.prefix.len() + end])
            });
        if left_out(query, key, id, common, &mut within_marker) {
            continue;
        }
        if common.is_some() && common == page.prefixes.last().map(String::as_str) {
            continue;
        }
        if page.entries.len() + page.prefixes.len() == query.limit {
            page.next = last;
            return page;
        }
        if let Some(common) = common {
            page.prefixes.push(common.to_owned());
            last = Some((common.to_owned(), None));
        } else {
            page.entries.push(entry);
            last = Some((key.to_owned(), id.map(str::to_owned)));
        }
    }
    page
}

fn left_out(
    query: &Query<'_>,
    key: &str,
    id: Option<&str>,
    common: Option<&str>,
    within_marker: &mut bool,
) -> bool {
    let Some(after) = query.after else {
        return false;
    };
    // A page that ended with a common prefix goes on behind all keys below it.
    if common == Some(after) || key < after {
        return true;
    }
    if key > after {
        return false;
    }
    let Some(after_id) = query.after_id else {
        return true;
    };
    if *within_marker {
        return false;
    }
    *within_marker = id == Some(after_id);
    true
}

/// Returns how many entries a page may have, from what the client asked for.
pub(super) fn limit(asked: Option<i32>) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .unwrap_or(LARGEST_PAGE)
        .min(LARGEST_PAGE)
}

/// Returns how a listing writes keys: percent-encoded when the client asked for it.
pub(super) fn writer(encoding: Option<&EncodingType>) -> impl Fn(&str) -> String {
    let encode = encoding.is_some_and(|encoding| encoding.as_str() == "url");
    move |text| {
        if encode {
            utf8_percent_encode(text, PLAIN).to_string()
        } else {
            text.to_owned()
        }
    }
}

/// Turns common prefixes into the form of answers.
pub(super) fn common_prefixes(
    prefixes: &[String],
    write: &impl Fn(&str) -> String,
) -> Vec<CommonPrefix> {
    let shown = prefixes.iter().map(|prefix| CommonPrefix {
        prefix: Some(write(prefix)),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = ["a", "b/1", "b/2", "c", "d/1", "e"];

    fn keys(query: &Query<'_>) -> Page<&'static str> {
        page(KEYS.iter().map(|key| (*key, None, *key)), query)
    }

    #[test]
    fn keys_below_a_delimiter_are_shown_as_one() {
        let page = keys(&Query {
            delimiter: Some("/"),
            limit: 1000,
            ..Query::default()
        });
        assert_eq!(page.entries, vec!["a", "c", "e"]);
        assert_eq!(page.prefixes, vec!["b/", "d/"]);
        assert_eq!(page.next, None);
    }

    #[test]
    fn pages_of_any_size_show_everything_once() {
        for delimiter in [None, Some("/")] {
            for limit in 1..8 {
                let mut after: Option<String> = None;
                let mut shown = Vec::new();
                loop {
                    let page = keys(&Query {
                        delimiter,
                        after: after.as_deref(),
                        limit,
                        ..Query::default()
                    });
                    assert!(page.entries.len() + page.prefixes.len() <= limit);
                    shown.extend(page.entries.iter().map(|key| (*key).to_owned()));
                    shown.extend(page.prefixes);
                    match page.next {
                        Some((key, _)) => after = Some(key),
                        None => break,
                    }
                }
                shown.sort();
                let all: &[&str] = match delimiter {
                    None => &KEYS,
                    Some(_) => &["a", "b/", "c", "d/", "e"],
                };
                assert_eq!(shown, all, "limit {limit}");
            }
        }
    }

    #[test]
    fn a_page_can_end_between_the_versions_of_a_key() {
        let versions = [("a", "2"), ("a", "1"), ("b", "1")];
        let page = page(
            versions
                .iter()
                .map(|(key, id)| (*key, Some(*id), (*key, *id))),
            &Query {
                after: Some("a"),
                after_id: Some("2"),
                limit: 1,
                ..Query::default()
            },
        );
        assert_eq!(page.entries, vec![("a", "1")]);
        assert_eq!(page.next, Some(("a".to_owned(), Some("1".to_owned()))));
    }

    #[test]
    fn an_empty_page_has_no_next() {
        let page = keys(&Query {
            limit: 0,
            ..Query::default()
        });
        assert_eq!(page.next, None);
    }
}
