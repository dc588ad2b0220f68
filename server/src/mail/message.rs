//! What a mail looks like: plain text and simple HTML of the same words, and the headers by which mail programs let
//! people unsubscribe. Text of people stands in it as the characters that it is.

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use maud::{DOCTYPE, html};
use shared::webhook::WebhookEvent;

use super::error::MailError;
use crate::config::MailConfig;
use crate::status::Zone;

/// What is the same in every mail to a subscriber.
pub(super) struct Letter<'a> {
    /// How it is sent.
    pub(super) config: &'a MailConfig,
    /// To whom.
    pub(super) to: Address,
    /// What the mail is called, whenever it is sent again.
    pub(super) id: String,
    /// Title of the system.
    pub(super) system: &'a str,
    /// Where one unsubscribes.
    pub(super) stop: String,
}

/// Asks whether the address is right.
pub(super) fn question(letter: Letter<'_>, confirm: &str) -> Result<Message, MailError> {
    let system = letter.system;
    let paragraphs = [
        format!("Somebody, probably you, asked to be told by mail what happens to {system}."),
        "Open this address within two days to say that it was you:".into(),
    ];
    let after = ["If it was not you, do nothing: you will not be told anything, and your address is forgotten.".to_owned()];
    let subject = format!("{system}: please confirm your address");
    // whoever did not ask has nothing to stop
    put_together(
        &letter,
        &subject,
        &paragraphs,
        Some(("Confirm your address", confirm)),
        &after,
        false,
    )
}

/// Tells what happened.
pub(super) fn told(
    letter: Letter<'_>,
    event: &WebhookEvent,
    zone: &Zone,
) -> Result<Message, MailError> {
    let mut paragraphs: Vec<String> = event
        .text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    paragraphs.push(format!("Written {}.", zone.both_moments(&event.at)));
    let link = event
        .url
        .as_deref()
        .map(|url| ("Read the status page", url));
    let after = [format!(
        "You get this because you asked to be told what happens to {}.",
        letter.system
    )];
    let subject = if event.title.starts_with(letter.system) {
        event.title.clone()
    } else {
        format!("{}: {}", letter.system, event.title)
    };
    put_together(&letter, &subject, &paragraphs, link, &after, true)
}

/// Tells nothing.
pub(super) fn test(config: &MailConfig, origin: &str, to: Address) -> Result<Message, MailError> {
    let text =
        format!("This mail was sent to try out the mail server of the Switchyard at {origin}.\r\n");
    Ok(Message::builder()
        .from(config.from.mailbox().clone())
        .to(Mailbox::new(None, to))
        .subject("Switchyard can send mail")
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .singlepart(plain(text))?)
}

fn put_together(
    letter: &Letter<'_>,
    subject: &str,
    paragraphs: &[String],
    link: Option<(&str, &str)>,
    after: &[String],
    may_stop: bool,
) -> Result<Message, MailError> {
    let mut text = String::new();
    for paragraph in paragraphs {
        text.push_str(&format!("{}\r\n\r\n", one_line(paragraph)));
    }
    if let Some((_, address)) = link {
        text.push_str(&format!("{address}\r\n\r\n"));
    }
    text.push_str("-- \r\n");
    for paragraph in after {
        text.push_str(&format!("{}\r\n", one_line(paragraph)));
    }
    if may_stop {
        text.push_str(&format!("To stop it: {}\r\n", letter.stop));
    }
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (one_line(subject)) } }
            body {
                @for paragraph in paragraphs { p { (one_line(paragraph)) } }
                @if let Some((words, address)) = link { p { a href=(address) { (words) } } }
                hr;
                @for paragraph in after { p { small { (one_line(paragraph)) } } }
                @if may_stop { p { small { a href=(letter.stop) { "Unsubscribe" } } } }
            }
        }
    };
    let from = letter.config.from.mailbox();
    let domain = from.email.domain();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, letter.to.clone()))
        .subject(one_line(subject))
        .message_id(Some(format!("<{}@{domain}>", letter.id)))
        // no holiday notes in return
        .raw_header(raw("Auto-Submitted", "auto-generated"));
    if may_stop {
        // RFC 8058: the mail program itself unsubscribes, with one POST
        builder = builder
            .raw_header(raw("List-Unsubscribe", &format!("<{}>", letter.stop)))
            .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    Ok(builder.multipart(
        MultiPart::alternative()
            .singlepart(plain(text))
            .singlepart(part(ContentType::TEXT_HTML, page.into_string())),
    )?)
}

fn plain(text: String) -> SinglePart {
    part(ContentType::TEXT_PLAIN, text)
}

/// Quoted-printable: any server takes it, and no line is too long.
fn part(kind: ContentType, text: String) -> SinglePart {
    SinglePart::builder()
        .header(kind)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(text)
}

/// A header whose value is ours alone: no text of people.
fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.to_owned(),
        value.to_owned(),
    )
}

/// Without line ends and other control characters, which could end a header or hide a text.
fn one_line(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars()
        .map(plain)
        .collect::<String>()
        .trim()
        .to_owned()
}
