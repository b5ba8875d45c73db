"""What Waitress serves."""

import falcon

from ledger.resources import Balance, Health

application = falcon.App()
application.add_route("/healthz", Health())
application.add_route("/balances/{account}", Balance())
