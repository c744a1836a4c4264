//! Debuggers as editors drive them: gdb's machine interface, and the Debug Adapter Protocol.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stages::{Shared, looks_alike, project, stops};
use crate::support::{Checkout, skip};

#[test]
fn the_machine_interface_of_gdb_stops_by_absolute_path() {
    if !crate::support::require_tool("gdb") {
        return;
    }
    looks_alike(&project(), Shared::Everywhere, |here| {
        here.cargo("build").ok();
        let mut gdb = here.command("gdb".as_ref());
        gdb.current_dir("/").args(["-q", "-nx", "--interpreter=mi3"]).arg(here.path("target/debug/app"));
        let mut script = String::new();
        for (path, line) in stops(here) {
            script += &format!("-break-insert --source \"{path}\" --line {line}\n");
        }
        script += "-exec-run\n";
        stops(here).iter().for_each(|_| script += "-stack-list-frames 0 1\n-exec-continue\n");
        script += "-gdb-exit\n";
        let mut child = gdb.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let named = |line: &str| Some(line.split_once("fullname=\"")?.1.split_once('"')?.0.to_owned());
        let stopped = said.lines().filter(|line| line.starts_with("*stopped,reason=\"breakpoint-hit\""));
        let told: Vec<String> = stopped.filter_map(named).collect();
        assert_eq!(told.len(), stops(here).len(), "{said}");
        told.join("\n")
    });
}

#[test]
fn the_debug_adapter_of_lldb_stops_by_absolute_path() {
    let names = ["lldb-dap", "lldb-dap-14", "lldb-vscode-14", "lldb-vscode"];
    let is_there = |name: &&&str| Command::new(name).arg("--help").output().is_ok();
    let Some(adapter) = names.iter().find(is_there) else {
        skip("no debug adapter of lldb is installed");
        return;
    };
    looks_alike(&project(), Shared::Everywhere, |here| {
        here.cargo("build").ok();
        let mut session = Session::start(here, adapter);
        session.ask("initialize", json!({"adapterID": "lldb", "pathFormat": "path"}));
        session.ask("launch", json!({"program": here.path("target/debug/app"), "disableASLR": false}));
        session.wait(|message| message["event"] == "initialized");
        for (path, line) in stops(here) {
            let asked = json!({"source": {"path": path}, "breakpoints": [{"line": line}]});
            session.ask("setBreakpoints", asked);
            let answer = session.wait(|message| message["command"] == "setBreakpoints");
            assert_eq!(answer["body"]["breakpoints"][0]["verified"], true, "{answer}");
        }
        session.ask("configurationDone", json!({}));
        let mut told = String::new();
        for _ in stops(here) {
            let stopped = session.wait(|message| message["event"] == "stopped");
            let thread = stopped["body"]["threadId"].clone();
            session.ask("stackTrace", json!({"threadId": thread, "startFrame": 0, "levels": 1}));
            let trace = session.wait(|message| message["command"] == "stackTrace");
            let frame = &trace["body"]["stackFrames"][0];
            told += &format!("{}:{}\n", frame["source"]["path"].as_str().unwrap_or("none"), frame["line"]);
            session.ask("continue", json!({"threadId": thread}));
        }
        session.ask("disconnect", json!({"terminateDebuggee": true}));
        told
    });
}

struct Session {
    child: std::process::Child,
    messages: BufReader<std::process::ChildStdout>,
    count: u64,
}

impl Session {
    fn start(here: &Checkout<'_>, adapter: &str) -> Session {
        let mut command = here.command(adapter.as_ref());
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let messages = BufReader::new(child.stdout.take().unwrap());
        Session { child, messages, count: 0 }
    }

    fn ask(&mut self, command: &str, arguments: Value) {
        self.count += 1;
        let text =
            json!({"seq": self.count, "type": "request", "command": command, "arguments": arguments}).to_string();
        let input = self.child.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    /// Reads messages until one is as wanted.
    fn wait(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut length = 0;
            loop {
                let mut header = String::new();
                assert!(self.messages.read_line(&mut header).unwrap() > 0, "the adapter goes on");
                if header.trim().is_empty() {
                    break;
                }
                length = header.trim().rsplit(' ').next().unwrap().parse().unwrap();
            }
            let mut text = vec![0; length];
            self.messages.read_exact(&mut text).unwrap();
            let message: Value = serde_json::from_slice(&text).unwrap();
            assert_ne!(message["event"], "terminated", "the program stops first");
            if is_wanted(&message) {
                return message;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
