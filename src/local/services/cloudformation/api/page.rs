//! Pages of long lists.

use super::validation;
use crate::local::wire::ApiError;

/// A part of a list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Token of the next page.
    pub(super) next: Option<String>,
}

/// Cuts the page that follows `token` out of the list. A token says how many items came before, and of
/// how many, so that a list that grows at its head in between (events) does not repeat items.
///
/// # Errors
/// The token is none of ours.
pub(super) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<Page<T>, ApiError> {
    let total = items.len();
    let start = match token {
        None => 0,
        Some(token) => {
            let (seen, of) = token
                .split_once('.')
                .and_then(|(seen, of)| {
                    Some((seen.parse::<usize>().ok()?, of.parse::<usize>().ok()?))
                })
                .ok_or_else(|| validation("NextToken is invalid"))?;
            seen.saturating_add(total.saturating_sub(of))
        }
    };
    let items: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let seen = start + items.len();
    Ok(Page {
        items,
        next: (seen < total).then(|| format!("{seen}.{total}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_once_even_when_it_grows_at_its_head() {
        let first = page((0..5).collect(), None, 2).unwrap();
        assert_eq!(first.items, [0, 1]);
        // One item came before the others.
        let second = page((-1..5).collect(), first.next.as_deref(), 2).unwrap();
        assert_eq!(second.items, [2, 3]);
        let third = page((-1..5).collect(), second.next.as_deref(), 2).unwrap();
        assert_eq!((third.items, third.next), (vec![4], None));
        assert!(page(vec![1], Some("x"), 2).is_err());
    }
}
