//! Splits SQL into tokens, knowing SQLite's quotes and comments.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: keyword, name or number.
    Word,
    /// A quoted name or a text: `"x"`, `` `x` ``, `[x]`, `'x'`.
    Quoted,
    /// One other character.
    Symbol,
}

/// A token and where it stands in the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind != Kind::Quoted && self.text.eq_ignore_ascii_case(word)
    }

    /// The name it stands for, without its quotes.
    pub(super) fn name(&self) -> String {
        if self.kind != Kind::Quoted {
            return self.text.to_owned();
        }
        let inner = &self.text[1..self.text.len().max(2) - 1];
        match self.text.chars().next() {
            Some(quote @ ('"' | '`' | '\'')) => {
                inner.replace(&format!("{quote}{quote}"), &quote.to_string())
            }
            _ => inner.to_owned(),
        }
    }
}

/// The tokens of a text, white space and comments left out.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let bytes = sql.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &sql[at..];
        let length = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if rest.starts_with("--") => {
                at += rest.find('\n').map_or(rest.len(), |end| end + 1);
                continue;
            }
            b'/' if rest.starts_with("/*") => {
                at += rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
                continue;
            }
            quote @ (b'"' | b'`' | b'\'') => quoted(rest, quote),
            b'[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            byte if is_word(byte) => rest.bytes().take_while(|byte| is_word(*byte)).count(),
            _ => 1,
        };
        let kind = match bytes[at] {
            b'"' | b'`' | b'\'' | b'[' => Kind::Quoted,
            byte if is_word(byte) => Kind::Word,
            _ => Kind::Symbol,
        };
        tokens.push(Token {
            kind,
            text: &rest[..length],
            start: at,
        });
        at += length;
    }
    tokens
}

/// Whether a keyword stands in a text, outside of quotes and comments.
pub fn has_word(sql: &str, word: &str) -> bool {
    tokens(sql).iter().any(|token| token.is(word))
}

/// Whether a text names something, quoted or not, outside of comments.
pub fn mentions(sql: &str, name: &str) -> bool {
    tokens(sql)
        .iter()
        .any(|token| token.name().eq_ignore_ascii_case(name))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// The length of a quoted token, doubled quotes inside it included.
fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}
