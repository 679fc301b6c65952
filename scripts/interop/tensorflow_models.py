"""Files that albert wrote for TensorFlow: TFAlbert* classes give the goldens' outputs; h5py and
TensorFlow read the tensors bit for bit.

usage: tensorflow_models.py WRITTEN GOLDEN ...    WRITTEN/CASE-HEAD-FORMAT for each GOLDEN/CASE/HEAD
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what it says of the CPU is not asked for

import h5py
import numpy
import tensorflow
import transformers
from golden import Case, say, unmatched


def datasets(path):
    found = []
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return found


def variables(folder):
    reader = tensorflow.train.load_checkpoint(str(folder / "model.ckpt-best"))
    return [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]


def main(written, goldens):
    transformers.logging.set_verbosity_error()
    library = f"TensorFlow {tensorflow.__version__}"
    wrong = 0
    for golden in map(pathlib.Path, goldens):
        case = Case(golden)
        name = json.loads((golden / "config.json").read_text())["architectures"][0]
        folder = pathlib.Path(written) / f"{golden.parent.name}-{golden.name}-h5"
        model = getattr(transformers, "TF" + name).from_pretrained(folder)
        out = model({k: tensorflow.constant(numpy.asarray(v)) for k, v in case.inputs.items()})
        wrong += not say(library, f"h5 of TF{name}", case.largest_error(out))
        found = datasets(folder / "tf_model.h5")
        wrong += not say(f"h5py {h5py.__version__}", f"h5 of TF{name}", unmatched(found, golden), 0)
        folder = folder.with_name(f"{golden.parent.name}-{golden.name}-tf")
        wrong += not say(library, f"tf of {name}", unmatched(variables(folder), golden), 0)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
