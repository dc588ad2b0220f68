//! Tells a screen reader what became of a command: one polite line of the page, which eyes do not see.

use leptos::prelude::*;

/// Says a sentence once the present one is read. What was said before is forgotten.
pub fn announce(words: &str) {
    const ID: &str = "announcement";
    let document = document();
    let place = document.get_element_by_id(ID).or_else(|| {
        let place = document.create_element("p").ok()?;
        place.set_id(ID);
        place.set_class_name("vh");
        place.set_attribute("role", "status").ok()?;
        document.body()?.append_child(&place).ok()?;
        Some(place)
    });
    if let Some(place) = place {
        place.set_text_content(Some(words));
    }
}
