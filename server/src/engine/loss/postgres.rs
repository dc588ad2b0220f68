//! Compares a live PostgreSQL database with a backup's, which is restored beside it where rows may differ: both
//! sides are read in pieces along the same order, so that memory stays bounded.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::compare::{Hear, Ours, Table, json};
use super::{Change, Loss};
use crate::db::{
    Access, Connection, DatabaseUrl, DbError, Dialect, Field, PostgresAddress, Row, Value, quote,
};
use crate::engine::backup::postgres::restore_beside;
use crate::engine::backup::{Backup, BackupError};
use crate::engine::manifest::{ServerIdentity, Shape, postgres as content};
use crate::engine::progress::{Progress, Stage, Watch};
use crate::engine::schema::RESERVED_PREFIX;

/// Rows that are fetched at once from one side.
const PIECE: usize = 500;

/// A table, and whether it is partitioned.
type Shaped = (Shape, bool);

/// A table that may differ, as it is on each side.
struct Pair {
    name: String,
    before: Option<Shape>,
    now: Option<Shaped>,
}

/// Compares every table that both or one of the databases have.
pub(super) async fn compare(
    address: &PostgresAddress,
    identity: &ServerIdentity,
    backup: &Backup,
    ours: &Ours,
    watch: &mut Watch<'_>,
    hear: Hear<'_>,
) -> Result<Loss, BackupError> {
    let url = DatabaseUrl::Postgres(address.clone());
    let mut now = open(&url).await?;
    let pairs = differing(&mut now, backup, watch).await?;
    if pairs.iter().all(|pair| pair.before.is_none()) {
        let loss = walk(None, &mut now, &pairs, ours, hear).await?;
        now.close().await;
        return Ok(loss);
    }
    // no moment of the live database is held for as long as restoring takes
    now.close().await;
    let (scratch, _) = restore_beside(backup, identity, address, watch).await?;
    let compared = async {
        let mut before = scratch.open(Access::Read).await?;
        content::begin(&mut before).await?;
        let mut now = open(&url).await?;
        let pairs = differing(&mut now, backup, watch).await?;
        let loss = walk(Some(&mut before), &mut now, &pairs, ours, hear).await?;
        before.close().await;
        now.close().await;
        Ok(loss)
    }
    .await;
    scratch.remove().await;
    compared
}

async fn open(url: &DatabaseUrl) -> Result<Connection, DbError> {
    let mut db = Connection::open(url, Access::Read).await?;
    content::begin(&mut db).await?;
    Ok(db)
}

/// The tables whose content is not what the manifest says, over the manifest's columns.
async fn differing(
    now: &mut Connection,
    backup: &Backup,
    watch: &mut Watch<'_>,
) -> Result<Vec<Pair>, BackupError> {
    let saved = &backup.manifest.content;
    let present = content::shapes(now).await?;
    let mut pairs = Vec::new();
    let total = present.len() as u64;
    for (done, (shape, partitioned)) in (1..).zip(present) {
        if shape.name.starts_with(RESERVED_PREFIX) {
            continue;
        }
        let before = saved.table(&shape.name).map(|table| Shape {
            name: table.name.clone(),
            columns: table.columns.clone(),
            key: table.key.clone(),
        });
        if let (Some(before), Some(table)) = (&before, saved.table(&shape.name))
            && (before.columns.iter()).all(|column| shape.columns.contains(column))
        {
            let live = content::digest(now, before, partitioned).await?;
            if live.rows == table.rows && live.content == table.content {
                continue;
            }
        }
        pairs.push(Pair {
            name: shape.name.clone(),
            before,
            now: Some((shape, partitioned)),
        });
        watch.tell(Progress {
            stage: Stage::Comparing,
            done,
            total,
        })?;
    }
    let known = content::shapes(now).await?;
    for table in &saved.tables {
        let there = known.iter().any(|(shape, _)| shape.name == table.name);
        if !there && !table.name.starts_with(RESERVED_PREFIX) {
            pairs.push(Pair {
                name: table.name.clone(),
                before: Some(Shape {
                    name: table.name.clone(),
                    columns: table.columns.clone(),
                    key: table.key.clone(),
                }),
                now: None,
            });
        }
    }
    pairs.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(pairs)
}

/// Compares these tables row by row. Without `before` each is one that only the live database has.
async fn walk(
    mut before: Option<&mut Connection>,
    now: &mut Connection,
    pairs: &[Pair],
    ours: &Ours,
    hear: Hear<'_>,
) -> Result<Loss, BackupError> {
    let restored = match &mut before {
        Some(before) => content::shapes(before).await?,
        None => Vec::new(),
    };
    let mut loss = Loss::default();
    for pair in pairs {
        let saved = restored.iter().find(|(shape, _)| shape.name == pair.name);
        let mut table = Table::new(&pair.name, ours, &mut *hear);
        let columns = shared(pair);
        let key = match (&pair.before, &pair.now) {
            (Some(before), Some((now, _))) if before.key != now.key => Vec::new(),
            (Some(shape), _) | (None, Some((shape, _))) => shape.key.clone(),
            (None, None) => Vec::new(),
        };
        let keyed = !key.is_empty() && key.iter().all(|name| columns.contains(name));
        table.loss.without_key = !keyed && pair.before.is_some() && pair.now.is_some();
        let order = Order {
            key: if keyed { key } else { columns.clone() },
            columns,
        };
        let mut left = match (&mut before, saved) {
            (Some(before), Some(shaped)) => Some(Side::open(before, shaped, &order).await?),
            _ => None,
        };
        let mut right = match &pair.now {
            Some(shaped) => Some(Side::open(now, shaped, &order).await?),
            None => None,
        };
        merge(&mut left, &mut right, &order, &mut table).await?;
        for side in [left, right].into_iter().flatten() {
            side.close().await?;
        }
        if table.loss.created + table.loss.changed + table.loss.deleted > 0 {
            loss.tables.push(table.loss);
        }
    }
    Ok(loss)
}

