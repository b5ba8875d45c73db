# Which modules Django's settings name as text, read from the syntax tree; nothing of it is run.
#
# The answer has a line for each: `s LINE SETTING VALUE` where a setting gets a text for certain, and without VALUE where
# what it had before may be gone (SETTING `*`: all of them); `e LINE WHEN HOW MODULE` where a module names the settings
# (HOW: d as a default, s whatever was there; no MODULE if it is computed); `j LINE WHEN` where it loads them; `f LINE`
# where the names of an import of that line come between the settings.
#
# What a list has is a lower bound: only texts that are in it whatever a run does are told.
LOGGED = [(part, "*", key) for part in ("handlers", "formatters", "filters") for key in ("class", "()")]
# Where each setting names modules: paths of keys and places (`*`: each of them) from the setting's value to a text.
SETTINGS = {
    "INSTALLED_APPS": [("*",)],
    "MIDDLEWARE": [("*",)],
    "ROOT_URLCONF": [()],
    "WSGI_APPLICATION": [()],
    "ASGI_APPLICATION": [()],
    "AUTHENTICATION_BACKENDS": [("*",)],
    "AUTH_PASSWORD_VALIDATORS": [("*", "NAME")],
    "DATABASES": [("*", "ENGINE")],
    "TEMPLATES": [("*", "BACKEND"), ("*", "OPTIONS", "context_processors", "*")],
    "STORAGES": [("*", "BACKEND")],
    "CACHES": [("*", "BACKEND")],
    "DEFAULT_FILE_STORAGE": [()],
    "STATICFILES_STORAGE": [()],
    "EMAIL_BACKEND": [()],
    "SESSION_ENGINE": [()],
    "LOGGING": LOGGED,
}
# The keys on these paths, and the one that all databases and caches have: changing another key names no module.
NAMES = {"class", "()", "ENGINE", "BACKEND", "NAME", "OPTIONS", "context_processors", "default"}
# Settings that are lists, whose parts may come in one by one.
LISTS = {name for name, paths in SETTINGS.items() if paths[0][:1] == ("*",)} - {"CACHES", "DATABASES", "STORAGES"}
# The variable that names the module of the settings, and functions that load them.
MODULE = "DJANGO_SETTINGS_MODULE"
LOADS = {"get_wsgi_application", "get_asgi_application", "get_default_application", "execute_from_command_line"}
# What may change any name of a module.
ANYTHING = {"globals", "locals", "vars", "exec", "setattr", "DjangoDynaconf", "Dynaconf"}
# Methods that take nothing away from what they are called on, functions that only read what they are given, and those
# that take a module's name for a logger.
HARMLESS = {"append", "copy", "count", "extend", "get", "index", "insert", "items", "keys", "reverse", "sort", "values"}
READS = {"all", "any", "dict", "enumerate", "len", "list", "print", "repr", "set", "sorted", "str", "tuple"}
LOGGERS = {"getLogger", "get_logger"}
# Behind all lines: functions run nobody knows when.
AT_THE_END = 1 << 30


def nodes(node):
    """A node and all below it, but not what a lambda puts off."""
    left = [node]
    while left:
        node = left.pop()
        yield node
        for field in () if kind(node) == "Lambda" else node._fields:
            part = getattr(node, field, None)
            left += [child for child in (part if isinstance(part, list) else [part]) if hasattr(child, "_fields")]


def key_of(subscript):
    """What is in the brackets; Python 3.8 has it in a node of its own."""
    return subscript.slice.value if kind(subscript.slice) == "Index" else subscript.slice


def base_name(node):
    """The name that subscripts and attributes begin at."""
    while kind(node) in ("Subscript", "Attribute"):
        node = node.value
    return node.id if kind(node) == "Name" else ""


