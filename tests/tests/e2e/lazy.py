"""Reads an eStargz layer as a lazy client does, and holds each file against the tar: `python3 lazy.py BLOB TOC_DIGEST`.

With a third argument, a list of paths, those of them that the layer has come first in their order, with the folders above
alone, and a landmark follows them.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zlib


def member(blob, offset, size):
    """The first `size` bytes from the gzip member that begins at `offset` on."""
    data, rest = b"", blob[offset:]
    while len(data) < size:
        inflate = zlib.decompressobj(31)
        data += inflate.decompress(rest)
        rest = inflate.unused_data
    return data[:size]


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def folders_above(name):
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


with open(sys.argv[1], "rb") as file:
    blob = file.read()
footer = blob[-51:]
assert footer[12:16] == b"SG\x16\x00" and footer[32:38] == b"STARGZ", footer
toc = tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob[int(footer[16:32], 16) :])))
text = toc.extractfile("stargz.index.json").read()
assert digest(text) == sys.argv[2], digest(text)
entries = json.loads(text)["entries"]

files = {}
for entry in entries:
    if entry["type"] == "reg":
        whole = files.setdefault(entry["name"], [entry, b""])
    if entry.get("offset"):
        whole = files[entry["name"]]
        at = entry.get("chunkOffset", 0)
        size = entry.get("chunkSize", 0) or whole[0]["size"] - at
        chunk = member(blob, entry["offset"], size)
        assert at == len(whole[1]) and digest(chunk) == entry["chunkDigest"], entry
        whole[1] += chunk

kinds = {"dir": tarfile.DIRTYPE, "reg": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE}
members = [entry for entry in entries if entry["type"] != "chunk"]
with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob))) as tar:
    tar_members = tar.getmembers()
    assert tar_members[-1].name == "stargz.index.json"
    for entry, found in zip(members, tar_members[:-1], strict=True):
        assert entry["name"].rstrip("/") == found.name, (entry, found)
        assert kinds[entry["type"]] == found.type and entry.get("linkName", "") == found.linkname, entry
        owner = (entry.get("mode", 0), entry.get("uid", 0), entry.get("gid", 0))
        assert owner == (found.mode, found.uid, found.gid), entry
        if found.isreg():
            data = tar.extractfile(found).read()
            assert files[entry["name"]][1] == data and entry["digest"] == digest(data), entry
names = [entry["name"] for entry in members]
listed = [line.lstrip("/") for line in open(sys.argv[3]).read().splitlines() if line.startswith("/")] if sys.argv[3:] else []
first = [name for name in listed if name in files]
if first:
    place = names.index(".prefetch.landmark")
    assert [name for name in names[:place] if not name.endswith("/")] == first, names[:place]
    above = {parent + "/" for name in first for parent in folders_above(name)}
    assert {name for name in names[:place] if name.endswith("/")} == above, names[:place]
    landmark = next(entry for entry in members if entry["name"] == ".prefetch.landmark")["offset"]
    for entry in entries:
        if entry.get("offset") and entry["name"] != ".prefetch.landmark":
            assert (entry["offset"] < landmark) == (entry["name"] in first), entry
else:
    assert names[0] == ".no.prefetch.landmark", names[:1]
print(len(members), len(first))
