//! What the console does, through its own routes, on a real sample system with its running application.

mod journey;
mod refusals;
mod world;
