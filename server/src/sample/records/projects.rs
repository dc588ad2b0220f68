//! Programs, projects and activities (PPAs) with their budgets and indicators.
//!
//! Some PPAs are hard to place: nobody entered an implementing office, or the account that created
//! them is gone. Of 23, 14 lack the office and their budget code names it (`3-07-OOBC-2019`); 9 lack
//! the creator too and their budget code names no office.

use super::{COMMUNITIES, POLICIES, PPAS, parent};
use crate::db::Value;
use crate::sample::geography::Geography;
use crate::sample::load::Loader;
use crate::sample::people::STAFF;
use crate::sample::random::{LAST_DAY, Random, date};
use crate::sample::{Options, SampleError};

/// The first PPA's id: older ones were deleted before this database begins.
const FIRST_ID: i64 = 1_771;

const SUBJECTS: [&str; 14] = [
    "Halal goat dispersal",
    "Level II water system",
    "Madrasah learning kits",
    "Mobile clinic days",
    "Abaca planting material",
    "Tribal hall repair",
    "Fish landing",
    "Solar street lights",
    "Birth registration caravan",
    "Farm-to-market road",
    "Sewing and weaving starter kits",
    "Scholarship support",
    "Evacuation centre",
    "Seaweed farming inputs",
];

/// Why a PPA cannot be placed by rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    Office,
    Creator,
}

pub(super) async fn write(
    loader: &mut Loader<'_>,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut random = Random::new(options.seed, "projects");
    write_ppas(loader, &mut random, options, geography).await?;
    write_budgets(loader, &mut random, options).await?;
    write_indicators(loader, &mut random, options).await
}

async fn write_ppas(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let scale = i64::from(options.scale.get());
    let count = PPAS * scale;
    let undecided = i64::from(options.undecided).min(count);
    let mut rows = loader.table(
        "project_central_ppa",
        &[
            "id",
            "title",
            "ppa_type",
            "budget_code",
            "fiscal_year",
            "implementing_office",
            "sector",
            "status",
            "approval_status",
            "community_id",
            "policy_id",
            "budget_allocation",
            "start_date",
            "target_end_date",
            "progress",
            "beneficiaries",
            "description",
            "created_by_id",
            "created_at",
            "updated_at",
            "municipality_id",
        ],
    )?;
    for index in 0..count {
        let gap = gap(index, count, undecided);
        let place = &geography.municipalities[random.below(geography.municipalities.len())];
        let subject = random.pick(&SUBJECTS);
        // ids rise with the years, as they do when records are entered as they happen
        let start = 120 + (LAST_DAY - 300) * index / count;
        let year = &date(start)[..4];
        let office = if gap == Some(Gap::Creator) {
            ""
        } else {
            "OOBC-"
        };
        rows.push([
            Value::Integer(FIRST_ID + index),
            Value::from(format!("{subject}, {}, {}", place.name, place.province)),
            Value::from(random.pick(&["program", "project", "project", "activity"])),
            Value::from(format!("3-{:02}-{office}{year}", random.between(1, 12))),
            Value::from(year.parse::<i64>().unwrap_or(2025)),
            Value::from(if gap.is_some() { "" } else { "OOBC" }),
            Value::from(random.pick(&[
                "economic",
                "social",
                "infrastructure",
                "environment",
                "governance",
            ])),
            Value::from(random.pick(&["ongoing", "completed", "planned", "on_hold"])),
            Value::from(random.pick(&["approved", "approved", "technical_review", "draft"])),
            match gap {
                None => Value::Integer(parent(index, count, COMMUNITIES * scale)),
                Some(_) => Value::Null,
            },
            if gap.is_none() && random.chance(20) {
                Value::Integer(random.between(1, POLICIES * scale))
            } else {
                Value::Null
            },
            Value::Integer(random.between(60, 12_000) * 1000),
            Value::from(date(start)),
            Value::from(date(start + random.between(60, 540))),
            Value::Integer(random.between(0, 100)),
            Value::Integer(random.between(20, 4_000)),
            Value::from(format!(
                "{subject} for Bangsamoro communities in {}.",
                place.name
            )),
            if gap == Some(Gap::Creator) {
                Value::Null
            } else {
                Value::Integer(random.between(1, STAFF))
            },
            Value::from(format!(
                "{} 09:{:02}:00",
                date(start - 30),
                random.below(60)
            )),
            Value::from(random.moment(start, LAST_DAY)),
            Value::Integer(place.id),
        ])
        .await?;
    }
    rows.finish().await
}

