# Imports every module below a folder, a few in each fresh process, and says what came of it.
import os, signal, sys

root, size = sys.argv[1], 20
sys.argv[1:] = []
modules = []
for folder, folders, files in os.walk(root):
    skipped = ("__pycache__", "test", "tests", "idle_test", "dist-packages", "site-packages", "lib-dynload")
    folders[:] = sorted(name for name in folders if name not in skipped and "-" not in name)
    inside = os.path.relpath(folder, root).replace(os.sep, ".").lstrip(".")
    for name in sorted(files):
        # `__main__` modules run what they are for, `antigravity` asks for a browser.
        if name.endswith(".py") and name not in ("__main__.py", "antigravity.py"):
            modules.append(".".join(filter(None, (inside, name[:-3]))).replace(".__init__", ""))


def outcome(module):
    try:
        __import__(module)
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, str(error).replace("\n", " "))
    return "ok"


for start in range(0, len(modules), size):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
        quiet = os.open(os.devnull, os.O_RDWR) if os.path.exists(os.devnull) else None
        if quiet is not None:
            os.dup2(quiet, 0), os.dup2(quiet, 1), os.dup2(quiet, 2)
        for module in modules[start : start + size]:
            out.write("module: %s %s\n" % (module, outcome(module)))
            out.flush()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print("died among:", modules[start], flush=True)
