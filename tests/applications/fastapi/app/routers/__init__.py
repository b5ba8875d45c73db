"""One router for each kind of thing."""
