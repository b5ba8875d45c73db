//! CPython's bytecode files as bytes: pycs, magic numbers, source hashes, and one canonical form of code objects.
//!
//! CPython marshals the same code object to different bytes from one process to the next. [`canonical`]
//! rewrites what an interpreter marshalled to a form that depends only on the source, so that a layer
//! of bytecode has one digest wherever it is compiled.
//!
//! ```
//! use shipwheel_bytecode::{InvalidationMode, Optimization, PythonVersion, magic_number, pyc_path, source_hash, write_pyc};
//! let python: PythonVersion = "3.11.9".parse().unwrap();
//! let magic = magic_number(&python, None).unwrap();
//! let hash = source_hash(python.minor, magic, b"print(1)\n");
//! let pyc = write_pyc(magic, InvalidationMode::UncheckedHash, hash, b"a marshalled code object");
//! assert_eq!(&pyc[..4], b"\xa7\r\r\n");
//! let path = pyc_path("/app/main.py", &python, Optimization::None, false);
//! assert_eq!(path.as_deref(), Ok("/app/__pycache__/main.cpython-311.pyc"));
//! ```
//!
//! Nothing is compiled here: `shipwheel-builder` runs the interpreter. The crate is separate from
//! `shipwheel-python` because it touches each byte of all bytecode, and is compiled with optimizations in every profile.

mod canonical;
mod magic_number;
mod marshal;
mod objects;
mod pyc;
mod python_version;
mod source_hash;

pub use canonical::{CANONICAL_RECIPE, canonical};
pub use magic_number::{MAGIC_NUMBER_SOURCE, begins_with_magic_number, magic_number};
pub use marshal::MarshalError;
pub use pyc::{InvalidationMode, Optimization, PycPathError, pyc_path, write_pyc};
pub use python_version::{PythonVersion, PythonVersionError};
pub use source_hash::source_hash;
