//! Accounts, staff, permissions and what Django keeps for itself.

mod bookkeeping;

use super::SampleError;
use super::load::Loader;
use super::random::{LAST_DAY, Random, date};
use crate::db::Value;

/// Accounts of the sample; the first two are superusers, the first 27 are staff.
pub(super) const USERS: i64 = 74;
const SUPERUSERS: i64 = 2;
/// Accounts that may enter Django's administration.
pub(super) const STAFF: i64 = 27;

const FIRST_NAMES: [&str; 37] = [
    "Farida",
    "Omar",
    "Aisah",
    "Jamal",
    "Norhana",
    "Abdullah",
    "Sitti",
    "Ibrahim",
    "Rohaniza",
    "Yusoph",
    "Hamida",
    "Salahuddin",
    "Noraisa",
    "Mohammad",
    "Zainab",
    "Datu",
    "Bai",
    "Anwar",
    "Marifé",
    "José",
    "Ma. Teresa",
    "Nestor",
    "Liezl",
    "Rodrigo",
    "Cristina",
    "Ernesto",
    "Jocelyn",
    "Alvin",
    "Sarah",
    "Michael",
    "Rosario",
    "Nasser",
    "Fatima",
    "Khalid",
    "Amina",
    "Esmael",
    "Haron",
];
const LAST_NAMES: [&str; 37] = [
    "Usman",
    "Sinsuat",
    "Macapaar",
    "Dimaporo",
    "Alonto",
    "Mangudadatu",
    "Peñaflor",
    "Ampatuan",
    "Balindong",
    "Sali",
    "Hataman",
    "Ebrahim",
    "Pangandaman",
    "Muñoz",
    "Lucman",
    "Abubakar",
    "Tomawis",
    "Guiamel",
    "Ibañez",
    "Santos",
    "Reyes",
    "Magbanua",
    "Kamlian",
    "Jikiri",
    "Loong",
    "Tan",
    "Mastura",
    "Matalam",
    "Paglas",
    "Sema",
    "Iqbal",
    "Jaafar",
    "Cabañero",
    "Villanueva",
    "Mamasabulod",
    "Ala",
    "Nuñez",
];
const POSITIONS: [&str; 7] = [
    "Development Management Officer II",
    "Planning Officer III",
    "Community Affairs Officer",
    "Information Systems Analyst",
    "Administrative Officer IV",
    "Monitoring and Evaluation Officer",
    "Project Development Officer",
];

/// Models that the audit log and the permissions speak of, by id of their content type.
pub(super) const CONTENT_TYPES: [(&str, &str); 20] = [
    ("auth", "user"),
    ("auth", "group"),
    ("auth", "permission"),
    ("contenttypes", "contenttype"),
    ("sessions", "session"),
    ("common", "region"),
    ("common", "province"),
    ("common", "municipality"),
    ("common", "barangay"),
    ("common", "staffprofile"),
    ("communities", "obccommunity"),
    ("communities", "community"),
    ("communities", "municipalitycoverage"),
    ("mana", "assessment"),
    ("coordination", "organization"),
    ("coordination", "stakeholder"),
    ("project_central", "ppa"),
    ("monitoring", "monitoringentry"),
    ("recommendations", "policy"),
    ("auditlog", "logentry"),
];

/// The name of an account's person.
pub(super) fn person(number: i64) -> (&'static str, &'static str) {
    let number = number as usize;
    (
        FIRST_NAMES[number % FIRST_NAMES.len()],
        LAST_NAMES[(number * 5 + number / LAST_NAMES.len()) % LAST_NAMES.len()],
    )
}

/// Writes accounts, staff, groups, permissions, sessions, sign-ins and applied migrations.
pub(super) async fn write(loader: &mut Loader<'_>, seed: u64) -> Result<(), SampleError> {
    let mut random = Random::new(seed, "people");
    write_users(loader, &mut random).await?;
    bookkeeping::write_permissions(loader).await?;
    bookkeeping::write_sign_ins(loader, &mut random).await?;
    bookkeeping::write_migrations(loader, &mut random).await
}

async fn write_users(loader: &mut Loader<'_>, random: &mut Random) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "auth_user",
        &[
            "password",
            "last_login",
            "is_superuser",
            "username",
            "first_name",
            "last_name",
            "email",
            "is_staff",
            "is_active",
            "date_joined",
            "user_type",
            "position",
            "contact_number",
            "is_approved",
        ],
    )?;
    for number in 0..USERS {
        let (first, last) = person(number);
        let username = format!("{}.{}", plain(first), plain(last));
        let staff = number < STAFF;
        rows.push([
            // Django's mark for a password that nobody can use
            Value::from(format!("!{}", random.digits(40))),
            Value::from(random.moment(LAST_DAY - 60, LAST_DAY)),
            Value::Integer(i64::from(number < SUPERUSERS)),
            Value::from(username.as_str()),
            Value::from(first),
            Value::from(last),
            Value::from(format!("{username}@oobc.example")),
            Value::Integer(i64::from(staff)),
            Value::Integer(1),
            Value::from(random.moment(0, LAST_DAY - 90)),
            Value::from(if staff {
                "oobc_staff"
            } else {
                "community_leader"
            }),
            Value::from(random.pick(&POSITIONS)),
            Value::from(format!(
                "+63 917 {:03} {:04}",
                random.below(1000),
                random.below(10_000)
            )),
            Value::Integer(1),
        ])
        .await?;
    }
    rows.finish().await?;

    let mut rows = loader.table(
        "common_staffprofile",
        &[
            "user_id",
            "employment_status",
            "employment_type",
            "department",
            "base_location",
            "job_purpose",
            "key_result_areas",
            "core_competencies",
            "date_joined_organization",
        ],
    )?;
    for user in SUPERUSERS + 1..=STAFF {
        rows.push([
            Value::Integer(user),
            Value::from("active"),
            Value::from(random.pick(&["regular", "contractual"])),
            Value::from(random.pick(&[
                "Planning and Research",
                "Community Development",
                "MEAL",
                "Administration",
            ])),
            Value::from(random.pick(&[
                "Koronadal City",
                "Zamboanga City",
                "Davao City",
                "Cagayan de Oro City",
            ])),
            Value::from("Serve Bangsamoro communities outside the autonomous region"),
            Value::from("[\"Field validation\", \"Reporting\"]"),
            Value::from("[\"Facilitation\", \"Data quality\"]"),
            Value::from(date(random.between(0, 1500))),
        ])
        .await?;
    }
    rows.finish().await
}

/// A name as it stands in an address: small ASCII letters only.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            'ñ' => Some('n'),
            'é' => Some('e'),
            'a'..='z' => Some(letter),
            _ => None,
        })
        .collect()
}
