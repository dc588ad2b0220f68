//! What each field of an organization may hold, what is wrong with it otherwise, and what would be right.

use shared::problem::FieldProblem;

use super::{Known, problem};

/// The cells of one row.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) contact_name: String,
    pub(super) contact_email: String,
}

impl Cells {
    /// What is wrong, each with a value that would be right where one is known.
    pub(super) fn problems(&self) -> Vec<(FieldProblem, Option<String>)> {
        let mut found = Vec::new();
        let mut add = |field: &str, wrong: Option<String>, right: Option<String>| {
            if let Some(message) = wrong {
                found.push((problem(field, message), right));
            }
        };
        add(
            "code",
            code_problem(&self.code),
            Some(clean_code(&self.code)).filter(|code| code_problem(code).is_none()),
        );
        add(
            "name",
            formula_problem(&self.name).or_else(|| name_problem(&self.name)),
            without_formula(&self.name),
        );
        add(
            "kind",
            formula_problem(&self.kind).or_else(|| too_long(&self.kind, 50)),
            without_formula(&self.kind),
        );
        add(
            "contact_name",
            formula_problem(&self.contact_name).or_else(|| too_long(&self.contact_name, 200)),
            without_formula(&self.contact_name),
        );
        add(
            "contact_email",
            formula_problem(&self.contact_email).or_else(|| email_problem(&self.contact_email)),
            suggested_email(&self.contact_email),
        );
        found
    }

    /// Whether importing the row would change this organization; an empty cell changes nothing.
    pub(super) fn changes(&self, known: &Known) -> bool {
        [
            (&self.name, &known.name),
            (&self.kind, &known.kind),
            (&self.contact_name, &known.contact_name),
            (&self.contact_email, &known.contact_email),
        ]
        .iter()
        .any(|(new, old)| !new.is_empty() && new != old)
    }
}

/// What is wrong with a code: 2 to 20 letters, digits, `-` or `_`, beginning with a letter or digit.
pub fn code_problem(code: &str) -> Option<String> {
    if code.is_empty() {
        return Some("The code is missing.".into());
    }
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let length = code.chars().count();
    if (2..=20).contains(&length)
        && code.chars().all(fits)
        && code.starts_with(|first: char| first.is_ascii_alphanumeric())
    {
        return None;
    }
    Some(format!(
        "{code:?} is not a code: 2 to 20 letters, digits, - or _ are."
    ))
}

/// The nearest text that can be a code.
pub fn clean_code(code: &str) -> String {
    let mut clean = String::new();
    for letter in code.trim().chars() {
        let letter = match letter {
            'ñ' | 'Ñ' => 'N',
            other => other,
        };
        if letter.is_ascii_alphanumeric() {
            clean.push(letter.to_ascii_uppercase());
        } else if !clean.is_empty() && !clean.ends_with('-') {
            clean.push('-');
        }
    }
    clean.truncate(20);
    clean.trim_end_matches('-').to_owned()
}

/// What is wrong with a name.
pub fn name_problem(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("The name is missing.".into());
    }
    too_long(name, 200)
}

/// What is wrong with a kind; an empty one is not given yet. `kinds` are those of the playbook; none means any.
pub fn kind_problem(kind: &str, kinds: &[String]) -> Option<String> {
    if kind.is_empty() || kinds.is_empty() || kinds.iter().any(|known| known == kind) {
        return None;
    }
    Some(format!(
        "{kind:?} is not a kind of organization here. Write one of {}.",
        kinds.join(", ")
    ))
}

/// What is wrong with an address; an empty one is not given yet.
pub fn email_problem(email: &str) -> Option<String> {
    if email.is_empty() {
        return None;
    }
    let right = email.len() <= 254
        && !email.chars().any(|letter| {
            letter.is_whitespace() || letter.is_control() || ",;<>\"".contains(letter)
        })
        && email.split_once('@').is_some_and(|(person, host)| {
            !person.is_empty()
                && !host.contains('@')
                && host.contains('.')
                && host.split('.').all(|label| !label.is_empty())
        });
    (!right).then(|| format!("{email:?} is not an e-mail address."))
}

fn suggested_email(email: &str) -> Option<String> {
    let clean: String = email
        .trim_start_matches(['=', '+', '-', '@'])
        .chars()
        .filter(|letter| !letter.is_whitespace() && !"<>\"".contains(*letter))
        .collect();
    let clean = clean.replace("(at)", "@").replace(',', ".");
    (!clean.is_empty() && clean != email && email_problem(&clean).is_none()).then_some(clean)
}

fn too_long(text: &str, most: usize) -> Option<String> {
    let length = text.chars().count();
    if text.chars().any(char::is_control) {
        return Some("It holds a control character or a line break.".into());
    }
    (length > most).then(|| format!("It has {length} characters, at most {most} fit."))
}

fn formula_problem(text: &str) -> Option<String> {
    text.starts_with(['=', '+', '-', '@']).then(|| {
        format!("{text:?} begins like a formula; a spreadsheet that opens an export would run it.")
    })
}

fn without_formula(text: &str) -> Option<String> {
    let clean = text.trim_start_matches(['=', '+', '-', '@', ' ']);
    (clean != text && !clean.is_empty()).then(|| clean.to_owned())
}
