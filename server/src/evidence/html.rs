//! The evidence as one page to print: A4, no script, nothing loaded from anywhere.

use ed25519_dalek::VerifyingKey;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::evidence::Evidence;

use super::{key, markdown, words};

const STYLE: &str = "
:root { color-scheme: light }
@page { size: A4; margin: 16mm 15mm }
body { margin: 0 auto; max-width: 180mm; padding: 8mm 4mm; font: 10.5pt/1.45 system-ui, sans-serif; color: #14171a; background: #fff }
h1 { font-size: 18pt; margin: 0 0 4mm } h2 { font-size: 13pt; margin: 8mm 0 2mm; break-after: avoid } h3 { font-size: 11pt; margin: 5mm 0 1mm; break-after: avoid }
table { border-collapse: collapse; width: 100%; margin: 2mm 0; font-size: 9pt }
th, td { border-bottom: .3mm solid #c4cad0; padding: 1mm 2mm 1mm 0; text-align: left; vertical-align: top; overflow-wrap: anywhere }
tr { break-inside: avoid } thead { display: table-header-group }
ul { margin: 0; padding-left: 5mm } li { overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 8pt/1.4 ui-monospace, monospace; margin: 1mm 0; border-left: .6mm solid #c4cad0; padding-left: 2mm }
.sum { border: .5mm solid #14171a; padding: 3mm; margin: 0 0 4mm } .sum th { width: 32mm; border: 0 } .sum td { border: 0 }
";

/// The whole page.
pub(super) fn page(evidence: &Evidence, key: &VerifyingKey) -> String {
    let title = format!(
        "Evidence of run {} on {}",
        evidence.run.number, evidence.title
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    div.sum { table { tbody {
                        @for (name, value) in words::facts(evidence) { tr { th scope="row" { (name) } td { (value) } } }
                    } } }
                    (section("Approvals", &words::approvals(evidence)))
                    (section("Gates", &words::gates(evidence)))
                    (section("Counts after the run", &words::counts(evidence)))
                    (table(&["Model", "Rows", "With an organization"], &words::models(evidence)))
                    h2 { "Steps" }
                    (table(
                        &["Step", "State", "Rows", "Began", "Took", "Longest lock"],
                        &evidence.steps.iter().map(markdown::step).collect::<Vec<_>>(),
                    ))
                    (section("Incidents", &words::incidents(evidence)))
                    (section("Hashes", &words::hashes(evidence)))
                    (section("Audit log", &[words::audit(evidence)]))
                    (section("How to check it", &[words::check(evidence, &key::hexadecimal(key))]))
                    h2 { "Plan" }
                    @for phase in &evidence.plan.phases {
                        h3 { (phase.title) }
                        @for step in &phase.steps {
                            p { (step.title) }
                            @for sql in &step.sql { pre { (sql) } }
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

fn section(title: &str, lines: &[String]) -> Markup {
    html! {
        h2 { (title) }
        ul { @for line in lines { li { (line) } } }
    }
}

fn table(head: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        @if !rows.is_empty() {
            table {
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}
