//! Updates and maintenance windows of a system as Atom (RFC 4287) and as JSON Feed 1.1. Nothing in them changes unless one
//! of those does, so that readers who ask with the last entity tag or the last time of change get a short answer.

use serde_json::json;
use shared::notice::WindowStage;
use shared::status::{PublicStatus, PublicUpdate, PublicWindow};

use super::text;
use super::zoned::Zone;
use crate::moment::Moment;

/// What a feed tells once, and again under the same name when it changes.
struct Entry<'a> {
    /// Its place on the page, which makes its name.
    anchor: String,
    title: String,
    html: String,
    text: String,
    published: Option<&'a str>,
    changed: Moment,
}

/// The entries of a system, the last to change first.
fn entries(status: &PublicStatus) -> Vec<Entry<'_>> {
    let zone = Zone::of(&status.zone);
    let updates = status.updates.iter().map(|update| of_update(update, &zone));
    let windows = status
        .maintenance
        .iter()
        .map(|window| of_window(window, status, &zone));
    let mut all: Vec<Entry<'_>> = updates.chain(windows).collect();
    all.sort_by_key(|entry| std::cmp::Reverse(entry.changed));
    all
}

fn of_update<'a>(update: &'a PublicUpdate, zone: &Zone) -> Entry<'a> {
    let resolved = update
        .resolved
        .as_deref()
        .map(|resolved| format!("Resolved {}.", zone.named_moment(resolved)));
    let changes = [
        Some(&update.published),
        update.edited.as_ref(),
        update.resolved.as_ref(),
    ];
    Entry {
        anchor: format!("update-{}", update.id),
        title: update.title.clone(),
        html: with_line(&update.html, resolved.as_deref(), "<p>", "</p>\n"),
        text: with_line(&update.text, resolved.as_deref(), "\n\n", ""),
        published: Some(&update.published),
        changed: latest(changes.into_iter().flatten()),
    }
}

/// A window changes when somebody changes it, and by itself when it begins and when it takes longer than planned.
fn of_window<'a>(window: &'a PublicWindow, status: &PublicStatus, zone: &Zone) -> Entry<'a> {
    let now = moment(&status.checked);
    let begun = matches!(
        window.stage,
        WindowStage::InProgress | WindowStage::Verifying
    ) && moment(&window.starts) <= now;
    let changes = [
        Some(&window.changed),
        begun.then_some(&window.starts),
        window.overdue.then_some(&window.ends),
    ];
    let when = format!(
        "{}. {}",
        zone.named_range(&window.starts, &window.ends),
        text::interruption(&status.title, window.interruption_minutes)
    );
    Entry {
        anchor: format!("window-{}", window.id),
        title: format!(
            "Maintenance: {} ({})",
            window.title,
            text::window(window).to_lowercase()
        ),
        html: format!("<p>{}</p>\n{}", escape(&when), window.html),
        text: format!("{when}\n\n{}", window.text),
        published: None,
        changed: latest(changes.into_iter().flatten()),
    }
}

fn with_line(text: &str, line: Option<&str>, before: &str, behind: &str) -> String {
    match line {
        Some(line) => format!("{text}{before}{line}{behind}"),
        None => text.to_owned(),
    }
}

fn moment(rfc3339: &str) -> Moment {
    Moment::parse(rfc3339).unwrap_or(Moment(0))
}

fn latest<'a>(moments: impl Iterator<Item = &'a String>) -> Moment {
    moments.map(|at| moment(at)).max().unwrap_or(Moment(0))
}

/// When the feeds of a system changed last; none while there is nothing in them.
pub(super) fn last_change(status: &PublicStatus) -> Option<Moment> {
    entries(status).first().map(|newest| newest.changed)
}

