#!/usr/bin/env python3
"""What ALBERT reaches through transformers and PyTorch on one GPU: what gpu_validate.sh holds ours
against.

usage: gpu_peers.py OUTPUT.json [--models base,large,xlarge,xxlarge] [--minutes 8] [--tiny]

Rows, written anew after each one, until the minutes are over:
  matmul     TFLOP/s in bf16: 8192 cubed, once and for 10 seconds, and ALBERT's own shapes
  copy       TB/s
  inference  AlbertForSequenceClassification in bf16, 16384 tokens a batch of 128 and of 512 each
  training   AlbertForPreTraining under autocast to bf16, fused AdamW, no dropout, clipped; MLM on
             every position, as transformers has it
  latency    one sequence of 128, compiled with CUDA graphs
each eager and under torch.compile. FLOPs are nominal: L (8 H^2 + 4 H I) + 4 L S H + 2 E H a token,
the MLM head for 15 % of them when training, and training is three times that. --tiny: on the CPU
and small, to try the script.
"""

import argparse
import json
import pathlib
import statistics
import time

import torch
import transformers

SIZES = {
    "tiny": (64, 2, 2, 128),
    "base": (768, 12, 12, 3072),
    "large": (1024, 24, 16, 4096),
    "xlarge": (2048, 24, 16, 8192),
    "xxlarge": (4096, 12, 64, 16384),
}
EMBEDDING, VOCABULARY, MASKED = 128, 30000, 0.15
OWN_SHAPES = [
    (32768, 768, 2304),
    (32768, 768, 3072),
    (32768, 3072, 768),
    (32768, 1024, 4096),
    (16384, 4096, 16384),
]


