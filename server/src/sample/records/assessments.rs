//! Assessments with their sessions and the answers given there.

use super::communities::barangay_of;
use super::{ASSESSMENTS, COMMUNITIES, parent};
use crate::db::Value;
use crate::sample::SampleError;
use crate::sample::geography::Geography;
use crate::sample::load::Loader;
use crate::sample::people::STAFF;
use crate::sample::random::{LAST_DAY, Random, date};

pub(super) async fn write_assessments(
    loader: &mut Loader<'_>,
    random: &mut Random,
    geography: &Geography,
    scale: i64,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "mana_assessment",
        &[
            "title",
            "reference_number",
            "community_id",
            "primary_methodology",
            "assessment_level",
            "status",
            "priority",
            "planned_start_date",
            "planned_end_date",
            "lead_assessor_id",
            "objectives",
            "key_findings",
            "recommendations",
            "created_by_id",
            "created_at",
            "updated_at",
            "region_id",
            "province_id",
        ],
    )?;
    for index in 0..ASSESSMENTS * scale {
        let community = parent(index, ASSESSMENTS * scale, COMMUNITIES * scale);
        let barangay = barangay_of(geography, community - 1);
        let place = geography.municipality_of(barangay);
        let start = random.between(200, LAST_DAY - 60);
        let year = &date(start)[..4];
        let kind = random.pick(&[
            "Rapid needs assessment",
            "Participatory mapping",
            "Household survey",
            "Validation workshop",
        ]);
        rows.push([
            Value::from(format!("{kind}, {}, {}", barangay.name, place.name)),
            Value::from(format!("MANA-{year}-{:05}", index + 1)),
            Value::Integer(community),
            Value::from(random.pick(&["participatory", "survey", "workshop", "desk_review"])),
            Value::from(random.pick(&["community", "barangay", "municipal"])),
            Value::from(random.pick(&[
                "completed",
                "completed",
                "data_collection",
                "planning",
                "reporting",
            ])),
            Value::from(random.pick(&["high", "medium", "low"])),
            Value::from(date(start)),
            Value::from(date(start + random.between(3, 45))),
            Value::Integer(random.between(1, STAFF)),
            Value::from("Establish what the community needs first and who can provide it."),
            Value::from("Water supply, land tenure and madrasah facilities were named most often."),
            Value::from("Refer to the ministries concerned and follow up within two quarters."),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(200, 1700)),
            Value::from(random.moment(1700, LAST_DAY)),
            Value::Integer(place.region_id),
            Value::Integer(place.province_id),
        ])
        .await?;
    }
    rows.finish().await
}

pub(super) async fn write_sessions(
    loader: &mut Loader<'_>,
    random: &mut Random,
    scale: i64,
) -> Result<(), SampleError> {
    let (sessions, responses) = (30 * scale, 40 * scale);
    let mut rows = loader.table(
        "mana_assessmentsession",
        &[
            "assessment_id",
            "title",
            "session_type",
            "held_on",
            "venue",
            "facilitator_id",
            "participants_expected",
            "participants_present",
            "proceedings",
        ],
    )?;
    for index in 0..sessions {
        let expected = random.between(15, 60);
        rows.push([
            Value::Integer(parent(index, sessions, ASSESSMENTS * scale)),
            Value::from(random.pick(&[
                "Focus group with women",
                "Focus group with elders",
                "Community mapping",
                "Youth consultation",
            ])),
            Value::from(random.pick(&["focus_group", "mapping", "validation"])),
            Value::from(date(random.between(300, LAST_DAY - 30))),
            Value::from("Barangay hall"),
            Value::Integer(random.between(1, STAFF)),
            Value::Integer(expected),
            Value::Integer(expected - random.between(0, 12)),
            Value::from("Attendance, questions and agreements are in the annex."),
        ])
        .await?;
    }
    rows.finish().await?;
    let mut rows = loader.table(
        "mana_participantresponse",
        &[
            "session_id",
            "participant_name",
            "sex",
            "age_group",
            "sector",
            "question_code",
            "response",
            "needs",
            "recorded_by_id",
        ],
    )?;
    for index in 0..responses {
        rows.push([
            Value::Integer(parent(index, responses, sessions)),
            Value::from(format!("Participant {}", index + 1)),
            Value::from(random.pick(&["female", "male"])),
            Value::from(random.pick(&["15-24", "25-44", "45-64", "65+"])),
            Value::from(random.pick(&["farmers", "fisherfolk", "women", "youth", "ulama"])),
            Value::from(format!("Q{}", random.between(1, 12))),
            Value::from(random.pick(&[
                "We fetch water an hour away.",
                "The madrasah has no roof.",
                "Boats need fuel and nets.",
                "The road floods in July.",
            ])),
            Value::from("[\"water\", \"education\"]"),
            Value::Integer(random.between(1, STAFF)),
        ])
        .await?;
    }
    rows.finish().await
}
