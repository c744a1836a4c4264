//! The engine behind `thymos`.
