//! The two cookies: the session, and the device that a person signed in from before.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::config::Config;

/// Name of the session's cookie. `__Host-` makes browsers insist on Secure, the whole path and no other host.
fn session_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-switchyard"
    } else {
        "switchyard"
    }
}

fn device_name(config: &Config) -> &'static str {
    if config.is_https() {
        "__Host-switchyard-device"
    } else {
        "switchyard-device"
    }
}

/// How long a browser counts as known.
const DEVICE_AGE: Duration = Duration::from_secs(180 * 24 * 3600);

/// Token of the session.
pub(super) fn token<'a>(headers: &'a HeaderMap, config: &Config) -> Option<&'a str> {
    value(headers, session_name(config))
}

/// Token of the device.
pub(super) fn device<'a>(headers: &'a HeaderMap, config: &Config) -> Option<&'a str> {
    value(headers, device_name(config))
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty())
}

/// Sets the session's cookie; it ends with the browser, and on the server by its own limits.
pub(super) fn set_session(config: &Config, token: &str) -> Option<HeaderValue> {
    header(config, session_name(config), token, None)
}

/// Takes the session's cookie away.
pub(super) fn clear_session(config: &Config) -> Option<HeaderValue> {
    header(config, session_name(config), "", Some(Duration::ZERO))
}

/// Sets the device's cookie.
pub(super) fn set_device(config: &Config, token: &str) -> Option<HeaderValue> {
    header(config, device_name(config), token, Some(DEVICE_AGE))
}

fn header(config: &Config, name: &str, value: &str, age: Option<Duration>) -> Option<HeaderValue> {
    let secure = if config.is_https() { "; Secure" } else { "" };
    let age = age.map_or(String::new(), |age| format!("; Max-Age={}", age.as_secs()));
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}"
    ))
    .ok()
}
