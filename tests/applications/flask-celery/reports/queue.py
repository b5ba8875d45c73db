"""Celery, configured by the application."""

import os

from celery import Celery, Task


def connect(app):
    class TaskInContext(Task):
        def __call__(self, *args, **kwargs):
            with app.app_context():
                return self.run(*args, **kwargs)

    # Without Redis the broker is folders.
    for folder in app.config["CELERY"]["broker_transport_options"].values():
        os.makedirs(folder, exist_ok=True)
    queue = Celery(app.name, task_cls=TaskInContext)
    queue.config_from_object(app.config["CELERY"])
    queue.set_default()
    app.extensions["celery"] = queue
    return queue
