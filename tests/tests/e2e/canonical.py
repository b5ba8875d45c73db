# Compares every pyc below some folders with what this very interpreter compiles from the source beside it.
import marshal, os, sys, types

level, roots = sys.flags.optimize, sys.argv[1:]
FIELDS = (
    "co_argcount co_posonlyargcount co_kwonlyargcount co_nlocals co_stacksize co_flags co_code co_names co_varnames "
    "co_freevars co_cellvars co_filename co_name co_firstlineno co_qualname co_linetable co_exceptiontable"
).split()


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, types.CodeType):
        fields = (name for name in FIELDS if hasattr(a, name))
        return all(getattr(a, name) == getattr(b, name) for name in fields) and same(a.co_consts, b.co_consts)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, frozenset):
        return sorted(map(repr, a)) == sorted(map(repr, b))
    # Text tells 0.0 from -0.0 and compares NaNs.
    return repr(a) == repr(b)


suffix = sys.implementation.cache_tag + (".opt-%d" % level if level else "") + ".pyc"
compared = 0
for folder, folders, files in (found for root in roots for found in os.walk(root)):
    folders[:] = [name for name in folders if name not in ("__pycache__", "test", "tests", "idle_test", "dist-packages")]
    for name in sorted(files):
        if not name.endswith(".py"):
            continue
        source = os.path.join(folder, name)
        with open(source, "rb") as file:
            expected = compile(file.read(), source, "exec", 0, True, level)
        with open(os.path.join(folder, "__pycache__", name[:-2] + suffix), "rb") as file:
            found = marshal.loads(file.read()[16:])
        if not same(expected, found):
            print("differs:", source)
        compared += 1
print("compared:", compared)