class Peers:
    def __init__(self, arguments):
        self.arguments = arguments
        self.device = "cpu" if arguments.tiny else "cuda"
        self.ends = time.time() + 60 * arguments.minutes
        self.peak = None
        self.rows = []

    def over(self):
        return time.time() > self.ends

    def put(self, **row):
        self.rows.append(row)
        print(json.dumps(row), flush=True)
        gpu = torch.cuda.get_device_name() if self.device == "cuda" else "cpu"
        report = {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "device": gpu,
            "rows": self.rows,
        }
        self.arguments.output.write_text(json.dumps(report, indent=1))

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def median_seconds(self, work, repeats, warm_up=3):
        for _ in range(warm_up):
            work()
        taken = []
        for _ in range(repeats):
            self.wait()
            start = time.perf_counter()
            work()
            self.wait()
            taken.append(time.perf_counter() - start)
        return statistics.median(taken)

    def matmul(self, m, k, n):
        a = torch.randn(m, k, device=self.device, dtype=torch.bfloat16)
        b = torch.randn(k, n, device=self.device, dtype=torch.bfloat16)
        return lambda: a @ b

    def ceilings(self):
        size = 256 if self.arguments.tiny else 8192
        for m, k, n in [(size, size, size)] + ([] if self.arguments.tiny else OWN_SHAPES):
            rate = 2 * m * k * n / self.median_seconds(self.matmul(m, k, n), 10)
            self.peak = self.peak or rate
            self.put(what="matmul", shape=[m, k, n], tflops=round(rate / 1e12, 1))
        work, seconds, calls, start = (
            self.matmul(size, size, size),
            0.2 if self.arguments.tiny else 10,
            0,
            time.time(),
        )
        while time.time() - start < seconds:
            for _ in range(20):
                work()
            self.wait()
            calls += 20
        self.put(
            what="matmul sustained",
            seconds=seconds,
            tflops=round(2 * size**3 * calls / (time.time() - start) / 1e12, 1),
        )
        source = torch.empty(
            1 << (20 if self.arguments.tiny else 32), device=self.device, dtype=torch.uint8
        )
        target = torch.empty_like(source)
        self.put(
            what="copy",
            tb_per_second=round(
                2 * source.numel() / self.median_seconds(lambda: target.copy_(source), 10) / 1e12, 3
            ),
        )

    def model(self, size, what):
        hidden, layers, heads, intermediate = SIZES[size]
        config = transformers.AlbertConfig(
            vocab_size=VOCABULARY,
            embedding_size=EMBEDDING,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=intermediate,
            hidden_act="gelu_new",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            max_position_embeddings=512,
            attn_implementation="sdpa",
        )
        torch.manual_seed(0)
        kind = (
            transformers.AlbertForPreTraining
            if what == "training"
            else transformers.AlbertForSequenceClassification
        )
        model = kind(config).to(self.device).train(what == "training")
        return model if what == "training" else model.to(torch.bfloat16)

    def inference_step(self, run, inputs):
        def step():
            with torch.inference_mode():
                run(**inputs)

        return step

    def training_step(self, run, model, inputs):
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=self.device == "cuda")
        ids = inputs["input_ids"]
        labels = torch.where(torch.rand(ids.shape, device=self.device) < MASKED, ids, -100)
        orders = torch.zeros(len(ids), dtype=torch.long, device=self.device)

        def step():
            with torch.autocast(self.device, dtype=torch.bfloat16):
                loss = run(**inputs, labels=labels, sentence_order_label=orders).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        return step

    def batch_size(self, size, what, length):
        if what == "latency":
            return 1
        tokens = (
            256
            if self.arguments.tiny
            else 32768 if what == "training" and size in ("base", "large") else 16384
        )
        return max(1, tokens // length)

    def measure(self, size, mode, what, length, model, run):
        batch = self.batch_size(size, what, length)
        ids = torch.randint(5, VOCABULARY, (batch, length), device=self.device)
        inputs = {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "token_type_ids": torch.zeros_like(ids),
        }
        step = (
            self.training_step(run, model, inputs)
            if what == "training"
            else self.inference_step(run, inputs)
        )
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds = self.median_seconds(step, 5 if what == "training" else 10)
        rate = nominal_flops(size, length, what == "training") * batch * length / seconds
        self.put(
            model=size,
            what=what,
            length=length,
            batch=batch,
            mode=mode,
            ms=round(seconds * 1e3, 3),
            tokens_per_second=round(batch * length / seconds),
            tflops=round(rate / 1e12, 1),
            share_of_matmul=round(rate / self.peak, 3),
            peak_gib=(
                round(torch.cuda.max_memory_allocated() / 2**30, 2)
                if self.device == "cuda"
                else None
            ),
        )

    def all_of(self, size, mode):
        for what in ("inference", "training", "latency"):
            if what == "latency" and mode == "eager":
                continue
            model = self.model(size, what)
            compiled = {
                "eager": lambda m: m,
                "compile": lambda m: torch.compile(
                    m, mode="reduce-overhead" if what == "latency" else "default"
                ),
            }
            run = compiled[mode](model)
            for length in (128,) if what == "latency" else (128, 512):
                if self.over():
                    return
                try:
                    self.measure(size, mode, what, length, model, run)
                except Exception as error:  # one that does not fit or compile is a row, too
                    self.put(
                        model=size, what=what, length=length, mode=mode, error=str(error)[:200]
                    )
            del model, run
            if self.device == "cuda":
                torch.cuda.empty_cache()


def nominal_flops(size, length, training):
    hidden, layers, _, intermediate = SIZES[size]
    forward = (
        layers * (8 * hidden**2 + 4 * hidden * intermediate)
        + 4 * layers * length * hidden
        + 2 * EMBEDDING * hidden
    )
    head = MASKED * 2 * (hidden * EMBEDDING + EMBEDDING * VOCABULARY)
    return 3 * (forward + head) if training else forward


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--models", default="base,large,xlarge,xxlarge")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--tiny", action="store_true")
    peers = Peers(parser.parse_args())
    peers.ceilings()
    for size in ["tiny"] if peers.arguments.tiny else peers.arguments.models.split(","):
        for mode in ("eager", "compile"):
            if not peers.over():
                torch._dynamo.reset()
                peers.all_of(size, mode)


if __name__ == "__main__":
    main()
