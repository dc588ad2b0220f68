//! The state of a system as a small picture, for other people's pages. Its words stand in it as text, and as its title.

use shared::status::{PublicState, PublicStatus};

use super::feeds::escape;

/// The badge.
pub(super) fn of(status: &PublicStatus) -> String {
    let word = status.claimed().word();
    // both colours give white text at least 4.5:1
    let colour = match status.claimed() {
        PublicState::Working => "#126238",
        PublicState::Slow => "#7f4f00",
        PublicState::Unavailable => "#a92218",
        PublicState::Maintenance => "#1553b7",
        PublicState::Unknown => "#515d64",
    };
    let title = escape(&short(&status.title));
    let (left, right) = (width(&short(&status.title)), width(word));
    let whole = left + right;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" \
         aria-label=\"{title}: {word}\"><title>{title}: {word}</title>\
         <rect width=\"{whole}\" height=\"20\" rx=\"3\" fill=\"#30383d\"/>\
         <path d=\"M{left} 0h{straight}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z\" fill=\"{colour}\"/>\
         <g fill=\"#fff\" font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\">\
         <text x=\"{left_middle}\" y=\"14\">{title}</text><text x=\"{right_middle}\" y=\"14\">{word}</text></g></svg>\n",
        straight = right - 3,
        left_middle = left / 2,
        right_middle = left + right / 2,
    )
}

fn short(title: &str) -> String {
    title.chars().take(40).collect()
}

/// About what the text takes; fonts differ.
fn width(text: &str) -> usize {
    text.chars().count() * 7 + 14
}
