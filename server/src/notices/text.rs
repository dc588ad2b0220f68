//! The text of notices: a small subset of Markdown. Paragraphs, lists, emphasis, code and links to https and mail
//! addresses; whatever else a text holds, HTML above all, is shown as the characters that it is.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// As HTML that is safe on every page.
pub fn to_html(text: &str) -> String {
    let mut out = String::new();
    html::push_html(&mut out, safe(text).into_iter());
    out
}

/// Without marks, for calendars and mails. One line a paragraph.
pub fn to_plain(text: &str) -> String {
    let mut out = String::new();
    for event in safe(text) {
        match event {
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::SoftBreak => out.push(' '),
            Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::Item) => out.push('\n'),
            _ => {}
        }
    }
    out.trim_end().to_owned()
}

fn safe(text: &str) -> Vec<Event<'_>> {
    let mut kept = Vec::new();
    for event in Parser::new_ext(text, Options::empty()) {
        match event {
            // HTML is text like any other
            Event::Html(text) | Event::InlineHtml(text) => kept.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) => kept.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => kept.push(Event::End(TagEnd::Paragraph)),
            // a page has its own headings
            Event::Start(Tag::Heading { .. }) => {
                kept.extend([Event::Start(Tag::Paragraph), Event::Start(Tag::Strong)]);
            }
            Event::End(TagEnd::Heading(_)) => {
                kept.extend([Event::End(TagEnd::Strong), Event::End(TagEnd::Paragraph)]);
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                id,
                ..
            }) => {
                let dest_url = if is_safe(&dest_url) {
                    dest_url
                } else {
                    CowStr::Borrowed("#")
                };
                kept.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title: CowStr::Borrowed(""),
                    id,
                }));
            }
            // a picture would be a request to somebody else; its words stay
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Text(_)
            | Event::Code(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Start(
                Tag::Paragraph | Tag::List(_) | Tag::Item | Tag::Emphasis | Tag::Strong,
            )
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::List(_)
                | TagEnd::Item
                | TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Link,
            ) => kept.push(event),
            Event::Start(Tag::CodeBlock(_) | Tag::BlockQuote(_)) => {
                kept.push(Event::Start(Tag::Paragraph));
            }
            Event::End(TagEnd::CodeBlock | TagEnd::BlockQuote(_)) => {
                kept.push(Event::End(TagEnd::Paragraph));
            }
            _ => {}
        }
    }
    kept
}

fn is_safe(address: &str) -> bool {
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_marked_up() {
        let html =
            to_html("Save **now**.\n\n- one\n- *two*\n\nSee [the plan](https://example.org/plan).");
        assert_eq!(
            html,
            "<p>Save <strong>now</strong>.</p>\n<ul>\n<li>one</li>\n<li><em>two</em></li>\n</ul>\n\
             <p>See <a href=\"https://example.org/plan\">the plan</a>.</p>\n"
        );
        assert_eq!(
            to_plain("Save **now**.\n\n- one\n- *two*"),
            "Save now.\none\ntwo"
        );
    }

    #[test]
    fn no_markup_and_no_script_of_a_text_reaches_a_page() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div onclick=\"x\">\n\nhello\n\n</div>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "![x](https://evil.example/pixel.gif)",
            "<https://ok.example/\"onmouseover=\"alert(1)>",
            "[x](https://a.example/ \"title\\\" onclick=alert(1)\")",
            "> <b>quote</b>",
            "```html\n<script>x</script>\n```",
        ] {
            let html = to_html(text);
            let tags: Vec<&str> = html
                .split('<')
                .skip(1)
                .map(|rest| {
                    rest.split(['>', ' '])
                        .next()
                        .unwrap_or_default()
                        .trim_start_matches('/')
                })
                .collect();
            let known = ["p", "a", "ul", "li", "em", "strong", "code"];
            assert!(
                tags.iter().all(|tag| known.contains(tag)),
                "{text} became {html}"
            );
            assert!(
                !html.to_lowercase().contains("href=\"javascript") && !html.contains("href=\"data"),
                "{text} became {html}"
            );
            assert!(
                !html.contains("<a href=\"https://ok.example/\"on"),
                "{html}"
            );
        }
    }
}
