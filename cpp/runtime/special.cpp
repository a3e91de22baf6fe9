// Special functions of exported C++ that SciPy has not, as compiled code calls them: derivatives of
// some order, densities, Carlson's integrals, parts of pairs. Each takes a 0 that SciPy's take.
#include "routines.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace bibun {
namespace {

#include "../../src/bibun/export/texts/equations.hpp"
#include "../../src/bibun/export/texts/exponential.hpp"
#include "../../src/bibun/export/texts/elementary.hpp"
#include "../../src/bibun/export/texts/bessel.hpp"
#include "../../src/bibun/export/texts/beta.hpp"
#include "../../src/bibun/export/texts/elliptic.hpp"
#include "../../src/bibun/export/texts/errors.hpp"
#include "../../src/bibun/export/texts/gamma.hpp"
#include "../../src/bibun/export/texts/integrals.hpp"
#include "../../src/bibun/export/texts/relative.hpp"
#include "../../src/bibun/export/texts/waves.hpp"
// These need the ones above.
#include "../../src/bibun/export/texts/distributions.hpp"
#include "../../src/bibun/export/texts/orders.hpp"
#include "../../src/bibun/export/texts/scaled.hpp"

#define BIBUN_FUNCTION(name) {"bibun_special_" #name, address_of(&name)}
#define BIBUN_ORDER(name, order) {"bibun_special_" #name "_" #order, address_of(&name<order>)}
#define BIBUN_SLOPES(name) \
  BIBUN_ORDER(name, 1), BIBUN_ORDER(name, 2), BIBUN_ORDER(name, 3), BIBUN_ORDER(name, 4)
#define BIBUN_ORDERS(name) BIBUN_ORDER(name, 0), BIBUN_SLOPES(name)
#define BIBUN_CARLSON(p, q, r) \
  {"bibun_special_carlson_" #p "_" #q "_" #r, address_of(&carlson<p, q, r>)}

}  // namespace

std::vector<Symbol> special_routines() {
  return {BIBUN_SLOPES(erfcx_slope),       BIBUN_SLOPES(bessel_i0e_slope),
          BIBUN_SLOPES(exprel_slope),      BIBUN_SLOPES(dawsn_slope),
          BIBUN_SLOPES(ellipk_slope),      BIBUN_SLOPES(ellipkm1_slope),
          BIBUN_SLOPES(ellipe_slope),      BIBUN_ORDERS(log_relative),
          BIBUN_ORDERS(psi_difference),    BIBUN_FUNCTION(euler_beta),
          BIBUN_ORDERS(scaled_i),          BIBUN_ORDERS(scaled_k),
          BIBUN_FUNCTION(beta_density),    BIBUN_FUNCTION(f_density),
          BIBUN_FUNCTION(t_density),       BIBUN_FUNCTION(sine_integral),
          BIBUN_FUNCTION(cosine_integral), BIBUN_FUNCTION(sinh_integral),
          BIBUN_FUNCTION(cosh_integral),   BIBUN_FUNCTION(fresnel_s),
          BIBUN_FUNCTION(fresnel_c),       BIBUN_CARLSON(1, 1, 1),
          BIBUN_CARLSON(1, 1, 3),          BIBUN_CARLSON(1, 1, 5),
          BIBUN_CARLSON(1, 1, 7),          BIBUN_CARLSON(1, 3, 1),
          BIBUN_CARLSON(1, 3, 3),          BIBUN_CARLSON(1, 3, 5),
          BIBUN_CARLSON(1, 5, 1),          BIBUN_CARLSON(1, 5, 3),
          BIBUN_CARLSON(1, 7, 1),          BIBUN_CARLSON(3, 1, 1),
          BIBUN_CARLSON(3, 1, 3),          BIBUN_CARLSON(3, 1, 5),
          BIBUN_CARLSON(3, 3, 1),          BIBUN_CARLSON(3, 3, 3),
          BIBUN_CARLSON(3, 5, 1),          BIBUN_CARLSON(5, 1, 1),
          BIBUN_CARLSON(5, 1, 3),          BIBUN_CARLSON(5, 3, 1),
          BIBUN_CARLSON(7, 1, 1)};
}

}  // namespace bibun
