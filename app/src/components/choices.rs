//! A searched list of choices: a combobox over a listbox, moved through by arrow keys.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icon::icon;
use super::panel::unique;

/// One choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What `on_choose` gets.
    pub value: String,
    /// Heading that it stands under.
    pub group: String,
    /// A short code before the title, or none for an icon.
    pub code: Option<String>,
    /// Icon when there is no code.
    pub picture: &'static str,
    /// Title.
    pub title: String,
    /// A few words below.
    pub note: String,
}

impl Choice {
    fn fits(&self, words: &str) -> bool {
        let text = format!(
            "{} {} {}",
            self.code.as_deref().unwrap_or_default(),
            self.title,
            self.note
        )
        .to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    }
}

/// A search field and the choices that fit.
#[component]
pub fn Choices(
    /// Name of the search field.
    #[prop(into)]
    label: String,
    /// All choices.
    #[prop(into)]
    choices: Signal<Vec<Choice>>,
    /// The value chosen now.
    #[prop(optional, into)]
    chosen: Signal<String>,
    /// Gets the value of the choice.
    on_choose: impl Fn(String) + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let active = RwSignal::new(0_usize);
    let list_id = format!("choices-{}", unique());
    let fitting = Memo::new(move |_| {
        let words = words.get().to_lowercase();
        choices.with(|choices| {
            choices
                .iter()
                .filter(|choice| choice.fits(&words))
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let option_id = StoredValue::new(list_id.clone());
    let id_of = move |place: usize| option_id.with_value(|id| format!("{id}-{place}"));
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
    let on_choose = StoredValue::new(on_choose);
    let choose = move |place: usize| {
        if let Some(choice) = fitting.with_untracked(|fitting| fitting.get(place).cloned()) {
            on_choose.with_value(|on_choose| on_choose(choice.value));
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        let last = fitting.with_untracked(Vec::len).saturating_sub(1);
        let now = active.get_untracked().min(last);
        let next = match event.key().as_str() {
            "ArrowDown" => (now + 1).min(last),
            "ArrowUp" => now.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            "Enter" => {
                event.prevent_default();
                choose(now);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        active.set(next);
        let option = document().get_element_by_id(&id_of(next));
        if let Some(option) =
            option.and_then(|option| option.dyn_into::<web_sys::HtmlElement>().ok())
        {
            option.scroll_into_view_with_bool(false);
        }
    };
    let name = label.clone();
    let list = move || {
        let mut group = String::new();
        fitting
            .get()
            .into_iter()
            .enumerate()
            .map(|(place, choice)| {
                let heading = (choice.group != group).then(|| {
                    group = choice.group.clone();
                    view! { <div class="gh" role="presentation">{group.clone()}</div> }
                });
                let is_chosen = chosen.with(|chosen| *chosen == choice.value && !choice.value.is_empty());
                let lead = match choice.code {
                    Some(code) => view! { <span class="tile code plain">{code}</span> }.into_any(),
                    None => view! { <span class="tile code" aria-hidden="true">{icon(choice.picture)}</span> }.into_any(),
                };
                view! {
                    {heading}
                    <div
                        class="opt" class:active=move || active.get() == place role="option" id=id_of(place)
                        aria-selected=if is_chosen { "true" } else { "false" }
                        on:click=move |_| choose(place)
                    >
                        {lead} <span><b>{choice.title}</b><small>{choice.note}</small></span> {is_chosen.then(|| icon("check"))}
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <div class="searchbox">
            {icon("search")}
            <input
                node_ref=input class="in" role="combobox" aria-expanded="true" aria-autocomplete="list" autocomplete="off" spellcheck="false"
                aria-label=label.clone() placeholder=label aria-controls=list_id.clone()
                aria-activedescendant=move || fitting.with(|fitting| (!fitting.is_empty()).then(|| id_of(active.get().min(fitting.len() - 1))))
                prop:value=move || words.get()
                on:input=move |event| { words.set(event_target_value(&event)); active.set(0); }
                on:keydown=keys
            />
        </div>
        <div class="choices" role="listbox" id=list_id aria-label=name>{list}</div>
        {move || fitting.with(Vec::is_empty).then(|| view! { <p class="sm none" role="status">"Nothing fits."</p> })}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_to_fit_somewhere_in_code_title_or_note() {
        let choice = Choice {
            value: String::new(),
            group: String::new(),
            code: Some("MOH".into()),
            picture: "org",
            title: "Ministry of Health".into(),
            note: "Pilot".into(),
        };
        assert!(choice.fits("moh"));
        assert!(choice.fits("health pilot"));
        assert!(choice.fits(""));
        assert!(!choice.fits("health active"));
    }
}
