//! `thymos watch` in a terminal of tmux's, looked at as it is shown and ended in every way there is.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{World, package, require_tool};

/// A terminal of its own server, which ends with the test.
struct Terminal<'w> {
    world: &'w World,
}

impl<'w> Terminal<'w> {
    /// Opens a terminal in which `script` runs.
    fn open(world: &'w World, script: &str) -> Self {
        let terminal = Terminal { world };
        std::fs::write(world.root().join("script"), script).expect("the world is writable");
        let (directory, wide) = (world.root().display().to_string(), "80");
        let run = ["new-session", "-d", "-x", wide, "-y", "24", "-c", directory.as_str(), "sh ./script"];
        assert!(terminal.tmux(&run).0, "tmux opens a terminal");
        terminal
    }

    /// Runs a command of tmux's and returns whether it succeeded and what it printed.
    fn tmux(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new("tmux");
        self.world.prepare(&mut command);
        command.env("LC_ALL", "C.UTF-8").arg("-S").arg(self.world.root().join("socket")).args(["-f", "/dev/null"]);
        let output = command.args(arguments).output().expect("tmux starts");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn shown(&self) -> String {
        self.tmux(&["capture-pane", "-p"]).1
    }

    /// Waits until the terminal shows a text, and returns all that it then shows.
    fn wait_for(&self, text: &str) -> String {
        until(|| Some(self.shown()).filter(|shown| shown.contains(text)), || format!("{text:?} in\n{}", self.shown()))
    }

    fn keys(&self, keys: &str) {
        assert!(self.tmux(&["send-keys", keys]).0, "tmux types {keys}");
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}

/// Asks again and again; each question starts a process or reads a file, which is pause enough.
fn until<T>(mut ask: impl FnMut() -> Option<T>, missing: impl Fn() -> String) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "missing: {}", missing());
        std::thread::yield_now();
    }
}

fn file(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'))
}

/// Notes the terminal's state, watches, and notes how that ended and the state after it. The process number is the watch's,
/// because the shell that tells it becomes the watch.
fn script() -> String {
    let thymos = env!("CARGO_BIN_EXE_thymos");
    format!(
        "stty -a > before\nsh -c 'echo $$ > pid; exec {thymos} watch' 2> stderr\necho $? > code\nstty -a > after\nread end\n"
    )
}

#[test]
fn the_terminal_is_as_before_however_the_watch_ends() {
    if !require_tool("tmux") {
        return;
    }
    // 128 and the signal's number, as a shell tells it.
    for (way, code) in [("q", 0), ("C-c", 0), ("INT", 130), ("TERM", 143), ("QUIT", 131), ("HUP", 129)] {
        let world = World::cached();
        let terminal = Terminal::open(&world, &script());
        terminal.wait_for("q quits");
        let at = |name: &str| world.root().join(name);
        if way.len() > 1 && !way.starts_with("C-") {
            let pid = until(|| file(&at("pid")), || "the process number".to_owned());
            let sent = Command::new("kill").args(["-s", way, pid.trim()]).status().expect("kill starts");
            assert!(sent.success());
        } else {
            terminal.keys(way);
        }
        let after = until(|| file(&at("after")), || format!("{way}: the end\n{}", terminal.shown()));
        assert_eq!(file(&at("code")), Some(format!("{code}\n")), "{way}");
        assert_eq!(file(&at("before")), Some(after), "{way}: the terminal's settings");
        assert_given_back(&terminal, way);
        // The shell tells of the signal; nobody else says a word.
        let said = file(&at("stderr")).unwrap_or_default();
        assert!(!said.contains("thymos") && said.lines().count() <= 1, "{way}: {said}");
    }
}

/// Asserts that the terminal shows what it showed before, with a cursor.
fn assert_given_back(terminal: &Terminal<'_>, when: &str) {
    let (_, modes) = terminal.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]);
    assert_eq!(modes, "0 1\n", "{when}: the screen of before, with a cursor");
}

#[test]
#[cfg(debug_assertions)] // a release build of the binary has no switches
fn a_panic_is_told_on_a_terminal_that_is_as_before() {
    if !require_tool("tmux") {
        return;
    }
    let world = World::cached();
    world.env("THYMOS_TEST_PANIC", "screen");
    let terminal = Terminal::open(&world, &script().replace(" 2> stderr", ""));
    let at = |name: &str| file(&world.root().join(name));
    let after = until(|| at("after"), || format!("the end\n{}", terminal.shown()));
    assert_eq!((at("code"), at("before")), (Some("101\n".to_owned()), Some(after)));
    assert_given_back(&terminal, "panic");
    // What is told before the terminal is given back goes with the screen that it was told on.
    assert!(terminal.shown().contains("a test has asked for it"), "{}", terminal.shown());
}

