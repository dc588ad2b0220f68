//! Hours put together to days in the zone of a system, by a real control store.

use jiff::tz::TimeZone;
use server::moment::Moment;
use server::probes::{availability_percent, days};
use server::store::Store;
use server::store::health::{HOUR_MS, Sample, append};
use shared::health::Outcome;

/// A control store in which each of these hours has one sample that stands for all of it.
async fn measured(directory: &tempfile::TempDir, hours: impl Iterator<Item = i64>) -> Store {
    let store = Store::open(&directory.path().join("store.sqlite3"))
        .await
        .unwrap();
    for hour in hours {
        let sample = Sample {
            at: Moment(hour * HOUR_MS),
            outcome: Outcome::Good,
            response_ms: Some(15),
            database_ms: None,
            errors: None,
            connections: None,
            why: None,
        };
        append(&store, "obcms", &sample, 3600, 100).await.unwrap();
    }
    store
}

fn hour(at: &str) -> i64 {
    Moment::parse(at).unwrap().0 / HOUR_MS
}

#[tokio::test]
async fn an_hour_belongs_to_the_day_of_the_systems_own_zone() {
    let directory = tempfile::tempdir().unwrap();
    // 16:00 UTC is midnight in Manila; 18:15 UTC is midnight in Kathmandu
    let hours = ["2026-11-19T15:00:00Z", "2026-11-19T18:00:00Z"].map(hour);
    let store = measured(&directory, hours.into_iter()).await;
    let now = Moment::parse("2026-11-20T02:00:00Z").unwrap();
    for (zone, yesterday, today) in [
        ("Asia/Manila", 3600, 3600),
        ("Asia/Kathmandu", 7200, 0),
        ("UTC", 7200, 0),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        let days = days(&store, "obcms", now, &zone).await.unwrap();
        assert_eq!(days.len(), 90);
        let last: Vec<_> = days[88..]
            .iter()
            .map(|day| (day.day.as_str(), day.measured_seconds))
            .collect();
        assert_eq!(last, [("2026-11-19", yesterday), ("2026-11-20", today)]);
        assert_eq!(days[88].response_ms, Some(15));
        assert_eq!(days[0].measured_seconds, 0);
    }
}

#[tokio::test]
async fn days_of_daylight_saving_have_their_25_and_23_hours_and_their_neighbours_24() {
    let directory = tempfile::tempdir().unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let autumn = hour("2026-10-23T22:00:00Z");
    let spring = hour("2026-03-27T23:00:00Z");
    let hours = (autumn..autumn + 73).chain(spring..spring + 71);
    let store = measured(&directory, hours).await;
    for (now, first, wanted) in [
        ("2026-10-27T12:00:00Z", "2026-10-24", [24, 25, 24, 0]),
        ("2026-03-31T12:00:00Z", "2026-03-28", [24, 23, 24, 0]),
    ] {
        let now = Moment::parse(now).unwrap();
        let days = days(&store, "obcms", now, &zone).await.unwrap();
        assert_eq!(days[86].day, first);
        let hours: Vec<_> = (days[86..].iter())
            .map(|day| day.measured_seconds / 3600)
            .collect();
        assert_eq!(hours, wanted, "{first}");
    }
}

#[tokio::test]
async fn nothing_measured_is_no_availability_rather_than_a_perfect_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = measured(&directory, std::iter::empty()).await;
    let now = Moment::parse("2026-11-20T02:00:00Z").unwrap();
    let days = days(&store, "obcms", now, &TimeZone::UTC).await.unwrap();
    assert_eq!(availability_percent(&days), None);
}
