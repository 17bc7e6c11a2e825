//! Re-exports wasmtime's C API so that cargo puts all of it into one static archive.
pub use wasmtime_c_api::*;
