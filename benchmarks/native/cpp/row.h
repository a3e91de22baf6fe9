// What a row in C++ is: a function from arrays to arrays, repeated here so that Python costs nothing.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

using Inputs = const void *const *;
using Outputs = void *const *;

#define ROW(name) extern "C" void row_##name(Inputs in, Outputs out, long size)

template <class T> const T *input(Inputs in, int k) { return static_cast<const T *>(in[k]); }
template <class T> T *output(Outputs out, int k) { return static_cast<T *>(out[k]); }
