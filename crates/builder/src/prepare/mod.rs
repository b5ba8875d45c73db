//! `[[app.prepare]]`: programs of this machine that make files of the application, in a copy, once for each input.

mod copy;
mod made;
mod preparation;
mod prepare;
pub(crate) mod prepare_error;
mod process;
mod python;

pub(crate) use preparation::{Preparation, WhenNeeded};
