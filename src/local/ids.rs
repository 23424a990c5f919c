//! Names that the engine makes up: request ids, version ids, API ids.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Returns `length` random characters of `[a-z0-9]`, never the same twice in practice.
pub fn random_id(length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    let mut bits = 0_u64;
    while text.len() < length {
        if bits == 0 {
            bits = random_bits();
        }
        text.push(char::from(
            ALPHABET[usize::try_from(bits % 36).unwrap_or(0)],
        ));
        bits /= 36;
    }
    text
}

/// Returns a random UUID (version 4) in its usual form, as request ids have it.
pub fn uuid() -> String {
    let high = (random_bits() & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (random_bits() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    let text = format!("{high:016x}{low:016x}");
    format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

/// Draws from the standard library's randomly keyed hasher; a counter keeps the draws apart.
fn random_bits() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(COUNTER.fetch_add(1, Ordering::Relaxed));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_do_not_repeat() {
        let ids: BTreeSet<String> = (0..10_000).map(|_| random_id(10)).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 10));
    }

    #[test]
    fn a_uuid_says_that_it_is_of_version_4() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
