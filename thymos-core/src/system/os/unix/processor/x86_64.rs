//! What a processor says of itself: the answers that LLVM reads.
//!
//! Invariant: parts that differ from core to core are left out, such as the number of the core that happens to answer.

use std::arch::x86_64::{__cpuid_count, CpuidResult};

/// Which parts of an answer tell of the processor's kind.
const EAX: u8 = 1;
const EBX: u8 = 2;
const ECX: u8 = 4;
const EDX: u8 = 8;

/// Question, and the part of it that is meant; registers of the answer.
const QUESTIONS: [(u32, u32, u8); 11] = [
    (0, 0, EAX | EBX | ECX | EDX),
    (1, 0, EAX | ECX | EDX),
    (7, 0, EBX | ECX | EDX),
    (7, 1, EAX | EBX | ECX | EDX),
    (0xd, 1, EAX),
    (0x14, 0, EBX),
    (0x19, 0, EBX),
    (0x1e, 1, EAX),
    (0x24, 0, EBX),
    (0x8000_0001, 0, ECX | EDX),
    (0x8000_0008, 0, EBX),
];

/// Returns the answers, in one order.
pub fn answers() -> impl Iterator<Item = u32> {
    let highest = [ask(0, 0).eax, ask(0x8000_0000, 0).eax];
    let answered = move |(leaf, ..): &(u32, u32, u8)| *leaf <= highest[usize::from(*leaf >= 0x8000_0000)];
    QUESTIONS.into_iter().filter(answered).flat_map(|(leaf, part, registers)| {
        let CpuidResult { eax, ebx, ecx, edx } = ask(leaf, part);
        let answer = [(EAX, eax), (EBX, ebx), (ECX, ecx), (EDX, edx)];
        answer.into_iter().filter(move |(register, _)| registers & register != 0).map(|(_, value)| value)
    })
}

#[allow(unused_unsafe, reason = "newer compilers know that every processor of this kind answers")]
fn ask(leaf: u32, part: u32) -> CpuidResult {
    // SAFETY: every processor of this architecture has the instruction, and it changes nothing.
    unsafe { __cpuid_count(leaf, part) }
}
