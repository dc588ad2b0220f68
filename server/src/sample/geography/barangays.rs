//! The 6,598 barangays, spread over all municipalities.

use super::{Barangay, Municipality, times};
use crate::db::Value;
use crate::sample::SampleError;
use crate::sample::load::Loader;
use crate::sample::random::Random;

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

pub(super) async fn write(
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
