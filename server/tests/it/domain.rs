//! What the console does, through its own routes: on a real sample system with its running application, and on a small
//! one where only the server is asked.

mod application;
mod approved;
mod backups;
mod beside_a_backup;
mod commanded;
mod environment;
mod evidence;
mod import;
mod journey;
mod on_postgres;
mod organizations;
mod overridden;
mod pace;
mod pressed_at_once;
mod pressed_twice;
mod refusals;
mod releasing;
mod sealed;
mod secrets;
mod starting;
mod unwell;
mod world;
