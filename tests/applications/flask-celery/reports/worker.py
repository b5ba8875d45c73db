"""What `celery -A reports.worker worker` starts."""

from . import create_app

app = create_app().extensions["celery"]
