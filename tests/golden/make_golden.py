#!/usr/bin/env python3
"""Makes and checks golden cases with transformers in float64; needs PyTorch, transformers and
safetensors.

usage: make_golden.py make DIR [--cases NAME ..] [--seed 1]
       make_golden.py verify DIR
       make_golden.py bf16 DIR FILE

`make` writes DIR/<case>/<head>.safetensors and DIR/<case>/<head>/; `verify` computes every case
below DIR again and compares; `bf16` writes PyTorch's own bf16 errors on every case below DIR, as
JSON.
"""

import argparse
import json
import pathlib
import sys
import zlib

import torch
import transformers
from safetensors.torch import load_file, save_file

from reference import CLASSES, Layout, build, compute, make_inputs

ALL = list(CLASSES)
SMALL = {
    "vocab_size": 60,
    "embedding_size": 10,
    "hidden_size": 24,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "hidden_act": "gelu_new",
}
RAGGED = Layout([13, 1, 2, 7], 13)
ACTS = {
    "relu": "relu",
    "tanh": "tanh",
    "gelu-erf": "gelu",
    "silu": "silu",
    "gelu-tanh": "gelu_pytorch_tanh",
}

# name: (config beyond SMALL, layout, heads; a head may carry config of its own)
CASES = {
    "odd": (
        {
            "hidden_size": 42,
            "num_attention_heads": 6,
            "intermediate_size": 37,
            "num_hidden_layers": 5,
            "type_vocab_size": 3,
            "max_position_embeddings": 40,
            "vocab_size": 71,
        },
        RAGGED,
        ALL,
    ),
    "many-groups": (
        {
            "num_hidden_layers": 7,
            "num_hidden_groups": 3,
            "inner_group_num": 2,
            "hidden_act": "silu",
            "hidden_size": 20,
            "num_attention_heads": 4,
        },
        RAGGED,
        ALL,
    ),
    "rounding": (
        {
            "num_hidden_layers": 18,
            "num_hidden_groups": 14,
            "hidden_size": 10,
            "num_attention_heads": 2,
            "intermediate_size": 8,
            "embedding_size": 6,
        },
        RAGGED,
        ["masked-lm"],
    ),
    "inner": (
        {"num_hidden_layers": 1, "inner_group_num": 3},
        RAGGED,
        ["model", "pretraining", "token-classification"],
    ),
    "groups-exceed": (
        {"num_hidden_layers": 2, "num_hidden_groups": 4},
        RAGGED,
        ["model", "pretraining", "sequence-multilabel"],
    ),
    "long": (
        {
            "hidden_size": 32,
            "num_attention_heads": 2,
            "num_hidden_layers": 2,
            "max_position_embeddings": 200,
            "vocab_size": 50,
        },
        Layout([3, 200, 117, 64], 200),
        ["model", "masked-lm", "pretraining", "question-answering"],
    ),
    **{"act-" + name: ({"hidden_act": act}, RAGGED, ["pretraining"]) for name, act in ACTS.items()},
    "untied": ({"tie_word_embeddings": False}, RAGGED, ["masked-lm", "pretraining"]),
    "labels": (
        {},
        Layout([9, 13, 2, 7], 13, labels="gaps"),
        {
            "pretraining": {},
            "token-classification": {"num_labels": 7},
            "sequence-regression": {"num_labels": 3},
            "question-answering": {},
        },
    ),
    "labels-all": (
        {},
        Layout([13, 1, 2, 7], 13, labels="all"),
        ["masked-lm", "token-classification"],
    ),
    "left-padding": (
        {},
        Layout([13, 1, 2, 7], 13, mask="left"),
        ["masked-lm", "token-classification"],
    ),
    "holes": (
        {},
        Layout([13, 1, 2, 7], 13, mask="holes", garbage=True),
        [head for head in ALL if head != "question-answering"],
    ),
    "positions": (
        {},
        Layout([13, 1, 2, 7], 13, positions="rows"),
        ["model", "pretraining", "multiple-choice"],
    ),
    "positions-one": ({}, Layout([13, 1, 2, 7], 13, positions="one"), ["masked-lm"]),
    "embeds": (
        {},
        Layout([13, 1, 2, 7], 13, embeds=True),
        ["model", "pretraining", "multiple-choice"],
    ),
    "vocab-pad": (
        {},
        Layout([13, 1, 2, 7], 13, pad_tokens=True),
        ["model", "masked-lm", "pretraining"],
    ),
    "pad-id": (
        {"pad_token_id": 7},
        Layout([13, 1, 2, 7], 13, pad_tokens=True),
        ["model", "masked-lm"],
    ),
    "one-token": ({}, Layout([1, 1, 1], 1), ALL),
    "choices2": ({}, Layout([13, 1, 2, 7], 13, choices=2), ["multiple-choice"]),
    "choices5": ({}, Layout([13, 1, 2, 7, 5], 13, choices=5), ["multiple-choice"]),
}


