#!/usr/bin/env python3
"""What ALBERT reaches through transformers and PyTorch, for gpu_validate.sh to hold ours against.

usage: gpu_peers.py ROWS.jsonl --model base [--batch_size 256] [--max_seq_length 128]
                    [--seconds 120] [--round_seconds 0.7] [--device cuda] [--ceilings]
       gpu_peers.py --table ROWS.jsonl

Adds a line to ROWS.jsonl for each thing that it measured, as soon as it is measured, and begins
nothing new after --seconds. Each has the name that albert-bench gives its own row:
  pretraining     AlbertForPreTraining, autocast to bf16, fused AdamW, gradients clipped; its masked
                  LM computes every position, as transformers has it, ours those that are masked
  classification  AlbertForSequenceClassification in bf16
  latency         AlbertModel in bf16 on one sequence
eager, compiled (torch.compile) and reduce-overhead (compiled, replayed as CUDA graphs); sdpa
attention, no dropout. A batch that does not fit is halved. --ceilings: also a large matmul and a
copy. --table prints rows of ours and PyTorch's side by side.
"""

import argparse
import gc
import json
import pathlib
import statistics
import time

SIZES = {  # hidden, layers, heads, intermediate
    "base": (768, 12, 12, 3072),
    "large": (1024, 24, 16, 4096),
    "xlarge": (2048, 24, 16, 8192),
    "xxlarge": (4096, 12, 64, 16384),
}
MASKED, ROUNDS, WARM_UP = 0.15, 3, 3
# What compiles longest comes last of its kind.
PLAN = [
    ("eager", "pretraining"),
    ("eager", "classification"),
    ("eager", "latency"),
    ("compiled", "pretraining"),
    ("compiled", "classification"),
    ("reduce-overhead", "pretraining"),
    ("reduce-overhead", "latency"),
    ("reduce-overhead", "classification"),
]


class Rows:
    """Lines that are complete on the disk before the next thing begins."""

    def __init__(self, path):
        self.file = path.open("a")

    def add(self, **row):
        print(json.dumps(row), flush=True)
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()


class Gpu:
    """PyTorch on one device."""

    def __init__(self, device):
        import torch

        self.torch, self.device = torch, device
        self.is_cuda = device.startswith("cuda")

    def wait(self):
        if self.is_cuda:
            self.torch.cuda.synchronize()

    def rounds(self, work, amount, seconds):
        """Amounts per second of rounds of at least `seconds`, after a warm-up."""
        for _ in range(WARM_UP):
            work()
        rates = []
        for _ in range(ROUNDS):
            self.wait()
            start, done = time.perf_counter(), 0
            while done == 0 or time.perf_counter() - start < seconds:
                work()
                done += amount
                self.wait()
            rates.append(done / (time.perf_counter() - start))
        return rates

    def peak_gib(self):
        if not self.is_cuda:
            return None
        return round(self.torch.cuda.max_memory_allocated() / 2**30, 2)

    def forget(self):
        self.torch._dynamo.reset()
        gc.collect()
        if self.is_cuda:
            self.torch.cuda.empty_cache()
            self.torch.cuda.reset_peak_memory_stats()


def config_of(model, transformers):
    path = pathlib.Path(model)
    if path.exists():
        file = path / "config.json" if path.is_dir() else path
        sizes = json.loads(file.read_text())
    else:
        hidden, layers, heads, intermediate = SIZES[model]
        sizes = {
            "vocab_size": 30000,
            "embedding_size": 128,
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "intermediate_size": intermediate,
            "hidden_act": "gelu_new",
        }
    sizes.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return transformers.AlbertConfig(**sizes, attn_implementation="sdpa")


def model_of(phase, config, gpu):
    import transformers

    kinds = {
        "pretraining": transformers.AlbertForPreTraining,
        "classification": transformers.AlbertForSequenceClassification,
        "latency": transformers.AlbertModel,
    }
    gpu.torch.manual_seed(0)
    with gpu.torch.device(gpu.device):
        model = kinds[phase](config)
    if phase == "pretraining":
        return model.train()
    return model.eval().to(gpu.torch.bfloat16)


def inputs_of(config, batch, length, gpu):
    ids = gpu.torch.randint(5, config.vocab_size, (batch, length), device=gpu.device)
    return {
        "input_ids": ids,
        "attention_mask": gpu.torch.ones_like(ids),
        "token_type_ids": gpu.torch.zeros_like(ids),
    }


def inference_step(run, inputs, gpu):
    def step():
        gpu.torch.compiler.cudagraph_mark_step_begin()
        with gpu.torch.inference_mode():
            run(**inputs)

    return step


def training_step(run, model, inputs, gpu):
    torch = gpu.torch
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=gpu.is_cuda)
    ids = inputs["input_ids"]
    labels = torch.where(torch.rand(ids.shape, device=gpu.device) < MASKED, ids, -100)
    orders = torch.zeros(len(ids), dtype=torch.long, device=gpu.device)

    def step():
        torch.compiler.cudagraph_mark_step_begin()
        with torch.autocast(gpu.device.split(":")[0], dtype=torch.bfloat16):
            loss = run(**inputs, labels=labels, sentence_order_label=orders).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def compiled(model, mode, torch):
    if mode == "eager":
        return model
    return torch.compile(model, mode="default" if mode == "compiled" else mode)


