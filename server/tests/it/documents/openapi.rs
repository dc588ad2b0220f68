//! `docs/openapi.json` is what the server answers at `/api/v1/openapi.json`: a change of the API shows in a review.

use serde_json::{Map, json};
use shared::evidence::Evidence;
use utoipa::{PartialSchema as _, ToSchema as _};

use super::{check_generated, pretty};

#[test]
fn the_document_is_the_one_of_the_router() {
    let document = serde_json::to_value(server::http::document()).expect("a document is JSON");
    check_generated("openapi.json", &pretty(&document));
}

#[test]
fn the_schema_of_evidence_is_the_one_of_its_types() {
    let mut used = Vec::new();
    Evidence::schemas(&mut used);
    let schemas: Map<_, _> = used
        .into_iter()
        .chain([("Evidence".into(), Evidence::schema())])
        .map(|(name, schema)| {
            (
                name,
                serde_json::to_value(schema).expect("a schema is JSON"),
            )
        })
        .collect();
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evidence.json of a bundle of Switchyard, version 1",
        "$ref": "#/components/schemas/Evidence",
        "components": { "schemas": schemas },
    });
    check_generated("evidence.schema.json", &pretty(&document));
}