def stored(tensors):
    """As the files keep them: float32 but for integers."""
    return {k: (v.float() if v.is_floating_point() else v).contiguous() for k, v in tensors.items()}


def make_head(folder, case, head, seed):
    overrides, layout, heads = CASES[case]
    own = heads[head] if isinstance(heads, dict) else {}
    if head == "question-answering":
        layout = Layout([layout.width] * len(layout.lengths), layout.width, labels=layout.labels)
    generator = torch.Generator().manual_seed(seed * 2**32 + zlib.crc32(f"{case}/{head}".encode()))
    model = build(head, {**SMALL, **overrides, **own}, generator)
    inputs = make_inputs(head, model.config, layout, generator)
    results = compute(head, model, inputs)
    if head != "pretraining":
        results = {
            k: v for k, v in results.items() if "hidden_states" not in k and "attentions" not in k
        }
    model.save_pretrained(folder / case / head)
    save_file(stored({**inputs, **results}), folder / case / f"{head}.safetensors")


def make(args):
    for case in args.cases or CASES:
        for head in CASES[case][2]:
            make_head(args.folder, case, head, args.seed)
        print(f"{case}: {', '.join(CASES[case][2])}", flush=True)
    return 0


def golden_files(folder):
    """Every (file, head) below `folder` with its model beside it; trajectories are another kind."""
    for file in sorted(folder.rglob("*.safetensors")):
        if file.with_suffix("").is_dir() and file.stem in CLASSES:
            yield file, file.stem


def load(file, head):
    model = CLASSES[head].from_pretrained(
        file.with_suffix(""), attn_implementation="eager", dtype=torch.float32
    )
    return model, load_file(file)


def error(actual, expected, floor=0.0):
    """Largest difference relative to the largest expected magnitude; NaN where shapes differ."""
    if actual.shape != expected.shape:
        return float("nan")
    difference = (actual.double() - expected.double()).abs().max().item()
    return 0.0 if difference == 0 else difference / max(expected.abs().max().item(), floor)


def is_cancelling(name, expected):
    """Gradients that are zero in exact arithmetic: their rounding has no scale."""
    return name.startswith("grad.") and (
        "attention.key.bias" in name or expected.abs().max() < 1e-12
    )


def verify(args):
    failed = count = 0
    for file, head in golden_files(args.folder):
        model, golden = load(file, head)
        results = compute(head, model, golden)
        wanted = {k: v for k, v in golden.items() if not k.startswith("in.")}
        unknown = [k for k in wanted if k not in results] + [
            k for k in results if k.startswith("grad.") and k not in wanted
        ]
        errors = {
            k: error(results[k], v, 1e-6 if is_cancelling(k, v) else 0.0)
            for k, v in wanted.items()
            if k in results
        }
        bad = unknown + [f"{k} {e:.1e}" for k, e in errors.items() if not e <= 1e-6]
        print(
            f"{'FAILED' if bad else 'ok'} {file.relative_to(args.folder)}"
            f" {max(errors.values()):.1e}",
            *bad,
            flush=True,
        )
        failed += bool(bad)
        count += 1
    print(f"{count - failed} reproduced, {failed} not")
    return 1 if failed or not count else 0


def bf16(args):
    table = {}
    for file, head in golden_files(args.folder):
        model, golden = load(file, head)
        results = compute(head, model, golden, torch.bfloat16)
        row = {"gradient": 0.0, "output": 0.0}
        for name, want in golden.items():
            if (
                name.startswith("in.")
                or "hidden_states" in name
                or "attentions" in name
                or is_cancelling(name, want)
            ):
                continue
            if head == "model" and name == "out.loss":
                continue  # a sum of products that cancel
            kind = "gradient" if name.startswith("grad.") else "output"
            row[kind] = max(row[kind], round(error(results[name], want), 4))
        table[f"{file.parent.name}/{head}"] = row
    args.file.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
    return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    for function in (make, verify, bf16):
        command = commands.add_parser(function.__name__)
        command.set_defaults(function=function)
        command.add_argument("folder", type=pathlib.Path)
        if function is make:
            command.add_argument("--cases", nargs="*", choices=CASES, metavar="NAME")
            command.add_argument("--seed", type=int, default=1)
        if function is bf16:
            command.add_argument("file", type=pathlib.Path)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    args = parser.parse_args()
    return args.function(args)


if __name__ == "__main__":
    sys.exit(main())
