#!/usr/bin/env python3
"""Reads the machine code of the AVX-512 kernel back and checks what its constant time rests on.

usage: inspect_kernel.py libsealwire_signer.a

Secrets live in vector registers. So no conditional jump may take its flags from a vector or mask
register, or from a general register that was filled from one; no memory operand may be indexed by
a vector; nothing may divide. And nothing the linker could share with other code may be defined here,
since this object alone is compiled for AVX-512.
"""
import re
import subprocess
import sys
import tempfile

MEMBER = "p256_ifma_kernel.cc.o"
CONDITIONAL_JUMP = re.compile(r"^j(?!mp)[a-z]+$|^loop")
# The only setters of flags that a jump may rely on, all on general registers or memory.
COUNTER_OPERATIONS = ("cmp", "test", "sub", "add", "and", "dec", "inc")
LEAVES_FLAGS = ("mov", "lea", "v", "push", "pop", "k", "nop", "set", "cmov", "call", "prefetch")
FORBIDDEN = re.compile(r"^(v?p?gather|v?p?scatter|v.*gather|v.*scatter|i?div|v.*div|v.*sqrt)")


def canonical(register):
    """rax for eax and al, r8 for r8d: the 64-bit name of a general register."""
    register = register.lstrip("%")
    numbered = re.match(r"^(r\d+)[dwb]?$", register)
    if numbered:
        return numbered.group(1)
    letter = re.match(r"^[er]?([abcd])[xlh]$", register)
    if letter:
        return f"r{letter.group(1)}x"
    pointer = re.match(r"^[er]?([sd]i|[sb]p)l?$", register)
    return f"r{pointer.group(1)}" if pointer else register


def registers_in(operands):
    return {canonical(name) for name in re.findall(r"%([a-z0-9]+)", operands)}


def main(archive):
    with tempfile.NamedTemporaryFile(suffix=".o") as member:
        member.write(subprocess.run(["ar", "p", archive, MEMBER], check=True,
                                    capture_output=True).stdout)
        member.flush()
        code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", member.name], check=True,
                              capture_output=True, text=True).stdout
        symbols = subprocess.run(["nm", "-C", "--defined-only", member.name], check=True,
                                 capture_output=True, text=True).stdout

    faults = []
    for line in symbols.splitlines():
        kind, name = line.split(maxsplit=2)[1:]
        if kind in "WwuV" and not name.startswith("DW.ref"):
            faults.append(f"shared with other code by the linker: {name}")

    jumps = 0
    function = ""
    setter = ""  # the latest instruction that set the flags
    from_vector = set()  # general registers whose latest value came out of a vector or mask
    for line in code.splitlines():
        header = re.match(r"^[0-9a-f]+ <(.*)>:$", line)
        if header:
            function, setter, from_vector = header.group(1), "", set()
            continue
        parts = line.split("\t")
        if len(parts) < 2:
            continue
        text = parts[1].strip()
        operation, _, operands = text.partition(" ")
        operands = operands.strip()
        where = f"{function}: {text}"
        if FORBIDDEN.match(operation):
            faults.append(f"forbidden instruction: {where}")
        if re.search(r"\([^)]*%[xyz]mm", operands):
            faults.append(f"address from a vector: {where}")
        if CONDITIONAL_JUMP.match(operation):
            jumps += 1
            if not setter.startswith(COUNTER_OPERATIONS):
                faults.append(f"jump on the flags of '{setter}': {where}")
            elif registers_in(setter) & from_vector:
                faults.append(f"jump on what came from a vector: {where}")
            continue
        destination = operands.rsplit(",", 1)[-1].strip()
        if destination.startswith("%") and not re.match(r"^%([xyz]mm|k\d)", destination):
            target = canonical(destination)
            if re.match(r"^(kmov|vmov[dq]$|vpextr|v?p?movmsk)", operation) or \
                    registers_in(operands[:-len(destination)]) & from_vector:
                from_vector.add(target)
            elif operation.startswith(("mov", "lea")) or (
                    operation == "xor" and operands == f"{destination},{destination}"):
                from_vector.discard(target)
        if operation.startswith(("kortest", "ktest", "vptest", "vtest")) or \
                not operation.startswith(LEAVES_FLAGS):
            setter = text

    if jumps < 10:
        faults.append(f"only {jumps} conditional jumps seen: was the code read at all?")
    for fault in faults:
        print(fault)
    print(f"{jumps} conditional jumps, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
