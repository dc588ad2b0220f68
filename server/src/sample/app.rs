//! The sample application.
