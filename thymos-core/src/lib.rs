//! The engine behind `thymos`.

pub mod observe;
