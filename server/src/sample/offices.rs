//! What OOBC works with: the 44 ministries, offices and agencies of BARMM, the shared calendar,
//! the monitoring entries and the assistant's messages.

use super::SampleError;
use super::geography::Geography;
use super::load::Loader;
use super::people::{STAFF, USERS, person};
use super::random::{LAST_DAY, Random, date};
use crate::db::Value;

const OFFICES: &str = include_str!("offices.txt");

/// A ministry, office or agency of BARMM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Office {
    /// Its abbreviation, the code it will have as an organization.
    pub code: &'static str,
    /// `ministry`, `office` or `agency`.
    pub kind: &'static str,
    /// Its full name.
    pub name: &'static str,
}

/// The 44 ministries, offices and agencies of BARMM, ministries first.
pub fn offices() -> impl Iterator<Item = Office> {
    let lines = OFFICES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut parts = line.split(" | ");
        Some(Office {
            code: parts.next()?,
            kind: parts.next()?,
            name: parts.next()?,
        })
    })
}

/// Writes offices and contacts, calendar, messages and monitoring entries.
pub(super) async fn write(
    loader: &mut Loader<'_>,
    seed: u64,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut random = Random::new(seed, "offices");
    write_offices(loader, &mut random).await?;
    write_calendar(loader, &mut random).await?;
    write_messages(loader, &mut random).await?;
    write_monitoring(loader, &mut random, geography).await
}

async fn write_offices(loader: &mut Loader<'_>, random: &mut Random) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "coordination_organization",
        &[
            "name",
            "acronym",
            "organization_kind",
            "mandate",
            "address",
            "email",
            "head_of_office",
            "partnership_status",
            "is_active",
            "created_by_id",
            "created_at",
        ],
    )?;
    for office in offices() {
        let (first, last) = person(random.between(0, USERS - 1));
        rows.push([
            Value::from(office.name),
            Value::from(office.code),
            Value::from(office.kind),
            Value::from(format!(
                "Carries out the mandate of the {} under the Bangsamoro Organic Law.",
                office.name
            )),
            Value::from("Bangsamoro Government Center, Cotabato City"),
            Value::from(format!("records@{}.example", office.code.to_lowercase())),
            Value::from(format!("{first} {last}")),
            Value::from("active"),
            Value::Integer(1),
            Value::Integer(1),
            Value::from(random.moment(100, 400)),
        ])
        .await?;
    }
    rows.finish().await?;
    let mut rows = loader.table(
        "coordination_organizationcontact",
        &[
            "agency_id",
            "first_name",
            "last_name",
            "position",
            "contact_type",
            "email",
            "is_primary",
            "is_active",
        ],
    )?;
    for (agency, number) in [(5, 31), (13, 45)] {
        let (first, last) = person(number);
        rows.push([
            Value::Integer(agency),
            Value::from(first),
            Value::from(last),
            Value::from("Focal person"),
            Value::from("primary"),
            Value::from(format!("focal{agency}@barmm.example")),
            Value::Integer(1),
            Value::Integer(1),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_calendar(loader: &mut Loader<'_>, random: &mut Random) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "common_calendar_resource",
        &[
            "name",
            "resource_type",
            "capacity",
            "location",
            "is_available",
        ],
    )?;
    for (name, kind, capacity) in [
        ("Conference room A", "room", 40),
        ("Training hall", "room", 120),
        ("Service vehicle SKA 4471", "vehicle", 10),
        ("Projector set 2", "equipment", 1),
        ("Drone mapping kit", "equipment", 1),
    ] {
        rows.push([
            Value::from(name),
            Value::from(kind),
            Value::Integer(capacity),
            Value::from("OOBC main office"),
            Value::Integer(1),
        ])
        .await?;
    }
    rows.finish().await?;
    let mut rows = loader.table(
        "common_calendar_resource_booking",
        &[
            "resource_id",
            "booked_by_id",
            "title",
            "start_datetime",
            "end_datetime",
            "status",
            "purpose",
        ],
    )?;
    for _ in 0..65 {
        let day = random.between(LAST_DAY - 300, LAST_DAY + 30);
        rows.push([
            Value::Integer(random.between(1, 5)),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.pick(&[
                "Field validation trip",
                "Provincial consultation",
                "MANA workshop",
                "Budget call briefing",
            ])),
            Value::from(format!("{} 09:00:00", date(day))),
            Value::from(format!("{} 16:00:00", date(day))),
            Value::from(random.pick(&["approved", "approved", "pending", "completed"])),
            Value::from("Regular coordination work of the office"),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_messages(loader: &mut Loader<'_>, random: &mut Random) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "common_chat_message",
        &[
            "user_id",
            "user_message",
            "assistant_response",
            "intent",
            "topic",
            "entities",
            "session_id",
            "created_at",
        ],
    )?;
    for _ in 0..70 {
        rows.push([
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.pick(&[
                "How many communities are there in Region XII?",
                "Show assessments in Zamboanga del Sur",
                "Which PPAs have no budget this year?",
            ])),
            Value::from("Here are the records that match your question."),
            Value::from("data_query"),
            Value::from(random.pick(&["communities", "mana", "projects"])),
            Value::from("{\"region\": \"IX\"}"),
            Value::from(random.digits(32)),
            Value::from(random.moment(LAST_DAY - 120, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_monitoring(
    loader: &mut Loader<'_>,
    random: &mut Random,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "monitoring_monitoringentry",
        &[
            "id",
            "title",
            "category",
            "summary",
            "status",
            "progress",
            "fiscal_year",
            "sector",
            "budget_allocation",
            "budget_currency",
            "lead_agency_id",
            "coverage_region_id",
            "coverage_province_id",
            "coverage_municipality_id",
            "created_by_id",
            "created_at",
            "updated_at",
        ],
    )?;
    for number in 1..=209 {
        let place = &geography.municipalities[random.below(geography.municipalities.len())];
        rows.push([
            Value::from(random.digits(32)),
            Value::from(format!("{} in {}, {}", random.pick(&["Potable water access", "Classroom repair", "Livelihood starter kits", "Health outreach", "Farm-to-market road"]), place.name, place.province)),
            Value::from(random.pick(&["moa_ppa", "oobc_ppa", "obc_request"])),
            Value::from(format!("Monitoring entry {number} of the Bangsamoro communities outside the autonomous region.")),
            Value::from(random.pick(&["ongoing", "completed", "planning", "on_hold"])),
            Value::Integer(random.between(0, 100)),
            Value::Integer(random.between(2021, 2025)),
            Value::from(random.pick(&["economic", "social", "infrastructure", "environment"])),
            Value::Integer(random.between(100, 9_000) * 1000),
            Value::from("PHP"),
            Value::Integer(random.between(1, 44)),
            Value::Integer(place.region_id),
            Value::Integer(place.province_id),
            Value::Integer(place.id),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(900, LAST_DAY - 60)),
            Value::from(random.moment(LAST_DAY - 60, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}
