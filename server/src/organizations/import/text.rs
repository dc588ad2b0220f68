//! From the bytes of an uploaded file to text, naming the line of the first byte that is not UTF-8.

use shared::problem::FieldProblem;

use super::{MOST_BYTES, problem};

/// The text without its byte order mark, or what is wrong with the file as a whole.
pub(super) fn decode(file: &[u8]) -> Result<&str, Vec<FieldProblem>> {
    let refused = |message: String| Err(vec![problem("file", message)]);
    if file.len() > MOST_BYTES {
        return refused(format!(
            "The file has {} bytes, at most {MOST_BYTES} can be imported. Split it.",
            file.len()
        ));
    }
    if file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") {
        return refused("The file is UTF-16. Save it as CSV UTF-8.".into());
    }
    if file.starts_with(b"PK\x03\x04") || file.starts_with(b"\xd0\xcf\x11\xe0") {
        return refused("The file is a spreadsheet, not CSV. Save it as CSV UTF-8.".into());
    }
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if file.iter().all(u8::is_ascii_whitespace) {
        return refused(
            "The file is empty. The first line has to be code,name,kind,contact_name,contact_email."
                .into(),
        );
    }
    if let Some(at) = file.iter().position(|byte| *byte == 0) {
        return refused(format!(
            "Line {} holds a zero byte. Save the file as CSV UTF-8.",
            line_of(file, at)
        ));
    }
    std::str::from_utf8(file).map_err(|error| {
        let line = line_of(file, error.valid_up_to());
        vec![problem(
            format!("line {line}"),
            format!("Line {line} is not UTF-8. Save the file as CSV UTF-8."),
        )]
    })
}

fn line_of(file: &[u8], at: usize) -> usize {
    file[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}