class Lists:
    """What the names of a module surely have, statement after statement.

    `known` has pairs for each name: a line and a node, or 0 and the name of what was inherited. `lines` are told.
    """

    def __init__(self):
        self.known, self.lines = {}, []

    def parts(self, node):
        """What is surely in a list; an inherited name stands for what it had."""
        name = kind(node)
        if name in ("List", "Tuple", "Set"):
            found = []
            for part in node.elts:
                found += self.parts(part.value) if kind(part) == "Starred" else [(part.lineno, part)]
            return found
        if name == "BinOp" and kind(node.op) == "Add":
            return self.parts(node.left) + self.parts(node.right)
        if name == "Name":
            return self.known.get(node.id, [(0, node.id)])
        if name == "Call" and dotted(node.func) in ("list", "tuple") and len(node.args) == 1:
            return self.parts(node.args[0])
        return [(node.lineno, node)] if name in ("Dict", "Constant") else []

    def texts(self, node, path):
        """The texts at a path of keys in a value that is written out."""
        name = kind(node)
        if not path:
            return [(node.lineno, node.value)] if name == "Constant" and isinstance(node.value, str) else []
        found = []
        if name == "Dict" and all(node.keys):
            for key, part in zip(node.keys, node.values):
                if path[0] == "*" or text(key) == path[0]:
                    found += self.texts(part, path[1:])
        elif name in ("List", "Tuple") and path[0] == "*":
            for part in node.elts:
                found += self.texts(part, path[1:])
        return found

    def tell(self, setting, parts):
        """Tells the texts that parts of a setting have; inherited ones are told where they come from."""
        own = [part for line, part in parts if line]
        for path in SETTINGS.get(setting, ()):
            # The parts of a list are one step down its path already.
            below = path[1:] if setting in LISTS else path
            for line, value in [found for part in own for found in self.texts(part, below)]:
                if word(value):
                    self.lines.append("s %d %s %s" % (line, setting, value))

    def forget(self, line, name):
        """What a name had may be gone; `*` is every name."""
        for lost in self.known:
            if name in ("*", lost):
                self.known[lost] = []
        if name in SETTINGS or name == "*":
            self.lines.append("s %d %s " % (line, name))

    def assign(self, line, name, value, is_sure):
        parts = self.parts(value)
        if not is_sure:
            # `APPS = APPS + [...]` on some machines only: what it had stays.
            if not all(part in parts for part in self.known.get(name, [(0, name)])):
                self.forget(line, name)
            return
        if (0, name) not in parts:
            self.forget(line, name)
        self.known[name] = parts
        self.tell(name, parts)

    def add(self, name, parts, is_sure):
        if is_sure:
            self.known[name] = self.known.get(name, [(0, name)]) + parts
            self.tell(name, parts)

    def step(self, node, is_sure):
        """Follows a statement of the module; a sure one runs whenever the module does."""
        name, line = kind(node), node.lineno
        self.lose(node, line)
        if name == "ImportFrom":
            self.take_in(node)
        elif name == "AugAssign" and plain_target(node) and kind(node.op) == "Add":
            self.add(plain_target(node), self.parts(node.value), is_sure)
        elif name in ("Assign", "AnnAssign") and plain_target(node) and node.value:
            self.assign(line, plain_target(node), node.value, is_sure)
        elif name == "Expr" and kind(node.value) == "Call":
            self.call(node.value, is_sure)

    def take_in(self, node):
        """`from .base import *`: what the names had is what they have there."""
        for taken in stored(node):
            if taken == "*":
                self.known.clear()
            self.known.pop(taken, None)
        self.lines.append("f %d" % node.lineno)

    def call(self, call, is_sure):
        """`APPS.append("x")`, `APPS.insert(0, "x")`, `APPS.extend([...])`."""
        if kind(call.func) != "Attribute" or kind(call.func.value) != "Name" or not call.args:
            return
        name, method = call.func.value.id, call.func.attr
        if method == "extend":
            return self.add(name, self.parts(call.args[0]), is_sure)
        added = {"append": call.args[:1], "insert": call.args[1:2]}.get(method)
        if added:
            self.add(name, [(added[0].lineno, added[0])], is_sure)

    def lose(self, node, line):
        """Forgets what a statement may take away."""
        if kind(node) in ("Assign", "Delete") and any(kind(it) in ("Tuple", "List") for it in node.targets):
            for part in nodes(node):
                if kind(part) == "Name" and kind(part.ctx) != "Load":
                    self.forget(line, part.id)
        for part in nodes(node):
            name = kind(part)
            if name == "Name" and part.id in ANYTHING or name == "Subscript" and dotted(part.value) == "sys.modules":
                self.forget(line, "*")
            elif name == "Name" and kind(part.ctx) == "Del":
                self.forget(line, part.id)
            elif name == "Subscript" and kind(part.ctx) != "Load" and not harmless(part):
                self.forget(line, base_name(part))
            elif name == "Call":
                self.lose_in_call(part, line)

    def lose_in_call(self, call, line):
        """Forgets what a function may change: what it is given, what it is called on, or all if it is told the module."""
        function = dotted(call.func)
        takes_module = any(dotted(argument) == "__name__" for argument in call.args)
        if function == "include" or takes_module and function.split(".")[-1] not in LOGGERS:
            self.forget(line, "*")
        if kind(call.func) == "Attribute" and call.func.attr not in HARMLESS:
            self.forget(line, base_name(call.func))
        for argument in call.args if function not in READS else ():
            if kind(argument) in ("Name", "Subscript"):
                self.forget(line, base_name(argument))


