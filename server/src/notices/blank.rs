//! Fields in braces: what each holds, what is known of it already, and filling them in. A value is text, not another
//! template: what it holds is not filled in again.

use jiff::civil::{Date, Time};
use shared::notice::FieldKind;
use shared::problem::FieldProblem;

use super::error::field;

const LONGEST_VALUE: usize = 500;
const LARGEST_NUMBER: u32 = 1_000_000;

/// What is known without asking.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Title of the system.
    pub(super) system: String,
    /// Its zone.
    pub(super) zone: String,
    /// Code and name of each of its organizations.
    pub(super) organizations: Vec<(String, String)>,
    /// A maintenance window: begin and end such as `2026-12-13T02:00`, and minutes of interruption.
    pub(super) window: Option<(String, String, Option<u32>)>,
}

impl Known {
    /// What can be said of this field, as a person would write it; empty when nothing can.
    pub(super) fn value(&self, name: &str) -> String {
        let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or("").to_owned();
        match (name, &self.window) {
            ("system", _) => self.system.clone(),
            ("zone", _) => self.zone.clone(),
            ("organizations", _) if !self.organizations.is_empty() => {
                self.organizations.len().to_string()
            }
            ("date", Some((starts, ..))) => part(starts, 0, 10),
            ("start", Some((starts, ..))) => part(starts, 11, 16),
            ("end", Some((_, ends, _))) => part(ends, 11, 16),
            ("minutes", Some((.., Some(minutes)))) => minutes.to_string(),
            _ => String::new(),
        }
    }
}

/// Whether nobody is asked for it.
pub(super) fn is_automatic(name: &str) -> bool {
    matches!(name, "system" | "zone")
}

/// Words above a field, and what it holds.
pub(super) fn described(name: &str) -> (&str, FieldKind) {
    match name {
        "date" => ("Day", FieldKind::Day),
        "start" => ("Begins at", FieldKind::Time),
        "end" => ("Expected end", FieldKind::Time),
        "next" => ("Next news at", FieldKind::Time),
        "minutes" => ("Minutes not available", FieldKind::Number),
        "organizations" => ("Number of organizations", FieldKind::Number),
        "organization" => ("Organization", FieldKind::Organization),
        "reason" => ("Reason", FieldKind::Words),
        "kept" => ("What becomes of entries made meanwhile", FieldKind::Words),
        other => (other, FieldKind::Words),
    }
}

