//! Packs the function's folder into a ZIP archive whose bytes depend on its files alone.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::folder::{self, Limits};
use super::{Archive, BundleError, Digest, unreadable};

/// Compression level; part of the bytes, so it is fixed.
const LEVEL: i64 = 6;

/// Packs a folder. Lambda needs files that everybody may read (0644).
pub(super) fn pack(path: &Path) -> Result<Archive, BundleError> {
    let pack_error = |source| BundleError::Pack {
        path: path.to_owned(),
        source,
    };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .unix_permissions(0o644)
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in folder::list(path, Limits::CODE)? {
        let bytes = std::fs::read(&file.path).map_err(unreadable(&file.path))?;
        archive
            .start_file(&file.name, options)
            .map_err(pack_error)?;
        archive.write_all(&bytes).map_err(unreadable(&file.path))?;
    }
    let bytes = bytes::Bytes::from(archive.finish().map_err(pack_error)?.into_inner());
    let digest = Digest::of_bytes(&bytes);
    Ok(Archive { bytes, digest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("b.py"), "print('b')").unwrap();
        std::fs::write(folder.path().join("a.py"), "print('a')").unwrap();
        let first = pack(folder.path()).unwrap();
        // Written again: another time of change, the same content.
        std::fs::write(folder.path().join("b.py"), "print('b')").unwrap();
        assert_eq!(pack(folder.path()).unwrap(), first);

        let mut archive = zip::ZipArchive::new(Cursor::new(first.bytes)).unwrap();
        let mut text = String::new();
        archive
            .by_name("a.py")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "print('a')");
    }
}
