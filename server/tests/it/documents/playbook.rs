//! `docs/playbook.md` and the JSON Schema of playbooks say what the parser does.

use server::engine::Playbook;

use super::{check_generated, check_keys, check_refusals, pretty, whole_example};

#[test]
fn the_json_schema_is_the_one_of_the_types() {
    check_generated("playbook.schema.json", &pretty(&Playbook::json_schema()));
}

#[test]
fn every_key_is_documented() {
    check_keys("playbook.md", &Playbook::json_schema());
}

#[test]
fn the_whole_example_is_read() {
    let playbook = Playbook::parse("clinic.toml", &whole_example("playbook.md"))
        .expect("the documented playbook");
    assert_eq!(playbook.models().count(), 2);
}

#[test]
fn what_is_said_to_be_refused_is_refused() {
    check_refusals("playbook.md", 60, |text| {
        let error = Playbook::parse("clinic.toml", text).err()?;
        Some((error.position.line, error.to_string()))
    });
}
