//! Status pages as complete HTML: no script, style or picture of anybody else, and readable without any of our own.

mod days;
mod fit;
mod parts;
mod sections;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, html};
use shared::status::{PublicIndex, PublicState, PublicStatus};

use super::style::{ICON, SCRIPT, STYLE};
use super::text;
use super::zoned::Zone;
use crate::config::{Config, StatusConfig};

/// Where a page stands, and how links are written there.
#[derive(Debug, Clone)]
pub struct Place {
    /// What stands before the names of style and script.
    assets: String,
    /// What stands before the slug of a system.
    systems: String,
    /// What stands behind it.
    behind: &'static str,
    /// The list of systems.
    index: String,
    /// Whether the page is not for search engines.
    hidden: bool,
    /// Before the name of a file of the same system; none: the address of the system.
    files: Option<String>,
    /// Where one subscribes.
    subscribe: Subscribe,
}

/// Where one subscribes to be told by mail. Each holds what stands before the rest of the address.
#[derive(Debug, Clone)]
enum Subscribe {
    /// Nobody can.
    Nowhere,
    /// With a form on this page.
    Here(String),
    /// On the page of the console: a copy on another host cannot take an address.
    There(String),
}

impl Place {
    /// On the running server.
    pub fn live() -> Self {
        Self {
            assets: "/status/".into(),
            systems: "/status/".into(),
            behind: "",
            index: "/status".into(),
            hidden: false,
            files: None,
            subscribe: Subscribe::Nowhere,
        }
    }

    /// With a form to subscribe, when mail can be sent; as a file with a link to where there is one.
    pub(super) fn with_form(mut self, config: &Config) -> Self {
        if config.mail.is_some() {
            self.subscribe = match &self.files {
                None => Subscribe::Here("/status/".into()),
                Some(link) if self.hidden => Subscribe::Here(link.clone()),
                Some(_) => Subscribe::There(format!("{}/status/", config.origin())),
            };
        }
        self
    }

    /// As a file; `up` leads to the directory of the list.
    pub fn file(up: &str) -> Self {
        Self {
            assets: up.into(),
            systems: up.into(),
            behind: "/index.html",
            index: format!("{up}index.html"),
            hidden: false,
            files: Some(String::new()),
            subscribe: Subscribe::Nowhere,
        }
    }

    /// Behind a link; `base` is its path.
    pub fn link(base: &str) -> Self {
        Self {
            index: base.to_owned(),
            hidden: true,
            files: Some(format!("{base}/")),
            ..Self::live()
        }
    }

    fn system(&self, slug: &str) -> String {
        format!("{}{slug}{}", self.systems, self.behind)
    }

    /// Where "Get mails" at the top leads.
    fn mails(&self, slug: &str) -> Option<String> {
        match &self.subscribe {
            Subscribe::Nowhere => None,
            Subscribe::Here(_) => Some("#subscribe".into()),
            Subscribe::There(before) => Some(format!("{before}{slug}#subscribe")),
        }
    }

    /// Where the form on this page is sent.
    fn form(&self, slug: &str) -> Option<String> {
        match &self.subscribe {
            Subscribe::Here(before) if self.hidden => Some(format!("{before}subscribe")),
            Subscribe::Here(before) => Some(format!("{before}{slug}/subscribe")),
            Subscribe::Nowhere | Subscribe::There(_) => None,
        }
    }

    fn of_system(&self, slug: &str, file: &str) -> String {
        match &self.files {
            Some(before) => format!("{before}{file}"),
            None => format!("{}{slug}/{file}", self.systems),
        }
    }
}

/// The page of one system.
pub(super) fn system(
    site: &StatusConfig,
    status: &PublicStatus,
    place: &Place,
    address: &str,
) -> String {
    let zone = Zone::of(&status.zone);
    let feed = place.of_system(&status.slug, "feed.atom");
    let calendar = place.of_system(&status.slug, "maintenance.ics");
    let everything = place.of_system(&status.slug, "status.json");
    let fit = fit::Fit::of(status);
    let body = html! {
        a.skip href="#main" { "Skip to content" }
        header.bar { div.wrap {
            a.who href=(place.index) { (status.title) @if !site.organization.is_empty() { small { (site.organization) } } }
            nav aria-label="Follow" {
                a href=(feed) { "Feed" } " "
                @if let Some(there) = place.mails(&status.slug) { a href=(there) { "Get mails" } " " }
                @if !status.maintenance.is_empty() { a href=(calendar) { "Calendar" } }
            }
        } }
        p.vh #said role="status" {}
        main #main.wrap {
            (sections::verdict(status, &zone))
            (sections::timeline(status, &zone))
            (sections::maintenance(status, &fit, &zone, &calendar))
            (sections::organization(status))
            (sections::coverage(status, &zone))
            (days::availability(status))
            (sections::updates(&fit, &zone, &feed, &everything))
            @if let Some(action) = place.form(&status.slug) { (sections::subscribe(status, &action)) }
        }
        footer.foot { div.wrap {
            @if status.contact.is_empty() { span { "Published by Switchyard" } } @else { span { (status.contact) } }
            span { "Times are " (zone.name()) " time" }
        } }
    };
    let parts = [
        if status.stale {
            "Not checked lately."
        } else {
            ""
        },
        &status.headline,
        &status.detail,
    ];
    let description = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let head = Head {
        title: format!("{}: {} status", status.claimed().word(), status.title),
        description,
        address: address.to_owned(),
        feed: Some(feed),
        zone: zone.name().to_owned(),
        site: site.title.clone(),
        image: Some(format!("{address}/badge.svg")),
    };
    document(&head, place, body)
}

