//! Texts to start from, with fields in braces, and how a text will look.

use shared::notice::{NoticePreview, PreviewNotice, Template};

use super::to_html;

struct Words {
    name: &'static str,
    title: &'static str,
    body: &'static str,
}

const TEMPLATES: &[Words] = &[
    Words {
        name: "planned",
        title: "Work planned for {date}",
        body: "On {date} from {time} we prepare {system} so that {organizations} organizations can share it.\n\n\
               No interruption is expected. You don't have to do anything.",
    },
    Words {
        name: "started",
        title: "Work has started",
        body: "You can keep using {system}. We will write here when there is news, at the latest at {time}.",
    },
    Words {
        name: "waiting",
        title: "Work waits for a decision",
        body: "{reason}\n\n{system} works as usual meanwhile. Next news at {time}.",
    },
    Words {
        name: "interruption",
        title: "{system} will not be available on {date} for about {minutes} minutes",
        body: "On {date} between {time} and {until} {system} restarts once. **Save your work before {time}.**",
    },
    Words {
        name: "done",
        title: "Work is done",
        body: "{system} is ready for {organizations} organizations. Every record was counted before and after; nothing was lost.",
    },
    Words {
        name: "rolled-back",
        title: "We went back to how it was",
        body: "{reason}\n\n{system} works as before. What you entered meanwhile: {kept}",
    },
];

/// All templates.
pub(super) fn all() -> Vec<Template> {
    TEMPLATES
        .iter()
        .map(|words| Template {
            name: words.name.into(),
            title: words.title.into(),
            body: words.body.into(),
            fields: fields(&[words.title, words.body])
                .into_iter()
                .filter(|field| field != "system")
                .collect(),
        })
        .collect()
}

/// How a text will look with these fields. `system` is the title of the system.
pub fn preview(wanted: &PreviewNotice, system: &str) -> NoticePreview {
    let fill = |text: &str| {
        // a value is text, not another template: what it holds is not filled in again
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, behind)) = next_field(rest) {
            out.push_str(before);
            let value = wanted
                .fields
                .iter()
                .find(|(field, value)| field == name && !value.trim().is_empty())
                .map(|(_, value)| value.trim());
            match value {
                Some(value) => out.push_str(value),
                None if name == "system" => out.push_str(system),
                None => out.push_str(&format!("{{{name}}}")),
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    };
    let (title, body) = (fill(&wanted.title), fill(&wanted.body));
    NoticePreview {
        html: to_html(&body),
        missing: fields(&[&title, &body]),
        title,
        body,
    }
}

/// Names of the fields in these texts, each once.
pub(super) fn fields(texts: &[&str]) -> Vec<String> {
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

    fn shown(title: &str, body: &str, fields: &[(&str, &str)]) -> NoticePreview {
        let wanted = PreviewNotice {
            title: title.into(),
            body: body.into(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        };
        preview(&wanted, "OBCMS")
    }

    #[test]
    fn fields_are_filled_in_and_those_without_a_value_are_named() {
        let shown = shown("Work on {date}", "{system} at {time}", &[("date", "1 Dec")]);
        assert_eq!(shown.title, "Work on 1 Dec");
        assert_eq!(shown.body, "OBCMS at {time}");
        assert_eq!(shown.missing, ["time"]);
    }

    #[test]
    fn a_value_is_not_read_as_a_template_and_not_as_html() {
        let shown = shown(
            "x",
            "{reason}",
            &[("reason", "{system}<script>"), ("system", "y")],
        );
        assert_eq!(shown.body, "{system}<script>");
        assert!(!shown.html.contains("<script>"));
    }

    #[test]
    fn braces_of_people_stay() {
        assert_eq!(
            shown("{", "{} {Not a field} {{date}}", &[("date", "now")]).body,
            "{} {Not a field} {now}"
        );
    }
}