#[test]
fn a_terminal_that_tells_an_absurd_size_is_left_as_it_was() {
    if !require_tool("tmux") {
        return;
    }
    for size in ["rows 60000 cols 60000", "rows 1 cols 1", "rows 0 cols 0"] {
        let world = World::cached();
        let terminal = Terminal::open(&world, &format!("stty {size}\n{}", script()));
        let at = |name: &str| file(&world.root().join(name));
        let taken = || terminal.tmux(&["display-message", "-p", "#{alternate_on}"]).1;
        until(|| (taken() == "1\n" || at("after").is_some()).then_some(()), || format!("{size}: the screen"));
        terminal.keys("q");
        let after = until(|| at("after"), || format!("{size}: the end\n{}", terminal.shown()));
        assert_eq!(at("code"), Some("0\n".to_owned()), "{size}: {:?}", at("stderr"));
        assert_eq!(at("before"), Some(after), "{size}: the terminal's settings");
        assert_given_back(&terminal, size);
    }
}

#[test]
fn a_watch_that_is_stopped_gives_the_terminal_back_until_it_goes_on() {
    if !require_tool("tmux") {
        return;
    }
    let world = World::cached();
    // Only a shell with job control can stop what it runs.
    let script = format!(
        "stty -a > before\nset -m\n{} watch\necho $? > code\nstty -a > stopped\nread go\nfg\nstty -a > after\nread end\n",
        env!("CARGO_BIN_EXE_thymos")
    );
    let terminal = Terminal::open(&world, &script);
    let at = |name: &str| file(&world.root().join(name));
    terminal.wait_for("q quits");
    terminal.keys("C-z");
    let stopped = until(|| at("stopped"), || format!("the stop\n{}", terminal.shown()));
    // 128 and the number of SIGTSTP, as a shell tells it.
    assert_eq!((at("code"), at("before")), (Some("148\n".to_owned()), Some(stopped)));
    assert_given_back(&terminal, "stopped");
    terminal.keys("Enter");
    terminal.wait_for("q quits");
    terminal.keys("q");
    let after = until(|| at("after"), || format!("the end\n{}", terminal.shown()));
    assert_eq!(at("before"), Some(after), "the terminal's settings at the end");
    assert_given_back(&terminal, "ended");
}

#[test]
fn a_build_is_shown_with_its_units_and_a_resized_terminal_is_drawn_anew() {
    if !require_tool("tmux") {
        return;
    }
    let world = World::cached();
    let terminal = Terminal::open(&world, &script());
    terminal.wait_for("No build uses this store now");
    let here = world.checkout("here", &package("app").file("src/main.rs", "fn main() {}\n"));
    here.cargo("build").ok();
    let shown = terminal.wait_for("never seen");
    assert!(shown.lines().any(|line| line.starts_with("here ")) && shown.contains("▓ 1 miss "), "{shown}");
    here.clean();
    here.cargo("build").ok();
    terminal.wait_for("100 % hits");
    assert!(terminal.tmux(&["resize-window", "-x", "50", "-y", "10"]).0, "tmux resizes");
    let fits = |shown: &String| {
        shown.starts_with("Builds") && shown.lines().next().is_some_and(|line| line.ends_with("  q quits"))
    };
    let shown = until(|| Some(terminal.shown()).filter(fits), || terminal.shown());
    assert!(shown.lines().all(|line| line.chars().count() <= 50), "{shown}");
}

#[test]
fn a_closed_terminal_ends_the_watch() {
    if !require_tool("tmux") {
        return;
    }
    let world = World::cached();
    let terminal = Terminal::open(&world, &script());
    terminal.wait_for("q quits");
    let pid = until(|| file(&world.root().join("pid")), || "the process number".to_owned());
    drop(terminal);
    let process = format!("/proc/{}/cmdline", pid.trim());
    let gone = || std::fs::read(&process).map_or(true, |line| line.is_empty()).then_some(());
    until(gone, || "the end of the watch".to_owned());
}

#[test]
fn where_there_is_no_terminal_each_unit_is_a_line_until_nobody_reads() {
    let world = World::cached();
    let here = world.checkout("here", &package("app").file("src/main.rs", "fn main() {}\n"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_thymos"));
    world.prepare(&mut command);
    command.arg("watch").stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    let mut watch = command.spawn().expect("thymos starts");
    let mut out = std::io::BufReader::new(watch.stdout.take().expect("it is piped"));
    let mut line = String::new();
    // What ended before the watch began is not told, so builds go on until one is.
    while line.is_empty() {
        here.clean();
        here.cargo("build").ok();
        line = available(&mut out);
    }
    assert!(
        line.starts_with("here: miss app 0.1.0 (bin), ") || line.starts_with("here: hit app 0.1.0 (bin), "),
        "{line}"
    );
    assert!(!line.contains('\u{1b}'), "{line:?}");
    drop(out);
    let ended = || {
        here.clean();
        here.cargo("build").ok();
        watch.try_wait().expect("a child can be waited for")
    };
    assert!(until(ended, || "the end of the watch".to_owned()).success());
}

/// Returns the next line; the build before it has ended, so it comes unless the watch had not begun.
fn available(out: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).expect("the line is text");
    line
}
