"""Modules: functions in files, whose source explain reads, with the names that its code may use."""

import importlib
import sys

IMPORTS = "import math\nimport numpy as np\nimport scipy.special\nimport bibun\n\n\n"


def module(folder, name, text):
    """The module of this name in a folder, with this text below the imports."""
    (folder / f"{name}.py").write_text(IMPORTS + text)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
