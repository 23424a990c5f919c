//! Packs the training code into `sourcedir.tar.gz`, whose bytes depend on its files alone.

use std::io::Cursor;

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::{Archive, BundleError, Code, Digest, unreadable};

/// Compression level; part of the bytes, so it is fixed.
const LEVEL: u32 = 6;

/// Packs the code, its files at top level, as the SageMaker training toolkit unpacks it.
pub(super) fn pack(code: &Code) -> Result<Archive, BundleError> {
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::new(LEVEL));
    let mut tar = Builder::new(gzip);
    for file in &code.files {
        let failed = |source| BundleError::Unreadable {
            path: file.path.clone(),
            source,
        };
        let bytes = std::fs::read(&file.path).map_err(unreadable(&file.path))?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, &file.name, Cursor::new(bytes))
            .map_err(failed)?;
    }
    let gzip = tar.into_inner();
    let bytes = gzip.and_then(flate2::write::GzEncoder::finish);
    // What is written is in memory: it cannot fail but for a mistake of ours.
    let bytes = bytes.map_err(|source| BundleError::Unreadable {
        path: "sourcedir.tar.gz".into(),
        source,
    })?;
    let digest = Digest::of_bytes(&bytes);
    Ok(Archive {
        bytes: bytes.into(),
        digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_bytes_with_the_entry_point_at_the_top() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("train.py", "print('t')");
        let long = format!("{}/{}.py", "p".repeat(90), "m".repeat(90));
        write(&long, "x");
        let first = pack(&Code::of(folder.path()).unwrap()).unwrap();
        // Written again: another time of change, the same content.
        write("train.py", "print('t')");
        assert_eq!(pack(&Code::of(folder.path()).unwrap()).unwrap(), first);

        let gzip = flate2::read::GzDecoder::new(Cursor::new(&first.bytes));
        let mut archive = tar::Archive::new(gzip);
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, [long.as_str(), "train.py"]);
    }
}
