//! The HTTP surface on the real router, one file an area.

mod protocol;
