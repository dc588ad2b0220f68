//! Regions, provinces, municipalities and barangays of the sample: real names where they are
//! public knowledge, boundaries drawn by chance.

mod barangays;
mod shape;

use super::Options;
use super::SampleError;
use super::load::Loader;
use super::random::{LAST_DAY, Random};
use crate::db::Value;
use shape::{points, shape};

const PLACES: &str = include_str!("geography.txt");

/// A municipality that other tables hang their rows on.
#[derive(Debug, Clone)]
pub(super) struct Municipality {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) province: &'static str,
    pub(super) province_id: i64,
    pub(super) region_id: i64,
    pub(super) longitude: f64,
    pub(super) latitude: f64,
}

/// A barangay that other tables hang their rows on.
#[derive(Debug, Clone)]
pub(super) struct Barangay {
    pub(super) id: i64,
    pub(super) name: String,
    /// Position of its municipality in [`Geography::municipalities`].
    pub(super) municipality: usize,
    pub(super) population: i64,
}

/// What the other generators need to know of the geography.
#[derive(Debug)]
pub(super) struct Geography {
    pub(super) municipalities: Vec<Municipality>,
    pub(super) barangays: Vec<Barangay>,
}

impl Geography {
    /// The municipality a barangay lies in.
    pub(super) fn municipality_of(&self, barangay: &Barangay) -> &Municipality {
        &self.municipalities[barangay.municipality]
    }
}

/// Writes the four tables and answers what others refer to.
pub(super) async fn write(
    loader: &mut Loader<'_>,
    options: &Options,
) -> Result<Geography, SampleError> {
    let mut random = Random::new(options.seed, "geography");
    let mut municipalities = Vec::new();
    let (mut regions, mut provinces) = (Vec::new(), Vec::new());
    for line in PLACES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(province) = line.strip_prefix("- ") {
            provinces.push((regions.len() as i64, parts(province)?));
        } else if line.contains(" | ") {
            regions.push(parts(line)?);
        } else {
            let (region_id, [province, _, longitude, latitude]) =
                provinces.last().ok_or_else(|| broken(line))?;
            for name in line.split(", ") {
                municipalities.push(Municipality {
                    id: municipalities.len() as i64 + 1,
                    name,
                    province,
                    province_id: provinces.len() as i64,
                    region_id: *region_id,
                    longitude: number(longitude)? + random.between(-400, 400) as f64 / 1000.0,
                    latitude: number(latitude)? + random.between(-300, 300) as f64 / 1000.0,
                });
            }
        }
    }
    write_regions(loader, options, &mut random, &regions).await?;
    write_provinces(loader, options, &mut random, &provinces).await?;
    write_municipalities(loader, options, &mut random, &municipalities).await?;
    let barangays = barangays::write(loader, &mut random, &municipalities).await?;
    Ok(Geography {
        municipalities,
        barangays,
    })
}

const SHAPE: [&str; 3] = ["boundary_geojson", "center_coordinates", "bounding_box"];

async fn write_regions(
    loader: &mut Loader<'_>,
    options: &Options,
    random: &mut Random,
    regions: &[[&'static str; 4]],
) -> Result<(), SampleError> {
    let mut columns = vec!["code", "name", "description", "is_active"];
    columns.extend(SHAPE);
    columns.extend(["created_at", "updated_at"]);
    let mut rows = loader.table("common_region", &columns)?;
    for [code, name, longitude, latitude] in regions {
        let mut row = vec![
            Value::from(*code),
            Value::from(*name),
            Value::from(
                "Region outside the Bangsamoro Autonomous Region with Bangsamoro communities",
            ),
            Value::Integer(1),
        ];
        let center = (number(longitude)?, number(latitude)?);
        row.extend(shape(random, center, 1.1, points(options, 16_000)));
        row.extend(times(random));
        rows.push(row).await?;
    }
    rows.finish().await
}

async fn write_provinces(
    loader: &mut Loader<'_>,
    options: &Options,
    random: &mut Random,
    provinces: &[(i64, [&'static str; 4])],
) -> Result<(), SampleError> {
    let mut columns = vec![
        "region_id",
        "code",
        "name",
        "capital",
        "population_total",
        "is_active",
    ];
    columns.extend(SHAPE);
    columns.extend(["created_at", "updated_at"]);
    let mut rows = loader.table("common_province", &columns)?;
    for (index, (region_id, [name, capital, longitude, latitude])) in provinces.iter().enumerate() {
        let mut row = vec![
            Value::Integer(*region_id),
            Value::from(format!("{:02}{:02}", region_id + 8, index + 1)),
            Value::from(*name),
            Value::from(*capital),
            Value::Integer(random.between(90_000, 1_700_000)),
            Value::Integer(1),
        ];
        let center = (number(longitude)?, number(latitude)?);
        row.extend(shape(random, center, 0.5, points(options, 8_000)));
        row.extend(times(random));
        rows.push(row).await?;
    }
    rows.finish().await
}

async fn write_municipalities(
    loader: &mut Loader<'_>,
    options: &Options,
    random: &mut Random,
    municipalities: &[Municipality],
) -> Result<(), SampleError> {
    let mut columns = vec![
        "province_id",
        "code",
        "name",
        "municipality_type",
        "population_total",
        "is_active",
    ];
    columns.extend(SHAPE);
    columns.extend(["created_at", "updated_at"]);
    let mut rows = loader.table("common_municipality", &columns)?;
    for municipality in municipalities {
        let city = municipality.name.ends_with("City");
        let mut row = vec![
            Value::Integer(municipality.province_id),
            Value::from(format!(
                "{:02}{:04}",
                municipality.region_id + 8,
                municipality.id
            )),
            Value::from(municipality.name),
            Value::from(if city { "city" } else { "municipality" }),
            Value::Integer(random.between(8_000, if city { 900_000 } else { 90_000 })),
            Value::Integer(1),
        ];
        let center = (municipality.longitude, municipality.latitude);
        row.extend(shape(random, center, 0.12, points(options, 2_300)));
        row.extend(times(random));
        rows.push(row).await?;
    }
    rows.finish().await
}

fn times(random: &mut Random) -> [Value; 2] {
    [
        Value::from(random.moment(0, 300)),
        Value::from(random.moment(300, LAST_DAY)),
    ]
}

fn parts(line: &'static str) -> Result<[&'static str; 4], SampleError> {
    let mut parts = line.split(" | ");
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(a), Some(b), Some(c), Some(d)) => Ok([a, b, c, d]),
        _ => Err(broken(line)),
    }
}

fn number(text: &str) -> Result<f64, SampleError> {
    text.parse().map_err(|_| broken(text))
}

fn broken(text: &str) -> SampleError {
    SampleError::Catalogue {
        file: "geography",
        line: 0,
        what: format!("{text} is not a place"),
    }
}
