//! Tables of every kind that SQLite knows, populated, with children that a careless rebuild would
//! empty. Both ways of making a column required must leave everything else as it was.

use server::engine::executor::Outcome;
use server::engine::operation::RequireWay;

use super::world::World;

const ZOO: &[&str] = &[
    "CREATE TABLE \"parent\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"name\" text \
     NOT NULL COLLATE NOCASE, \"size\" int DEFAULT (1 + 1), \"up\" bigint NULL REFERENCES \
     \"parent\" (\"id\") DEFERRABLE INITIALLY DEFERRED, \"twice\" int GENERATED ALWAYS AS (size * 2) \
     VIRTUAL, \"thrice\" int AS (size * 3) STORED, CHECK (\"size\" > 0), \
     CONSTRAINT \"named\" UNIQUE (\"name\", \"size\"))",
    "CREATE TABLE cascading (id INTEGER PRIMARY KEY, parent_id REFERENCES parent (id) ON DELETE CASCADE)",
    "CREATE TABLE nulling (id INTEGER PRIMARY KEY, parent_id REFERENCES parent (id) ON DELETE SET NULL)",
    "CREATE TABLE quiet (id INTEGER PRIMARY KEY, parent_id REFERENCES parent (id))",
    "CREATE TABLE restricting (id INTEGER PRIMARY KEY, parent_id REFERENCES parent (id) ON DELETE RESTRICT)",
    "CREATE TABLE without_id (a text NOT NULL, b int NOT NULL, c, PRIMARY KEY (a, b)) WITHOUT ROWID",
    "CREATE TABLE composite (a text NOT NULL, b int NOT NULL, PRIMARY KEY (a, b))",
    "CREATE TABLE strict_one (id INTEGER PRIMARY KEY, note TEXT) STRICT",
    "CREATE TABLE text_key (code TEXT PRIMARY KEY, note)",
    "CREATE TABLE \"Ñame of \"\"it\"\"\" (\"Schlüssel\" integer primary key, [a b] text, `c d` text -- a comment, with a comma\n)",
    "CREATE TABLE log (id INTEGER PRIMARY KEY, line text)",
    "CREATE INDEX \"parent_partial\" ON \"parent\" (\"name\") WHERE \"size\" > 1",
    "CREATE INDEX parent_expression ON parent (lower(name), size + 1)",
    "CREATE UNIQUE INDEX parent_up ON parent (up, name)",
    "CREATE VIEW big_parents AS SELECT id, name FROM parent WHERE size > 1",
    "CREATE VIEW bigger AS SELECT name FROM big_parents",
    "CREATE TRIGGER parent_updated AFTER UPDATE OF name ON parent BEGIN INSERT INTO log (line) VALUES ('updated ' || NEW.id); END",
    "CREATE TRIGGER parent_deleted AFTER DELETE ON parent BEGIN INSERT INTO log (line) VALUES ('deleted ' || OLD.id); END",
    "CREATE TRIGGER quiet_inserted AFTER INSERT ON quiet BEGIN UPDATE parent SET size = size WHERE id = NEW.parent_id; END",
    "CREATE TRIGGER big_inserted INSTEAD OF INSERT ON big_parents BEGIN INSERT INTO parent (name, size) VALUES (NEW.name, 9); END",
    "INSERT INTO parent (name, size, up) VALUES ('a', 1, NULL), ('B', 2, 1), ('c', 3, 2), ('ñ', 4, 4), ('gone', 5, NULL)",
    "DELETE FROM parent WHERE name = 'gone'",
    "DELETE FROM log",
    "INSERT INTO cascading (parent_id) VALUES (1), (2), (2)",
    "INSERT INTO nulling (parent_id) VALUES (1), (2), (NULL)",
    "INSERT INTO quiet (parent_id) VALUES (1), (3)",
    "INSERT INTO restricting (parent_id) VALUES (4)",
    "INSERT INTO without_id VALUES ('x', 1, 'one'), ('x', 2, 'two'), ('y', 1, NULL)",
    "INSERT INTO composite (rowid, a, b) VALUES (10, 'x', 1), (20, 'x', 2), (30, 'y', 1)",
    "INSERT INTO strict_one (note) VALUES ('s')",
    "INSERT INTO text_key VALUES ('k1', 1), ('k2', 2), (NULL, 3)",
    "INSERT INTO \"Ñame of \"\"it\"\"\" ([a b]) VALUES ('O''Brien')",
];

