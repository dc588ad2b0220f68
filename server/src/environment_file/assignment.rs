//! Finds the assignments of an environment file, as the usual readers of such files do. Bytes, not text: a file that is
//! not UTF-8 elsewhere stays as it is.

use std::ops::Range;

/// One `NAME=value`, as places in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The name.
    pub(super) name: Range<usize>,
    /// The value without its quotes.
    pub(super) value: Range<usize>,
    /// The quote around it.
    pub(super) quote: Option<u8>,
}

/// Every assignment in order. A quoted value may go over several lines.
pub(super) fn assignments(bytes: &[u8]) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    while at < bytes.len() {
        let end = line_end(bytes, at);
        let next = match assignment(bytes, at, end) {
            Some(assignment) => {
                let last = assignment.value.end;
                found.push(assignment);
                line_end(bytes, last)
            }
            None => end,
        };
        at = next + 1;
    }
    found
}

/// Whether a value can stand in these quotes without changing what the line means.
pub(super) fn fits(value: &str, quote: Option<u8>) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,@%+".contains(&byte);
    match quote {
        Some(_) => value
            .bytes()
            .all(|byte| plain(byte) || byte == b' ' || byte == b'#'),
        None => !value.is_empty() && value.bytes().all(plain),
    }
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |length| from + length)
}

fn skip_blank(bytes: &[u8], mut at: usize, end: usize) -> usize {
    while at < end && (bytes[at] == b' ' || bytes[at] == b'\t') {
        at += 1;
    }
    at
}

fn assignment(bytes: &[u8], start: usize, end: usize) -> Option<Assignment> {
    let mut at = skip_blank(bytes, start, end);
    if bytes[at..end].starts_with(b"export ") || bytes[at..end].starts_with(b"export\t") {
        at = skip_blank(bytes, at + 7, end);
    }
    let name_start = at;
    while at < end && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || bytes[at] == b'.')
    {
        at += 1;
    }
    let name = name_start..at;
    at = skip_blank(bytes, at, end);
    if name.is_empty() || at >= end || bytes[at] != b'=' {
        return None;
    }
    at = skip_blank(bytes, at + 1, end);
    if let Some(quote @ (b'"' | b'\'')) = bytes.get(at).copied().filter(|_| at < end)
        && let Some(close) = closing(bytes, at + 1, quote)
    {
        return Some(Assignment {
            name,
            value: at + 1..close,
            quote: Some(quote),
        });
    }
    Some(Assignment {
        name,
        value: at..unquoted_end(bytes, at, end),
        quote: None,
    })
}

fn closing(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where an unquoted value ends: before a comment, a carriage return and blanks.
fn unquoted_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let blank = |at: usize| matches!(bytes[at], b' ' | b'\t' | b'\r');
    let comment = |at: &usize| bytes[*at] == b'#' && (*at == start || blank(*at - 1));
    let mut stop = (start..end).find(comment).unwrap_or(end);
    while stop > start && blank(stop - 1) {
        stop -= 1;
    }
    stop
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(&str, &str)> {
        assignments(text.as_bytes())
            .into_iter()
            .map(|found| (&text[found.name], &text[found.value]))
            .collect()
    }

    #[test]
    fn values_are_found_as_readers_of_such_files_find_them() {
        assert_eq!(
            pairs(
                "\u{feff}A=1\r\n B = two words # note\n#C=3\nexport D='x # y' # z\nE=\nF=a#b\nG=\"q\\\"r\"\nnot one"
            ),
            [
                ("A", "1"),
                ("B", "two words"),
                ("D", "x # y"),
                ("E", ""),
                ("F", "a#b"),
                ("G", "q\\\"r"),
            ]
        );
    }

    #[test]
    fn a_line_inside_a_quoted_value_is_not_an_assignment() {
        assert_eq!(
            pairs("KEY=\"one\nMODE=x\nthree\"\nMODE=y"),
            [("KEY", "one\nMODE=x\nthree"), ("MODE", "y")]
        );
    }
}
