# Compiles the sources below some folders in a given way, and writes what marshal makes of them to one file.
#
# Run by the interpreter under test: its raw bytes depend on all that these arguments say.
import marshal, os, random, struct, sys, warnings

warnings.simplefilter("ignore")
out, levels, order, process, part, parts, every, roots = sys.argv[1:8] + [sys.argv[8:]]

if process == "dirty":
    # Much of what a process has seen before changes what it interns, merges and counts.
    interned = [sys.intern(chr(code)) for code in range(256)]
    for name in (
        "abc argparse array ast asyncio base64 bisect calendar cmd code codecs collections configparser contextlib copy csv "
        "dataclasses datetime decimal difflib dis doctest email enum fileinput fnmatch fractions functools getopt gettext "
        "glob gzip hashlib heapq hmac html http inspect io ipaddress itertools json keyword linecache locale logging "
        "mailbox mimetypes numbers operator optparse pathlib pdb pickle pickletools platform plistlib pprint queue random re "
        "sched secrets selectors shelve shlex shutil socket statistics string subprocess tarfile tempfile textwrap threading "
        "timeit tokenize traceback types typing unittest urllib.request uuid weakref xml.dom.minidom zipfile"
    ).split():
        try:
            __import__(name)
        except ImportError:
            pass

sources = []
for root in roots:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in ("__pycache__", "dist-packages")]
        # The one source that differs from architecture to architecture is in no shared layer.
        names = [name for name in files if name.endswith(".py") and not name.startswith("_sysconfigdata_")]
        sources += [os.path.join(folder, name) for name in names]
    if os.path.isfile(root):
        sources.append(root)
sources = sorted(source for source in sources if os.path.exists(source))[:: int(every)][int(part) :: int(parts)]
if order == "reversed":
    sources.reverse()
elif order == "shuffled":
    random.Random(42).shuffle(sources)

with open(out, "wb") as file:
    for level in levels:
        for source in sources:
            with open(source, "rb") as opened:
                text = opened.read()
            try:
                body = marshal.dumps(compile(text, source, "exec", 0, True, int(level)))
            except (SyntaxError, ValueError):
                # Fixtures for other versions; what one process refuses, every other refuses too.
                body = b""
            name = source.encode()
            file.write(struct.pack("<BII", int(level), len(name), len(body)) + name + body)
