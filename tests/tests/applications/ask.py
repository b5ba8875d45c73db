"""Asks a server in this container, until it answers as expected or patience ends; prints the last answer.

Arguments: the address, the status that is expected, a body to post ("" to get), and what the answer must contain.
"""

import http.client
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 60


def answer(address, body):
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(address, body.encode() or None, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)


def main(address, status, body, *fragments):
    end = time.monotonic() + PATIENCE
    while True:
        found, text = answer(address, body)
        if found == int(status) and all(fragment in text for fragment in fragments):
            return
        # A body is taken once: only a server that is not there yet is asked again.
        if time.monotonic() > end or (body and found):
            sys.exit(f"{address}: expected {status} with {fragments}, found {found}: {text}")
        time.sleep(0.1)


main(*sys.argv[1:])
