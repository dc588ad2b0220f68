//! Policy recommendations and the evidence behind them.

use super::{POLICIES, parent};
use crate::db::Value;
use crate::sample::load::Loader;
use crate::sample::people::STAFF;
use crate::sample::random::{LAST_DAY, Random, date};
use crate::sample::{Options, SampleError};

const TITLES: [&str; 28] = [
    "Recognition of traditional madaris outside BARMM",
    "Scholarship quota for learners from other Bangsamoro communities",
    "Halal certification support for small producers",
    "Mobile civil registration for island communities",
    "Health insurance coverage of barangay health workers",
    "Joint peace and order councils with host municipalities",
    "Land tenure assistance for resettled families",
    "Municipal desks for Bangsamoro affairs",
    "Culturally sensitive social protection",
    "Arabic Language and Islamic Values Education teachers’ honoraria",
    "Fisheries access agreements for Sama and Tausug fisherfolk",
    "Disaster preparedness in coastal barangays",
    "Shari’ah court access outside BARMM",
    "Water service standards for remote sitios",
    "Women’s livelihood fund",
    "Youth leadership and peace camps",
    "Protection of ancestral burial grounds",
    "Pilgrimage assistance for residents outside BARMM",
    "Shared data on displaced families",
    "Electrification of off-grid madaris",
    "Seed and nursery support for upland farmers",
    "Senior citizens’ benefits portability",
    "Road right-of-way for farm-to-market roads",
    "Inclusion of Kaagan and Kalagan in cultural mapping",
    "Local ordinances on Muslim holidays and dress",
    "Community radio in Bangsamoro languages",
    "Microtakaful pilot for fisherfolk",
    "Annual report on other Bangsamoro communities",
];

pub(super) async fn write(loader: &mut Loader<'_>, options: &Options) -> Result<(), SampleError> {
    let mut random = Random::new(options.seed, "policies");
    let scale = i64::from(options.scale.get());
    let count = POLICIES * scale;
    let mut rows = loader.table(
        "recommendations_policy",
        &[
            "title",
            "reference_number",
            "category",
            "status",
            "priority",
            "scope",
            "problem_statement",
            "rationale",
            "proposed_solution",
            "proposed_by_id",
            "lead_author_id",
            "submission_date",
            "created_at",
            "updated_at",
        ],
    )?;
    for index in 0..count {
        let title = TITLES[index as usize % TITLES.len()];
        let day = random.between(300, LAST_DAY - 30);
        rows.push([
            Value::from(title),
            Value::from(format!("POL-{}-{:05}", &date(day)[..4], index + 1)),
            Value::from(random.pick(&[
                "education",
                "economic",
                "social",
                "governance",
                "cultural",
            ])),
            Value::from(random.pick(&["draft", "under_review", "approved", "implemented"])),
            Value::from(random.pick(&["high", "medium", "low"])),
            Value::from(random.pick(&["regional", "national", "municipal"])),
            Value::from(
                "Communities outside the autonomous region are not reached by the present rules.",
            ),
            Value::from(
                "Assessments since 2019 name this need in most of the municipalities visited.",
            ),
            Value::from(
                "Adopt by agreement with the host local governments and the ministries concerned.",
            ),
            Value::Integer(random.between(1, STAFF)),
            Value::Integer(random.between(1, STAFF)),
            Value::from(date(day)),
            Value::from(random.moment(200, 1500)),
            Value::from(random.moment(1500, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await?;
    let evidence = 12 * scale;
    let mut rows = loader.table(
        "recommendations_policyevidence",
        &[
            "policy_id",
            "evidence_type",
            "title",
            "source",
            "description",
            "reliability",
            "collected_on",
            "added_by_id",
        ],
    )?;
    for index in 0..evidence {
        rows.push([
            Value::Integer(parent(index, evidence, count)),
            Value::from(random.pick(&["assessment", "statistics", "testimony", "study"])),
            Value::from(random.pick(&[
                "Summary of MANA results",
                "Regional statistics 2024",
                "Consultation record",
                "Field study",
            ])),
            Value::from(random.pick(&[
                "OOBC",
                "PSA",
                "Community consultation",
                "University partner",
            ])),
            Value::from("Kept with the research unit."),
            Value::from(random.pick(&["high", "medium"])),
            Value::from(date(random.between(500, LAST_DAY))),
            Value::Integer(random.between(1, STAFF)),
        ])
        .await?;
    }
    rows.finish().await
}
