# Asks Poetry of many projects whether their locks are up to date, as `poetry check --lock` in each of them does.
#
# Standard input has a JSON list of pairs: a pyproject.toml and a poetry.lock. The answer is a line for each: `fresh`,
# `stale`, or `invalid` where Poetry refuses the project.
import json, pathlib, sys

from cleo.io.inputs.string_input import StringInput
from cleo.io.outputs.buffered_output import BufferedOutput
from poetry.console.application import Application
from poetry.factory import Factory


def verdict():
    try:
        Factory().create_poetry(pathlib.Path.cwd())
    except Exception:
        return "invalid"
    application = Application()
    application.auto_exits(False)
    out, err = BufferedOutput(), BufferedOutput()
    application.run(StringInput("check --lock --no-interaction"), out, err)
    # It reports much else.
    return "stale" if "poetry lock" in out.fetch() + err.fetch() else "fresh"


for project, lock in json.load(sys.stdin):
    pathlib.Path("pyproject.toml").write_text(project)
    pathlib.Path("poetry.lock").write_text(lock)
    print(verdict(), flush=True)
