//! Every page has an address, and every list of pages has every page.

use super::*;

#[test]
fn every_page_is_found_again_from_its_own_address() {
    let token = "k3-_x".into();
    let public = [Route::Login, Route::Welcome { token }];
    for route in samples().into_iter().chain(public) {
        assert_eq!(Route::parse(&route.path()), route);
    }
}

/// The browser tests open every address of this list and hold it against WCAG 2.2 AA.
#[test]
fn the_browser_tests_know_every_page() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../end2end/support/addresses.json"
    );
    let patterns: Vec<String> = samples()
        .iter()
        .map(|route| {
            let named = match route {
                Route::System {
                    page: SystemPage::Run { run },
                    ..
                } => Some((run.to_string(), "{run}")),
                Route::System {
                    page: SystemPage::Report { report },
                    ..
                } => Some((report.to_string(), "{report}")),
                Route::System {
                    page: SystemPage::Onboard { organization },
                    ..
                } => Some((organization.clone(), "{organization}")),
                Route::System {
                    page: SystemPage::Data { model: Some(model) },
                    ..
                } => Some((model.clone(), "{model}")),
                _ => None,
            };
            let path = decode(&route.path()).replace("/systems/obcms", "/systems/{system}");
            match named {
                Some((value, name)) => path.replace(&value, name),
                None => path,
            }
        })
        .collect();
    let text = serde_json::to_string_pretty(&patterns).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(written, text, "write it anew with UPDATE_DOCUMENTS=1");
}

/// A page that is new does not compile until it has its place here, and fails until `samples` has it too.
#[test]
fn every_page_of_a_system_is_among_the_samples() {
    let place = |page: &SystemPage| match page {
        SystemPage::Overview => 0,
        SystemPage::Checklist => 1,
        SystemPage::Runs => 2,
        SystemPage::Plan => 3,
        SystemPage::Run { .. } => 4,
        SystemPage::Coverage => 5,
        SystemPage::Mode => 6,
        SystemPage::Organizations => 7,
        SystemPage::Import => 8,
        SystemPage::Onboard { .. } => 9,
        SystemPage::Data { model: None } => 10,
        SystemPage::Data { model: Some(_) } => 11,
        SystemPage::All => 12,
        SystemPage::Health => 13,
        SystemPage::Rollback => 14,
        SystemPage::Notices => 15,
        SystemPage::Told => 16,
        SystemPage::Reports => 17,
        SystemPage::Report { .. } => 18,
        SystemPage::Audit => 19,
    };
    let places: Vec<usize> = (samples().iter())
        .filter_map(|route| match route {
            Route::System { page, .. } => Some(place(page)),
            _ => None,
        })
        .collect();
    assert_eq!(places, (0..20).collect::<Vec<_>>());
}

#[test]
fn an_unknown_address_is_not_found_and_the_root_is_the_systems_list() {
    assert_eq!(Route::parse("/"), Route::Systems);
    assert!(matches!(
        Route::parse("/systems/obcms/runs/abc"),
        Route::NotFound { .. }
    ));
    assert!(matches!(Route::parse("/nothing"), Route::NotFound { .. }));
}

#[test]
fn a_broken_escape_in_an_address_stays_text() {
    assert_eq!(decode("100%"), "100%");
    assert_eq!(decode("%zz%41"), "%zzA");
    assert_eq!(decode("%é"), "%é");
}
