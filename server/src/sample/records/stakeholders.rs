//! Stakeholders, and the partnerships and meetings with them.

use super::{COMMUNITIES, STAKEHOLDERS, parent};
use crate::db::Value;
use crate::sample::geography::Geography;
use crate::sample::load::Loader;
use crate::sample::people::{STAFF, person};
use crate::sample::random::{LAST_DAY, Random, date};
use crate::sample::{Options, SampleError};

const KINDS: [(&str, &str); 6] = [
    ("Samahan ng mga Mangingisda ng", "peoples_organization"),
    ("Muslim Women’s Association of", "peoples_organization"),
    ("Madrasah Educators’ Council of", "religious"),
    ("Council of Elders of", "traditional_leader"),
    ("Municipal Government of", "lgu"),
    ("Bangsamoro Youth Federation of", "youth"),
];

pub(super) async fn write(
    loader: &mut Loader<'_>,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut random = Random::new(options.seed, "stakeholders");
    let scale = i64::from(options.scale.get());
    let stakeholders = STAKEHOLDERS * scale;
    let mut rows = loader.table(
        "coordination_stakeholder",
        &[
            "name",
            "stakeholder_type",
            "sector",
            "community_id",
            "contact_person",
            "email",
            "phone",
            "address",
            "influence_level",
            "engagement_status",
            "is_active",
            "created_by_id",
            "created_at",
            "updated_at",
            "municipality_id",
        ],
    )?;
    for index in 0..stakeholders {
        let (prefix, kind) = KINDS[index as usize % KINDS.len()];
        let place = &geography.municipalities[random.below(geography.municipalities.len())];
        let (first, last) = person(random.between(0, 10_000));
        rows.push([
            Value::from(format!("{prefix} {}", place.name)),
            Value::from(kind),
            Value::from(random.pick(&[
                "fisheries",
                "agriculture",
                "education",
                "peace and order",
                "governance",
            ])),
            Value::Integer(parent(index, stakeholders, COMMUNITIES * scale)),
            Value::from(format!("{first} {last}")),
            Value::from(format!("contact{}@partner.example", index + 1)),
            Value::from(format!(
                "+63 906 {:03} {:04}",
                random.below(1000),
                random.below(10_000)
            )),
            Value::from(format!("{}, {}", place.name, place.province)),
            Value::from(random.pick(&["high", "medium", "low"])),
            Value::from(random.pick(&["active", "active", "new", "dormant"])),
            Value::Integer(1),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(60, 1500)),
            Value::from(random.moment(1500, LAST_DAY)),
            Value::Integer(place.id),
        ])
        .await?;
    }
    rows.finish().await?;
    write_partnerships(loader, &mut random, scale).await?;
    write_meetings(loader, &mut random, scale).await
}

async fn write_partnerships(
    loader: &mut Loader<'_>,
    random: &mut Random,
    scale: i64,
) -> Result<(), SampleError> {
    let count = 18 * scale;
    let mut rows = loader.table(
        "coordination_partnership",
        &[
            "stakeholder_id",
            "lead_agency_id",
            "title",
            "partnership_type",
            "status",
            "signed_on",
            "start_date",
            "end_date",
            "objectives",
            "total_budget",
            "created_by_id",
        ],
    )?;
    for index in 0..count {
        let start = random.between(300, LAST_DAY - 200);
        rows.push([
            Value::Integer(parent(index, count, STAKEHOLDERS * scale)),
            Value::Integer(random.between(1, 44)),
            Value::from(random.pick(&[
                "Madrasah support agreement",
                "Water system partnership",
                "Halal livelihood agreement",
                "Scholarship agreement",
            ])),
            Value::from(random.pick(&["moa", "mou", "contract"])),
            Value::from(random.pick(&["active", "completed", "negotiation"])),
            Value::from(date(start)),
            Value::from(date(start + 30)),
            Value::from(date(start + 395)),
            Value::from("Share responsibilities for the communities named in the annex."),
            Value::Integer(random.between(80, 4_000) * 1000),
            Value::Integer(random.between(1, STAFF)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_meetings(
    loader: &mut Loader<'_>,
    random: &mut Random,
    scale: i64,
) -> Result<(), SampleError> {
    let count = 24 * scale;
    let mut rows = loader.table(
        "coordination_meeting",
        &[
            "stakeholder_id",
            "title",
            "meeting_type",
            "status",
            "scheduled_for",
            "venue",
            "agenda",
            "organizer_id",
        ],
    )?;
    for index in 0..count {
        rows.push([
            Value::Integer(parent(index, count, STAKEHOLDERS * scale)),
            Value::from(random.pick(&[
                "Quarterly coordination meeting",
                "Project kick-off",
                "Results presentation",
                "Grievance hearing",
            ])),
            Value::from(random.pick(&["coordination", "consultation", "review"])),
            Value::from(random.pick(&["held", "held", "planned", "cancelled"])),
            Value::from(random.moment(600, LAST_DAY + 40)),
            Value::from(random.pick(&["Municipal hall", "OOBC main office", "Video conference"])),
            Value::from("Status of commitments, next steps"),
            Value::Integer(random.between(1, STAFF)),
        ])
        .await?;
    }
    rows.finish().await
}
