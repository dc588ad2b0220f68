//! What the dialogs of both kinds of notice share: title, text, the fields of a template, a preview, and the two requests.

use leptos::prelude::*;
use shared::notice::{NoticePreview, Notices, PreviewNotice, Template};

use super::blanks::{BlankFields, Blanks, Look};
use crate::api::{self, Answer};
use crate::components::{ActionButton, Dialog, RefusalNote};
use crate::loader::Loaded;
use crate::submission::Submission;

/// A notice that is being written.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    slug: StoredValue<String>,
    open: RwSignal<bool>,
    pub(super) title: RwSignal<String>,
    pub(super) text: RwSignal<String>,
    pub(super) blanks: Blanks,
    preview: RwSignal<Option<NoticePreview>>,
    /// The last try to save it.
    pub(super) saving: Submission,
    looking: Submission,
}

impl Draft {
    /// Nothing is written. Each time the dialog opens it is emptied, and `fill` writes into it what there is.
    pub(super) fn new(
        slug: StoredValue<String>,
        open: RwSignal<bool>,
        fill: impl Fn(Self) + 'static,
    ) -> Self {
        let draft = Self {
            slug,
            open,
            title: RwSignal::new(String::new()),
            text: RwSignal::new(String::new()),
            blanks: Blanks::new(),
            preview: RwSignal::new(None),
            saving: Submission::new(),
            looking: Submission::new(),
        };
        Effect::new(move |_| {
            if open.get() {
                draft.saving.clear();
                draft.looking.clear();
                draft.blanks.clear();
                draft.preview.set(None);
                fill(draft);
            }
        });
        draft
    }

    /// Begins with the words of a template; `known` are fields that the dialog itself asks for.
    pub(super) fn begin_with(self, template: &Template, known: &[&str]) {
        self.title.set(template.title.clone());
        self.text.set(template.body.clone());
        self.blanks.ask(template, known);
    }

    /// Why a field is not accepted, by the last try to save or the last preview.
    pub(super) fn problem(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            let of = |one: Submission| one.error().and_then(|error| error.field(field));
            of(self.saving).or_else(|| of(self.looking))
        })
    }

    /// Shows what the public will see. The title, the text and the fields of the template are this draft's.
    fn look(self, rest: PreviewNotice) {
        let notice = PreviewNotice {
            title: self.title.get_untracked(),
            body: self.text.get_untracked(),
            fields: self.blanks.values(),
            ..rest
        };
        self.preview.set(None);
        self.saving.dismiss();
        let system = self.slug.get_value();
        self.looking.run(
            async move { api::preview_notice(&system, &notice).await },
            move |seen| self.preview.set(Some(seen)),
        );
    }

    /// Saves it, shows the answer in the page and closes the dialog.
    pub(super) fn save(
        self,
        loaded: Loaded<Notices>,
        request: impl Future<Output = Answer<Notices>> + 'static,
    ) {
        self.looking.clear();
        self.saving.run(request, move |answer| {
            loaded.set(answer);
            self.open.set(false);
        });
    }

    /// The fields of the template, in the form.
    pub(super) fn blank_fields(self, id: &'static str) -> impl IntoView {
        view! { <BlankFields id blanks=self.blanks tries=[self.saving, self.looking]/> }
    }
}

/// The dialog around the form of a draft, with its preview and its buttons.
#[component]
pub(super) fn DraftDialog(
    /// What is written.
    draft: Draft,
    /// Its heading.
    heading: Signal<String>,
    /// Names of the form's own fields: what is refused about them stands beside them.
    fields: &'static [&'static str],
    /// What a preview needs besides the title and the text.
    rest: impl Fn() -> PreviewNotice + Copy + Send + Sync + 'static,
    /// Saves it.
    on_save: impl Fn() + Copy + Send + Sync + 'static,
    /// Words on the button that does.
    save_words: Signal<&'static str>,
    /// The fields.
    children: ChildrenFn,
) -> impl IntoView {
    let Draft {
        open,
        saving,
        looking,
        preview,
        ..
    } = draft;
    let beside = Signal::derive(move || draft.blanks.and(fields));
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        on_save();
    };
    view! {
        <Dialog open title=heading>
            <form class="dialog-form" on:submit=send novalidate>
                <div class="body">
                    {children()}
                    <ActionButton label="Preview" class="sm" pending=Signal::derive(move || looking.is_pending()) on_press=move || draft.look(rest())/>
                    <Look preview/>
                    <RefusalNote submission=looking beside/>
                    <RefusalNote submission=saving beside/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                    <button class="btn primary" aria-disabled=move || saving.is_pending().then_some("true")>{save_words}</button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
