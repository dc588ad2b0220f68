//! Updates of a system as Atom (RFC 4287) and as JSON Feed 1.1. Nothing in them changes unless an update does, so that
//! readers who ask with the last entity tag get a short answer.

use serde_json::json;
use shared::status::PublicStatus;

/// As Atom; `page` is the address of the page that it belongs to.
pub(super) fn atom(status: &PublicStatus, page: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    out.push_str("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n");
    element(&mut out, "title", &format!("{} status", status.title));
    element(&mut out, "id", page);
    link(&mut out, "alternate", "text/html", page);
    link(
        &mut out,
        "self",
        "application/atom+xml",
        &format!("{page}/feed.atom"),
    );
    element(&mut out, "updated", last_change(status));
    out.push_str("<author>");
    element(&mut out, "name", &status.title);
    out.push_str("</author>\n");
    for update in &status.updates {
        out.push_str("<entry>\n");
        element(&mut out, "title", &update.title);
        element(&mut out, "id", &format!("{page}#update-{}", update.id));
        link(
            &mut out,
            "alternate",
            "text/html",
            &format!("{page}#update-{}", update.id),
        );
        element(&mut out, "published", &update.published);
        element(
            &mut out,
            "updated",
            update.edited.as_deref().unwrap_or(&update.published),
        );
        out.push_str("<content type=\"html\">");
        out.push_str(&escape(&update.html));
        out.push_str("</content>\n</entry>\n");
    }
    out.push_str("</feed>\n");
    out
}

/// As JSON Feed; `page` is the address of the page that it belongs to.
pub(super) fn json(status: &PublicStatus, page: &str) -> String {
    let items: Vec<_> = status
        .updates
        .iter()
        .map(|update| {
            let mut item = json!({
                "id": format!("{page}#update-{}", update.id),
                "url": format!("{page}#update-{}", update.id),
                "title": update.title,
                "content_html": update.html,
                "content_text": update.text,
                "date_published": update.published,
            });
            if let Some(edited) = &update.edited {
                item["date_modified"] = json!(edited);
            }
            item
        })
        .collect();
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": format!("{} status", status.title),
        "home_page_url": page,
        "feed_url": format!("{page}/feed.json"),
        "language": "en",
        "items": items,
    })
    .to_string()
}

/// An Atom feed needs a time of change even when nothing was ever published: then the oldest there can be.
fn last_change(status: &PublicStatus) -> &str {
    status
        .updates
        .iter()
        .map(|update| update.edited.as_deref().unwrap_or(&update.published))
        .max()
        .unwrap_or("1970-01-01T00:00:00Z")
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>{}</{name}>\n", escape(text)));
}

fn link(out: &mut String, rel: &str, kind: &str, href: &str) {
    out.push_str(&format!(
        "<link rel=\"{rel}\" type=\"{kind}\" href=\"{}\"/>\n",
        escape(href)
    ));
}

/// Text for XML: marks escaped, characters that XML 1.0 does not know left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            letter if (letter as u32) < 0x20 || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_does_not_know_is_left_out_and_marks_are_escaped() {
        assert_eq!(
            escape("a<b>&\"c\"\u{0}\u{b}\u{ffff}'\n"),
            "a&lt;b&gt;&amp;&quot;c&quot;&#39;\n"
        );
    }
}
