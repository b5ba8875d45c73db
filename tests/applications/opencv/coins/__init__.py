"""Coins in pictures."""
