# What a module imports and which names it binds, read from its syntax tree; nothing of it is run.
#
# The answer has a line for each: `i LINE WHEN LEVEL MODULE NAME` (WHEN: a always, m as the main module, o only
# sometimes, g guarded by an `except ImportError`), `n NAME` for a name that may be bound, and one letter for what may
# change the rules: `d` names appear at run time, `p` sys.path is used, `r` sys.modules or the import hooks are changed.
# django.py adds what it says of Django's settings.
# Conditions on the version and the system are decided as the image's interpreter, this one, decides them.
import builtins, sys

NOT_HERE = object()
EXITS = {"sys.exit", "exit", "quit", "os._exit"}
APPEAR = {"globals", "exec", "vars", "setattr", "__path__", "lazy_loader"}
COMPARE = {
    "Eq": lambda a, b: a == b, "NotEq": lambda a, b: a != b, "Lt": lambda a, b: a < b, "LtE": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b, "GtE": lambda a, b: a >= b,
}


def kind(node):
    return type(node).__name__


def dotted(node):
    parts = []
    while kind(node) == "Attribute":
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id] + parts[::-1]) if kind(node) == "Name" else ""


def value(node):
    """What an expression of a condition is in the image, where that is known."""
    name = dotted(node)
    if name in ("sys.version_info", "version_info"):
        return tuple(sys.version_info[:3])
    if name in ("sys.platform", "os.name"):
        return "linux" if name == "sys.platform" else "posix"
    if kind(node) == "Constant":
        return node.value
    if kind(node) == "Tuple":
        parts = [value(part) for part in node.elts]
        return NOT_HERE if any(part is NOT_HERE for part in parts) else tuple(parts)
    if kind(node) == "Attribute" and dotted(node.value) == "sys.version_info":
        return {"major": sys.version_info[0], "minor": sys.version_info[1]}.get(node.attr, NOT_HERE)
    if kind(node) == "Subscript" and dotted(node.value) == "sys.version_info":
        index = node.slice
        if kind(index) == "Constant" and index.value in (0, 1):
            return sys.version_info[index.value]
        if kind(index) == "Slice" and index.lower is None and kind(index.upper) == "Constant":
            return tuple(sys.version_info[: index.upper.value])
    return NOT_HERE


def truth(test):
    """True, False, "main" for the main module, or None where only a run knows."""
    if dotted(test).split(".")[-1] == "TYPE_CHECKING":
        return False
    if kind(test) == "Constant":
        return bool(test.value)
    if kind(test) == "UnaryOp" and kind(test.op) == "Not":
        known = truth(test.operand)
        return (not known) if known in (True, False) else None
    if kind(test) == "BoolOp":
        parts = [truth(part) for part in test.values]
        end = kind(test.op) == "Or"
        if end in parts:
            return end
        return (not end) if all(part is (not end) for part in parts) else None
    if kind(test) == "Compare" and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if "__name__" in (dotted(left), dotted(right)) and kind(test.ops[0]) == "Eq":
            return "main"
        left, right, compare = value(left), value(right), COMPARE.get(kind(test.ops[0]))
        if compare and NOT_HERE not in (left, right) and dotted(test.left).split(".")[0] in ("sys", "os", "version_info", ""):
            try:
                return bool(compare(left, right))
            except TypeError:
                return None
    if kind(test) == "Call" and dotted(test.func) == "sys.platform.startswith" and len(test.args) == 1:
        prefix = value(test.args[0])
        return "linux".startswith(prefix) if isinstance(prefix, str) else None
    return None


def catches(handler):
    """Whether a handler may catch that a module is missing."""
    if handler.type is None:
        return True
    for name in handler.type.elts if kind(handler.type) == "Tuple" else [handler.type]:
        known = getattr(builtins, dotted(name), None)
        if not isinstance(known, type) or issubclass(ModuleNotFoundError, known):
            return True
    return False


def weaker(when, new):
    return max(when, new, key="amog".index)


SIMPLE = {"Assign", "AnnAssign", "AugAssign", "Delete", "Expr", "ImportFrom", "Raise", "Return"}


class Found:
    """What is in the order of a module: its imports, and its statements with when they run."""

    def __init__(self):
        self.imports, self.simple = [], []
        # What functions do, by name, and what they and classes do whenever it is.
        self.functions, self.later = {}, []

    def inside(self, node, when):
        """Reads a function or a class, whose statements are not the module's; they are what is returned."""
        inner = Found()
        flow(node.body, "a", inner)
        self.imports += [(line, weaker(when, own), *rest) for line, own, *rest in inner.imports]
        self.later += [statement for statement, _ in inner.simple] + inner.later
        return inner.simple


