"""The one page: a table of the sites and how far each drifts."""

from nicegui import ui

from variosync import __version__
from variosync.drift import summary
from variosync.records import Records

COLUMNS = [
    {"name": "site", "label": "Site", "field": "site", "align": "left"},
    {"name": "count", "label": "Values", "field": "count"},
    {"name": "mean", "label": "Mean", "field": "mean"},
    {"name": "drift", "label": "Drift per tick", "field": "drift"},
]


def add_page(records: Records) -> None:
    """Serves the page at `/`."""

    @ui.page("/", title="variosync")
    def index() -> None:
        ui.label("variosync").classes("text-h4")
        ui.label("How far the sites drift apart")
        table = ui.table(columns=COLUMNS, rows=summary(records.rows()), row_key="site")
        ui.button("Refresh", on_click=lambda: table.update_rows(summary(records.rows())))
        ui.label(f"version {__version__}").classes("text-caption")
