//! All organizations together: totals only, for those who answer for the whole.

use leptos::prelude::*;
use shared::browse::{AllOrganizations, OrganizationRows};
use shared::event::Topic;
use shared::organization::Stage;

use crate::api;
use crate::components::{Empty, PageHead, Stat, Stats, Systems, mode_badge};
use crate::format;
use crate::loader::load;
use crate::pages::organizations::stage_badge;
use crate::route::{SystemPage, encode};

/// Width of the bars in their own units.
const WIDTH: f64 = 420.0;
/// Series with a colour of their own; the smallest are merged into the last.
const SERIES: usize = 6;

/// The page.
#[component]
pub fn AllPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let systems = expect_context::<Systems>();
    let system = Signal::stored(system);
    let mode = Memo::new(move |_| systems.find(&system.get()).and_then(|summary| summary.mode));
    let loaded = load(
        &[Topic::Organizations, Topic::Coverage, Topic::Mode],
        move || {
            let system = system.get();
            async move { api::all_organizations(&system).await }
        },
    );
    let sub = move || {
        loaded.with(|all| match all {
            Some(all) => format!(
                "Totals from {} with records. Single records are not shown here.",
                format::counted(u64::from(all.with_rows), "organization", "organizations")
            ),
            None => "Totals only. Single records are not shown here.".to_owned(),
        })
    };
    view! {
        <PageHead
            title="All organizations together"
            sub=Signal::derive(sub)
            badges=move || mode.get().map(|mode| mode_badge(&mode, false)).into_any()
        />
        {loaded.view("totals", move |all| view! { <Totals system=system all=all /> }.into_any())}
    }
    .into_any()
}

