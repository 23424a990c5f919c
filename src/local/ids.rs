//! Identifiers that differ from each other, in the forms that AWS gives them.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns an identifier in the form of a version 4 UUID.
pub fn uuid() -> String {
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// Returns `length` characters of `A-Z0-9`, as at the end of generated resource names.
pub fn suffix(length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut text = String::with_capacity(length);
    let mut bits = 0_u64;
    for position in 0..length {
        if position % 8 == 0 {
            bits = random();
        }
        // The remainder is below 36, so the index always fits.
        let index = usize::try_from(bits % 36).unwrap_or_default();
        text.push(char::from(ALPHABET[index]));
        bits /= 36;
    }
    text
}

/// Returns 64 unpredictable bits: the standard library seeds every hasher state from the system's generator.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn identifiers_differ_and_have_their_form() {
        let many: BTreeSet<String> = (0..1000).map(|_| uuid()).collect();
        assert_eq!(many.len(), 1000);
        assert!(
            many.iter()
                .all(|id| id.len() == 36 && id.as_bytes()[14] == b'4')
        );
        let many: BTreeSet<String> = (0..1000).map(|_| suffix(12)).collect();
        assert_eq!(many.len(), 1000);
        assert!(
            many.iter()
                .all(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
    }
}