/// Spreads the records that no rule can place over all of them.
fn gap(index: i64, count: i64, undecided: i64) -> Option<Gap> {
    if undecided == 0 {
        return None;
    }
    let nth = (index * undecided + count - 1) / count;
    if nth >= undecided || nth * count / undecided != index {
        return None;
    }
    let without_creator = undecided * 9 / 23;
    // the latest ones are those whose creator is gone
    Some(if nth >= undecided - without_creator {
        Gap::Creator
    } else {
        Gap::Office
    })
}

/// The id of the PPA that record number `index` of `children` hangs on: one that can be placed, for
/// nobody keeps a budget for a project without an office.
fn placed(index: i64, children: i64, options: &Options) -> i64 {
    let count = PPAS * i64::from(options.scale.get());
    let undecided = i64::from(options.undecided).min(count);
    let first = parent(index, children, count) - 1;
    let placed = (first..count).find(|index| gap(*index, count, undecided).is_none());
    FIRST_ID + placed.unwrap_or(first)
}

async fn write_budgets(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
) -> Result<(), SampleError> {
    let count = 36 * i64::from(options.scale.get());
    let mut rows = loader.table(
        "project_central_budget",
        &[
            "ppa_id",
            "fiscal_year",
            "fund_source",
            "allocated",
            "obligated",
            "disbursed",
            "as_of",
            "remarks",
            "recorded_by_id",
        ],
    )?;
    for index in 0..count {
        let allocated = random.between(60, 9_000) * 1000;
        rows.push([
            Value::Integer(placed(index, count, options)),
            Value::Integer(random.between(2020, 2025)),
            Value::from(random.pick(&["GAAB", "SDF", "Donor"])),
            Value::Integer(allocated),
            Value::Integer(allocated * 8 / 10),
            Value::Integer(allocated * 6 / 10),
            Value::from(date(random.between(LAST_DAY - 200, LAST_DAY))),
            Value::from("Figures of the budget officer"),
            Value::Integer(random.between(1, STAFF)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_indicators(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
) -> Result<(), SampleError> {
    let count = 20 * i64::from(options.scale.get());
    let mut rows = loader.table(
        "project_central_performanceindicator",
        &[
            "ppa_id",
            "name",
            "unit",
            "baseline",
            "target",
            "actual",
            "period",
            "reported_on",
            "reported_by_id",
        ],
    )?;
    for index in 0..count {
        let target = random.between(20, 900);
        rows.push([
            Value::Integer(placed(index, count, options)),
            Value::from(random.pick(&[
                "Households served",
                "Learners supported",
                "Metres of road",
                "Kits delivered",
            ])),
            Value::from(random.pick(&["households", "persons", "metres", "kits"])),
            Value::Integer(0),
            Value::Integer(target),
            Value::Integer(random.between(0, target)),
            Value::from(random.pick(&["Q1", "Q2", "Q3", "Q4"])),
            Value::from(date(random.between(LAST_DAY - 300, LAST_DAY))),
            Value::Integer(random.between(1, STAFF)),
        ])
        .await?;
    }
    rows.finish().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_many_as_asked_for_cannot_be_placed() {
        for (count, undecided) in [(342, 23), (342, 0), (342, 1), (342, 342), (3420, 23)] {
            let gaps: Vec<Gap> = (0..count)
                .filter_map(|index| gap(index, count, undecided))
                .collect();
            assert_eq!(gaps.len() as i64, undecided, "{undecided} of {count}");
        }
        let gaps = (0..342).filter_map(|index| gap(index, 342, 23));
        assert_eq!(gaps.filter(|gap| *gap == Gap::Creator).count(), 9);
    }
}
