//! What makes the sample as heavy as a real database: community profiles of every barangay, their
//! histories, and the audit log.
//!
//! At a scale above 1 the histories and the audit log grow too. The repeated entries hold the
//! changed fields only, as a system that has run for long keeps them.

mod audit;

use super::geography::{Barangay, Geography};
use super::load::Loader;
use super::people::STAFF;
use super::random::{LAST_DAY, Random};
use super::{Options, SampleError, Texts};
use crate::db::Value;

const COMMUNITY_HISTORY: i64 = 6_627;
const MUNICIPAL_HISTORY: i64 = 6_602;

/// Sizes of the long texts in bytes, chosen so that the whole is as large as the original.
const SNAPSHOT: usize = 3_000;
const METRICS: usize = 3_000;
const SHORT: usize = 160;

const GROUPS: [&str; 8] = [
    "maranao",
    "maguindanaon",
    "tausug",
    "sama",
    "yakan",
    "iranun",
    "kalagan",
    "kaagan",
];
const FIELDS: [&str; 24] = [
    "estimated_obc_population",
    "total_barangay_population",
    "households",
    "families",
    "children_0_9",
    "adolescents_10_14",
    "youth_15_30",
    "adults_31_59",
    "seniors_60_plus",
    "women",
    "mosques_count",
    "madrasah_count",
    "asatidz_count",
    "religious_leaders_count",
    "solo_parents",
    "pwd_count",
    "farmers_count",
    "fisherfolk_count",
    "indigenous_peoples",
    "idps_count",
    "migrants_transients",
    "unemployed_count",
    "teachers_asatidz",
    "csos_count",
];
const NOTES: [&str; 6] = [
    "Validated during a field visit with the barangay council and the council of elders. ",
    "Figures come from the barangay’s own registry and were compared with the census. ",
    "Access by road is cut during the rainy season between July and September. ",
    "Families fetch water from a spring shared with the neighbouring sitio. ",
    "The community asks for a teacher of Arabic and Islamic values education. ",
    "Fishing is the main income; boats are shared among three to five households. ",
];

/// Writes community profiles, coverages, histories and the audit log.
pub(super) async fn write(
    loader: &mut Loader<'_>,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut random = Random::new(options.seed, "history");
    write_profiles(loader, &mut random, options, geography).await?;
    write_coverages(loader, &mut random, geography).await?;
    write_community_history(loader, &mut random, options, geography).await?;
    write_municipal_history(loader, &mut random, options, geography).await?;
    audit::write(loader, &mut random, options).await
}

