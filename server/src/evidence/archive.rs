//! The archive of a bundle: a ZIP file in exactly one form. Nothing is compressed, every time is 1980-01-01, nothing may
//! have a comment. The form is part of what is signed and must not change with a library, or old bundles could not be
//! checked any more; that is why it is written here.

use std::ops::Range;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Bytes of a local header before the name.
pub(super) const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: usize = 22;
/// Signature of a local header, as it stands in a file.
pub(super) const LOCAL_SIGNATURE: [u8; 4] = LOCAL.to_le_bytes();
/// Version 1.0 of the format, and Unix as the system it was made on.
const NEEDED: u16 = 10;
const MADE_BY: u16 = 3 << 8 | NEEDED;
/// 1980-01-01, the first day there is.
const DATE: u16 = 1 << 5 | 1;
/// An ordinary file that its owner may write and everybody may read.
const ATTRIBUTES: u32 = 0o100_644 << 16;

/// A file is too large for this form: 4 GiB or more.
#[derive(Debug, thiserror::Error)]
#[error("{0} is too large for an archive")]
pub struct TooLarge(pub String);

/// A part of an archive; files are named by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The header before a file.
    Header(usize),
    /// A file.
    Content(usize),
    /// The line of the directory about a file.
    Directory(usize),
    /// The end of the directory.
    End,
}

/// Where each part of an archive of files with these names and sizes is.
pub(super) fn layout<'a>(
    files: impl Iterator<Item = (&'a str, usize)> + Clone,
) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut add = |part, length| {
        parts.push((part, at..at + length));
        at += length;
    };
    for (place, (name, size)) in files.clone().enumerate() {
        add(Part::Header(place), LOCAL_LENGTH + name.len());
        add(Part::Content(place), size);
    }
    for (place, (name, _)) in files.enumerate() {
        add(Part::Directory(place), CENTRAL_LENGTH + name.len());
    }
    add(Part::End, END_LENGTH);
    parts
}

/// The CRC of the file inside of a header or a line of the directory.
pub(super) fn checksum_in(part: Part) -> Range<usize> {
    match part {
        Part::Header(_) => 14..18,
        Part::Directory(_) => 16..20,
        Part::Content(_) | Part::End => 0..0,
    }
}

/// Writes the archive.
///
/// # Errors
/// When a file is too large.
pub(super) fn write(files: &[(&str, &[u8])]) -> Result<Vec<u8>, TooLarge> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let large = || TooLarge((*name).to_owned());
        let offset = u32::try_from(out.len()).map_err(|_| large())?;
        let size = u32::try_from(content.len()).map_err(|_| large())?;
        let length = u16::try_from(name.len()).map_err(|_| large())?;
        let checksum = crc32fast::hash(content);
        // flags, method, time, date: what a header and a line of the directory have in common
        let mut common = Vec::new();
        for word in [NEEDED, 0, 0, 0, DATE] {
            common.extend(word.to_le_bytes());
        }
        for double in [checksum, size, size] {
            common.extend(double.to_le_bytes());
        }
        common.extend(length.to_le_bytes());
        common.extend(0_u16.to_le_bytes());

        out.extend(LOCAL_SIGNATURE);
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*content);

        directory.extend(CENTRAL.to_le_bytes());
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(&common);
        // length of the comment, disk, internal attributes
        directory.extend([0; 6]);
        directory.extend(ATTRIBUTES.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let large = |_| TooLarge("the bundle".into());
    let begin = u32::try_from(out.len()).map_err(large)?;
    let length = u32::try_from(directory.len()).map_err(large)?;
    let count = u16::try_from(files.len()).map_err(large)?;
    out.extend(directory);
    out.extend(END.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(begin.to_le_bytes());
    out.extend([0; 2]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    #[test]
    fn an_ordinary_reader_finds_every_file_and_nothing_else() {
        let files: [(&str, &[u8]); 3] = [("a.txt", b"hello"), ("b.json", b"{}"), ("empty", b"")];
        let bytes = write(&files).unwrap();
        let parts = layout(files.iter().map(|(name, content)| (*name, content.len())));
        assert_eq!(parts.last().unwrap().1.end, bytes.len());
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(archive.len(), 3);
        for (place, (name, content)) in files.iter().enumerate() {
            let mut file = archive.by_index(place).unwrap();
            assert_eq!(file.name().unwrap(), *name);
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            assert_eq!(read, *content);
        }
    }
}
