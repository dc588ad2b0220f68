//! Values on their way to and from PostgreSQL. What has no kind of its own in [`Value`] (moments,
//! identifiers, exact numbers) is read as the text that the server writes for it.

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, ToSpan};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgRow, PgTypeInfo, PgTypeKind, PgValueFormat, PgValueRef};
use sqlx::{Encode, Postgres, Row as _, Type, TypeInfo, ValueRef};

use super::super::{Row, Value};

/// A value as the wire has it; none for NULL.
pub(super) struct Parameter(pub(super) Option<Vec<u8>>);

impl Type<Postgres> for Parameter {
    fn type_info() -> PgTypeInfo {
        // never asked: the statement is prepared by then, and the server has said each type
        PgTypeInfo::with_name("text")
    }
}

impl Encode<'_, Postgres> for Parameter {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(match &self.0 {
            None => IsNull::Yes,
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                IsNull::No
            }
        })
    }
}

/// The value in the type's own way; none where it has to be sent as text and cast.
pub(super) fn encode(value: &Value, kind: &str) -> Option<Parameter> {
    let bytes = match (value, kind) {
        (Value::Null, _) => return Some(Parameter(None)),
        (Value::Integer(number), "INT8") => number.to_be_bytes().to_vec(),
        (Value::Integer(number), "INT4") => i32::try_from(*number).ok()?.to_be_bytes().to_vec(),
        (Value::Integer(number), "INT2") => i16::try_from(*number).ok()?.to_be_bytes().to_vec(),
        (Value::Integer(number @ (0 | 1)), "BOOL") => vec![u8::from(*number == 1)],
        (Value::Real(number), "FLOAT8") => number.to_be_bytes().to_vec(),
        (Value::Blob { blob }, "BYTEA") => blob.clone(),
        (Value::Text(text), kind) if is_text(kind) => text.clone().into_bytes(),
        (Value::Integer(_) | Value::Real(_), kind) if is_text(kind) => value.display().into_bytes(),
        _ => return None,
    };
    Some(Parameter(Some(bytes)))
}

fn is_text(kind: &str) -> bool {
    matches!(kind, "TEXT" | "VARCHAR" | "NAME" | "UNKNOWN" | "JSON")
}

/// Reads a row.
pub(super) fn read(row: &PgRow) -> Result<Row, sqlx::Error> {
    let mut values = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let raw = row.try_get_raw(column)?;
        values.push(decode(raw).map_err(sqlx::Error::Decode)?);
    }
    Ok(Row(values))
}

fn decode(raw: PgValueRef<'_>) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().into_owned();
    match raw.format() {
        PgValueFormat::Text => of_text(kind.name(), raw.as_str()?),
        PgValueFormat::Binary => of_bytes(&kind, raw.as_bytes()?),
    }
}

fn of_text(kind: &str, text: &str) -> Result<Value, BoxDynError> {
    Ok(match kind {
        "BOOL" => Value::Integer(i64::from(text == "t")),
        "INT2" | "INT4" | "INT8" | "OID" => Value::Integer(text.parse()?),
        "FLOAT4" | "FLOAT8" => Value::Real(text.parse()?),
        "NUMERIC" => exact(text.to_owned()),
        "BYTEA" => Value::Blob {
            blob: hex::decode(text.trim_start_matches("\\x"))?,
        },
        _ => Value::Text(text.to_owned()),
    })
}

/// An exact number: a whole one where it is written as one, so that sums count as counts do.
fn exact(text: String) -> Value {
    text.parse().map_or(Value::Text(text), Value::Integer)
}

