"""The interface for notes."""
