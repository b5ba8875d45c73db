"""The price over HTTP."""
