"""As much of PyTorch as gpu_peers.py calls: everything can be called, compared and entered, and
computes nothing."""

import itertools
import os
import sys
import time


class Anything:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *arguments, **named):
        return Anything()

    def __lt__(self, other):
        return Anything()

    def __matmul__(self, other):
        return Anything()

    def __len__(self):
        return 1

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return False


class OutOfMemoryError(RuntimeError):
    pass


class Torch(Anything):
    __version__ = "0 (fake)"

    class cuda(Anything):
        OutOfMemoryError = OutOfMemoryError
        synchronize = empty_cache = reset_peak_memory_stats = staticmethod(lambda: None)
        get_device_name = staticmethod(lambda: "A fake GPU")
        max_memory_allocated = staticmethod(lambda: 2**30)

    def compile(self, model, mode):
        if "reduce-overhead" in os.environ.get("FAKE_FAILS", "") and mode == "reduce-overhead":
            raise RuntimeError("a planted failure")
        return model

    def randint(self, low, high, shape, device):
        ids = Anything()
        ids.batch = shape[0]
        return ids

    def empty(self, size, **named):
        block = Anything()
        block.numel = lambda: size
        return block

    empty_like = staticmethod(lambda block: block)


if "torch" in os.environ.get("FAKE_HANGS", ""):
    time.sleep(600)
# What is measured takes no time.
looks = itertools.count(1)
time.perf_counter = lambda: 0.3 * next(looks)
sys.modules["torch"] = Torch()
