//! Starts the console in the browser; everything else is in the library, so that the host can test what needs no browser.

fn main() {
    app::start();
}
