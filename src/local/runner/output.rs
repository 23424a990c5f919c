//! Cuts a child's output into lines.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest line that is handed on whole; a longer one arrives in pieces of this many bytes.
const MAX_LINE: usize = 64 * 1024;

/// Reads to the end and hands every line to `output`, without its line end. What is not UTF-8 is
/// replaced; a read error counts as the end.
pub(super) async fn deliver_lines(
    mut reader: impl AsyncRead + Unpin,
    output: impl Fn(String) + Send + Sync + 'static,
) {
    let mut chunk = vec![0; 16 * 1024];
    let mut pending = Vec::new();
    loop {
        let count = match reader.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        for piece in chunk[..count].split_inclusive(|byte| *byte == b'\n') {
            pending.extend_from_slice(piece);
            if piece.ends_with(b"\n") || pending.len() >= MAX_LINE {
                output(line(&pending));
                pending.clear();
            }
        }
    }
    if !pending.is_empty() {
        output(line(&pending));
    }
}

fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    async fn lines(bytes: &'static [u8]) -> Vec<String> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        deliver_lines(bytes, move |line| sink.lock().unwrap().push(line)).await;
        std::mem::take(&mut *seen.lock().unwrap())
    }

    #[tokio::test]
    async fn line_ends_are_cut_and_an_open_last_line_counts() {
        assert_eq!(lines(b"a\r\n\nb\xff").await, ["a", "", "b\u{fffd}"]);
    }

    #[tokio::test]
    async fn a_line_without_end_comes_in_pieces() {
        let long = vec![b'x'; 3 * MAX_LINE + 10].leak();
        let seen = lines(long).await;
        assert!(seen.len() >= 3, "{}", seen.len());
        assert_eq!(
            seen.iter().map(String::len).sum::<usize>(),
            3 * MAX_LINE + 10
        );
    }
}