/// The list of systems.
pub(super) fn index(index: &PublicIndex, place: &Place, origin: &str) -> String {
    let states: Vec<PublicState> = index.systems.iter().map(PublicStatus::claimed).collect();
    let worst = parts::worst(&states);
    let headline = text::index_headline(&states);
    let zone = Zone::of(index.systems.first().map_or("UTC", |first| &first.zone));
    let body = html! {
        a.skip href="#main" { "Skip to content" }
        header.bar { div.wrap {
            a.who href=(place.index) { (index.title) @if !index.organization.is_empty() { small { (index.organization) } } }
        } }
        p.vh #said role="status" {}
        main #main.wrap {
            section aria-labelledby="now" {
                (sections::old(&index.checked, index.stale, &zone))
                div.verdict data-state=(parts::tone(worst)) {
                    (parts::icon(parts::state_icon(worst)))
                    h1 #now { (headline) }
                    (sections::as_of(&index.checked, &zone))
                }
            }
            @if !index.systems.is_empty() {
                section aria-labelledby="systems" {
                    h2 #systems { "Systems" }
                    @for status in &index.systems { (sections::line(status, &place.system(&status.slug))) }
                }
            }
            (sections::planned(index, |slug| place.system(slug)))
        }
        footer.foot { div.wrap {
            span { "A full bar: it worked all day. Middle: slow for a while. Short: not available for a while. Thin: not measured." }
            @if index.systems.iter().all(|one| one.zone == zone.name()) { span { "Times are " (zone.name()) " time" } }
            @else { span { "Each time is in the zone beside it" } }
        } }
    };
    let head = Head {
        title: format!("{headline} {}", index.title),
        description: headline.clone(),
        address: format!("{origin}/status"),
        feed: None,
        zone: zone.name().to_owned(),
        site: index.title.clone(),
        image: None,
    };
    document(&head, place, body)
}

/// The answer for everything that is not public: unknown, private, expired and revoked look the same.
pub fn nothing_here() -> String {
    let body = html! {
        main #main.wrap {
            div.verdict data-state="pending" {
                (parts::icon("pending"))
                h1 { "There is no status page here" }
                p { "Nothing is published at this address, or the link is not good any more. Ask whoever sent it to you." }
            }
        }
    };
    let head = Head::bare("No status page");
    let place = Place {
        hidden: true,
        ..Place::live()
    };
    document(&head, &place, body)
}

/// The answer when there is nothing to tell yet, or it cannot be read: without any word of what failed.
pub(crate) fn nothing_now(request: Option<&str>) -> String {
    let body = html! {
        p { "This page cannot be put together right now. That says nothing about the system itself." }
        p { "It is tried again all the time. Look again in a minute." }
        @if let Some(request) = request { p.sm { "Request " (request) } }
    };
    notice("Nothing can be told right now", body)
}

/// A page that says one thing.
pub(crate) fn notice(title: &str, body: Markup) -> String {
    let body = html! {
        main #main.wrap {
            section { h1 { (title) } (body) }
        }
    };
    let head = Head::bare(title);
    let place = Place {
        hidden: true,
        ..Place::live()
    };
    document(&head, &place, body)
}

struct Head {
    title: String,
    description: String,
    address: String,
    feed: Option<String>,
    zone: String,
    /// Name of what the page is a part of.
    site: String,
    /// Address of a picture of the state.
    image: Option<String>,
}

impl Head {
    /// Of a page that says one thing, to nobody else.
    fn bare(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: String::new(),
            address: String::new(),
            feed: None,
            zone: "UTC".into(),
            site: String::new(),
            image: None,
        }
    }
}

fn document(head: &Head, place: &Place, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" data-zone=(head.zone) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if place.hidden { meta name="robots" content="noindex"; }
                title { (head.title) }
                @if !head.description.is_empty() {
                    meta name="description" content=(head.description);
                    meta property="og:type" content="website";
                    meta property="og:title" content=(head.title);
                    meta property="og:description" content=(head.description);
                    meta property="og:url" content=(head.address);
                    meta property="og:site_name" content=(head.site);
                    @if let Some(image) = &head.image {
                        meta property="og:image" content=(image);
                        meta property="og:image:type" content="image/svg+xml";
                        meta property="og:image:alt" content=(head.title);
                    }
                }
                @if let Some(feed) = &head.feed {
                    link rel="alternate" type="application/atom+xml" title="Updates" href=(feed);
                }
                link rel="icon" type="image/svg+xml" href={ (place.assets) (ICON.name) };
                link rel="stylesheet" href={ (place.assets) (STYLE.name) };
                script src={ (place.assets) (SCRIPT.name) } defer {}
            }
            body { (parts::sprite()) (body) }
        }
    };
    page.into_string()
}
