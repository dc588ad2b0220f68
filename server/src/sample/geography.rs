//! Regions, provinces, municipalities and barangays of the sample: real names where they are
//! public knowledge, boundaries drawn by chance.

use super::SampleError;
use super::load::Loader;
use super::random::{LAST_DAY, Random};
use super::{Options, Texts};
use crate::db::Value;

const PLACES: &str = include_str!("geography.txt");
const BARANGAYS: usize = 6_598;

/// Barangay names that occur all over Mindanao.
const BARANGAY_NAMES: [&str; 64] = [
    "Poblacion",
    "San Isidro",
    "San Roque",
    "San Jose",
    "Santa Cruz",
    "Santo Niño",
    "San Vicente",
    "Santa Maria",
    "San Antonio",
    "San Juan",
    "Bagong Silang",
    "Malinao",
    "Kauswagan",
    "Maligaya",
    "Lumbia",
    "Upper Katungal",
    "Lower Katungal",
    "Muti",
    "Tubod",
    "Talisay",
    "Mabini",
    "Rizal",
    "Magsaysay",
    "Quezon",
    "Bonifacio",
    "Del Pilar",
    "Osmeña",
    "Roxas",
    "Laurel",
    "Aguinaldo",
    "New Panay",
    "New Cebu",
    "New Iloilo",
    "Dumaguil",
    "Lapaz",
    "Libertad",
    "Kalawag",
    "Tinago",
    "Tambacan",
    "Mandulog",
    "Bual",
    "Kulasi",
    "Balas",
    "Sinawal",
    "Baluan",
    "Batulawan",
    "Datu Ali",
    "Dalican",
    "Macasandig",
    "Nangka",
    "Punta Blanca",
    "Sangali",
    "Taluksangay",
    "Tictapul",
    "Vitali",
    "Recodo",
    "Ayala",
    "Guiwan",
    "Peñablanca",
    "Cabatangan",
    "Labuan",
    "Malagutay",
    "Calabasa",
    "Buenavista",
];

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
    let barangays = write_barangays(loader, &mut random, &municipalities).await?;
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

async fn write_barangays(
    loader: &mut Loader<'_>,
    random: &mut Random,
    municipalities: &[Municipality],
) -> Result<Vec<Barangay>, SampleError> {
    let mut counts: Vec<usize> = municipalities
        .iter()
        .map(|_| random.between(9, 38) as usize)
        .collect();
    let mut sum: usize = counts.iter().sum();
    let mut turn = 0;
    while sum != BARANGAYS {
        let count = &mut counts[turn % municipalities.len()];
        if sum < BARANGAYS && *count < BARANGAY_NAMES.len() {
            *count += 1;
            sum += 1;
        } else if sum > BARANGAYS && *count > 1 {
            *count -= 1;
            sum -= 1;
        }
        turn += 1;
    }
    let mut rows = loader.table(
        "common_barangay",
        &[
            "municipality_id",
            "code",
            "name",
            "is_urban",
            "population_total",
            "is_active",
            "center_coordinates",
            "created_at",
            "updated_at",
        ],
    )?;
    let mut barangays = Vec::with_capacity(BARANGAYS);
    for (position, municipality) in municipalities.iter().enumerate() {
        let first = random.below(BARANGAY_NAMES.len());
        for index in 0..counts[position] {
            let name = if index == 0 {
                "Poblacion".to_owned()
            } else {
                let name = BARANGAY_NAMES[(first + index) % BARANGAY_NAMES.len()];
                if name == "Poblacion" {
                    "Poblacion Sur".to_owned()
                } else {
                    name.to_owned()
                }
            };
            let barangay = Barangay {
                id: barangays.len() as i64 + 1,
                name,
                municipality: position,
                population: random.between(300, 9_000),
            };
            let mut row = vec![
                Value::Integer(municipality.id),
                Value::from(format!(
                    "{:02}{:04}{:03}",
                    municipality.region_id + 8,
                    municipality.id,
                    index + 1
                )),
                Value::from(barangay.name.as_str()),
                Value::Integer(i64::from(index == 0)),
                Value::Integer(barangay.population),
                Value::Integer(1),
                Value::from(format!(
                    "[{:.6}, {:.6}]",
                    municipality.longitude + random.between(-90, 90) as f64 / 1000.0,
                    municipality.latitude + random.between(-90, 90) as f64 / 1000.0
                )),
            ];
            row.extend(times(random));
            rows.push(row).await?;
            barangays.push(barangay);
        }
    }
    rows.finish().await?;
    Ok(barangays)
}

/// Boundary, centre and bounding box of a place, as GeoJSON texts.
fn shape(random: &mut Random, center: (f64, f64), radius: f64, points: usize) -> [Value; 3] {
    let (longitude, latitude) = center;
    let mut ring = String::with_capacity(points * 24 + 200);
    ring.push_str("{\"type\": \"Feature\", \"properties\": {\"source\": \"PSA-NAMRIA\", \"simplified\": false}, \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[");
    let mut first = String::new();
    for point in 0..points {
        let angle = point as f64 / points as f64 * std::f64::consts::TAU;
        let distance = radius * (0.8 + random.between(0, 200) as f64 / 1000.0);
        let before = ring.len();
        ring.push('[');
        push_degrees(&mut ring, longitude + distance * angle.cos());
        ring.push(',');
        push_degrees(&mut ring, latitude + distance * angle.sin());
        ring.push(']');
        if point == 0 {
            first = ring[before..].to_owned();
        }
        ring.push(',');
    }
    ring.push_str(&first);
    ring.push_str("]]}}");
    [
        Value::from(ring),
        Value::from(format!("[{longitude:.6}, {latitude:.6}]")),
        Value::from(format!(
            "[{:.6}, {:.6}, {:.6}, {:.6}]",
            longitude - radius,
            latitude - radius,
            longitude + radius,
            latitude + radius
        )),
    ]
}

/// Writes degrees with six decimals. A million of them are written: `format!` would take most of
/// the time of the whole sample.
fn push_degrees(text: &mut String, degrees: f64) {
    let millionths = (degrees * 1_000_000.0) as u64;
    let mut digits = [b'0'; 10];
    let mut rest = millionths;
    let mut start = digits.len();
    while rest > 0 || start > digits.len() - 7 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    for (position, digit) in digits.iter().enumerate().skip(start) {
        if position == digits.len() - 6 {
            text.push('.');
        }
        text.push(char::from(*digit));
    }
}

fn points(options: &Options, full: usize) -> usize {
    match options.texts {
        Texts::Full => full,
        Texts::Short => 24,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_have_six_decimals() {
        let mut text = String::new();
        push_degrees(&mut text, 122.5);
        text.push(' ');
        push_degrees(&mut text, 6.000_001);
        assert_eq!(text, "122.500000 6.000001");
    }
}
