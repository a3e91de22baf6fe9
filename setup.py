"""The C++ extension, for pip. Without it bibun calls compiled code through ctypes."""

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent / "cpp"))
from extension import HEADERS, LINKED, OPTIONS, ROOT, SOURCES, includes

runtime = Extension(
    "bibun._runtime",
    sources=[str(s.relative_to(ROOT)) for s in SOURCES],
    depends=[str(h.relative_to(ROOT)) for h in HEADERS],
    include_dirs=includes(),
    extra_compile_args=OPTIONS,
    extra_link_args=LINKED,
    language="c++",
    optional=True,
)


class WithHeaders(build_py):
    """Puts the headers for C++ programs, and what finds them, into the package."""

    def run(self) -> None:
        super().run()
        for name in ("include", "cmake", "pkgconfig"):
            self.copy_tree(
                str(ROOT / "cpp" / name), str(Path(self.build_lib) / "bibun/_cpp" / name)
            )


setup(ext_modules=[runtime], cmdclass={"build_py": WithHeaders})
