//! Which processor `target-cpu=native` means here.
//!
//! LLVM asks the processor itself where that answers programs (`getHostCPUFeatures` in `llvm/lib/TargetParser/Host.cpp`), and the
//! kernel where it does not. The kernel tells less: it does not name what it does not know, nor what somebody hides from one
//! process (arch_prctl(2), `ARCH_SET_CPUID`).
//!
//! Invariant: two machines for which LLVM compiles different code have different texts; what moves between two looks at one
//! machine is in none.

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(not(target_arch = "x86_64"), path = "silent.rs")]
mod own;

/// Returns text that stands for the processor that `target-cpu=native` means here; nothing where the kernel does not tell.
#[must_use]
pub fn processor() -> Option<Vec<u8>> {
    let info = std::fs::read("/proc/cpuinfo").ok()?;
    let mut text = told(&info)?;
    for number in own::answers() {
        text.extend(number.to_le_bytes());
    }
    Some(text)
}

/// Returns what the kernel tells of any of its processors, each line once: the cores of one machine may differ.
fn told(info: &[u8]) -> Option<Vec<u8>> {
    let names = [&b"vendor_id"[..], b"cpu family", b"model", b"stepping", b"flags", b"Features", b"CPU "];
    let mut lines: Vec<&[u8]> = Vec::new();
    for line in info.split(|byte| *byte == b'\n').filter(|line| names.iter().any(|name| line.starts_with(name))) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    (!lines.is_empty()).then(|| lines.join(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_core_counts_and_how_many_there_are_does_not() {
        let core = |part: &str| format!("processor\t: 0\nBogoMIPS\t: 50\nFeatures\t: fp\nCPU part\t: {part}\n\n");
        let text = |parts: &[&str]| told(parts.iter().map(|part| core(part)).collect::<String>().as_bytes());
        assert_eq!(text(&["0xd40"]), text(&["0xd40", "0xd40"]));
        assert_ne!(text(&["0xd40"]), text(&["0xd40", "0xd41"]));
        assert_eq!(told(b"processor\t: 0\n"), None);
    }

    #[test]
    fn one_machine_has_one_text() {
        assert_eq!(processor(), processor());
    }
}