/// As Atom; `page` is the address of the page that it belongs to.
pub(super) fn atom(status: &PublicStatus, page: &str) -> String {
    let entries = entries(status);
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
    // a feed needs a time of change even when nothing was ever published: then the oldest there can be
    let changed = entries.first().map_or(Moment(0), |newest| newest.changed);
    element(&mut out, "updated", &changed.rfc3339());
    out.push_str("<author>");
    element(&mut out, "name", &status.title);
    out.push_str("</author>\n");
    for entry in &entries {
        let address = format!("{page}#{}", entry.anchor);
        out.push_str("<entry>\n");
        element(&mut out, "title", &entry.title);
        element(&mut out, "id", &address);
        link(&mut out, "alternate", "text/html", &address);
        if let Some(published) = entry.published {
            element(&mut out, "published", published);
        }
        element(&mut out, "updated", &entry.changed.rfc3339());
        out.push_str("<content type=\"html\">");
        out.push_str(&escape(&entry.html));
        out.push_str("</content>\n</entry>\n");
    }
    out.push_str("</feed>\n");
    out
}

/// As JSON Feed; `page` is the address of the page that it belongs to.
pub(super) fn json(status: &PublicStatus, page: &str) -> String {
    let items: Vec<_> = entries(status)
        .iter()
        .map(|entry| {
            let address = format!("{page}#{}", entry.anchor);
            let mut item = json!({
                "id": address,
                "url": address,
                "title": entry.title,
                "content_html": entry.html,
                "content_text": entry.text,
                "date_modified": entry.changed.rfc3339(),
            });
            if let Some(published) = entry.published {
                item["date_published"] = json!(published);
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
    use crate::status::example;

    #[test]
    fn what_xml_does_not_know_is_left_out_and_marks_are_escaped() {
        assert_eq!(
            escape("a<b>&\"c\"\u{0}\u{b}\u{ffff}'\n"),
            "a&lt;b&gt;&amp;&quot;c&quot;&#39;\n"
        );
    }

    #[test]
    fn an_update_that_is_resolved_changes_its_entry_under_the_same_name() {
        let mut status = example::status();
        status.updates = vec![example::update(7)];
        let before: serde_json::Value = serde_json::from_str(&json(&status, "https://x")).unwrap();
        assert_eq!(last_change(&status), Moment::parse("2026-11-20T02:00:00Z"));
        status.updates[0].resolved = Some("2026-11-20T05:00:00Z".into());
        let after: serde_json::Value = serde_json::from_str(&json(&status, "https://x")).unwrap();
        let (before, after) = (&before["items"][0], &after["items"][0]);
        assert_eq!(before["id"], after["id"]);
        assert_eq!(after["date_published"], "2026-11-20T02:00:00Z");
        assert_eq!(after["date_modified"], "2026-11-20T05:00:00Z");
        let text = after["content_text"].as_str().unwrap();
        assert!(
            text.ends_with("\n\nResolved 20 Nov 2026, 13:00 (Asia/Manila)."),
            "{text}"
        );
        assert_eq!(last_change(&status), Moment::parse("2026-11-20T05:00:00Z"));
        assert!(atom(&status, "https://x").contains("Resolved 20 Nov 2026, 13:00 (Asia/Manila)."));
    }

    #[test]
    fn a_window_changes_its_entry_when_it_begins_and_when_it_takes_longer_than_planned() {
        let mut status = example::status();
        status.maintenance = vec![example::window(3)];
        let changed = |status: &PublicStatus| last_change(status).unwrap().rfc3339();
        assert_eq!(changed(&status), status.maintenance[0].changed);
        status.checked = "2026-12-13T00:30:00Z".into();
        status.maintenance[0].stage = WindowStage::InProgress;
        assert_eq!(changed(&status), status.maintenance[0].starts);
        status.maintenance[0].overdue = true;
        assert_eq!(changed(&status), status.maintenance[0].ends);
        // said to have begun before its time: nothing in a feed is of the future
        status.maintenance[0].overdue = false;
        status.checked = "2026-12-01T00:00:00Z".into();
        assert_eq!(changed(&status), status.maintenance[0].changed);
    }

    #[test]
    fn the_entry_that_changed_last_stands_first() {
        let mut status = example::status();
        status.updates = vec![example::update(2), example::update(1)];
        status.updates[1].resolved = Some("2026-11-21T05:00:00Z".into());
        let order: Vec<String> = entries(&status)
            .into_iter()
            .map(|entry| entry.anchor)
            .collect();
        assert_eq!(order, ["update-1", "update-2"]);
    }
}
