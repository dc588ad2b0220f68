//! The console's addresses: each page is one `Route`, parsed from a path and written back to it.

pub mod location;

/// A page of the console, with what its address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Sign in.
    Login,
    /// First account, invitation or new password: by a one-time link.
    Welcome {
        /// Secret of the link.
        token: String,
    },
    /// Systems, those that need a person first.
    Systems,
    /// The log of everything.
    Audit,
    /// Users and roles.
    Users,
    /// One's own password and sessions.
    Account,
    /// A page of one system.
    System {
        /// Slug of the system.
        system: String,
        /// Which page.
        page: SystemPage,
    },
    /// No page has this address.
    NotFound {
        /// The address asked for.
        path: String,
    },
}

/// A page of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemPage {
    /// Overview.
    Overview,
    /// What to do before and after.
    Checklist,
    /// Runs.
    Runs,
    /// The plan: preview, preflight and start.
    Plan,
    /// One run.
    Run {
        /// Its number.
        run: i64,
    },
    /// Coverage and decisions.
    Coverage,
    /// Mode.
    Mode,
    /// Organizations, as table or board.
    Organizations,
    /// CSV import.
    Import,
    /// Onboarding of one organization.
    Onboard {
        /// Its code.
        organization: String,
    },
    /// Rows of the target by organization.
    Data {
        /// Label of the chosen model.
        model: Option<String>,
    },
    /// All organizations together.
    All,
    /// Measured health.
    Health,
    /// Backups and the ways back.
    Rollback,
    /// Updates and maintenance windows.
    Notices,
    /// Subscribers, webhooks and links to the status page.
    Told,
    /// Verification reports.
    Reports,
    /// One report.
    Report {
        /// Its number.
        report: i64,
    },
    /// The log of this system.
    Audit,
}

impl Route {
    /// The page of an address path; never fails, an unknown path is `NotFound`.
    pub fn parse(path: &str) -> Self {
        let parts: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(decode)
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let page = match parts.as_slice() {
            [] | ["systems"] => return Self::Systems,
            ["login"] => return Self::Login,
            ["welcome", token] => {
                return Self::Welcome {
                    token: (*token).to_string(),
                };
            }
            ["audit"] => return Self::Audit,
            ["users"] => return Self::Users,
            ["account"] => return Self::Account,
            ["systems", _, rest @ ..] => SystemPage::parse(rest),
            _ => None,
        };
        match (page, parts.get(1)) {
            (Some(page), Some(system)) => Self::System {
                system: (*system).to_string(),
                page,
            },
            _ => Self::NotFound {
                path: path.to_string(),
            },
        }
    }

    /// The address path of this page.
    pub fn path(&self) -> String {
        match self {
            Self::Login => "/login".into(),
            Self::Welcome { token } => format!("/welcome/{}", encode(token)),
            Self::Systems => "/systems".into(),
            Self::Audit => "/audit".into(),
            Self::Users => "/users".into(),
            Self::Account => "/account".into(),
            Self::System { system, page } => format!("/systems/{}{}", encode(system), page.path()),
            Self::NotFound { path } => path.clone(),
        }
    }

    /// The system that this page is about.
    pub fn system(&self) -> Option<&str> {
        match self {
            Self::System { system, .. } => Some(system),
            _ => None,
        }
    }

    /// Whether the page is for people who are not signed in.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Login | Self::Welcome { .. })
    }
}

impl SystemPage {
    fn parse(parts: &[&str]) -> Option<Self> {
        Some(match parts {
            [] => Self::Overview,
            ["checklist"] => Self::Checklist,
            ["runs"] => Self::Runs,
            ["runs", "new"] => Self::Plan,
            ["runs", run] => Self::Run {
                run: run.parse().ok()?,
            },
            ["coverage"] => Self::Coverage,
            ["mode"] => Self::Mode,
            ["organizations"] => Self::Organizations,
            ["organizations", "import"] => Self::Import,
            ["organizations", code, "onboard"] => Self::Onboard {
                organization: (*code).to_string(),
            },
            ["data"] => Self::Data { model: None },
            ["data", model] => Self::Data {
                model: Some((*model).to_string()),
            },
            ["all"] => Self::All,
            ["health"] => Self::Health,
            ["rollback"] => Self::Rollback,
            ["notices"] => Self::Notices,
            ["told"] => Self::Told,
            ["reports"] => Self::Reports,
            ["reports", report] => Self::Report {
                report: report.parse().ok()?,
            },
            ["audit"] => Self::Audit,
            _ => return None,
        })
    }

