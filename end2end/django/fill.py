"""Fills the database with rows, as they were before anybody thought of organizations. Argument: the SQLite file."""

import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as database:
    database.executemany(
        "INSERT INTO records_place (id, code, name, region, part_of_id) VALUES (?, ?, ?, ?, ?)",
        [(n, f"P-{n:04}", f"Barangay Peñafrancia {n}", f"Region {n % 4}", n - 1 if n % 5 > 1 else None) for n in range(1, 301)],
    )
    database.executemany(
        "INSERT INTO records_visit (place_id, day, note) VALUES (?, ?, ?)",
        [(n % 300 + 1, f"2026-11-{n % 28 + 1:02}", "" if n % 3 else "café") for n in range(1000)],
    )
