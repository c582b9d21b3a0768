"""One thread for everybody. To be imported before numpy: linear algebra reads these once, as it is loaded."""

from __future__ import annotations

import os
import sys

NAMES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


def hold_to_one() -> None:
    """Set the variables; RuntimeError when numpy is already there and would not see them."""
    if "numpy" in sys.modules:
        raise RuntimeError("numpy was imported before the number of threads was set; start with `python -m bench`")
    os.environ.update(dict.fromkeys(NAMES, "1"))
