"""Print, sorted, every path below the arguments whose content can be read: files opened, directories listed."""
import os
import stat
import sys


def readable(path):
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            os.listdir(path)
        elif stat.S_ISREG(mode):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        else:
            return False
    except OSError:
        return False
    return True


def walk(top, skip):
    pending = [top]
    while pending:
        path = pending.pop()
        if path in skip or not readable(path):
            continue
        yield path
        if os.path.isdir(path) and not os.path.islink(path):
            pending.extend(os.path.join(path, name) for name in os.listdir(path))


def main():
    skip = {"/proc", "/sys", "/dev", "/run", "/tmp"}
    found = set()
    for top in sys.argv[1:]:
        found.update(walk(top, skip - {top}))
    out = os.fdopen(1, "wb")
    out.write(b"".join(os.fsencode(path) + b"\n" for path in sorted(found, key=os.fsencode)))


main()
