//! What a machine can know for the checklists, by name.

/// What a machine can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// A verified backup that is young enough.
    Backup,
    /// The environment file and the application say single-tenant mode, or the mode was switched since.
    Mode,
    /// The application works with the playbook's default organization.
    DefaultOrganization,
    /// The target can be read, and the application uses the same database.
    Database,
    /// The application answers with its mode: it is a release that knows organizations.
    CodeVersion,
    /// Every check of this section of the newest verification report passed.
    Report(Section),
    /// Enough organizations are planned as pilot.
    Pilot,
    /// An update was published where stakeholders read it.
    Notified,
    /// A maintenance window is announced.
    Window,
}

/// Sections of a verification report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Organization table and default organization.
    Organizations,
    /// Each row of each model has an organization.
    Models,
    /// Each model has the column, its foreign key and its index.
    Structure,
    /// The file is sound and no foreign key points nowhere.
    Integrity,
    /// Every invariant of the playbook holds.
    Invariants,
    /// The application's mode and organization context.
    Middleware,
    /// Every page renders.
    Views,
    /// Indexes are used and lists answer in time.
    Performance,
    /// No row and no foreign key crosses organizations.
    Isolation,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 9] = [
        Self::Organizations,
        Self::Models,
        Self::Structure,
        Self::Middleware,
        Self::Views,
        Self::Performance,
        Self::Isolation,
        Self::Invariants,
        Self::Integrity,
    ];

    /// Its stable name in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Models => "models",
            Self::Structure => "structure",
            Self::Integrity => "integrity",
            Self::Invariants => "invariants",
            Self::Middleware => "middleware",
            Self::Views => "views",
            Self::Performance => "performance",
            Self::Isolation => "isolation",
        }
    }

    /// Its title in a report.
    pub fn title(self) -> &'static str {
        match self {
            Self::Organizations => "Organizations",
            Self::Models => "Model migrations",
            Self::Structure => "Columns, foreign keys and indexes",
            Self::Integrity => "Database integrity",
            Self::Invariants => "Invariants",
            Self::Middleware => "Middleware and context",
            Self::Views => "Views",
            Self::Performance => "Database performance",
            Self::Isolation => "Data isolation",
        }
    }
}