def measure(mode, phase, batch, arguments, gpu):
    """Tokens per second of each round."""
    import transformers

    config, length = config_of(arguments.model, transformers), arguments.max_seq_length
    model = model_of(phase, config, gpu)
    run, inputs = compiled(model, mode, gpu.torch), inputs_of(config, batch, length, gpu)
    step = (
        training_step(run, model, inputs, gpu)
        if phase == "pretraining"
        else inference_step(run, inputs, gpu)
    )
    return gpu.rounds(step, batch * length, arguments.round_seconds)


def row_of(mode, phase, arguments, gpu):
    batch = wanted = 1 if phase == "latency" else arguments.batch_size
    name = f"{phase} {arguments.model} bf16 {wanted} x {arguments.max_seq_length}"
    row = {"peer": f"PyTorch {mode}", "of": name}
    while True:
        gpu.forget()
        try:
            rates = measure(mode, phase, batch, arguments, gpu)
        except Exception as error:  # one that does not compile is a row, too
            if isinstance(error, gpu.torch.cuda.OutOfMemoryError) and batch > 1:
                batch //= 2
                continue
            return row | {"batch": batch, "error": f"{type(error).__name__}: {error}"[:300]}
        middle = statistics.median(rates)
        return row | {
            "batch": batch,
            "per_second": middle,
            "unit": "tokens",
            "rounds": rates,
            "spread": (max(rates) - min(rates)) / middle,
            "seconds_per_step": batch * arguments.max_seq_length / middle,
            "peak_gib": gpu.peak_gib(),
        }


def ceilings(gpu, arguments):
    torch, size = gpu.torch, 8192 if gpu.is_cuda else 256
    a, b = (torch.randn(size, size, device=gpu.device, dtype=torch.bfloat16) for _ in range(2))
    rates = gpu.rounds(lambda: a @ b, 2 * size**3, arguments.round_seconds)
    yield {
        "peer": "PyTorch",
        "of": f"matmul {size} cubed bf16",
        "flops": statistics.median(rates),
    }
    source = torch.empty(1 << (30 if gpu.is_cuda else 20), device=gpu.device, dtype=torch.uint8)
    target = torch.empty_like(source)
    rates = gpu.rounds(lambda: target.copy_(source), 2 * source.numel(), arguments.round_seconds)
    yield {"peer": "PyTorch", "of": "copy", "copy_bytes_per_second": statistics.median(rates)}


def run(arguments):
    import torch
    import transformers

    ends = time.time() + arguments.seconds
    gpu, rows = Gpu(arguments.device), Rows(arguments.rows)
    rows.add(
        torch=torch.__version__,
        transformers=transformers.__version__,
        device=torch.cuda.get_device_name() if gpu.is_cuda else "cpu",
    )
    if arguments.ceilings:
        for row in ceilings(gpu, arguments):
            rows.add(**row)
    for mode, phase in PLAN:
        if time.time() > ends:
            print(f"not begun, the time was over: PyTorch {mode} {phase}")
        else:
            rows.add(**row_of(mode, phase, arguments, gpu))


def table(path):
    """Lines of Markdown: our rates and each peer's, with how many times as fast ours is."""
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    ours, peers, modes = {}, {}, []
    for row in lines:
        if "name" in row and row.get("unit") == "tokens":
            ours.setdefault(row["name"], []).append(row["per_second"])
        if "peer" in row and ("error" in row or row.get("unit") == "tokens"):
            peers[row["of"], row["peer"]] = row
            modes += [row["peer"]] if row["peer"] not in modes else []
    yield "| tokens/s (ours is .. times as fast) | ours | runs apart | " + " | ".join(modes) + " |"
    yield "|---" * (3 + len(modes)) + "|"
    for name in dict.fromkeys([*ours, *(of for of, _ in peers)]):
        yield line_of(name, ours.get(name, []), [peers.get((name, mode)) for mode in modes])


def line_of(name, rates, peers):
    own = statistics.mean(rates) if rates else None
    apart = f"{(max(rates) / min(rates) - 1) * 100:.1f} %" if len(rates) > 1 else "–"
    cells = [name, f"{own:,.0f}" if own else "–", apart]
    for peer in peers:
        if peer is None:
            cells.append("–")
        elif "error" in peer:
            cells.append(peer["error"].replace("|", "/").replace("\n", " ")[:60])
        else:
            ratio = f" ({own / peer['per_second']:.2f}×)" if own else ""
            cells.append(f"{peer['per_second']:,.0f}{ratio}")
    return "| " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=pathlib.Path)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--model", default="base")
    parser.add_argument("--batch_size", type=int, default=256)
    parser.add_argument("--max_seq_length", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--round_seconds", type=float, default=0.7)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--ceilings", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table(arguments.rows)))
    else:
        run(arguments)


if __name__ == "__main__":
    main()
