//! SQL to read, copy and save: exactly what runs.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::dialog::Drawer;
use super::icon::icon;
use super::note::Note;

/// The SQL of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSql {
    /// Key of the step.
    pub key: String,
    /// Title.
    pub title: String,
    /// What it locks, or a note.
    pub note: Option<String>,
    /// Statements that run.
    pub sql: Vec<String>,
    /// Statements that undo it.
    pub undo_sql: Vec<String>,
}

const KEYWORDS: [&str; 64] = [
    "ADD",
    "AFTER",
    "ALTER",
    "ALWAYS",
    "AND",
    "AS",
    "ASC",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASCADE",
    "CASE",
    "CHECK",
    "COLUMN",
    "COMMIT",
    "CONFLICT",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DO",
    "DROP",
    "ELSE",
    "END",
    "EXISTS",
    "FOREIGN",
    "FROM",
    "GROUP",
    "IF",
    "IMMEDIATE",
    "IN",
    "INDEX",
    "INSERT",
    "INTEGER",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEFT",
    "LIMIT",
    "NOT",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "PRAGMA",
    "PRIMARY",
    "REFERENCES",
    "RENAME",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TO",
    "TRIGGER",
    "UNIQUE",
    "UPDATE",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WITH",
];

/// A piece of a statement, and the class it is shown with.
fn pieces(sql: &str) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (class, length) = if rest.starts_with("--") {
            ("c", rest.find('\n').unwrap_or(rest.len()))
        } else if first == '\'' {
            ("s", rest[1..].find('\'').map_or(rest.len(), |end| end + 2))
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            let word = &rest[..end];
            (
                if KEYWORDS.binary_search(&word).is_ok() {
                    "k"
                } else {
                    ""
                },
                end,
            )
        } else {
            ("", first.len_utf8())
        };
        let (piece, left) = rest.split_at(length);
        match out.last_mut() {
            Some((last, text)) if *last == class && class.is_empty() => text.push_str(piece),
            _ => out.push((class, piece.to_string())),
        }
        rest = left;
    }
    out
}

/// Statements, coloured.
fn statements(sql: &[String]) -> AnyView {
    let text = joined(sql);
    view! {
        <pre class="sql mt-2" tabindex="0">
            {pieces(&text).into_iter().map(|(class, text)| view! { <span class=class>{text}</span> }).collect_view()}
        </pre>
    }
    .into_any()
}

fn joined(sql: &[String]) -> String {
    sql.iter()
        .map(|statement| format!("{};", statement.trim_end().trim_end_matches(';')))
        .collect::<Vec<_>>()
        .join("\n")
}

fn script(steps: &[StepSql]) -> String {
    steps
        .iter()
        .filter(|step| !step.sql.is_empty())
        .map(|step| format!("-- {} ({})\n{}\n", step.title, step.key, joined(&step.sql)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A drawer with the SQL of one step or of all, and how each is undone.
#[component]
pub fn SqlDrawer(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// Heading.
    #[prop(into)]
    title: Signal<String>,
    /// The steps.
    #[prop(into)]
    steps: Signal<Vec<StepSql>>,
    /// Name of the saved file.
    file_name: String,
) -> impl IntoView {
    let file_name = StoredValue::new(file_name);
    view! {
        <Drawer open title>
            <div class="body">
                <Note>"This is exactly what runs. Reading it changes nothing."</Note>
                {move || steps.get().into_iter().map(step_sql).collect_view()}
            </div>
            <footer>{move || buttons(script(&steps.get()), &file_name.get_value(), open)}</footer>
        </Drawer>
    }
    .into_any()
}

fn step_sql(step: StepSql) -> AnyView {
    let empty = step.sql.is_empty();
    let undo = (!step.undo_sql.is_empty()).then(|| {
        view! { <details><summary class="sm">"How it is undone"</summary>{statements(&step.undo_sql)}</details> }
    });
    view! {
        <div>
            <h3>{step.title}</h3>
            {step.note.map(|note| view! { <p class="sm">{note}</p> })}
            {if empty { view! { <p class="sm">"Runs no SQL."</p> }.into_any() } else { statements(&step.sql) }}
            {undo}
        </div>
    }
    .into_any()
}

fn buttons(text: String, file_name: &str, open: RwSignal<bool>) -> AnyView {
    let copied = RwSignal::new(false);
    let href = format!(
        "data:text/plain;charset=utf-8,{}",
        String::from(js_sys::encode_uri_component(&text))
    );
    let copy = move |_| {
        let promise = window().navigator().clipboard().write_text(&text);
        leptos::task::spawn_local(async move {
            let done: Result<JsValue, JsValue> =
                wasm_bindgen_futures::JsFuture::from(promise).await;
            copied.try_set(done.is_ok());
        });
    };
    view! {
        <button type="button" class="btn" on:click=copy>{icon("copy")} {move || if copied.get() { "Copied" } else { "Copy all" }}</button>
        <a class="btn" href=href download=file_name.to_string()>{icon("download")} "Download .sql"</a>
        <button type="button" class="btn quiet" on:click=move |_| open.set(false)>"Close"</button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_statement_is_lost_by_colouring_it() {
        for sql in [
            "UPDATE \"a\" SET x = 'it''s' WHERE y IS NULL; -- why\nSELECT 1",
            "CREATE TABLE ñ (id INTEGER PRIMARY KEY, t TEXT DEFAULT 'open",
            "",
        ] {
            let back: String = pieces(sql).into_iter().map(|(_, text)| text).collect();
            assert_eq!(back, sql);
        }
    }

    #[test]
    fn keywords_are_in_order_so_that_they_are_found() {
        assert!(KEYWORDS.is_sorted());
        assert_eq!(pieces("WHERE x")[0], ("k", "WHERE".to_string()));
    }

    #[test]
    fn a_script_ends_each_statement_once() {
        assert_eq!(
            joined(&["SELECT 1;".into(), "SELECT 2".into()]),
            "SELECT 1;\nSELECT 2;"
        );
    }
}
