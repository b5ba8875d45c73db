# Reads tars with tarfile, one path a line on standard input; prints a reading as JSON for each, as `reading.rs` has it.
import hashlib, json, sys, tarfile


def reading(path):
    tree = {}
    with tarfile.open(path, mode="r:", errorlevel=2) as tar:
        for member in tar:
            name = "/".join(part for part in member.name.split("/") if part not in ("", "."))
            if not name:
                continue
            if member.isdir():
                line = "d"
            elif member.issym():
                line = f"l {member.linkname}"
            elif member.islnk():
                line = tree.get("/".join(part for part in member.linkname.split("/") if part not in ("", ".")))
            elif member.isreg():
                data = tar.extractfile(member).read()
                line = f"f {member.mode & 0o7777:o} {len(data)} {hashlib.sha256(data).hexdigest()}"
            else:
                line = None
            if line != "d":
                for below in [other for other in tree if other == name or other.startswith(name + "/")]:
                    del tree[below]
            if line is not None:
                tree[name] = line
            parts = name.split("/")
            for end in range(1, len(parts)):
                tree.setdefault("/".join(parts[:end]), "d")
        return tree


for line in sys.stdin:
    try:
        print(json.dumps({"read": reading(line.rstrip("\n"))}))
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
