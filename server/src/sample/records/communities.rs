//! Communities with their profiles and barangays.

use super::{COMMUNITIES, PEOPLES, assessments, parent};
use crate::db::Value;
use crate::sample::geography::Geography;
use crate::sample::load::Loader;
use crate::sample::people::STAFF;
use crate::sample::random::{LAST_DAY, Random};
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
    assessments::write_assessments(loader, &mut random, geography, scale).await?;
    assessments::write_sessions(loader, &mut random, scale).await
}

/// The barangay of a community; each is used once before any is used twice.
pub(super) fn barangay_of(
    geography: &Geography,
    index: i64,
) -> &crate::sample::geography::Barangay {
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
