//! "Did you mean": the known word that is nearest to a mistyped one.

/// Similarity (0 to 1) from which a word is worth suggesting.
const WORTH_SUGGESTING: f64 = 0.7;

/// Finds the known word nearest to `word`, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let likeness = strsim::jaro_winkler(word, candidate);
        if likeness >= WORTH_SUGGESTING && best.is_none_or(|(old, _)| likeness > old) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, word)| word)
}

/// Writes the remedy for an unknown word: the nearest known one, or all of them.
pub(super) fn remedy(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("known are {}", listed(known)),
    }
}

/// Writes words as a list in backquotes.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended_and_nonsense_gets_the_list() {
        assert_eq!(
            remedy("instnce", &["instance", "image"]),
            "did you mean `instance`?"
        );
        assert_eq!(
            remedy("zzz", &["instance", "image"]),
            "known are `instance`, `image`"
        );
    }
}
