//! What the layers of an image are made from.

use crate::base::resolved::ResolvedBases;
use crate::project::application::Collected;
use crate::wheel::local_projects::OwnFiles;
use crate::wheel::wheels::WheelSources;

/// All that layers are made from.
pub(crate) struct Ingredients<'a> {
    pub(crate) app: &'a [Collected],
    pub(crate) own: &'a OwnFiles,
    pub(crate) wheels: &'a WheelSources,
    pub(crate) bases: &'a ResolvedBases,
}
