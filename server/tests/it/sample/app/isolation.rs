//! In `bmms` mode a request sees and writes the records of its own organization only.

use super::{PAGES, Running, agent, answer, open};

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_bmms_mode_see_their_own_organization_only() {
    let app = Running::start("bmms", |_| {}).await;
    for page in PAGES {
        let (status, body) = app.get(page).await;
        assert_eq!(status, 200, "{page}: {body}");
        assert!(body.contains("<select name=\"organization\">"), "{page}");
        assert!(
            !body.contains("CSEA"),
            "a suspended organization is not offered"
        );
    }
    for (path, count) in [
        ("/communities", 233),
        ("/assessments", 86),
        ("/stakeholders", 155),
        ("/projects", 341),
        ("/policies", 27),
    ] {
        let (_, own) = app.get(path).await;
        assert!(own.contains(&format!("of {count}<")), "{path}");
        let (_, other) = app.get(&format!("{path}?organization=MOH")).await;
        assert!(other.contains("1 to 1 of 1<"), "{path}");
        let cell = |body: &str| {
            let start = body.find("<tbody><tr><td>").unwrap() + 15;
            body[start..body[start..].find("</td>").unwrap() + start].to_owned()
        };
        assert_ne!(
            cell(&own),
            cell(&other),
            "{path}: a row crossed organizations"
        );
    }
    let header = [("x-organization", "MOH")];
    assert!(app.get_with("/policies", &header).await.1.contains("of 1<"));
    let cookie = [("cookie", "theme=dark; organization=MOH")];
    assert!(app.get_with("/policies", &cookie).await.1.contains("of 1<"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_suspended_organizations_are_refused_alike() {
    let app = Running::start("bmms", |_| {}).await;
    for code in ["NOPE", "CSEA", "%3Cscript%3E", "moh"] {
        let (status, body) = app.get(&format!("/communities?organization={code}")).await;
        assert_eq!(status, 403, "{code}");
        assert!(!body.contains("<script>"), "{code}");
    }
    let (status, _) = app
        .post(
            "/communities?organization=CSEA",
            &[("name", "x"), ("barangay", "1")],
        )
        .await;
    assert_eq!(status, 403);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aggregated_view_shows_totals_of_all_organizations_and_no_record() {
    let app = Running::start("bmms", |_| {}).await;
    let (status, body) = app.get("/ocm").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("<th scope=\"row\">OOBC</th><td class=\"n\">233</td><td class=\"n\">86</td>")
    );
    assert!(
        body.contains("<th scope=\"row\">MOH</th><td class=\"n\">1</td><td class=\"n\">1</td>")
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_community_belongs_to_the_organization_of_its_request() {
    let app = Running::start("bmms", |_| {}).await;
    let form = [("name", "Purok <Nuevo> ñ"), ("barangay", "7")];
    let (status, _) = app.post("/communities?organization=MOH", &form).await;
    assert_eq!(status, 303);
    let mut connection = open(&app.database).await;
    let sql = "SELECT organization_id FROM communities_community WHERE name = 'Purok <Nuevo> ñ'";
    assert_eq!(connection.count(sql).await.unwrap(), 2);
    let (_, body) = app.get("/communities?organization=MOH").await;
    assert!(body.contains("Purok &lt;Nuevo&gt; ñ"));
    // the same again, a barangay that does not exist, no name
    for form in [
        form,
        [("name", "Purok Dos"), ("barangay", "999999")],
        [("name", "  "), ("barangay", "7")],
    ] {
        assert_eq!(app.post("/communities", &form).await.0, 422, "{form:?}");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_are_refused() {
    let app = Running::start("obcms", |_| {}).await;
    let url = format!("http://{}/communities", app.address);
    let status = tokio::task::spawn_blocking(move || {
        let request = agent().post(&url).header("origin", "http://evil.example");
        answer(request.send_form([("name", "x"), ("barangay", "1")])).0
    })
    .await
    .unwrap();
    assert_eq!(status, 403);
    app.end().await;
}
