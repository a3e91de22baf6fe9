"""Familiar: functions, modules and objects of NumPy, bibun and the standard library.

A function of bibun's or NumPy's is what its name says, as long as the versions are the same; only
what it closes over or is given is looked at. Functions of the user, and of all other libraries, are
their code.
"""

from __future__ import annotations

import cmath
import dataclasses
import functools
import itertools
import math
import operator
import os
import reprlib
import sys
from abc import ABCMeta
from functools import cached_property, partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

import numpy as np

from ..array import Array
from ..derivative.custom import custom_jvp
from ..errors import PACKAGE
from ..tracing.containers import registered
from ..tracing.rebind.owners import of_bibun, of_user
from ..variable import Variable
from .classes import CLASSES, instance
from .classes import class_ as class_of_user
from .codes import Hidden
from .visible import BUILTINS, FAMILIES, KINDS, MISSING, Sight, shows

NUMPY = os.path.dirname(np.__file__) + os.sep
DISPATCHED = type(np.sum)


@shows(FunctionType)
def _function(sight: Sight, f: FunctionType) -> None:
    code = f.__code__
    if code.co_filename in REPEATING and hasattr(f, "__wrapped__"):
        sight.say("once")
        sight.value(f.__wrapped__)
        return
    sight.holds(vars(f))
    if _is_known(code):
        sight.say("function", code.co_filename, code.co_qualname, f.__name__)
        if "<locals>" not in code.co_qualname:
            return
    else:
        names = f.__module__, f.__qualname__, f.__name__
        sight.say("function", *names, of_user(code.co_filename))
        sight.codes.append(code)
        sight.code(code)
        sight.globals(f)
    sight.several([f.__defaults__, f.__kwdefaults__])
    sight.several(f.__closure__ or ())


@shows(CellType)
def _cell(sight: Sight, cell: CellType) -> None:
    try:
        sight.value(cell.cell_contents)
    except ValueError:
        sight.say("empty")


def _is_known(code: CodeType) -> bool:
    """Whether code is known by its name; of a library, what may have a state is hidden."""
    file = code.co_filename
    if of_bibun(file):
        known = _unit(file) in UNITS
    elif file.startswith(NUMPY):
        known = os.path.basename(file) in FILES and not code.co_freevars
    else:
        return False
    if not known:
        raise Hidden(f"{code.co_qualname} in {file}")
    return True


def _unit(file: str) -> str:
    """The part of bibun that a file of it belongs to."""
    return os.path.relpath(file, PACKAGE).split(os.sep)[0].removesuffix(".py")


@shows(DISPATCHED)
def _dispatched(sight: Sight, f: Any) -> None:
    inner = f.__wrapped__  # NumPy's functions in C have no file
    if type(inner) is FunctionType and not _is_known(inner.__code__):
        raise Hidden(f"{f.__qualname__}, which NumPy dispatches for others")
    if type(inner) is not FunctionType and getattr(np, f.__name__, None) is not f:
        raise Hidden(f"{f.__qualname__}, which is written in C")
    sight.say("numpy", f.__module__, f.__qualname__)
    sight.ask(f.__name__)  # of an object that is no array, a method of this name is called


@shows(np.ufunc)
def _ufunc(sight: Sight, f: np.ufunc) -> None:
    homes = (np, sys.modules.get("scipy.special"))
    home = next((h for h in homes if getattr(h, f.__name__, None) is f), None)
    if home is None:
        raise Hidden(f"the ufunc {f.__name__}")
    sight.say("ufunc", home.__name__, f.__name__)
    sight.ask(f.__name__)  # the method of an object in an array of objects


@shows(BuiltinFunctionType)
def _builtin(sight: Sight, f: Any) -> None:
    home = next((h for h, held in HOMES.items() if held.get(f.__name__) is f), None)
    if home is None or f.__name__ in OUTSIDE:
        raise Hidden(f"{f.__qualname__}, which is written in C")
    sight.say("builtin", home, f.__name__)
    sight.compares |= f.__name__ in ("is_", "is_not")


def _of_numpy(sight: Sight, x: Any) -> None:
    names = [name for name in OBJECTS if getattr(np, name) is x]
    if not names:
        raise Hidden(f"a {type(x).__name__} of NumPy's")
    sight.say("numpy", *names)


@shows(ModuleType)
def _module(sight: Sight, module: ModuleType) -> None:
    name = module.__name__
    held = vars(module)
    sight.say("module", name)
    if name.split(".")[0] == "bibun":  # some of its modules are loaded when they are asked for
        offered = set(dir(module))
        sight.holder(lambda n: getattr(module, n) if n[:2] != "__" and n in offered else MISSING)
    elif module is np:
        sight.holder(lambda n: getattr(np, n) if n in ("fft", "linalg") else held.get(n, MISSING))
    else:
        sight.holds(held)
        if "__getattr__" in held:
            sight.value(held["__getattr__"])