/// Title and text with their fields filled in, or what is wrong with which field.
pub(super) fn fill(
    (title, body): (&str, &str),
    values: &[(String, String)],
    known: &Known,
) -> Result<(String, String), Vec<FieldProblem>> {
    let mut filled: Vec<(String, String)> = Vec::new();
    let mut wrong = Vec::new();
    for name in names(&[title, body]) {
        let given = values
            .iter()
            .find(|(field, value)| *field == name && !value.trim().is_empty())
            .map_or_else(|| known.value(&name), |(_, value)| value.trim().to_owned());
        match said(&name, &given, known) {
            Ok(words) => filled.push((name, words)),
            Err(message) => wrong.push(field(&format!("fields.{name}"), message)),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok((with(title, &filled), with(body, &filled)))
}

/// How the public reads a value. The error is a sentence for the field.
fn said(name: &str, value: &str, known: &Known) -> Result<String, String> {
    let (label, kind) = described(name);
    if value.is_empty() {
        return Err(format!(
            "Fill in “{label}”, or take {{{name}}} out of the text."
        ));
    }
    match kind {
        FieldKind::Words => {
            let fits = value.chars().count() <= LONGEST_VALUE && !value.contains(char::is_control);
            fits.then(|| value.to_owned())
                .ok_or_else(|| format!("Write at most {LONGEST_VALUE} characters on one line."))
        }
        FieldKind::Day => value
            .parse::<Date>()
            .map(|day| day.strftime("%A %-d %B %Y").to_string())
            .map_err(|_| "Write a day such as 2026-12-13.".to_owned()),
        FieldKind::Time => value
            .parse::<Time>()
            .map(|time| time.strftime("%H:%M").to_string())
            .map_err(|_| "Write a time such as 02:00.".to_owned()),
        FieldKind::Number => value
            .parse::<u32>()
            .ok()
            .filter(|number| (1..=LARGEST_NUMBER).contains(number))
            .map(|number| number.to_string())
            .ok_or_else(|| "Write a whole number from 1.".to_owned()),
        FieldKind::Organization => known
            .organizations
            .iter()
            .find(|(code, title)| {
                code.eq_ignore_ascii_case(value) || title.eq_ignore_ascii_case(value)
            })
            .map(|(_, title)| title.clone())
            .ok_or_else(|| "Write the code or the name of an organization of this system.".into()),
    }
}

/// The text with these words in its fields.
fn with(text: &str, filled: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, behind)) = next_field(rest) {
        out.push_str(before);
        if let Some((_, words)) = filled.iter().find(|(field, _)| field == name) {
            out.push_str(words);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Names of the fields in these texts, each once.
pub(super) fn names(texts: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        let mut rest = *text;
        while let Some((_, name, behind)) = next_field(rest) {
            if !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
            rest = behind;
        }
    }
    found
}

/// What stands before the next field, its name, and what stands behind it.
fn next_field(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let behind = open + 1;
        let length = text[behind..]
            .find(|letter: char| !letter.is_ascii_lowercase())
            .unwrap_or(text.len() - behind);
        let close = behind + length;
        if length > 0 && text[close..].starts_with('}') {
            return Some((&text[..open], &text[behind..close], &text[close + 1..]));
        }
        from = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            system: "OBCMS".into(),
            zone: "Asia/Manila".into(),
            organizations: vec![("MOH".into(), "Ministry of Health".into())],
            window: Some((
                "2026-12-13T02:00".into(),
                "2026-12-13T06:30".into(),
                Some(5),
            )),
        }
    }

    fn filled(
        title: &str,
        body: &str,
        values: &[(&str, &str)],
    ) -> Result<(String, String), Vec<String>> {
        let values: Vec<(String, String)> = values
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        fill((title, body), &values, &known())
            .map_err(|wrong| wrong.into_iter().map(|one| one.field).collect())
    }

    #[test]
    fn what_is_known_is_filled_in_and_what_a_person_says_goes_before_it() {
        let (title, body) = filled(
            "{system} on {date}",
            "{start} to {end} ({zone} time), {minutes} minutes, {organization}",
            &[("end", "07:00"), ("organization", "moh")],
        )
        .unwrap();
        assert_eq!(title, "OBCMS on Sunday 13 December 2026");
        assert_eq!(
            body,
            "02:00 to 07:00 (Asia/Manila time), 5 minutes, Ministry of Health"
        );
    }

    #[test]
    fn a_value_of_another_kind_and_one_that_is_missing_are_named() {
        for (name, value) in [
            ("date", "13 Dec"),
            ("start", "two"),
            ("next", "25:00"),
            ("next", ""),
            ("minutes", "0"),
            ("minutes", "-1"),
            ("organization", "MOJ"),
            ("reason", ""),
            ("reason", "two\nlines"),
        ] {
            let wrong = filled("x", &format!("{{{name}}}"), &[(name, value)]);
            assert_eq!(
                wrong,
                Err(vec![format!("fields.{name}")]),
                "{name} {value:?}"
            );
        }
        assert_eq!(
            filled("{a}", "{b}", &[]).unwrap_err(),
            ["fields.a", "fields.b"]
        );
    }

    #[test]
    fn a_value_is_not_read_as_a_template() {
        let (_, body) = filled("x", "{reason}", &[("reason", "{system}<script>")]).unwrap();
        assert_eq!(body, "{system}<script>");
    }

    #[test]
    fn braces_of_people_stay() {
        let (_, body) = filled("{", "{} {Not a field} {{reason}}", &[("reason", "now")]).unwrap();
        assert_eq!(body, "{} {Not a field} {now}");
    }
}
