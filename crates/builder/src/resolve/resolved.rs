//! What is known of an image before anything of it is built.

use shipwheel_plan::facts::Facts;
use shipwheel_plan::image_lock::LockedBase;

use crate::base::debian_source::DebianSource;
use crate::fingerprint::watched::Watched;
use crate::layer::ingredients::Ingredients;

/// The facts that the plan is made from, and the ingredients that its layers are made from.
pub(crate) struct Resolved {
    pub(crate) facts: Facts,
    pub(crate) ingredients: Ingredients,
    /// Where more packages of the base come from, if they are Debian's.
    pub(crate) debian: Option<DebianSource>,
    /// Which base was taken, as image.lock names it.
    pub(crate) chosen: LockedBase,
    /// All that decides what comes of it, where that is known.
    pub(crate) watched: Option<Watched>,
}
