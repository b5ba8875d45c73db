# Writes wheels of noise and the requirements that lock them: FOLDER WHEELS MIB.
import base64, hashlib, os, pathlib, sys, zipfile

folder, count, mib = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
(folder / "wheels").mkdir(parents=True)
lock = []
for number in range(count):
    name = f"noise{number}"
    path = folder / "wheels" / f"{name}-1-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w") as wheel:
        def add(member, chunks):
            digest, size = hashlib.sha256(), 0
            with wheel.open(zipfile.ZipInfo(member), "w", force_zip64=True) as out:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    out.write(chunk)
            encoded = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
            record.append(f"{member},sha256={encoded},{size}\n")
        add(f"{name}/__init__.py", [b""])
        add(f"{name}/data.bin", (os.urandom(1 << 20) for _ in range(mib)))
        info = f"{name}-1.dist-info"
        add(f"{info}/METADATA", [f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode()])
        add(f"{info}/WHEEL", [b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"])
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "".join(record) + f"{info}/RECORD,,\n")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    lock.append(f"{name}==1 --hash=sha256:{digest.hexdigest()}\n")
(folder / "requirements.txt").write_text("".join(lock))
