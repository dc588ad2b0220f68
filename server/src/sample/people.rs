//! Accounts, staff, permissions and what Django keeps for itself.

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

/// Django applications with the number of their last migration: 118 in all.
const MIGRATIONS: [(&str, usize); 19] = [
    ("contenttypes", 2),
    ("auth", 12),
    ("admin", 3),
    ("sessions", 1),
    ("sites", 2),
    ("auditlog", 5),
    ("axes", 4),
    ("authtoken", 2),
    ("django_celery_beat", 4),
    ("django_celery_results", 2),
    ("common", 20),
    ("communities", 12),
    ("municipal_profiles", 4),
    ("mana", 11),
    ("coordination", 11),
    ("project_central", 8),
    ("monitoring", 6),
    ("recommendations", 5),
    ("services", 4),
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
    write_permissions(loader).await?;
    write_sign_ins(loader, &mut random).await?;
    write_migrations(loader, &mut random).await
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

async fn write_permissions(loader: &mut Loader<'_>) -> Result<(), SampleError> {
    let mut rows = loader.table("django_content_type", &["app_label", "model"])?;
    for (app, model) in CONTENT_TYPES {
        rows.push([Value::from(app), Value::from(model)]).await?;
    }
    rows.finish().await?;
    let mut rows = loader.table("auth_permission", &["content_type_id", "codename", "name"])?;
    for (index, (_, model)) in CONTENT_TYPES.iter().enumerate() {
        for verb in ["add", "change", "delete", "view"] {
            rows.push([
                Value::Integer(index as i64 + 1),
                Value::from(format!("{verb}_{model}")),
                Value::from(format!("Can {verb} {model}")),
            ])
            .await?;
        }
    }
    rows.finish().await?;
    let mut rows = loader.table("auth_group", &["name"])?;
    for name in [
        "OOBC Executives",
        "OOBC Staff",
        "MANA Facilitators",
        "Regional Coordinators",
        "Read only",
    ] {
        rows.push([Value::from(name)]).await?;
    }
    rows.finish().await?;
    let mut rows = loader.table("auth_user_groups", &["user_id", "group_id"])?;
    for user in 1..=STAFF {
        rows.push([
            Value::Integer(user),
            Value::Integer(if user <= 4 { 1 } else { 2 + user % 3 }),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_sign_ins(loader: &mut Loader<'_>, random: &mut Random) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "django_session",
        &["session_key", "session_data", "expire_date"],
    )?;
    for _ in 0..12 {
        rows.push([
            Value::from(random.digits(32)),
            Value::from(format!(".eJx{}", random.digits(220))),
            Value::from(random.moment(LAST_DAY, LAST_DAY + 14)),
        ])
        .await?;
    }
    rows.finish().await?;
    let mut rows = loader.table("django_site", &["domain", "name"])?;
    rows.push([Value::from("obcms.example"), Value::from("OBCMS")])
        .await?;
    rows.finish().await?;
    let mut rows = loader.table(
        "axes_accesslog",
        &[
            "user_agent",
            "ip_address",
            "username",
            "http_accept",
            "path_info",
            "attempt_time",
            "session_hash",
        ],
    )?;
    for _ in 0..42 {
        let (first, last) = person(random.between(0, USERS - 1));
        rows.push([
            Value::from("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/143.0"),
            Value::from(format!(
                "10.20.{}.{}",
                random.below(8),
                random.between(2, 250)
            )),
            Value::from(format!("{}.{}", plain(first), plain(last))),
            Value::from("text/html,application/xhtml+xml"),
            Value::from("/login/"),
            Value::from(random.moment(LAST_DAY - 30, LAST_DAY)),
            Value::from(random.digits(64)),
        ])
        .await?;
    }
    rows.finish().await
}

async fn write_migrations(loader: &mut Loader<'_>, random: &mut Random) -> Result<(), SampleError> {
    let subjects = [
        "add_indexes",
        "alter_status_choices",
        "add_created_by",
        "add_geographic_fields",
        "alter_options",
        "add_soft_delete",
        "backfill_defaults",
        "add_audit_fields",
        "rename_legacy_columns",
        "add_notes",
    ];
    let mut rows = loader.table("django_migrations", &["app", "name", "applied"])?;
    for (app, count) in MIGRATIONS {
        for number in 1..=count {
            let name = if number == 1 {
                "0001_initial".to_owned()
            } else {
                format!(
                    "{number:04}_{}",
                    subjects[(number * 3 + app.len()) % subjects.len()]
                )
            };
            rows.push([
                Value::from(app),
                Value::from(name),
                Value::from(random.moment(LAST_DAY - 20, LAST_DAY - 20)),
            ])
            .await?;
        }
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
