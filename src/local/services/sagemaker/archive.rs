//! `tar.gz` archives of models and of a job's output, packed reproducibly and unpacked safely.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use tar::{Archive, Builder, EntryType, Header};

/// Most members and most bytes that are unpacked from one archive.
const MAX_MEMBERS: usize = 100_000;
const MAX_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// Packs the content of `folder`, members at top level, into the file `to`. The same content gives the
/// same bytes. Weights hardly compress, so the fastest level is used.
///
/// # Errors
/// A file cannot be read, `to` cannot be written, or a member is neither a file nor a folder.
pub(super) fn pack(folder: &Path, to: &Path) -> io::Result<()> {
    let file = BufWriter::new(File::create(to)?);
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(file, Compression::new(1));
    let mut tar = Builder::new(gzip);
    append(&mut tar, folder, Path::new(""))?;
    let file = tar.into_inner()?.finish()?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

fn append(tar: &mut Builder<impl Write>, root: &Path, relative: &Path) -> io::Result<()> {
    let mut names = fs::read_dir(root.join(relative))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let relative = relative.join(name);
        let path = root.join(&relative);
        if path.symlink_metadata()?.is_dir() {
            let mut header = header(EntryType::Directory, 0o755, 0);
            tar.append_data(&mut header, &relative, io::empty())?;
            append(tar, root, &relative)?;
        } else if path.metadata()?.is_file() {
            let file = File::open(&path)?;
            let mut header = header(EntryType::Regular, 0o644, file.metadata()?.len());
            tar.append_data(&mut header, &relative, file)?;
        } else {
            return Err(io::Error::other(format!(
                "{} is neither a file nor a folder",
                relative.display()
            )));
        }
    }
    Ok(())
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Unpacks the archive `from` into the folder `into`, which is made. Only files and folders below it
/// are accepted.
///
/// # Errors
/// The archive is damaged or too large, a member would leave the folder or is a link or device, or the
/// disk is full. What was unpacked till then is left in place.
pub(super) fn unpack(from: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir_all(into)?;
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(File::open(from)?)));
    let mut bytes = 0_u64;
    for (count, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        bytes = bytes.saturating_add(entry.size());
        if count >= MAX_MEMBERS || bytes > MAX_BYTES {
            return Err(refused("the archive is too large"));
        }
        let name = entry.path()?.into_owned();
        let target = into.join(inside(&name)?);
        match entry.header().entry_type() {
            EntryType::Directory => fs::create_dir_all(&target)?,
            EntryType::Regular | EntryType::Continuous => {
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                let mut file = File::create(&target)?;
                io::copy(&mut entry, &mut file)?;
            }
            EntryType::XGlobalHeader => {}
            kind => {
                return Err(refused(&format!(
                    "the member {} is a {kind:?}; only files and folders are accepted",
                    name.display()
                )));
            }
        }
    }
    Ok(())
}

/// Returns the member's name when it stays inside the folder. No link is ever unpacked, so the name
/// alone decides.
fn inside(name: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(refused(&format!(
                    "the member {} would leave the folder",
                    name.display()
                )));
            }
        }
    }
    Ok(clean)
}

fn refused(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// An archive with one member whose name is written raw, as no honest packer would.
    fn evil(name: &str, kind: EntryType) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let gzip = GzBuilder::new().write(file.reopen().unwrap(), Compression::new(1));
        let mut tar = Builder::new(gzip);
        let mut header = header(kind, 0o644, 0);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, io::empty()).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        file
    }

    #[test]
    fn what_is_packed_comes_out_again_and_packs_to_the_same_bytes() {
        let files = [
            ("b.txt", "two"),
            ("code/inference.py", "pass"),
            ("a.txt", ""),
        ];
        let folder = folder_with(&files);
        let out = tempfile::tempdir().unwrap();
        let (first, second) = (out.path().join("1"), out.path().join("2"));
        pack(folder.path(), &first).unwrap();
        let into = out.path().join("model");
        unpack(&first, &into).unwrap();
        for (name, text) in files {
            assert_eq!(fs::read_to_string(into.join(name)).unwrap(), text);
        }
        pack(&into, &second).unwrap();
        assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
    }

    #[test]
    fn members_that_leave_the_folder_are_refused() {
        for name in ["../evil", "a/../../evil", "/tmp/evil"] {
            let archive = evil(name, EntryType::Regular);
            let outer = tempfile::tempdir().unwrap();
            let error = unpack(archive.path(), &outer.path().join("in")).unwrap_err();
            assert!(
                error.to_string().contains("leave the folder"),
                "{name}: {error}"
            );
            assert!(!outer.path().join("evil").exists());
        }
    }

    #[test]
    fn links_are_refused() {
        let archive = evil("link", EntryType::Symlink);
        let outer = tempfile::tempdir().unwrap();
        let error = unpack(archive.path(), outer.path()).unwrap_err();
        assert!(error.to_string().contains("link"), "{error}");
        assert!(!outer.path().join("link").exists());
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let folder = folder_with(&[("model.tar.gz", "this is no archive")]);
        let into = folder.path().join("model");
        assert!(unpack(&folder.path().join("model.tar.gz"), &into).is_err());
    }
}
