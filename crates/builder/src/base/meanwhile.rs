//! What can be done while a base is assembled.

/// Called once it is clear that a base has to be assembled, which takes seconds: whatever else can be begun, begins.
pub(crate) type Meanwhile<'m> = dyn Fn() + Sync + 'm;
