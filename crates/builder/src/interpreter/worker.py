# Compiles sources that come on standard input and answers with marshalled code objects, or says what they import.
#
# Run by the base's own interpreter with `-s -S -B`: nothing of the image but the interpreter
# and its standard library is ever imported, and nothing that is compiled is run.
import sys
del sys.path[:1]
import gc, importlib.util, marshal, struct, warnings
warnings.simplefilter("ignore")
sys.setrecursionlimit(1000)
gc.freeze()
gc.disable()
requests, answers = sys.stdin.buffer, sys.stdout.buffer


def libraries():
    try:
        maps = open("/proc/self/maps", "rb")
    except OSError:
        # Confined: no other library could be read.
        return []
    with maps:
        paths = {line.split(None, 5)[5].rstrip(b"\n") for line in maps if b".so" in line}
    return sorted(path for path in paths if path.startswith(b"/"))


hello = ["%d.%d.%d" % sys.version_info[:3], importlib.util.MAGIC_NUMBER.hex(), sys.implementation.cache_tag or ""]
answers.write(b"\n".join([" ".join(hello).encode()] + libraries()) + b"\n\n")
answers.flush()
while True:
    header = requests.read(5)
    if len(header) < 5:
        break
    level, size = struct.unpack("<BI", header)
    source = requests.read(size)
    try:
        if level == 255:
            status, body = 0, statements(source)
        else:
            # The code object stays in a variable: marshal looks at how often it is referred to.
            code = compile(source, "", "exec", 0, True, level)
            status, body = 0, importlib.util.source_hash(source) + marshal.dumps(code)
    except Exception as error:
        reason = "%s: %s" % (type(error).__name__, error)
        if isinstance(error, SyntaxError):
            # The source has no name here: only the line says anything.
            reason = "%s in line %s: %s" % (type(error).__name__, error.lineno, error.msg)
        status, body = 1, reason.encode("utf-8", "backslashreplace")
    code = source = None
    answers.write(struct.pack("<BI", status, len(body)))
    answers.write(body)
    answers.flush()
