"""Golden cases, and whether a library's outputs are equal to them."""

import pathlib

import numpy
from safetensors.numpy import load_file

TOLERANCE = 5e-5  # of the largest magnitude of an output (docs/numerics.md)
OUTPUTS = (
    "logits",
    "prediction_logits",
    "sop_logits",
    "start_logits",
    "end_logits",
    "last_hidden_state",
    "pooler_output",
)
POOLED = ("sop_logits", "pooler_output")  # have no rows of padding


class Case:
    """One head of a golden case: `folder` holds its model, FOLDER.safetensors its tensors."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        tensors = load_file(self.folder.with_name(self.folder.name + ".safetensors"))
        names = ("input_ids", "attention_mask", "token_type_ids")
        self.inputs = {name: tensors["in." + name] for name in names}
        self.outputs = {
            name: tensors["out." + name] for name in OUTPUTS if "out." + name in tensors
        }

    def largest_error(self, found):
        """Relative to each output's largest magnitude; infinite where one is not there."""
        worst = 0.0
        for name, wanted in self.outputs.items():
            if getattr(found, name, None) is None:
                return float("inf")
            values = numpy.asarray(getattr(found, name))
            mask = self.inputs["attention_mask"]
            if name not in POOLED and values.shape[:2] == mask.shape and mask.ndim == 2:
                values = values * mask.reshape(mask.shape + (1,) * (values.ndim - 2))
            if values.shape != wanted.shape or numpy.isnan(values).any():
                return float("inf")
            worst = max(worst, float(abs(values - wanted).max() / abs(wanted).max()))
        return worst


def say(library, what, error, limit=TOLERANCE):
    """Prints a row; whether it is well."""
    is_well = error <= limit
    print(f"{library}: {what}: {'equal' if error == 0 else f'{error:.1e}'}"
          f"{'' if is_well else ', wanted at most ' + format(limit, '.0e')}")
    return is_well


def unmatched(found, folder):
    """How many tensors are not those of a golden folder, bit for bit, as they are or transposed."""
    wanted = [t for t in load_file(pathlib.Path(folder) / "model.safetensors").values()]

    def key(array):
        return array.shape, numpy.ascontiguousarray(array).tobytes()

    known = {key(t) for t in wanted} | {key(t.T) for t in wanted if t.ndim == 2}
    given = {key(numpy.asarray(t)) for t in found}
    both = sum(key(t) in given or (t.ndim == 2 and key(t.T) in given) for t in wanted)
    return sum(key(numpy.asarray(t)) not in known for t in found) + len(wanted) - both