def plain_target(node):
    """The name that a statement assigns to, if it is one name."""
    targets = node.targets if kind(node) == "Assign" else [node.target]
    return targets[0].id if len(targets) == 1 and kind(targets[0]) == "Name" else ""


def word(value):
    """A text that can stand in an answer, whose words blanks divide; nothing for another one."""
    return "" if any(c.isspace() for c in value) else value


def harmless(node):
    """`DATABASES["default"]["ATOMIC_REQUESTS"] = True`: a key that names no module."""
    key = key_of(node)
    is_deep = kind(node.value) == "Subscript" and base_name(node) != "LOGGING"
    return is_deep and bool(text(key)) and text(key) not in NAMES


def is_environ(node):
    return dotted(node) in ("os.environ", "environ")


def chosen(node, when, lines):
    """Where a statement names Django's settings, and where it loads them."""
    targets = node.targets if kind(node) == "Assign" else []
    for target in targets:
        if kind(target) == "Subscript" and is_environ(target.value):
            if text(key_of(target)) == MODULE:
                lines.append("e %d %s s %s" % (node.lineno, when, word(text(node.value))))
    for call in nodes(node):
        if kind(call) != "Call":
            continue
        function, words = dotted(call.func), [word(text(argument)) for argument in call.args]
        if function in ("os.environ.setdefault", "environ.setdefault") and words[:1] == [MODULE]:
            lines.append("e %d %s d %s" % (call.lineno, when, "".join(words[1:2])))
        # Celery's.
        is_config = function.split(".")[-1] == "config_from_object" and words[:1] == ["django.conf:settings"]
        if is_config or function == "django.setup" or function.split(".")[-1] in LOADS:
            lines.append("j %d %s" % (call.lineno, when))


def included(found):
    """The modules of addresses that `include("shop.urls")` imports where it stands."""
    sources = [node.module for node, _ in found.simple if kind(node) == "ImportFrom" and "include" in stored(node)]
    if not any((source or "").startswith(("django.urls", "django.conf.urls")) for source in sources):
        return
    for node, when in found.simple:
        for call in nodes(node):
            if kind(call) == "Call" and dotted(call.func) == "include" and call.args:
                first = call.args[0].elts[:1] if kind(call.args[0]) == "Tuple" else call.args[:1]
                module = text(first[0]) if first else ""
                if module and all(part.isidentifier() for part in module.split(".")):
                    found.imports.append((call.lineno, when, 0, module, ""))


def called(found):
    """The statements of functions that a module is bound to call, each with when."""
    seen = set()
    for node, when in found.simple:
        for call in nodes(node):
            key = (dotted(call.func), when) if kind(call) == "Call" else None
            if key and key[0] in found.functions and key not in seen:
                seen.add(key)
                yield from ((inner, weaker(when, deeper)) for inner, deeper in found.functions[key[0]])


def django(found):
    """The lines of a module, and of the functions that it is bound to call; adds the imports of its addresses."""
    lists, lines = Lists(), []
    included(found)
    for node, when in found.simple + list(called(found)):
        chosen(node, when, lines)
    changed = {name for node, _ in found.simple for name in stored(node)}
    if changed & (set(SETTINGS) | {"*"}):
        for node, when in found.simple:
            lists.step(node, when == "a")
        for node in found.later:
            lists.lose(node, AT_THE_END)
            for name in stored(node):
                lists.forget(AT_THE_END, name)
    return lines + lists.lines


def stored(node):
    """The names that a statement changes."""
    if kind(node) == "ImportFrom":
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if kind(node) == "Assign" else [getattr(node, "target", None)]
    if kind(node) == "Expr" and kind(node.value) == "Call" and kind(node.value.func) == "Attribute":
        targets = [node.value.func.value]
    return [base_name(target) for target in targets if target]


