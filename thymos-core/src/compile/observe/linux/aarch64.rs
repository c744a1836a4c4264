//! What is particular to AArch64: its number in seccomp data and its 32-bit relative. It has none of the old calls.

use super::calls::Call;
use super::harmless::Harmless;
use super::questions::Question;

/// `AUDIT_ARCH_AARCH64`.
pub const NATIVE: u32 = 0xC000_00B7;

/// `e_machine` of an executable for this architecture.
pub const MACHINE: u16 = 183;

/// No range of call numbers belongs to another interface.
pub const FIRST_FOREIGN: u32 = u32::MAX;

/// `open` and `openat` of 32-bit programs: no such program gets far without one.
pub const FOREIGN_OPENS: [u32; 2] = [5, 322];

/// Calls that only old architectures have.
pub const LEGACY: &[Call] = &[];

/// Harmless calls that only old architectures have.
pub const HARMLESS: &[Harmless] = &[];

/// Calls that tell something and that only old architectures have.
pub const QUESTIONS: &[Question] = &[];