def flow(body, when, found):
    """The imports of statements in their order, up to one that ends the module."""
    for node in body:
        name = kind(node)
        if name in SIMPLE:
            found.simple.append((node, when))
        if name == "Import":
            found.imports += [(node.lineno, when, 0, alias.name, "") for alias in node.names]
        elif name == "ImportFrom":
            found.imports += [(node.lineno, when, node.level, node.module or "", alias.name) for alias in node.names]
        elif name == "If":
            known = truth(node.test)
            inside = {True: when, "main": weaker(when, "m"), None: weaker(when, "o")}.get(known)
            beside = {False: when, "main": weaker(when, "o"), None: weaker(when, "o")}.get(known)
            if inside:
                flow(node.body, inside, found)
            if beside:
                flow(node.orelse, beside, found)
        elif name in ("Try", "TryStar"):
            guarded = any(catches(handler) for handler in node.handlers)
            flow(node.body, weaker(when, "g") if guarded else when, found)
            for handler in node.handlers:
                flow(handler.body, weaker(when, "o"), found)
            flow(node.orelse, weaker(when, "o") if guarded else when, found)
            flow(node.finalbody, when, found)
        elif name in ("With", "AsyncWith"):
            calls = [dotted(getattr(item.context_expr, "func", None)) for item in node.items]
            suppressed = any(call.split(".")[-1] in ("suppress", "raises") for call in calls)
            flow(node.body, weaker(when, "g") if suppressed else when, found)
        elif name in ("For", "AsyncFor", "While"):
            flow(node.body + node.orelse, weaker(when, "o"), found)
        elif name == "Match":
            for case in node.cases:
                flow(case.body, weaker(when, "o"), found)
        elif name in ("FunctionDef", "AsyncFunctionDef"):
            found.functions[node.name] = found.inside(node, weaker(when, "o"))
        elif name == "ClassDef":
            found.inside(node, when)
        if name == "Raise" or name == "Expr" and dotted(getattr(node.value, "func", None)) in EXITS:
            break


def text(node):
    return node.value if kind(node) == "Constant" and isinstance(node.value, str) else ""


def named(node, imports):
    """Modules that a call names in a text; whether they are there is not this proof's question."""
    function, words = dotted(node.func), [text(argument) for argument in node.args[:2]]
    if function.split(".")[-1] in ("import_module", "__import__") and words:
        imports.append((node.lineno, "g", 0, words[0], ""))
    elif function == "uvicorn.run" and words:
        imports.append((node.lineno, "o", 0, words[0].split(":")[0], ""))
    elif function == "os.environ.setdefault" and words[:1] == ["DJANGO_SETTINGS_MODULE"] and len(words) == 2:
        imports.append((node.lineno, "o", 0, words[1], ""))


def bound(node, names, marks):
    """The names that a node may bind, and what it says about the rules."""
    name = kind(node)
    if name == "Name":
        if kind(node.ctx) == "Store":
            names.add(node.id)
        elif node.id in APPEAR:
            marks.add("d")
    elif name in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
        names.add(node.name)
        if node.name == "__getattr__":
            marks.add("d")
    elif name == "Global":
        names.update(node.names)
    elif name == "alias":
        names.add(node.asname or node.name.split(".")[0])
        if node.name == "*":
            marks.add("d")
    elif name in ("MatchAs", "MatchStar", "ExceptHandler") and node.name:
        names.add(node.name)
    elif name == "MatchMapping" and node.rest:
        names.add(node.rest)
    elif name == "Attribute":
        whole = dotted(node)
        if whole == "sys.path" or whole in ("site.addsitedir", "addsitedir"):
            marks.add("p")
        elif whole in ("sys.meta_path", "sys.path_hooks"):
            marks.add("r")
        elif whole == "sys.modules" or node.attr == "__path__":
            marks.add("d")
    if name == "Subscript" and kind(node.ctx) == "Store" and dotted(node.value) == "sys.modules":
        marks.add("r")


def statements(source):
    tree = compile(source, "", "exec", 0x400, True)
    found, names, marks, left = Found(), set(), set(), [tree]
    imports = found.imports
    flow(tree.body, "a", found)
    while left:
        node = left.pop()
        for field in node._fields:
            part = getattr(node, field, None)
            left += [child for child in (part if isinstance(part, list) else [part]) if hasattr(child, "_fields")]
        bound(node, names, marks)
        if kind(node) == "Call":
            named(node, imports)
    told = django(found)
    lines = ["i %d %s %d %s %s" % each for each in sorted(set(imports))]
    lines += ["n " + name for name in sorted(names)] + sorted(marks) + told
    return "\n".join(lines).encode("utf-8", "backslashreplace")


