"""bibun.cpp: the C++ headers, and C++ functions as functions in Python."""

from __future__ import annotations

from .function import function
from .places import cmake_dir, include_dir, pkg_config_dir

__all__ = ["cmake_dir", "function", "include_dir", "pkg_config_dir"]
