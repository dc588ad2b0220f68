//! Communities with their profiles and barangays, assessments with their sessions and answers.

use super::{ASSESSMENTS, COMMUNITIES, PEOPLES, parent};
use crate::db::Value;
use crate::sample::geography::Geography;
use crate::sample::load::Loader;
use crate::sample::people::STAFF;
use crate::sample::random::{LAST_DAY, Random, date};
use crate::sample::{Options, SampleError};

const SITIOS: [&str; 40] = [
    "Sitio Kalilang",
    "Sitio Buayan",
    "Purok Kapayapaan",
    "Sitio Lumatil",
    "Purok Islam",
    "Sitio Dansalan",
    "Sitio Kabuntalan",
    "Purok Maranao",
    "Sitio Tinutulan",
    "Sitio Balut",
    "Purok Masjid",
    "Sitio Punta Meda",
    "Sitio Lagundi",
    "Purok Santan",
    "Sitio Malapag",
    "Sitio Simuay",
    "Purok Datu Udtog",
    "Sitio Bakhaw",
    "Sitio Tuburan",
    "Purok Madrasah",
    "Sitio Pangian",
    "Sitio Liguasan",
    "Purok Sampaguita",
    "Sitio Nuñez",
    "Sitio Kulangan",
    "Purok Payapa",
    "Sitio Talitay",
    "Sitio Lapok",
    "Purok Bajau",
    "Sitio Basak",
    "Sitio Mataya",
    "Purok Riverside",
    "Sitio Kidama",
    "Sitio Panabuan",
    "Purok Dagat",
    "Sitio Salam",
    "Sitio Buluan",
    "Purok Karagatan",
    "Sitio Dulawan",
    "Sitio Tamontaka",
];

pub(super) async fn write(
    loader: &mut Loader<'_>,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut random = Random::new(options.seed, "communities");
    let scale = i64::from(options.scale.get());
    write_communities(loader, &mut random, geography, COMMUNITIES * scale).await?;
    write_profiles(loader, &mut random, geography, scale).await?;
    write_assessments(loader, &mut random, geography, scale).await?;
    write_sessions(loader, &mut random, scale).await
}

/// The barangay of a community; each is used once before any is used twice.
fn barangay_of(geography: &Geography, index: i64) -> &crate::sample::geography::Barangay {
    &geography.barangays[(index as usize * 31) % geography.barangays.len()]
}

async fn write_communities(
    loader: &mut Loader<'_>,
    random: &mut Random,
    geography: &Geography,
    count: i64,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "communities_community",
        &[
            "name",
            "local_name",
            "barangay_id",
            "ethnolinguistic_group",
            "settlement_type",
            "population",
            "households",
            "families",
            "latitude",
            "longitude",
            "established_year",
            "is_active",
            "notes",
            "created_by_id",
            "created_at",
            "updated_at",
        ],
    )?;
    for index in 0..count {
        let barangay = barangay_of(geography, index);
        let place = geography.municipality_of(barangay);
        let round = index as usize / geography.barangays.len();
        let sitio = SITIOS[(index as usize + round) % SITIOS.len()];
        let people = random.pick(&PEOPLES);
        let households = random.between(18, 420);
        rows.push([
            Value::from(format!("{sitio}, {}", barangay.name)),
            Value::from(format!("Ingud a {people}")),
            Value::Integer(barangay.id),
            Value::from(people),
            Value::from(random.pick(&[
                "village",
                "subdivision",
                "coastal",
                "urban poor",
                "resettlement",
            ])),
            Value::Integer(households * random.between(4, 6)),
            Value::Integer(households),
            Value::Integer(households + random.between(0, 30)),
            Value::Real((place.latitude * 1e6).round() / 1e6),
            Value::Real((place.longitude * 1e6).round() / 1e6),
            Value::Integer(random.between(1935, 2016)),
            Value::Integer(1),
            Value::from(format!(
                "{people} community in {}, {}.",
                place.name, place.province
            )),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(30, 1600)),
            Value::from(random.moment(1600, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_profiles(
    loader: &mut Loader<'_>,
    random: &mut Random,
    geography: &Geography,
    scale: i64,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "communities_communityprofile",
        &[
            "community_id",
            "survey_year",
            "literacy_rate",
            "access_to_water",
            "access_to_power",
            "primary_livelihood",
            "poverty_incidence",
            "summary",
            "surveyed_by_id",
            "created_at",
        ],
    )?;
    for index in 0..60 * scale {
        rows.push([
            Value::Integer(parent(index, 60 * scale, COMMUNITIES * scale)),
            Value::Integer(random.between(2019, 2025)),
            Value::Real(random.between(520, 960) as f64 / 10.0),
            Value::from(random.pick(&["level I", "level II", "level III", "none"])),
            Value::from(random.pick(&["grid", "solar", "none"])),
            Value::from(random.pick(&[
                "Fishing",
                "Rice farming",
                "Trading",
                "Corn farming",
                "Seaweed farming",
            ])),
            Value::Real(random.between(180, 710) as f64 / 10.0),
            Value::from("Validated with the council of elders and the barangay council."),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(400, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await?;
    let mut rows = loader.table(
        "communities_barangay",
        &[
            "community_id",
            "barangay_id",
            "share_of_population",
            "is_primary",
            "remarks",
        ],
    )?;
    for index in 0..48 * scale {
        let community = parent(index, 48 * scale, COMMUNITIES * scale);
        rows.push([
            Value::Integer(community),
            Value::Integer(barangay_of(geography, community - 1).id),
            Value::Real(random.between(50, 900) as f64 / 10.0),
            Value::Integer(1),
            Value::from("Boundary agreed with the neighbouring barangay"),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_assessments(
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

async fn write_sessions(
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
