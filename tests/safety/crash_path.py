#!/usr/bin/env python3
"""What may run once a process is dying, read from the code that was built.

Follows every call and every address of a function that is taken, in the disassembly of libqmon.so, from where the kernel
enters it for a signal to wherever that leads, and collects what is called of libc. Each such name must stand in the list,
with the reason why it is safe there; each name in the list must be needed. A line "-NAME REASON" names a function that is
referred to and never called there: it is not followed.

usage: crash_path.py LIBQMON LIST
"""
import re
import subprocess
import sys

ROOTS = ("qmon__on_signal", "qmon__fatal", "qmon__guard_leave")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
REFERENCE = re.compile(r"<([A-Za-z_.][^>+]*)>")
OTHER_REFERENCE = re.compile(r"# [0-9a-f]+ <([A-Za-z_.][^>+]*)>")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def plain(name):
    """The name without its version and the PLT's mark."""
    return re.sub(r"@.*$", "", name)


def read_imports(library):
    return {plain(line.split()[-1]) for line in run("nm", "-D", "--undefined-only", library).splitlines() if line}


def read_imports_by_slot(library):
    """The slots of the global offset table, by address: calls through them show no name of their own."""
    slots = {}
    for line in run("objdump", "-R", library).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1].endswith(("JUMP_SLOT", "JUMP_SLO", "GLOB_DAT")):
            slots[int(fields[0], 16)] = plain(fields[2])
    return slots


def read_references(library):
    """For each function the names that its code calls, jumps to, or takes the address of."""
    slots = read_imports_by_slot(library)
    references, current = {}, None
    for line in run("objdump", "-d", "--no-show-raw-insn", library).splitlines():
        start = FUNCTION.match(line)
        if start:
            current = references.setdefault(start.group(1), set())
            continue
        if current is None:
            continue
        current.update(REFERENCE.findall(line))
        slot = re.search(r"# ([0-9a-f]+) <", line)
        if slot and int(slot.group(1), 16) in slots:
            current.add(slots[int(slot.group(1), 16)])
    return references


def reached_from(roots, references, cut):
    reached, waiting, way = set(roots), list(roots), {}
    while waiting:
        name = waiting.pop()
        for other in () if name in cut else references.get(name, ()):
            if other not in reached:
                reached.add(other)
                way[other] = name
                waiting.append(other)
    return reached, way


def tell_way(name, way):
    steps = [name]
    while steps[-1] in way and len(steps) < 12:
        steps.append(way[steps[-1]])
    return " <- ".join(steps)


def read_list(path):
    allowed = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, _, reason = line.split("#")[0].strip().partition(" ")
            if name:
                allowed[name] = reason.strip()
    return allowed


def main():
    library, path = sys.argv[1:]
    references, imports, allowed = read_references(library), read_imports(library), read_list(path)
    missing = [root for root in ROOTS if root not in references]
    if missing:
        sys.exit(f"{library} has no {', '.join(missing)}: was it stripped?")
    cut = {name[1:] for name in allowed if name.startswith("-")}
    reached, way = reached_from(ROOTS, references, cut)
    ways = {plain(name): name for name in reached if plain(name) in imports}
    problems = [f"{name} is called on the way to a death: {tell_way(full, way)}"
                for name, full in sorted(ways.items()) if name not in allowed]
    problems += [f"{name} is in the list, but not called" for name in sorted(allowed)
                 if name not in ways and name[1:] not in reached]
    problems += [f"{name} has no reason in the list" for name, reason in sorted(allowed.items()) if not reason]
    print(f"{len(reached)} functions are reached, {len(ways)} of libc among them")
    print("\n".join(problems))
    sys.exit(1 if problems else 0)


main()
