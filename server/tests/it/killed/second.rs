//! A control store in a file belongs to one console, and to nobody once that one is gone.

use super::machine::Machine;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_console_on_one_file_is_refused_and_a_killed_one_keeps_nobody_out() {
    let mut machine = Machine::new(0, |_, command| command).await;
    machine.start();
    let process = machine.process();
    let refused = machine.start_beside();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for words in [
        &format!("another console (process {process}) serves from the control store"),
        "switchyard.sqlite3",
        "stop that one first",
    ] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    assert_eq!(machine.call("GET", "/systems/obcms", None).0, 200);

    machine.kill();
    machine.start();
    assert_eq!(machine.call("GET", "/systems/obcms", None).0, 200);
    machine.stop();
    machine.start();
    assert_eq!(machine.call("GET", "/systems/obcms", None).0, 200);
}
