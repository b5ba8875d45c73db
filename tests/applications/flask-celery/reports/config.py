"""Where the queue is."""

import json
import os


class Config:
    CELERY = {
        "broker_url": os.environ.get("BROKER_URL", "redis://localhost:6379/0"),
        "result_backend": os.environ.get("RESULT_BACKEND", "redis://localhost:6379/1"),
        "broker_transport_options": json.loads(os.environ.get("BROKER_OPTIONS", "{}")),
        "task_ignore_result": False,
    }
