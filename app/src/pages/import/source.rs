//! Where the file comes from: chosen, dropped on the page, or pasted as text.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DragEvent, Event, File, FileReader, HtmlInputElement};

use super::{Import, file};
use crate::components::icon;

/// Largest file taken, in bytes: far above 10,000 rows, far below what a browser or the server would choke on.
const LARGEST: f64 = 4_000_000.0;

/// Chooses, takes a dropped, or reads a pasted file.
#[component]
pub fn FileSource(
    /// What gets the file.
    import: Import,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let pasted = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let take = move |chosen: File| {
        refused.set(None);
        if chosen.size() > LARGEST {
            refused.set(Some(format!("{} has more than 4 MB. A file of 10,000 organizations has about 1 MB; choose another.", chosen.name())));
            return;
        }
        read(&chosen, import, refused);
    };
    let chosen = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        if let Some(chosen) = input.files().and_then(|files| files.get(0)) {
            take(chosen);
        }
    };
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(found) = event
            .data_transfer()
            .and_then(|data| data.files())
            .and_then(|files| files.get(0))
        {
            take(found);
        }
    };
    let paste = move |_| {
        let text = pasted.get_untracked();
        if text.trim().is_empty() {
            refused.set(Some("Paste the text of a CSV file first.".to_owned()));
            return;
        }
        refused.set(None);
        import.take(String::new(), file::base64(text.as_bytes()));
    };
    view! {
        <section class="panel" aria-labelledby="file-heading">
            <header>
                <h2 id="file-heading">"Choose a file"</h2>
                <p>"You see every row before anything is saved"</p>
            </header>
            <div class="body stack-sm">
                <label
                    class="drop"
                    class:over=move || over.get()
                    on:dragover=move |event: DragEvent| {
                        event.prevent_default();
                        over.set(true);
                    }
                    on:dragleave=move |_| over.set(false)
                    on:drop=dropped
                >
                    {icon("upload")}
                    <b>"Drop a CSV file here, or choose one"</b>
                    <span class="sm">"First line: code,name,kind,contact_name,contact_email"</span>
                    <input type="file" accept=".csv,text/csv" on:change=chosen />
                </label>
                <details>
                    <summary>"Paste text instead"</summary>
                    <div class="stack-sm mt-2">
                        <div class="field">
                            <label for="pasted">"Text of the CSV file"</label>
                            <textarea
                                class="in mono"
                                id="pasted"
                                rows="8"
                                spellcheck="false"
                                prop:value=move || pasted.get()
                                on:input=move |event| pasted.set(event_target_value(&event))
                            ></textarea>
                        </div>
                        <div>
                            <button type="button" class="btn" on:click=paste>
                                "Read the text"
                            </button>
                        </div>
                    </div>
                </details>
                <div role="alert">
                    {move || {
                        refused
                            .get()
                            .map(|why| {
                                view! {
                                    <div class="field">
                                        <p class="err" role="alert">
                                            {icon("failed")}
                                            {why}
                                        </p>
                                    </div>
                                }
                            })
                    }}
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// Reads the bytes as they are: whether they are UTF-8 is for the server to say, with the line.
fn read(chosen: &File, import: Import, refused: RwSignal<Option<String>>) {
    let Ok(reader) = FileReader::new() else {
        return;
    };
    let name = chosen.name();
    let loaded = {
        let reader = reader.clone();
        Closure::once_into_js(move |_: Event| {
            let content = reader
                .result()
                .ok()
                .and_then(|result| result.as_string())
                .and_then(|url| url.split_once(',').map(|(_, content)| content.to_owned()));
            match content {
                Some(content) => import.take(name, content),
                // A file without a byte gives an address without a comma.
                None => {
                    refused.set(Some(format!("{name} could not be read. Check that it still exists and is not empty, then choose it again.")));
                }
            }
        })
    };
    reader.set_onloadend(Some(loaded.unchecked_ref()));
    reader.read_as_data_url(chosen).ok();
}
