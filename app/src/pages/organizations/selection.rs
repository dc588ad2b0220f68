//! Which organizations the list shows, and in which order: filter, search and sort as pure functions.

use shared::organization::{Organization, Stage};

/// The filter buttons above the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Every organization.
    All,
    /// Those that nothing keeps from the next stage.
    Ready,
    /// Ministries.
    Ministries,
    /// All that are not ministries.
    Others,
}

impl Show {
    /// Every filter in the order of its buttons.
    pub const ALL: [Self; 4] = [Self::All, Self::Ready, Self::Ministries, Self::Others];

    /// The word on its button.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Ready => "Ready to move",
            Self::Ministries => "Ministries",
            Self::Others => "Offices and agencies",
        }
    }

    /// Its value in the address.
    pub fn key(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Ready => "ready",
            Self::Ministries => "ministries",
            Self::Others => "others",
        }
    }

    /// The filter of an address; an unknown value shows all.
    pub fn parse(key: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|show| show.key() == key)
            .unwrap_or(Self::All)
    }

    /// Whether it lets an organization through.
    pub fn takes(self, organization: &Organization) -> bool {
        let ministry = organization.kind.eq_ignore_ascii_case("ministry");
        match self {
            Self::All => true,
            Self::Ready => organization.blocked.is_none() && organization.stage < Stage::Active,
            Self::Ministries => ministry,
            Self::Others => !ministry,
        }
    }
}

/// The columns that the table can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Code.
    Code,
    /// How far it is.
    Stage,
    /// Readiness items done.
    Prepared,
    /// Wave; those without one last.
    Wave,
    /// Rows.
    Rows,
}

impl Column {
    /// Its value in the address.
    pub fn key(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Stage => "stage",
            Self::Prepared => "prepared",
            Self::Wave => "wave",
            Self::Rows => "rows",
        }
    }

    /// The column and direction of an address such as `-rows`; by stage, furthest first, when it says nothing.
    pub fn parse(key: &str) -> (Self, bool) {
        let (name, descending) = match key.strip_prefix('-') {
            Some(name) => (name, true),
            None => (key, false),
        };
        [
            Self::Code,
            Self::Stage,
            Self::Prepared,
            Self::Wave,
            Self::Rows,
        ]
        .into_iter()
        .find(|column| column.key() == name)
        .map_or((Self::Stage, true), |column| (column, descending))
    }
}

/// The organizations that fit filter and search, sorted; ties by code.
pub fn select(
    organizations: &[Organization],
    show: Show,
    search: &str,
    sort: (Column, bool),
) -> Vec<Organization> {
    let needle = search.trim().to_lowercase();
    let mut chosen: Vec<Organization> = organizations
        .iter()
        .filter(|organization| show.takes(organization) && matches(organization, &needle))
        .cloned()
        .collect();
    chosen.sort_by(|one, other| {
        let order = match sort.0 {
            Column::Code => one.code.cmp(&other.code),
            Column::Stage => progress(one.stage).cmp(&progress(other.stage)),
            Column::Prepared => one.ready_done.cmp(&other.ready_done),
            Column::Wave => one
                .wave
                .unwrap_or(u32::MAX)
                .cmp(&other.wave.unwrap_or(u32::MAX)),
            Column::Rows => one.rows.cmp(&other.rows),
        };
        let order = if sort.1 { order.reverse() } else { order };
        order.then_with(|| one.code.cmp(&other.code))
    });
    chosen
}

/// Suspended organizations are behind all others: they do not work on the system.
fn progress(stage: Stage) -> u8 {
    match stage {
        Stage::Suspended => 0,
        Stage::Invited => 1,
        Stage::Prepared => 2,
        Stage::Pilot => 3,
        Stage::Active => 4,
    }
}

fn matches(organization: &Organization, needle: &str) -> bool {
    needle.is_empty()
        || [
            &organization.code,
            &organization.name,
            &organization.contact_name,
            &organization.contact_email,
        ]
        .into_iter()
        .any(|text| text.to_lowercase().contains(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(code: &str, kind: &str, stage: Stage, blocked: Option<&str>) -> Organization {
        Organization {
            code: code.to_owned(),
            name: format!("Name of {code}"),
            kind: kind.to_owned(),
            stage,
            is_default: false,
            wave: None,
            contact_name: String::new(),
            contact_email: String::new(),
            ready_done: 0,
            ready_total: 6,
            rows: 0,
            blocked: blocked.map(str::to_owned),
            changed: String::new(),
            version: 1,
        }
    }

    fn codes(chosen: &[Organization]) -> Vec<&str> {
        chosen
            .iter()
            .map(|organization| organization.code.as_str())
            .collect()
    }

    fn sample() -> Vec<Organization> {
        vec![
            organization("MOH", "Ministry", Stage::Prepared, None),
            organization("OOBC", "office", Stage::Active, None),
            organization("BYC", "office", Stage::Invited, Some("No contact")),
            organization("MSSD", "ministry", Stage::Suspended, None),
        ]
    }

    #[test]
    fn ready_to_move_leaves_out_the_blocked_and_those_that_arrived() {
        assert_eq!(
            codes(&select(&sample(), Show::Ready, "", (Column::Code, false))),
            ["MOH"]
        );
    }

    #[test]
    fn a_ministry_is_found_whatever_the_case_of_its_kind() {
        assert_eq!(
            codes(&select(
                &sample(),
                Show::Ministries,
                "",
                (Column::Code, false)
            )),
            ["MOH", "MSSD"]
        );
    }

    #[test]
    fn furthest_first_puts_the_suspended_last() {
        assert_eq!(
            codes(&select(&sample(), Show::All, "", Column::parse(""))),
            ["OOBC", "MOH", "BYC", "MSSD"]
        );
    }

    #[test]
    fn search_finds_code_and_name_whatever_the_case() {
        assert_eq!(
            codes(&select(
                &sample(),
                Show::All,
                " name OF by",
                (Column::Code, false)
            )),
            ["BYC"]
        );
    }
}
