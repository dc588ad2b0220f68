//! The playbooks that are built in, by name.

/// The text of a built-in playbook.
pub fn built_in(name: &str) -> Option<&'static str> {
    match name {
        "obcms-to-bmms" => Some(crate::sample::PLAYBOOK),
        _ => None,
    }
}

/// Names of all built-in playbooks.
pub fn names() -> Vec<&'static str> {
    vec!["obcms-to-bmms"]
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_has_a_playbook_of_that_name() {
        for name in super::names() {
            let text = super::built_in(name).expect("a text");
            let playbook = crate::engine::Playbook::parse(name, text).expect("a playbook");
            assert_eq!(playbook.name, name);
        }
    }
}
