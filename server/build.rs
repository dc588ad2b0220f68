//! Tells the crate where the console's files lie: `dist/` of the repository, whether or not it has been built yet.

use std::env;
use std::path::PathBuf;

fn main() {
    let manifest =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let repository = manifest
        .parent()
        .expect("the server lies in a folder of the repository");
    let dist = repository.join("dist");
    println!("cargo:rustc-env=CONSOLE_DIST={}", dist.display());
    println!("cargo:rerun-if-changed=build.rs");
    // A debug build reads the folder while it runs; a release build embeds what lies there and has to notice a new console
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed={}", dist.display());
    }
}