/// The columns that both sides have; all of the only side.
fn shared(pair: &Pair) -> Vec<String> {
    match (&pair.before, &pair.now) {
        (Some(before), Some((now, _))) => (before.columns.iter())
            .filter(|column| now.columns.contains(column))
            .cloned()
            .collect(),
        (Some(shape), None) | (None, Some((shape, _))) => shape.columns.clone(),
        (None, None) => Vec::new(),
    }
}

/// Walks both sides in the same order.
async fn merge(
    left: &mut Option<Side<'_>>,
    right: &mut Option<Side<'_>>,
    order: &Order,
    table: &mut Table<'_>,
) -> Result<(), BackupError> {
    let (mut old, mut new) = (next(left).await?, next(right).await?);
    loop {
        let place = match (&old, &new) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => order.of(old, new),
        };
        match (place, &old, &new) {
            (Ordering::Less, Some(old), _) => {
                table.note(
                    Change::Deleted,
                    order.key_of(old),
                    Some(order.named(old)),
                    None,
                )?;
            }
            (Ordering::Greater, _, Some(new)) => {
                table.note(
                    Change::Created,
                    order.key_of(new),
                    None,
                    Some(order.named(new)),
                )?;
            }
            (Ordering::Equal, Some(old), Some(new)) if !order.same(old, new) => {
                let (key, before) = (order.key_of(new), order.named(old));
                table.note(Change::Changed, key, Some(before), Some(order.named(new)))?;
            }
            _ => {}
        }
        if place.is_le() {
            old = next(left).await?;
        }
        if place.is_ge() {
            new = next(right).await?;
        }
    }
}

async fn next(side: &mut Option<Side<'_>>) -> Result<Option<Row>, DbError> {
    match side {
        Some(side) => side.next().await,
        None => Ok(None),
    }
}

/// In what order rows are read, and what of them: the key as text in front, whose bytes every type and every
/// locale of a server order alike, and the columns behind it.
struct Order {
    key: Vec<String>,
    columns: Vec<String>,
}

impl Order {
    fn select(&self, (shape, partitioned): &Shaped) -> String {
        let key = (self.key.iter()).map(|name| format!("{}::text COLLATE \"C\"", quote(name)));
        let columns = self.columns.iter().map(|name| quote(name));
        let places: Vec<String> = (1..=self.key.len())
            .map(|place| format!("{place} NULLS FIRST"))
            .collect();
        let mut sql = format!(
            "SELECT {} FROM {}{}",
            key.chain(columns).collect::<Vec<_>>().join(", "),
            if *partitioned { "" } else { "ONLY " },
            Dialect::Postgres.relation(&shape.name)
        );
        if !places.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", places.join(", ")));
        }
        sql
    }

    fn of(&self, left: &Row, right: &Row) -> Ordering {
        compared(&left.0[..self.key.len()], &right.0[..self.key.len()])
    }

    fn same(&self, left: &Row, right: &Row) -> bool {
        compared(&left.0[self.key.len()..], &right.0[self.key.len()..]).is_eq()
    }

    fn key_of(&self, row: &Row) -> Vec<Value> {
        let values = self.columns.iter().zip(&row.0[self.key.len()..]);
        let values: Vec<_> = values.collect();
        (self.key.iter())
            .filter_map(|name| values.iter().find(|(column, _)| *column == name))
            .map(|(_, value)| (*value).clone())
            .collect()
    }

    fn named(&self, row: &Row) -> serde_json::Map<String, serde_json::Value> {
        let values = self.columns.iter().zip(&row.0[self.key.len()..]);
        values
            .map(|(name, value)| (name.clone(), json(Field::from(value))))
            .collect()
    }
}

fn compared(left: &[Value], right: &[Value]) -> Ordering {
    (left.iter().zip(right))
        .map(|(left, right)| Field::from(left).order(Field::from(right)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// One side of a table while it is read.
struct Side<'c> {
    db: &'c mut Connection,
    piece: VecDeque<Row>,
    ended: bool,
}

impl<'c> Side<'c> {
    async fn open(db: &'c mut Connection, table: &Shaped, order: &Order) -> Result<Self, DbError> {
        let select = order.select(table);
        db.execute(format!("DECLARE compared NO SCROLL CURSOR FOR {select}"))
            .await?;
        Ok(Self {
            db,
            piece: VecDeque::new(),
            ended: false,
        })
    }

    async fn next(&mut self) -> Result<Option<Row>, DbError> {
        if self.piece.is_empty() && !self.ended {
            let rows = self.db.rows(format!("FETCH {PIECE} FROM compared")).await?;
            self.ended = rows.len() < PIECE;
            self.piece = rows.into();
        }
        Ok(self.piece.pop_front())
    }

    async fn close(self) -> Result<(), DbError> {
        self.db.execute("CLOSE compared").await.map(drop)
    }
}
