//! `docs/openapi.json` is what the server answers at `/api/v1/openapi.json`: a change of the API shows in a review.

use super::{check_generated, pretty};

#[test]
fn the_document_is_the_one_of_the_router() {
    let document = serde_json::to_value(server::http::document()).expect("a document is JSON");
    check_generated("openapi.json", &pretty(&document));
}