#[component]
fn Totals(system: Signal<String>, all: Memo<AllOrganizations>) -> impl IntoView {
    let descending = RwSignal::new(true);
    let in_all = Memo::new(move |_| all.with(records));
    let largest = Memo::new(move |_| {
        all.with(|all| {
            all.organizations
                .iter()
                .map(|one| one.total)
                .max()
                .unwrap_or(0)
        })
    });
    let shown = move || {
        let mut lines = all.with(|all| {
            all.organizations
                .iter()
                .filter(|one| one.total > 0)
                .cloned()
                .collect::<Vec<_>>()
        });
        lines.sort_by(|one, other| {
            one.total
                .cmp(&other.total)
                .then_with(|| other.code.cmp(&one.code))
        });
        if descending.get() {
            lines.reverse();
        }
        lines
    };
    view! {
        {move || (in_all.get() > 0).then(|| all.with(stats))}
        <section class="panel clip" aria-labelledby="by-heading">
            <header>
                <h2 id="by-heading">"Records by organization"</h2>
                <ul class="legend push">
                    {move || {
                        all.with(|all| all.models.clone())
                            .into_iter()
                            .enumerate()
                            .take(SERIES)
                            .map(|(place, model)| {
                                let last = place + 1 == SERIES && all.with(|all| all.models.len()) > SERIES;
                                view! {
                                    <li>
                                        <svg class="chart" viewBox="0 0 12 12" aria-hidden="true">
                                            <rect class=format!("s{}", place + 1) width="12" height="12" />
                                        </svg>
                                        {if last { "Others".to_owned() } else { model }}
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
            </header>
            {move || {
                if in_all.get() == 0 {
                    view! {
                        <Empty
                            picture="layers"
                            title="No record has an organization yet"
                            text="The run gives every record its organization. Totals appear here as it goes on."
                        >
                            <a class="btn primary" href=SystemPage::Runs.of(&system.get_untracked())>"Go to the runs"</a>
                        </Empty>
                    }
                        .into_any()
                } else {
                    view! {
                        <div class="scroll" tabindex="0" role="group" aria-labelledby="by-heading">
                            <table class="t rows mid">
                                <thead>
                                    <tr>
                                        <th scope="col">"Organization"</th>
                                        <th scope="col">"Stage"</th>
                                        <th scope="col">"What they hold"</th>
                                        <th scope="col" class="r" aria-sort=move || if descending.get() { "descending" } else { "ascending" }>
                                            <button type="button" on:click=move |_| descending.update(|now| *now = !*now)>
                                                "Records"
                                                {move || crate::components::icon(if descending.get() { "down" } else { "up" })}
                                            </button>
                                        </th>
                                    </tr>
                                </thead>
                                <tbody>
                                    {move || {
                                        let models = all.with(|all| all.models.clone());
                                        shown().into_iter().map(|one| line(&system.get_untracked(), &models, largest.get(), one)).collect_view()
                                    }}
                                </tbody>
                                <tfoot>
                                    <tr>
                                        <th scope="row">
                                            {move || {
                                                all.with(|all| {
                                                    format!("{} with records, {} without", all.with_rows, all.organizations.len() - all.with_rows as usize)
                                                })
                                            }}
                                        </th>
                                        <td></td>
                                        <td></td>
                                        <td class="r">{move || format::count(in_all.get())}</td>
                                    </tr>
                                </tfoot>
                            </table>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}

/// Records of all models and organizations together.
fn records(all: &AllOrganizations) -> u64 {
    all.organizations.iter().map(|one| one.total).sum()
}

/// The numbers above the table: all records, organizations in use, and the four largest models.
fn stats(all: &AllOrganizations) -> AnyView {
    let in_all = records(all);
    let of = |stage: Stage| {
        all.organizations
            .iter()
            .filter(|one| one.stage == stage)
            .count()
    };
    let (active, pilot) = (of(Stage::Active), of(Stage::Pilot));
    let mut totals = all.totals.clone();
    totals.sort_by_key(|total| std::cmp::Reverse(total.rows));
    let models = totals
        .into_iter()
        .take(4)
        .map(|total| {
            let share = (total.rows * 100).checked_div(in_all).unwrap_or(0);
            view! {
                <Stat label=Signal::stored(total.model) value=Signal::stored(format::count(total.rows))>
                    {format!("{share}% of all records")}
                </Stat>
            }
        })
        .collect_view();
    let organizations = all.organizations.len();
    view! {
        <Stats label="Totals">
            <Stat label="Records" value=Signal::stored(format::count(in_all))>
                "Of all models together"
            </Stat>
            <Stat
                label="Organizations in use"
                value=Signal::stored((active + pilot).to_string())
                unit=Signal::stored(format!("of {organizations}"))
            >
                {format!("{active} active, {pilot} in pilot")}
            </Stat>
            {models}
        </Stats>
    }
    .into_any()
}

fn line(system: &str, models: &[String], largest: u64, one: OrganizationRows) -> AnyView {
    let told = models
        .iter()
        .zip(&one.rows)
        .filter(|(_, rows)| **rows > 0)
        .map(|(model, rows)| format!("{} {}", format::count(*rows), model))
        .collect::<Vec<_>>()
        .join(", ");
    let rects = segments(&one.rows, largest)
        .into_iter()
        .enumerate()
        .filter(|(_, (_, width))| *width > 0.0)
        .map(|(place, (x, width))| {
            view! { <rect class=format!("s{}", place + 1) x=format!("{x:.1}") width=format!("{:.1}", (width - 1.0).max(0.8)) height="14" /> }
        })
        .collect_view();
    let href = format!(
        "{}?organization={}",
        SystemPage::Data { model: None }.of(system),
        encode(&one.code)
    );
    view! {
        <tr>
            <th scope="row">
                <a class="name" href=href>
                    {one.code.clone()}
                </a>
                <small>{one.name}</small>
            </th>
            <td>{stage_badge(one.stage)}</td>
            <td class="barcell">
                <svg class="chart hbar lg" viewBox="0 0 420 14" preserveAspectRatio="none" role="img" aria-label=format!("{}: {told}", one.code)>
                    {rects}
                </svg>
            </td>
            <td class="r">{format::count(one.total)}</td>
        </tr>
    }
    .into_any()
}

/// Left edge and width of each series of one bar, against the largest bar; series beyond the sixth are one.
fn segments(rows: &[u64], largest: u64) -> Vec<(f64, f64)> {
    if largest == 0 {
        return Vec::new();
    }
    let mut series: Vec<u64> = rows.iter().copied().take(SERIES).collect();
    if let Some(last) = series.last_mut() {
        *last += rows.iter().skip(SERIES).sum::<u64>();
    }
    let mut x = 0.0;
    series
        .into_iter()
        .map(|count| {
            let width = count as f64 * WIDTH / largest as f64;
            let segment = (x, width);
            x += width;
            segment
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_organization_fills_its_bar_and_no_more() {
        let drawn = segments(&[234, 87, 156, 342, 28], 847);
        let (x, width) = drawn[4];
        assert!((x + width - WIDTH).abs() < 0.001);
    }

    #[test]
    fn models_beyond_the_sixth_are_drawn_as_one() {
        let drawn = segments(&[1, 1, 1, 1, 1, 1, 1, 1], 8);
        assert_eq!(drawn.len(), SERIES);
        assert!((drawn[5].1 - 3.0 * WIDTH / 8.0).abs() < 0.001);
    }

    #[test]
    fn without_any_record_there_is_no_bar() {
        assert!(segments(&[0, 0], 0).is_empty());
    }
}
