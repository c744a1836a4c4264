//! From one place to another: nothing moves that was not made twice, and what then moves is right at every further place.

use crate::support::{Files, World};
use crate::watch::{Watch, said, script, writes};

/// Builds in three places at different depths and returns what became of the runs, and what each program says.
fn in_three_places(files: &Files) -> [(String, String); 3] {
    let world = World::cached();
    let watch = Watch::new(&world);
    ["one", "another/one", "and/yet/another"].map(|place| {
        let here = world.checkout(place, files);
        let run = watch.run(&here);
        let said = said(&here).replace(&here.root().display().to_string(), "HERE");
        // What is restored in its own place is what was made there.
        assert_eq!(watch.run_anew(&here), if run.contains('(') { run.as_str() } else { "hit" });
        (run, said)
    })
}

fn check(files: &Files, runs: [&str; 3], says: [&str; 3]) {
    let seen = in_three_places(files);
    assert_eq!(seen.each_ref().map(|(run, _)| run.as_str()), runs);
    assert_eq!(seen.each_ref().map(|(_, said)| said.as_str()), says);
}

#[test]
fn what_holds_no_path_moves_from_the_third_place_on() {
    check(&writes("\"said\".to_owned()"), ["miss", "miss", "hit"], ["said"; 3]);
}

#[test]
fn paths_in_a_text_and_in_what_is_printed_are_those_of_the_place() {
    let body = "std::fs::write(out.join(\"where\"), format!(\"{}\\n{}\\n\", out.display(), std::env::current_dir().unwrap().display())).unwrap();
        std::fs::write(out.join(\"said\"), \"\").unwrap(); println!(\"cargo:rustc-env=WHERE={}\", out.join(\"where\").display());";
    let main = "fn main() { print!(\"{}\", include_str!(env!(\"WHERE\")).lines().nth(1).unwrap()) }";
    check(&script(body).file("src/main.rs", main), ["miss", "miss", "hit"], ["HERE"; 3]);
}

#[test]
fn the_length_of_a_path_stays_where_it_was_measured() {
    let files = writes("std::env::var(\"OUT_DIR\").unwrap().len().to_string()");
    let seen = in_three_places(&files);
    assert_eq!(seen.each_ref().map(|(run, _)| run.as_str()), ["miss"; 3]);
    let lengths: std::collections::HashSet<&String> = seen.iter().map(|(_, said)| said).collect();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
}

#[test]
fn the_length_of_the_working_directory_stays_where_it_was_measured() {
    let seen = in_three_places(&writes("std::env::current_dir().unwrap().as_os_str().len().to_string()"));
    let lengths: std::collections::HashSet<&String> = seen.iter().map(|(_, said)| said).collect();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
}

#[test]
fn a_path_in_a_binary_file_stays_in_its_place() {
    let body = "let mut bytes = vec![0]; bytes.extend(out.display().to_string().bytes()); std::fs::write(out.join(\"binary\"), bytes).unwrap();
        std::fs::write(out.join(\"said\"), \"\").unwrap();";
    let main = "fn main() { let all = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/binary\")); let text = std::str::from_utf8(&all[1..]).unwrap();
        assert!(std::path::Path::new(text).is_dir(), \"{text}\"); println!(\"right\") }";
    check(&script(body).file("src/main.rs", main), ["miss"; 3], ["right"; 3]);
}

#[test]
fn a_target_directory_that_is_moved_holds_launchers_that_work() {
    let world = World::cached();
    let watch = Watch::new(&world);
    let files = writes("std::fs::read_to_string(\"data\").unwrap()").file("data", "one");
    let here = world.checkout("here", &files.clone());
    assert_eq!(watch.run(&here), "miss");
    here.write("data", "two").rename("target", "moved");
    here.cargo("build --target-dir=moved").ok();
    let run = here.run("moved/debug/app").ok().stdout;
    assert_eq!(run.trim_end(), "two");
}