async fn write_profiles(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "communities_obc_community",
        &[
            "barangay_id",
            "obc_id",
            "source_document_reference",
            "community_names",
            "estimated_obc_population",
            "total_barangay_population",
            "households",
            "families",
            "primary_ethnolinguistic_group",
            "primary_livelihoods",
            "unemployment_rate",
            "poverty_incidence",
            "settlement_type",
            "proximity_to_barmm",
            "mosques_count",
            "madrasah_count",
            "asatidz_count",
            "infrastructure",
            "is_active",
            "created_by_id",
            "created_at",
            "updated_at",
        ],
    )?;
    for barangay in &geography.barangays {
        let population = barangay.population * random.between(2, 60) / 100;
        let mut infrastructure = String::new();
        object(&mut infrastructure, random, barangay.id, size(options, 560));
        rows.push([
            Value::Integer(barangay.id),
            Value::from(format!("OBC-{:05}", barangay.id)),
            Value::from("Community profile form 2023"),
            Value::from(format!("{} community", barangay.name)),
            Value::Integer(population),
            Value::Integer(barangay.population),
            Value::Integer(population / 5),
            Value::Integer(population / 5 + random.between(0, 9)),
            Value::from(random.pick(&GROUPS)),
            Value::from("Farming, fishing and small trade"),
            Value::from(random.pick(&["low", "moderate", "high"])),
            Value::from(random.pick(&["low", "moderate", "high", "very high"])),
            Value::from(random.pick(&["village", "coastal", "urban", "island"])),
            Value::from(random.pick(&["adjacent", "near", "moderate", "far"])),
            Value::Integer(random.between(0, 4)),
            Value::Integer(random.between(0, 3)),
            Value::Integer(random.between(0, 12)),
            Value::from(infrastructure),
            Value::Integer(1),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(300, 1700)),
            Value::from(random.moment(1700, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_coverages(
    loader: &mut Loader<'_>,
    random: &mut Random,
    geography: &Geography,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "communities_municipalitycoverage",
        &[
            "municipality_id",
            "total_obc_communities",
            "estimated_obc_population",
            "auto_sync",
            "created_by_id",
            "updated_at",
        ],
    )?;
    for (position, municipality) in geography.municipalities.iter().enumerate() {
        let inside = |barangay: &&Barangay| barangay.municipality == position;
        let count = geography.barangays.iter().filter(inside).count();
        rows.push([
            Value::Integer(municipality.id),
            Value::Integer(count as i64),
            Value::Integer(random.between(300, 60_000)),
            Value::Integer(1),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(1700, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_community_history(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let profiles = geography.barangays.len() as i64;
    let mut rows = loader.table(
        "municipal_profiles_obccommunityhistory",
        &[
            "community_id",
            "source",
            "snapshot",
            "note",
            "changed_by_id",
            "created_at",
        ],
    )?;
    for index in 0..COMMUNITY_HISTORY * i64::from(options.scale.get()) {
        let community = index % profiles + 1;
        let mut snapshot = String::new();
        object(
            &mut snapshot,
            random,
            community,
            entry_size(options, index, COMMUNITY_HISTORY, SNAPSHOT),
        );
        rows.push([
            Value::Integer(community),
            Value::from(random.pick(&["manual", "import", "aggregation"])),
            Value::from(snapshot),
            Value::from(random.pick(&NOTES).trim_end()),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(400, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_municipal_history(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    let municipalities = geography.municipalities.len() as i64;
    let mut rows = loader.table(
        "municipal_profiles_municipalobcprofilehistory",
        &[
            "municipality_id",
            "change_type",
            "aggregated_metrics",
            "reported_metrics",
            "change_note",
            "changed_by_id",
            "created_at",
        ],
    )?;
    for index in 0..MUNICIPAL_HISTORY * i64::from(options.scale.get()) {
        let municipality = index % municipalities + 1;
        let mut metrics = String::new();
        object(
            &mut metrics,
            random,
            municipality,
            entry_size(options, index, MUNICIPAL_HISTORY, METRICS),
        );
        rows.push([
            Value::Integer(municipality),
            Value::from(random.pick(&["aggregation", "reported", "import"])),
            Value::from(metrics),
            Value::from("{\"sections\": {\"overview\": {}, \"demographics\": {}}}"),
            Value::from(random.pick(&NOTES).trim_end()),
            Value::Integer(random.between(1, STAFF)),
            Value::from(random.moment(400, LAST_DAY)),
        ])
        .await?;
    }
    rows.finish().await
}

/// A JSON object of at least `wanted` bytes: figures of a community, then notes.
fn object(text: &mut String, random: &mut Random, id: i64, wanted: usize) {
    text.reserve(wanted + 200);
    text.push_str("{\"id\": ");
    text.push_str(&id.to_string());
    for field in FIELDS {
        if text.len() + 40 > wanted {
            break;
        }
        text.push_str(", \"");
        text.push_str(field);
        text.push_str("\": ");
        text.push_str(&random.between(0, 4_000).to_string());
    }
    text.push_str(", \"notes\": \"");
    while text.len() < wanted {
        text.push_str(random.pick(&NOTES));
    }
    text.push_str("\"}");
}

fn entry_size(options: &Options, index: i64, first: i64, full: usize) -> usize {
    if index < first {
        size(options, full)
    } else {
        SHORT
    }
}

fn size(options: &Options, full: usize) -> usize {
    match options.texts {
        Texts::Full => full,
        Texts::Short => SHORT,
    }
}
