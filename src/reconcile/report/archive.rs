//! Reads chosen members out of a `tar.gz` archive that other people's code packed. Nothing is written to the
//! disk, so a member's name is only compared, and leads nowhere.

use std::io::{self, Read};
use std::path::{Component, Path};

use flate2::read::GzDecoder;
use tar::Archive;

/// How much is read of an archive, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of one member that is wanted.
    pub(super) member: u64,
    /// Of everything that is unpacked on the way to it: a small archive can unpack to any size.
    pub(super) unpacked: u64,
}

impl Limits {
    /// Far above what a report is, and what a computer has.
    pub(super) const USUAL: Self = Self {
        member: 64 * 1024 * 1024,
        unpacked: 1024 * 1024 * 1024,
    };
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no `tar.gz`, or a damaged one.
    #[error("it is no tar.gz archive, or a damaged one")]
    Damaged(#[source] io::Error),
    /// A member is too large.
    #[error("its member {member} has {size} bytes, more than {limit}")]
    MemberTooLarge {
        /// Name of the member.
        member: &'static str,
        /// Its size.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// All of it together is too large.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
}

/// Reads files by their names at the top level of an archive, in the order of `names`; `None` for one that
/// is not there. Links, folders and devices are no files.
pub(super) fn members<const N: usize>(
    archive: &[u8],
    names: [&'static str; N],
    limits: Limits,
) -> Result<[Option<Vec<u8>>; N], ArchiveError> {
    let mut found = [const { None }; N];
    // One more than is allowed: where that is used up, the limit ended the reading and not the archive.
    let mut unpacked = GzDecoder::new(archive).take(limits.unpacked.saturating_add(1));
    let read = read_into(&mut found, &mut unpacked, names, limits.member);
    match read {
        Err(error @ ArchiveError::MemberTooLarge { .. }) => Err(error),
        _ if unpacked.limit() == 0 => Err(ArchiveError::TooLarge(limits.unpacked)),
        read => read.map(|()| found),
    }
}

fn read_into<const N: usize>(
    found: &mut [Option<Vec<u8>>; N],
    unpacked: &mut impl Read,
    names: [&'static str; N],
    limit: u64,
) -> Result<(), ArchiveError> {
    let mut archive = Archive::new(unpacked);
    for entry in archive.entries().map_err(ArchiveError::Damaged)? {
        let mut entry = entry.map_err(ArchiveError::Damaged)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(ArchiveError::Damaged)?;
        let Some(index) = names.iter().position(|name| is_named(&path, name)) else {
            continue;
        };
        let size = entry.size();
        if size > limit {
            let member = names[index];
            return Err(ArchiveError::MemberTooLarge {
                member,
                size,
                limit,
            });
        }
        let mut bytes = Vec::new();
        let read = entry.read_to_end(&mut bytes);
        read.map_err(ArchiveError::Damaged)?;
        // A member that is there twice counts as tar unpacks it: the last one stays.
        found[index] = Some(bytes);
    }
    Ok(())
}

/// Whether a member is the file of this name at the top level; packers that are given `.` write `./name`.
fn is_named(path: &Path, name: &str) -> bool {
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    parts.next() == Some(Component::Normal(name.as_ref())) && parts.next().is_none()
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::{Builder, EntryType, Header};

    use super::*;

    /// Packs members; their names are written raw, as no honest packer would.
    pub(in super::super) fn pack(members: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, content) in members {
            let mut header = Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            if *kind == EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    const FILE: EntryType = EntryType::Regular;

    fn page(archive: &[u8], limits: Limits) -> Result<Option<Vec<u8>>, ArchiveError> {
        members(archive, ["report.html"], limits).map(|[page]| page)
    }

    #[test]
    fn the_wanted_files_are_read_and_nothing_else() {
        let archive = pack(&[
            ("more/", EntryType::Directory, b""),
            ("more/report.html", FILE, b"another"),
            ("./report.html", FILE, b"page"),
            ("metrics.json", FILE, b"{}"),
        ]);
        let names = ["metrics.json", "report.html", "absent"];
        let found = members(&archive, names, Limits::USUAL).unwrap();
        assert_eq!(found, [Some(b"{}".to_vec()), Some(b"page".to_vec()), None]);
    }

    #[test]
    fn names_that_only_end_alike_and_links_are_passed_over() {
        for (name, kind) in [
            ("../report.html", FILE),
            ("/report.html", FILE),
            ("a/../report.html", FILE),
            ("report.html.gz", FILE),
            ("REPORT.HTML", FILE),
            ("report.html", EntryType::Symlink),
            ("report.html", EntryType::Fifo),
            ("report.html", EntryType::Directory),
        ] {
            let archive = pack(&[(name, kind, b"")]);
            assert_eq!(
                page(&archive, Limits::USUAL).unwrap(),
                None,
                "{name} {kind:?}"
            );
        }
    }

    #[test]
    fn a_member_is_read_up_to_its_limit() {
        let archive = pack(&[("report.html", FILE, b"12345")]);
        let limits = |member| Limits {
            member,
            ..Limits::USUAL
        };
        assert_eq!(page(&archive, limits(5)).unwrap().unwrap(), b"12345");
        assert!(matches!(
            page(&archive, limits(4)),
            Err(ArchiveError::MemberTooLarge { size: 5, .. })
        ));
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_given_up() {
        let zeros = vec![0; 4 * 1024 * 1024];
        let archive = pack(&[("zeros", FILE, &zeros), ("report.html", FILE, b"page")]);
        assert!(archive.len() < 64 * 1024);
        assert_eq!(page(&archive, Limits::USUAL).unwrap().unwrap(), b"page");
        let limits = Limits {
            unpacked: 1024 * 1024,
            ..Limits::USUAL
        };
        assert!(matches!(
            page(&archive, limits),
            Err(ArchiveError::TooLarge(_))
        ));
    }

    #[test]
    fn what_is_no_archive_or_ends_early_is_damaged() {
        let mut plain = GzEncoder::new(Vec::new(), Compression::fast());
        plain.write_all(&[b'x'; 2048]).unwrap();
        let whole = pack(&[("report.html", FILE, &[b'p'; 5000])]);
        let cut = &whole[..whole.len() / 2];
        for bytes in [b"<Error/>".as_slice(), &plain.finish().unwrap(), cut, b""] {
            let read = page(bytes, Limits::USUAL);
            assert!(matches!(read, Err(ArchiveError::Damaged(_))), "{read:?}");
        }
    }
}
