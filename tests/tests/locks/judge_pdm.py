# Asks PDM of many projects whether their locks are up to date, as `pdm lock --check` in each of them does.
#
# Standard input has a JSON list of pairs: a pyproject.toml and a pdm.lock. The answer is a line for each: `fresh`,
# `stale`, or `invalid` where PDM refuses the project.
import contextlib, io, json, pathlib, sys

from pdm.core import Core


def verdict():
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            Core().main(["lock", "--check"])
    except SystemExit as end:
        if not end.code:
            return "fresh"
    except BaseException:
        return "invalid"
    else:
        return "fresh"
    # Its lines are wrapped.
    text = " ".join(said.getvalue().split())
    is_stale = "Lockfile doesn't satisfy" in text or "Lockfile is not compatible" in text
    return "stale" if is_stale else "invalid"


for project, lock in json.load(sys.stdin):
    pathlib.Path("pyproject.toml").write_text(project)
    pathlib.Path("pdm.lock").write_text(lock)
    print(verdict(), flush=True)
