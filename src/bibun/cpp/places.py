"""Where the C++ headers lie, and what finds them."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent
_INSTALLED = _HERE / "_cpp"  # in a wheel; in a checkout they lie beside the Python sources
_ROOT = _INSTALLED if _INSTALLED.exists() else _HERE.parent.parent / "cpp"


def include_dir() -> str:
    """The folder for the compiler: `g++ -std=c++17 -I...`, and `#include <bibun/ad.hpp>`.

    The headers need C++17, and all but <bibun/dual.hpp> need Eigen 3.4 or 5.

    >>> import bibun
    >>> from pathlib import Path
    >>> (Path(bibun.cpp.include_dir()) / "bibun" / "ad.hpp").exists()
    True
    """
    return str(_ROOT / "include")


def cmake_dir() -> str:
    """The folder for CMake: `cmake -Dbibun_DIR=...`, then `find_package(bibun)`.

    >>> import bibun
    >>> from pathlib import Path
    >>> (Path(bibun.cpp.cmake_dir()) / "bibunConfig.cmake").exists()
    True
    """
    return str(_ROOT / "cmake")


def pkg_config_dir() -> str:
    """The folder for pkg-config: `PKG_CONFIG_PATH=... pkg-config --cflags bibun`.

    >>> import bibun
    >>> from pathlib import Path
    >>> (Path(bibun.cpp.pkg_config_dir()) / "bibun.pc").exists()
    True
    """
    return str(_ROOT / "pkgconfig")
