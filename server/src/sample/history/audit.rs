//! The audit log: who changed what, with old and new values.

use super::{FIELDS, NOTES, entry_size};
use crate::db::Value;
use crate::sample::load::Loader;
use crate::sample::people::{CONTENT_TYPES, STAFF};
use crate::sample::random::{LAST_DAY, Random};
use crate::sample::{Options, SampleError};

const AUDIT_ENTRIES: i64 = 9_266;
/// Size of an entry in bytes, chosen with those of the histories.
const CHANGES: usize = 1_780;

pub(super) async fn write(
    loader: &mut Loader<'_>,
    random: &mut Random,
    options: &Options,
) -> Result<(), SampleError> {
    let mut rows = loader.table(
        "auditlog_logentry",
        &[
            "object_pk",
            "object_id",
            "object_repr",
            "action",
            "changes",
            "changes_text",
            "timestamp",
            "remote_addr",
            "actor_id",
            "content_type_id",
        ],
    )?;
    for index in 0..AUDIT_ENTRIES * i64::from(options.scale.get()) {
        // most of what is logged are changes to profiles of communities
        let kind = if random.chance(70) {
            11
        } else {
            random.between(6, CONTENT_TYPES.len() as i64 - 1)
        };
        let object_id = random.between(1, 6_598);
        let mut changes = String::new();
        let wanted = entry_size(options, index, AUDIT_ENTRIES, CHANGES);
        difference(&mut changes, random, wanted);
        rows.push([
            Value::from(object_id.to_string()),
            Value::Integer(object_id),
            Value::from(format!(
                "{} {object_id}",
                CONTENT_TYPES[kind as usize - 1].1
            )),
            Value::Integer(random.between(0, 2)),
            Value::from(changes),
            Value::from(""),
            Value::from(random.moment(400, LAST_DAY)),
            Value::from(format!(
                "10.20.{}.{}",
                random.below(8),
                random.between(2, 250)
            )),
            Value::Integer(random.between(1, STAFF)),
            Value::Integer(kind),
        ])
        .await?;
    }
    rows.finish().await
}

/// The changes of an audit entry: for each field its old and its new value.
fn difference(text: &mut String, random: &mut Random, wanted: usize) {
    text.reserve(wanted + 300);
    text.push_str("{\"updated_at\": [\"");
    text.push_str(&random.moment(300, 1700));
    text.push_str("\", \"");
    text.push_str(&random.moment(1700, LAST_DAY));
    text.push_str("\"]");
    for field in FIELDS {
        if text.len() + 60 > wanted {
            break;
        }
        text.push_str(", \"");
        text.push_str(field);
        text.push_str("\": [\"");
        text.push_str(&random.between(0, 4_000).to_string());
        text.push_str("\", \"");
        text.push_str(&random.between(0, 4_000).to_string());
        text.push_str("\"]");
    }
    text.push_str(", \"notes\": [\"\", \"");
    while text.len() < wanted {
        text.push_str(random.pick(&NOTES));
    }
    text.push_str("\"]}");
}
