"""Compares what Django's own migrations made with what Switchyard made of the same database.
Arguments: the two SQLite files. Prints every difference, and ends with 1 when there is one.
"""

import re
import sqlite3
import sys


def parts(sql):
    """A table's definition without the order of its columns: Django moves references to the own table to the end."""
    head, _, body = sql.partition("(")
    return head, sorted(re.split(r', (?=")', body.removesuffix(")")))


def read(path):
    database = sqlite3.connect(path)
    rows = lambda sql: database.execute(sql).fetchall()
    schema = rows(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'switchyard\\_%' ESCAPE '\\'"
        " AND tbl_name NOT LIKE 'switchyard\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name"
    )
    return {
        "schema": [(*row[:3], parts(row[3]) if row[0] == "table" else row[3]) for row in schema],
        "columns": [
            (table, *column[1:])
            for (kind, table, *_) in schema
            if kind == "table"
            for column in rows(f'PRAGMA table_xinfo("{table}")')
        ],
        "foreign keys": [
            (table, *sorted(key[2:] for key in rows(f'PRAGMA foreign_key_list("{table}")')))
            for (kind, table, *_) in schema
            if kind == "table"
        ],
        "places": rows("SELECT id, code, name, region, part_of_id, organization_id FROM records_place ORDER BY id"),
        "visits": rows("SELECT id, place_id, day, note, organization_id FROM records_visit ORDER BY id"),
        "organizations": rows(
            "SELECT id, code, name, org_type, is_active, json(metadata) FROM organizations_organization ORDER BY id"
        ),
        "migrations": sorted(rows("SELECT app, name FROM django_migrations")),
        "sequences": sorted(
            row for row in rows("SELECT name, seq FROM sqlite_sequence") if row[0].startswith(("records_", "organ"))
        ),
        "violations": rows("PRAGMA foreign_key_check") + [row for row in rows("PRAGMA integrity_check") if row != ("ok",)],
    }


django, switchyard = read(sys.argv[1]), read(sys.argv[2])
different = 0
for what in django:
    for row in django[what]:
        if row not in switchyard[what]:
            different += 1
            print(f"{what}: only Django has     {row}")
    for row in switchyard[what]:
        if row not in django[what]:
            different += 1
            print(f"{what}: only Switchyard has {row}")
print(f"compared {', '.join(f'{len(rows)} {what}' for what, rows in django.items())}: {different} differences")
sys.exit(1 if different else 0)
