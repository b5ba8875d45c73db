"""The page that takes orders."""

from flask import Flask

from .config import Config
from .queue import connect


def create_app(config=Config):
    app = Flask(__name__)
    app.config.from_object(config)
    connect(app)

    from .views import orders

    app.register_blueprint(orders)
    return app
