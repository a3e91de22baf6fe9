// bibun: derivatives of C++ functions over Eigen 3.4 or 5. This is the header to include.
//
// One template function works with plain numbers and matrices, with bibun::Dual (forward mode) and
// with bibun::Var (reverse mode, one entry of the tape for a whole matrix).
#ifndef BIBUN_AD_HPP
#define BIBUN_AD_HPP

#include "convolution.hpp"
#include "dual.hpp"
#include "eigen.hpp"
#include "factorizations.hpp"
#include "gradients.hpp"
#include "linear.hpp"
#include "optimizers.hpp"

#endif