const TABLES: [&str; 10] = [
    "parent",
    "cascading",
    "nulling",
    "quiet",
    "restricting",
    "without_id",
    "composite",
    "strict_one",
    "text_key",
    "Ñame of \\\"it\\\"",
];

fn playbook() -> String {
    let mut text = String::from(
        "format = 1\nname = \"zoo\"\ntitle = \"Zoo\"\nkind = \"tenancy\"\nframework = \"django\"\n\
         [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
         name = \"One\"\n[[groups]]\nname = \"zoo\"\ntitle = \"Zoo\"\n",
    );
    for table in TABLES {
        text.push_str(&format!(
            "[[groups.models]]\nlabel = \"Row\"\ntable = \"{table}\"\n"
        ));
    }
    text
}

async fn keeps_everything(way: RequireWay, playbook: &str) {
    let mut world = World::new(ZOO, playbook).await;
    world.options.require = way;
    let before = world.dump().await;
    let rowids = world
        .rows("SELECT rowid, a, b FROM composite ORDER BY rowid")
        .await;
    assert_eq!(world.apply().await, Outcome::Done);

    for table in TABLES {
        let name = table.replace('\\', "").replace('"', "\"\"");
        let left = format!("SELECT COUNT(*) FROM \"{name}\" WHERE +organization_id IS NULL");
        assert_eq!(world.count(&left).await, 0, "{table}");
        let required = format!(
            "SELECT \"notnull\" FROM pragma_table_xinfo('{}') WHERE name = 'organization_id'",
            table.replace('\\', "").replace('\'', "''")
        );
        assert_eq!(world.count(&required).await, 1, "{table}");
    }
    for (table, rows) in [
        ("parent", 4),
        ("cascading", 3),
        ("nulling", 3),
        ("quiet", 2),
        ("restricting", 1),
        ("log", 0),
    ] {
        let count = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(world.count(&count).await, rows, "{table}");
    }
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM nulling WHERE parent_id IS NULL")
            .await,
        1
    );
    assert_eq!(
        world
            .count("SELECT seq FROM sqlite_sequence WHERE name = 'parent'")
            .await,
        5,
        "an id that was given out once is never given out again"
    );
    assert_eq!(
        world
            .rows("SELECT rowid, a, b FROM composite ORDER BY rowid")
            .await,
        rowids
    );
    assert_eq!(world.rows("PRAGMA foreign_key_check").await, vec![]);
    assert_eq!(
        world.rows("PRAGMA integrity_check").await[0].string(0),
        "ok"
    );
    assert_eq!(world.count("SELECT COUNT(*) FROM bigger").await, 3);
    assert_eq!(world.leftovers().await, Vec::<String>::new());

    // the triggers work as before
    world
        .execute("UPDATE parent SET name = 'A' WHERE id = 1")
        .await;
    world
        .execute("UPDATE parent SET name = 'a' WHERE id = 1")
        .await;
    assert_eq!(world.count("SELECT COUNT(*) FROM log").await, 2);
    world.execute("DELETE FROM log").await;

    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    let after = world.dump().await;
    assert_eq!(after, before, "undone, but not to the last character");
}

#[tokio::test]
async fn a_definition_edited_in_place_leaves_everything_else_as_it_was() {
    keeps_everything(RequireWay::InPlace, &playbook()).await;
}

#[tokio::test]
async fn a_table_made_again_leaves_everything_else_as_it_was() {
    keeps_everything(RequireWay::Rebuild, &playbook()).await;
}

#[tokio::test]
async fn a_table_made_again_for_a_unique_constraint_leaves_everything_else_as_it_was() {
    let rescoped = "[[groups.unique]]\ntable = \"parent\"\ncolumns = [\"name\", \"size\"]\n";
    let playbook = playbook() + rescoped;
    let world = World::new(ZOO, &playbook).await;
    assert_eq!(world.apply().await, Outcome::Done);
    let columns = "SELECT COUNT(*) FROM pragma_index_list('parent') AS i, pragma_index_info(i.name) AS c \
                   WHERE i.origin = 'u' AND c.name IN ('organization_id', 'name', 'size')";
    assert_eq!(
        world.count(columns).await,
        3,
        "the constraint is per organization"
    );
    keeps_everything(RequireWay::InPlace, &playbook).await;
}