fn of_bytes(kind: &PgTypeInfo, bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(match kind.name() {
        "BOOL" => Value::Integer(i64::from(bytes == [1])),
        "INT2" => Value::Integer(i16::from_be_bytes(bytes.try_into()?).into()),
        "INT4" => Value::Integer(i32::from_be_bytes(bytes.try_into()?).into()),
        "OID" => Value::Integer(u32::from_be_bytes(bytes.try_into()?).into()),
        "INT8" => Value::Integer(i64::from_be_bytes(bytes.try_into()?)),
        "FLOAT4" => Value::Real(f32::from_be_bytes(bytes.try_into()?).into()),
        "FLOAT8" => Value::Real(f64::from_be_bytes(bytes.try_into()?)),
        "BYTEA" => Value::Blob {
            blob: bytes.to_vec(),
        },
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "JSON" | "UNKNOWN" | "XML" | "\"CHAR\"" => {
            text(bytes)?
        }
        // one byte of version before the text
        "JSONB" => text(bytes.get(1..).unwrap_or_default())?,
        "UUID" => uuid(bytes),
        "tid" => Value::Text(place(bytes)?),
        "NUMERIC" => exact(numeric(bytes)?),
        "DATE" => {
            let days = i32::from_be_bytes(bytes.try_into()?);
            Value::Text(date(2000, 1, 1).checked_add(days.days())?.to_string())
        }
        "TIMESTAMP" => Value::Text(moment(bytes)?),
        "TIMESTAMPTZ" => Value::Text(match moment(bytes)? {
            endless if endless.contains("infinity") => endless,
            moment => moment + "+00",
        }),
        _ if matches!(kind.kind(), PgTypeKind::Enum(_)) => text(bytes)?,
        other => {
            return Err(format!("a value of type {other} cannot be read: cast it to text").into());
        }
    })
}

fn text(bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(Value::Text(std::str::from_utf8(bytes)?.to_owned()))
}

/// Where a row lies: its block and its place there.
fn place(bytes: &[u8]) -> Result<String, BoxDynError> {
    let (block, place) = bytes.split_at_checked(4).ok_or("a place is cut off")?;
    let block = u32::from_be_bytes(block.try_into()?);
    let place = u16::from_be_bytes(place.try_into()?);
    Ok(format!("({block},{place})"))
}

fn uuid(bytes: &[u8]) -> Value {
    let mut text = hex::encode(bytes);
    for at in [20, 16, 12, 8] {
        if text.len() > at {
            text.insert(at, '-');
        }
    }
    Value::Text(text)
}

/// Microseconds since 2000 as the server writes a moment.
fn moment(bytes: &[u8]) -> Result<String, BoxDynError> {
    let micros = i64::from_be_bytes(bytes.try_into()?);
    if micros == i64::MAX {
        return Ok("infinity".into());
    }
    if micros == i64::MIN {
        return Ok("-infinity".into());
    }
    let start: DateTime = date(2000, 1, 1).at(0, 0, 0, 0);
    let moment = start.checked_add(SignedDuration::from_micros(micros))?;
    let mut text = moment.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let fraction = moment.subsec_nanosecond() / 1_000;
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    Ok(text)
}

/// An exact number: groups of four decimal digits, a weight, a sign and a scale.
fn numeric(bytes: &[u8]) -> Result<String, BoxDynError> {
    let mut words = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let mut word = || words.next().ok_or("a number is cut off");
    let groups = u16::from_be_bytes(word()?);
    let weight = i16::from_be_bytes(word()?);
    let sign = u16::from_be_bytes(word()?);
    let scale = u16::from_be_bytes(word()?);
    let mut digits = Vec::with_capacity(usize::from(groups));
    for _ in 0..groups {
        digits.push(u16::from_be_bytes(word()?));
    }
    let special = match sign {
        0xC000 => Some("NaN"),
        0xD000 => Some("Infinity"),
        0xF000 => Some("-Infinity"),
        _ => None,
    };
    if let Some(special) = special {
        return Ok(special.to_owned());
    }
    let group = |place: i32| {
        let at = i32::from(weight) - place;
        let digit = usize::try_from(at).ok().and_then(|at| digits.get(at));
        digit.copied().unwrap_or(0)
    };
    let mut whole = String::new();
    for place in (0..=i32::from(weight).max(0)).rev() {
        whole.push_str(&format!("{:04}", group(place)));
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let mut text = format!("{}{whole}", if sign == 0x4000 { "-" } else { "" });
    if scale > 0 {
        let mut fraction = String::new();
        for place in 1..=scale.div_ceil(4) {
            fraction.push_str(&format!("{:04}", group(-i32::from(place))));
        }
        fraction.truncate(usize::from(scale));
        text.push('.');
        text.push_str(&fraction);
    }
    Ok(text)
}
