//! What Django keeps for itself: permissions, sessions, sign-ins, applied migrations.

use super::{CONTENT_TYPES, STAFF, USERS, person, plain};
use crate::db::Value;
use crate::sample::SampleError;
use crate::sample::load::Loader;
use crate::sample::random::{LAST_DAY, Random};

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

pub(super) async fn write_permissions(loader: &mut Loader<'_>) -> Result<(), SampleError> {
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

pub(super) async fn write_sign_ins(
    loader: &mut Loader<'_>,
    random: &mut Random,
) -> Result<(), SampleError> {
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

pub(super) async fn write_migrations(
    loader: &mut Loader<'_>,
    random: &mut Random,
) -> Result<(), SampleError> {
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