    fn path(&self) -> String {
        match self {
            Self::Overview => String::new(),
            Self::Checklist => "/checklist".into(),
            Self::Runs => "/runs".into(),
            Self::Plan => "/runs/new".into(),
            Self::Run { run } => format!("/runs/{run}"),
            Self::Coverage => "/coverage".into(),
            Self::Mode => "/mode".into(),
            Self::Organizations => "/organizations".into(),
            Self::Import => "/organizations/import".into(),
            Self::Onboard { organization } => {
                format!("/organizations/{}/onboard", encode(organization))
            }
            Self::Data { model: None } => "/data".into(),
            Self::Data { model: Some(model) } => format!("/data/{}", encode(model)),
            Self::All => "/all".into(),
            Self::Health => "/health".into(),
            Self::Rollback => "/rollback".into(),
            Self::Notices => "/notices".into(),
            Self::Told => "/told".into(),
            Self::Reports => "/reports".into(),
            Self::Report { report } => format!("/reports/{report}"),
            Self::Audit => "/audit".into(),
        }
    }

    /// The address path of this page of `system`.
    pub fn of(self, system: &str) -> String {
        Route::System {
            system: system.to_string(),
            page: self,
        }
        .path()
    }

    /// The words for this page in the navigation and the breadcrumb.
    pub fn title(&self) -> String {
        match self {
            Self::Overview => "Overview".into(),
            Self::Checklist => "Checklist".into(),
            Self::Runs => "Runs".into(),
            Self::Plan => "New run".into(),
            Self::Run { run } => format!("Run {run}"),
            Self::Coverage => "Coverage".into(),
            Self::Mode => "Mode".into(),
            Self::Organizations => "Organizations".into(),
            Self::Import => "Import".into(),
            Self::Onboard { organization } => format!("Onboard {organization}"),
            Self::Data { model: None } => "Data".into(),
            Self::Data { model: Some(model) } => model.clone(),
            Self::All => "All organizations".into(),
            Self::Health => "Health".into(),
            Self::Rollback => "Backups and rollback".into(),
            Self::Notices => "Notices".into(),
            Self::Told => "Who is told".into(),
            Self::Reports => "Reports".into(),
            Self::Report { report } => format!("Report {report}"),
            Self::Audit => "Audit log".into(),
        }
    }

    /// The page one level up within the system.
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::Plan | Self::Run { .. } => Some(Self::Runs),
            Self::Import | Self::Onboard { .. } => Some(Self::Organizations),
            Self::Data { model: Some(_) } => Some(Self::Data { model: None }),
            Self::Report { .. } => Some(Self::Reports),
            _ => None,
        }
    }
}

/// Writes one path segment or query value so that it survives in an address.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Reads what `encode` wrote; a broken escape stays as it is.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// One of each page, for the tests.
#[cfg(test)]
pub(crate) fn samples() -> Vec<Route> {
    let of_system = [
        SystemPage::Overview,
        SystemPage::Checklist,
        SystemPage::Runs,
        SystemPage::Plan,
        SystemPage::Run { run: 14 },
        SystemPage::Coverage,
        SystemPage::Mode,
        SystemPage::Organizations,
        SystemPage::Import,
        SystemPage::Onboard {
            organization: "MBHTE & co/1".into(),
        },
        SystemPage::Data { model: None },
        SystemPage::Data {
            model: Some("Datu Ñ".into()),
        },
        SystemPage::All,
        SystemPage::Health,
        SystemPage::Rollback,
        SystemPage::Notices,
        SystemPage::Told,
        SystemPage::Reports,
        SystemPage::Report { report: 3 },
        SystemPage::Audit,
    ];
    let of_system = of_system.map(|page| Route::System {
        system: "obcms".into(),
        page,
    });
    let others = [Route::Systems, Route::Audit, Route::Users, Route::Account];
    of_system.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests;
