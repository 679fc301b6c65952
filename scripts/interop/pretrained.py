"""A folder of `albert pretrain` in transformers: ids and spans of texts, logits.

usage: pretrained.py FOLDER ALBERT ENCODINGS.jsonl
"""

import json, sys, subprocess, tempfile, pathlib
import torch, transformers
from safetensors.torch import save_file, load_file
from transformers import AutoTokenizer, AlbertForPreTraining
folder, program, golden = sys.argv[1:4]
TOLERANCE = 5e-5
tokenizer = AutoTokenizer.from_pretrained(folder)
lines = [json.loads(line) for line in open(golden)]
released = len(tokenizer) == 30000
wrong = compared = 0
for line in lines:
    if not released or "fast_ids" in line: continue
    compared += 1
    wrong += tokenizer(line["text"])["input_ids"] != line["ids"]
for line in map(json.loads, open(pathlib.Path(golden).with_name("odd_texts.jsonl"))):
    if not released or line["keep_accents"] or line["offsets"] is None: continue
    compared += 1
    found = tokenizer(line["text"], add_special_tokens=False, return_offsets_mapping=True)
    spans = [list(span) for span in found["offset_mapping"]]
    wrong += found["input_ids"] != line["ids"] or spans != line["offsets"]
model = AlbertForPreTraining.from_pretrained(folder).eval()
texts = ("A whale swam past the ship .", "The captain sang , and nobody knew why .")
pair = tokenizer(*texts, return_tensors="pt")
names = ("input_ids", "token_type_ids", "attention_mask")
assert "token_type_ids" in pair and pair["token_type_ids"].sum() > 0, "no segment ids"
with torch.no_grad():
    out = model(**{k: pair[k] for k in names})
with tempfile.TemporaryDirectory() as name:
    given, made = (str(pathlib.Path(name) / f"{side}.safetensors") for side in ("in", "out"))
    save_file({"in." + k: pair[k].contiguous() for k in names}, given)
    subprocess.run([program, "forward", "--model", folder, "--head", "pretraining",
                    "--input", given, "--output", made, "--quiet"], check=True)
    ours = load_file(made)
error = max((ours["out." + kind] - getattr(out, kind)).abs().max().item()
            for kind in ("prediction_logits", "sop_logits"))
print(f"transformers {transformers.__version__}: {compared} texts, {wrong} with other ids "
      f"or spans; logits differ by {error:.1e} at most")
sys.exit(0 if wrong == 0 and error <= TOLERANCE and (compared > 0 or not released) else 1)
