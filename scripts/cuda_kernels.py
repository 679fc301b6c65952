"""What nvcc makes of the CUDA kernels, for cuda_resources and cuda_budget: registers and spills
from ptxas, instructions from the SASS. Needs nvcc and c++filt; for the SASS also cuobjdump and
nvdisasm, which are in the toolkit or in pip's nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm. No
GPU.
"""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import site
import subprocess
import sys
import sysconfig

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUDGET = ROOT / "tests" / "cuda_budget.toml"
SOURCES = sorted((ROOT / "albert/kernels/cuda").rglob("*.cu"))
WARP = 32
KIB = 1024
NO_SASS = (
    "cuobjdump and nvdisasm are not here; they are in CUDA's toolkit, or"
    " pip install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm"
)


@dataclasses.dataclass(frozen=True)
class Multiprocessor:
    """What one has: warps, and bytes of shared memory for all its blocks and for each."""

    warps: int
    shared: int
    registers: int = 65536
    register_granule: int = 8  # of a thread
    shared_reserved: int = KIB  # of each block

    def blocks(self, registers, threads, shared):
        """How many blocks fit it."""
        granule = self.register_granule
        by_registers = self.registers // (-(-registers // granule) * granule * threads)
        by_shared = self.shared // (shared + self.shared_reserved)
        return min(self.warps * WARP // threads, by_registers, by_shared)


MULTIPROCESSORS = {
    80: Multiprocessor(64, 164 * KIB),
    86: Multiprocessor(48, 100 * KIB),
    89: Multiprocessor(48, 100 * KIB),
    90: Multiprocessor(64, 228 * KIB),
    100: Multiprocessor(64, 228 * KIB),
}


@dataclasses.dataclass
class Instruction:
    address: int
    name: str  # with its modifiers
    operands: str

    @property
    def opcode(self):
        return self.name.split(".")[0]


@dataclasses.dataclass
class Kernel:
    source: str
    symbol: str
    registers: int
    stack: int
    spilled: int  # bytes
    threads: int
    name: str = ""  # without namespaces, return type and parameters
    code: list = dataclasses.field(default_factory=list)  # of Instruction; empty without cuobjdump

    def loops(self):
        """The code of every loop, as the ranges that branches jump back over."""
        for at in self.code:
            target = re.search(r"0x([0-9a-f]+)", at.operands) if at.opcode == "BRA" else None
            begin = int(target.group(1), 16) if target else at.address + 1
            if begin <= at.address:
                yield [i for i in self.code if begin <= i.address <= at.address]

    def main_loop(self):
        """The innermost loop with the most tensor-core instructions; empty if there is none."""
        products = [(count(loop, "HMMA"), -len(loop), loop) for loop in self.loops()]
        most = max(products, key=lambda p: p[:2], default=(0, 0, []))
        return most[2] if most[0] > 0 else []

    def instructions_per_hmma(self):
        """Of the main loop, also those that most passes branch over; None without such a loop."""
        loop = self.main_loop()
        return len(loop) / count(loop, "HMMA") if loop else None

    def global_loads(self):
        """Bits of a thread's access -> how many loads from global memory have it."""
        return widths(self.code)

    def software_conversions(self):
        """How many roundings to 16 bits are done by integer instructions: each adds 0x7fff to an
        f32 (bf16), or compares one with the largest that f16 has."""
        marks = {"IADD3": "0x7fff,", "VIADD": "0x7fff", "IMAD": "0x7fff,", "ISETP": "0x477f"}
        return sum(
            marks[i.opcode] in i.operands + "," for i in self.code if i.opcode in marks
        )


def count(code, opcode):
    return sum(i.opcode == opcode for i in code)


def widths(code):
    found = {}
    for i in code:
        if i.opcode in ("LDG", "LDGSTS"):
            bits = re.search(r"\.(?:[US])?(8|16|64|128)\b", i.name)
            width = int(bits.group(1)) if bits else 32
            found[width] = found.get(width, 0) + 1
    return found


def run(*command, **more):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(done.stderr or done.stdout)
    return done.stdout + done.stderr


def find_tool(name):
    """The path of one of the toolkit's programs, or None: from PATH, the toolkit, or Python's
    packages."""
    nvcc = shutil.which("nvcc")
    folders = [pathlib.Path(nvcc).resolve().parent] if nvcc else []
    for packages in {sysconfig.get_path("purelib"), *site.getsitepackages()}:
        folders += sorted(pathlib.Path(packages).glob("nvidia/*/bin"))
    found = [shutil.which(name)] + [shutil.which(name, path=str(f)) for f in folders]
    return next((path for path in found if path), None)


def tools_for_sass():
    """True if SASS can be read."""
    return bool(find_tool("cuobjdump") and find_tool("nvdisasm"))


def parse_report(report):
    """Rows (symbol, registers, stack, spilled bytes) of ptxas -v."""
    for symbol, stack, stores, loads, registers in re.findall(
        r"Function properties for (\w+)\s+(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+)"
        r" bytes spill loads\s+.*?Used (\d+) registers",
        report,
        re.S,
    ):
        yield symbol, int(registers), int(stack), int(stores) + int(loads)


def parse_threads(ptx):
    """symbol -> most threads of a block"""
    threads = {}
    for entry in re.finditer(r"\.entry (\w+)\(.*?\)\s*((?:\.\w+ [\d, ]+\s*)*)\{", ptx, re.S):
        limit = re.search(r"\.maxntid (\d+)", entry.group(2))
        threads[entry.group(1)] = int(limit.group(1)) if limit else 1024
    return threads


def parse_sass(sass):
    """symbol -> its instructions"""
    code = {}
    here = None
    for line in sass.splitlines():
        function = re.match(r"\s*Function : (\w+)", line)
        if function:
            here = code.setdefault(function.group(1), [])
            continue
        text = re.match(
            r"\s*/\*([0-9a-f]{4,})\*/\s+(?:\{\s*)?(?:@!?U?P\w+\s+)?([A-Z][\w.]*)(.*?);", line
        )
        if text and here is not None:
            here.append(Instruction(int(text.group(1), 16), text.group(2), text.group(3)))
    return code


def kernels_of(source, arch, folder, sass):
    """The kernels of one .cu file."""
    stem = pathlib.Path(folder) / f"{source.stem}.{arch}"
    ptx, cubin = f"{stem}.ptx", f"{stem}.cubin"
    flags = ("-std=c++17", "--expt-relaxed-constexpr", f"-arch=sm_{arch}", "-I.")
    run("nvcc", *flags, "-ptx", str(source), "-o", ptx)
    report = run("ptxas", f"-arch=sm_{arch}", "-v", ptx, "-o", cubin)
    threads = parse_threads(pathlib.Path(ptx).read_text())
    code = {}
    if sass:
        nvdisasm = pathlib.Path(find_tool("nvdisasm")).parent
        environment = {**os.environ, "PATH": f"{nvdisasm}:{os.environ['PATH']}"}
        code = parse_sass(run(find_tool("cuobjdump"), "-sass", cubin, env=environment))
    for symbol, registers, stack, spilled in parse_report(report):
        yield Kernel(
            source.stem,
            symbol,
            registers,
            stack,
            spilled,
            threads[symbol],
            code=code.get(symbol, []),
        )


def readable(names):
    """Without namespaces, return type and parameters."""
    plain = run("c++filt", input="\n".join(names)).splitlines()
    for name in plain:
        name = (
            re.sub(r"albert::kernels::|albert::|cuda::|\(anonymous namespace\)::", "", name)
            .removeprefix("void ")
            .replace("> >", ">>")
        )
        depth = 0
        for i, c in enumerate(name):
            depth += (c == "<") - (c == ">")
            if c == "(" and depth == 0:
                name = name[:i]
                break
        yield name


def compile_all(arch, folder, sources=None, sass=False):
    """The kernels of all sources, in order, for one architecture."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        lists = pool.map(
            lambda source: list(kernels_of(source, arch, folder, sass)), sources or SOURCES
        )
        kernels = [kernel for found in lists for kernel in found]
    for kernel, name in zip(kernels, readable([k.symbol for k in kernels])):
        kernel.name = name
    return kernels


def allowed_spill(kernel, arch, budget):
    """The bytes that a kernel may spill by cuda_budget.toml."""
    usual = budget["every_kernel"]["spilled_bytes"]
    return budget.get("may_spill", {}).get(kernel, {}).get(str(arch), usual)


def nvcc_version():
    version = re.search(r"release ([\d.]+)", run("nvcc", "--version"))
    return f"nvcc {version.group(1)}"
