//! The pages, as HTML. Every value that comes from outside is escaped.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::http::StatusCode;

use super::data::{LISTS, List, PAGE};
use super::settings::{Mode, Settings};
use super::tenancy::Context;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem;color:#1b2430;background:#fff}\
nav{display:flex;flex-wrap:wrap;gap:1rem;align-items:center;border-bottom:1px solid #c8ced6;padding-bottom:.75rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #dde2e8}\
.n{text-align:right;font-variant-numeric:tabular-nums}a{color:#0b5cad}label{display:block;margin:.5rem 0}";

/// The first page: how much there is of everything.
pub(super) fn dashboard(settings: &Settings, context: &Context, counts: &[(&List, i64)]) -> String {
    let mut body = String::from("<table><caption>Records</caption><tbody>");
    for (list, count) in counts {
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><a href=\"{}\">{}</a></th><td class=\"n\">{count}</td></tr>",
            list.path, list.title
        );
    }
    body.push_str("</tbody></table>");
    layout(settings, context, "Dashboard", &body)
}

/// One page of a list.
pub(super) fn list(
    settings: &Settings,
    context: &Context,
    list: &List,
    rows: &[[String; 4]],
    total: i64,
    page: i64,
) -> String {
    let first = if rows.is_empty() {
        0
    } else {
        (page - 1) * PAGE + 1
    };
    let last = first + rows.len() as i64 - i64::from(!rows.is_empty());
    let mut body = format!("<p>{first} to {last} of {total}</p><table><thead><tr>");
    for heading in list.headings {
        let _ = write!(body, "<th scope=\"col\">{heading}</th>");
    }
    body.push_str("</tr></thead><tbody>");
    for row in rows {
        body.push_str("<tr>");
        for cell in row {
            let _ = write!(body, "<td>{}</td>", escaped(cell));
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table><p>");
    if page > 1 {
        let _ = write!(
            body,
            "<a href=\"{}?page={}\">Newer</a> ",
            list.path,
            page - 1
        );
    }
    if last < total {
        let _ = write!(
            body,
            "<a href=\"{}?page={}\">Older</a>",
            list.path,
            page + 1
        );
    }
    body.push_str("</p>");
    if list.table == "communities_community" {
        body.push_str(
            "<h2>Add a community</h2><form method=\"post\" action=\"/communities\">\
             <label>Name <input name=\"name\" required maxlength=\"255\"></label>\
             <label>Barangay number <input name=\"barangay\" type=\"number\" min=\"1\" required></label>\
             <button>Add the community</button></form>",
        );
    }
    layout(settings, context, list.title, &body)
}

/// The view of the Office of the Chief Minister: totals of all organizations, no single record.
pub(super) fn overview(
    settings: &Settings,
    context: &Context,
    totals: &BTreeMap<String, Vec<i64>>,
) -> String {
    let mut body = String::from(
        "<table><caption>Records by organization</caption><thead><tr><th scope=\"col\">Organization</th>",
    );
    for list in LISTS {
        let _ = write!(body, "<th scope=\"col\" class=\"n\">{}</th>", list.title);
    }
    body.push_str("</tr></thead><tbody>");
    for (code, counts) in totals {
        let _ = write!(body, "<tr><th scope=\"row\">{}</th>", escaped(code));
        for count in counts {
            let _ = write!(body, "<td class=\"n\">{count}</td>");
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table>");
    layout(settings, context, "All organizations", &body)
}

/// A page that says why there is no other.
pub(super) fn refusal(status: StatusCode, why: &str) -> String {
    document(
        status.canonical_reason().unwrap_or("Error"),
        &format!(
            "<main><h1>{}</h1><p>{}.</p><p><a href=\"/\">To the dashboard</a></p></main>",
            status.as_u16(),
            escaped(why)
        ),
    )
}

fn layout(settings: &Settings, context: &Context, title: &str, body: &str) -> String {
    let mut page =
        String::from("<nav aria-label=\"Main\"><strong>OBCMS</strong> <a href=\"/\">Dashboard</a>");
    for list in LISTS {
        let _ = write!(page, "<a href=\"{}\">{}</a>", list.path, list.title);
    }
    if settings.mode == Mode::Multi {
        page.push_str("<a href=\"/ocm\">All organizations</a>");
    }
    match context {
        Context::Everything(_) => {
            let _ = write!(
                page,
                "<span>{}</span>",
                escaped(&settings.default_organization)
            );
        }
        Context::Own { current, all } => {
            page.push_str("<form><label>Organization <select name=\"organization\">");
            for organization in all {
                let selected = if organization.id == current.id {
                    " selected"
                } else {
                    ""
                };
                let _ = write!(
                    page,
                    "<option value=\"{0}\"{selected}>{0} {1}</option>",
                    escaped(&organization.code),
                    escaped(&organization.name)
                );
            }
            page.push_str("</select></label> <button>Change</button></form>");
        }
    }
    let _ = write!(page, "</nav><main><h1>{title}</h1>{body}</main>");
    document(title, &page)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · OBCMS</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
