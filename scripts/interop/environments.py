"""Virtual environments, one for each set of libraries, made from the package index when missing."""

import pathlib
import shutil
import subprocess
import sys

PACKAGES = {
    "transformers5": ["torch", "transformers>=5,<6", "safetensors", "sentencepiece", "numpy"],
    "transformers4": ["torch", "transformers==4.41.2", "safetensors", "sentencepiece", "numpy<2"],
    "tensorflow": [
        "tensorflow-cpu==2.15.1",
        "transformers==4.41.2",
        "safetensors",
        "numpy<2",
        "h5py",
    ],
}
NEEDS_PYTHON = {"tensorflow": "python3.11"}  # TensorFlow 2.15 has no wheel for newer ones


def python_of(name, cache):
    """The interpreter of an environment. SystemExit when it cannot be made."""
    folder = pathlib.Path(cache) / name
    python = folder / "bin/python"
    if (folder / "complete").exists():
        return str(python)
    base = shutil.which(NEEDS_PYTHON.get(name, "")) or sys.executable
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]], check=True)
    (folder / "complete").touch()
    return str(python)
