//! The CSV file being prepared in the browser: encoding it for the server, and writing corrected rows back into it.
//!
//! The server alone decides what is right; nothing here judges a value.

use shared::organization::ImportRow;

/// Columns of the file, in order.
pub const HEAD: [&str; 5] = ["code", "name", "kind", "contact_name", "contact_email"];

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes in standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        for place in 0..4 {
            if place > chunk.len() {
                text.push('=');
            } else {
                let six = (word >> (18 - 6 * place)) & 63;
                text.push(char::from(ALPHABET[six as usize]));
            }
        }
    }
    text
}

/// The value of one field of a row, by its column name; empty for a column that the file does not have.
pub fn field<'a>(row: &'a ImportRow, name: &str) -> &'a str {
    match name {
        "code" => &row.code,
        "name" => &row.name,
        "kind" => &row.kind,
        "contact_name" => &row.contact_name,
        "contact_email" => &row.contact_email,
        _ => "",
    }
}

/// Sets one field of a row, by its column name.
pub fn set_field(row: &mut ImportRow, name: &str, value: String) {
    match name {
        "code" => row.code = value,
        "name" => row.name = value,
        "kind" => row.kind = value,
        "contact_name" => row.contact_name = value,
        "contact_email" => row.contact_email = value,
        _ => {}
    }
}

/// The rows as a CSV file with a head line, every value quoted where CSV needs it.
pub fn csv(rows: &[ImportRow]) -> String {
    let mut text = HEAD.join(",");
    text.push_str("\r\n");
    for row in rows {
        let line: Vec<String> = HEAD.iter().map(|name| quoted(field(row, name))).collect();
        text.push_str(&line.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(value: &str) -> String {
    let padded = value.starts_with(' ') || value.ends_with(' ');
    if padded || value.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::organization::ImportOutcome;

    fn row(code: &str, name: &str) -> ImportRow {
        ImportRow {
            line: 2,
            code: code.to_owned(),
            name: name.to_owned(),
            kind: "ministry".to_owned(),
            contact_name: String::new(),
            contact_email: String::new(),
            outcome: ImportOutcome::New,
            problems: Vec::new(),
            suggestion: None,
        }
    }

    #[test]
    fn base64_pads_each_remainder_as_the_standard_says() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (&[0xff, 0xfe, 0xfd], "//79"),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }

    #[test]
    fn a_corrected_file_keeps_commas_quotes_and_line_breaks_inside_a_value() {
        let rows = [row(
            "MBHTE",
            "Ministry of Basic, Higher \"Technical\"\nEducation",
        )];
        assert_eq!(
            csv(&rows),
            "code,name,kind,contact_name,contact_email\r\n\
             MBHTE,\"Ministry of Basic, Higher \"\"Technical\"\"\nEducation\",ministry,,\r\n"
        );
    }

    #[test]
    fn a_field_that_was_set_is_the_field_that_is_written() {
        let mut changed = row("MOH", "Ministry of Health");
        for name in HEAD {
            set_field(&mut changed, name, format!("new {name}"));
            assert_eq!(field(&changed, name), format!("new {name}"));
        }
    }
}