@shows(MethodType)
def _bound(sight: Sight, m: MethodType) -> None:
    sight.say("method")
    sight.several([m.__func__, m.__self__])


@shows(partial)
def _partial(sight: Sight, p: Any) -> None:
    sight.say("partial")
    sight.several([p.func, p.args, p.keywords, vars(p)])


@shows(cached_property)
def _cached(sight: Sight, p: Any) -> None:
    sight.say("cached property", p.attrname)
    if p.attrname is not None:
        sight.ask(p.attrname)
    sight.value(p.func)
    sight.holds(vars(p))


@shows(SimpleNamespace)
def _namespace(sight: Sight, x: SimpleNamespace) -> None:
    sight.say("namespace")
    sight.value(vars(x))  # all of it, as == and repr read all of it


@shows(operator.itemgetter)
def _itemgetter(sight: Sight, x: Any) -> None:
    sight.say("itemgetter")
    sight.several(x.__reduce__()[1])


# ------------------------------------------------------------ arrays


def _number(sight: Sight, x: np.generic) -> None:
    sight.say("number")
    sight.array(np.asarray(x))


@shows(Variable)
def _variable(sight: Sight, v: Variable) -> None:
    sight.say("Variable", v.trainable, v.name, v.version)
    sight.array(v.stored)


@shows(Array)
def _constant(sight: Sight, a: Array) -> None:
    if a.scope is not None:
        raise Hidden("a traced array")
    sight.say("Array", a.form and a.form.__qualname__)
    sight.array(np.asarray(a.raw))


@shows(type, ABCMeta)
def _class(sight: Sight, of: type) -> None:
    own = str(of.__module__).split(".")
    if own[0] == "bibun" and own[1:] and own[1] in UNITS:
        sight.say("class", of.__module__, of.__qualname__)
    else:
        class_of_user(sight, of)


def _instance(sight: Sight, x: Any) -> None:
    if registered(type(x)):
        raise Hidden(f"a {type(x).__qualname__}, which is a container")
    instance(sight, x)


@shows(custom_jvp)
def _rule(sight: Sight, f: custom_jvp) -> None:
    sight.say("custom_jvp")
    sight.holds(vars(f))
    sight.several([f.f, f.rule])


# ------------------------------------------------------------ tables

KINDS[np.ndarray] = Sight.array
SCALARS = {k for k in vars(np).values() if isinstance(k, type) and issubclass(k, np.generic)}
KINDS |= dict.fromkeys(SCALARS, _number)  # a subclass may hold more than a number
FAMILIES += [(np.dtype, Sight.dtype), (type, _class), (object, _instance)]
# fmt: off
UNITS = {
    "array", "derivative", "interface", "nn", "numpy", "ops", "scipy", "tape", "tracing",
    "variable", "wide",
}
"""Parts of bibun whose functions do nothing but compute."""
FILES = {  # NumPy's, whose functions do nothing but compute
    "_array_utils_impl.py", "_arraypad_impl.py", "_arraysetops_impl.py", "_asarray.py",
    "_function_base_impl.py", "_helper.py", "_histograms_impl.py", "_index_tricks_impl.py",
    "_linalg.py", "_nanfunctions_impl.py", "_pocketfft.py", "_shape_base_impl.py",
    "_stride_tricks_impl.py", "_twodim_base_impl.py", "_type_check_impl.py", "_ufunclike_impl.py",
    "einsumfunc.py", "fromnumeric.py", "function_base.py", "multiarray.py", "numeric.py",
    "numerictypes.py", "shape_base.py",
}
REPEATING = {dataclasses.__file__, reprlib.__file__}  # whose wrappers only guard against recursion
OBJECTS = ("c_", "r_", "s_", "index_exp", "mgrid", "ogrid")
OUTSIDE = {"empty", "from_dlpack", "fromfile", "get_cache_token"}
"""Functions in C that give what stands in a file, in memory, or in a state of Python's."""
TYPES = ("dtype", "errstate", "finfo", "iinfo", "ndarray", "ndindex", "ndenumerate", "broadcast")
# fmt: on
HOMES = {m.__name__: vars(m) for m in (np, math, cmath, operator, itertools, functools)}
HOMES["builtins"] = BUILTINS
CLASSES |= SCALARS - {np.datetime64, np.timedelta64}  # np.datetime64("now") is another each time
CLASSES |= {getattr(np, name) for name in TYPES} | {operator.itemgetter, partial}
CLASSES |= {k for k in vars(itertools).values() if isinstance(k, type)}
KINDS |= {type(getattr(np, name)): _of_numpy for name in OBJECTS}
