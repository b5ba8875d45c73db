//! A lock and targets → the wheels to install, or every reason why one cannot be.

mod coverage;
mod misfit;
mod one_target;
mod problem;
mod remedy;
mod selection;
mod tags;

pub use coverage::{CoverageError, select_all};
pub use misfit::Misfit;
pub use one_target::select;
pub use problem::{Reason, SelectError, SelectProblem};
pub use selection::{SelectedWheel, Selection};
