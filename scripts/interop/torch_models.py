"""Folders that albert wrote for transformers on PyTorch: outputs equal to the goldens.

usage: torch_models.py WRITTEN GOLDEN ...    WRITTEN/CASE-HEAD-FORMAT for each GOLDEN/CASE/HEAD
"""

import json
import pathlib
import sys

import torch
import transformers
from golden import Case, say


def main(written, goldens):
    library = f"transformers {transformers.__version__}, torch {torch.__version__}"
    wrong = 0
    for golden in map(pathlib.Path, goldens):
        case = Case(golden)
        name = json.loads((golden / "config.json").read_text())["architectures"][0]
        for form in ("hf", "bin"):
            folder = pathlib.Path(written) / f"{golden.parent.name}-{golden.name}-{form}"
            model = getattr(transformers, name).from_pretrained(folder).eval()
            with torch.no_grad():
                out = model(**{k: torch.from_numpy(v) for k, v in case.inputs.items()})
            wrong += not say(library, f"{form} of {name}", case.largest_error(out))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
