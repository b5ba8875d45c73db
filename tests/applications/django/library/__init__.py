"""The site: settings, addresses and the entry for a server."""
