"""Starts the application: `python -m variosync`."""

from nicegui import app, ui

from variosync.api import routes
from variosync.drift import sample
from variosync.page import add_page
from variosync.records import Measurement, Records
from variosync.settings import Settings


def main() -> None:
    """Opens the records, puts the routes and the page over them, and serves until told to stop."""
    settings = Settings.from_environment()
    records = Records(settings.database)
    if records.is_empty():
        records.add(Measurement(site=site, tick=tick, value=value) for site, tick, value in sample())
    app.include_router(routes(records))
    add_page(records)
    ui.run(host=settings.host, port=settings.port, title="variosync", reload=False, show=False)


if __name__ == "__main__":
    main()
