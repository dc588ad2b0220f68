//! What of the shell is not needed to see a page: search, keys, and the choice of an organization. Fetched right after it.

use leptos::prelude::*;

use super::Systems;
use super::organization::Selector;
use super::palette::Palette;
use super::shortcuts::Shortcuts;
use crate::part::part;

/// One of them.
#[derive(Clone, Copy)]
pub enum Tool {
    /// Keys, and the palette that they open.
    Keys {
        /// Whether the palette is shown.
        palette: RwSignal<bool>,
    },
    /// The choice of an organization of this system.
    Organization {
        /// Slug of the system.
        system: StoredValue<String>,
    },
}

part! {
    /// A tool of the shell.
    tool, _tool_ahead, (tool: Tool, systems: Systems) {
        Ok(match tool {
            Tool::Keys { palette } => view! { <Palette open=palette systems/> <Shortcuts palette/> }.into_any(),
            Tool::Organization { system } => view! { <Selector system/> }.into_any(),
        })
    }
}
