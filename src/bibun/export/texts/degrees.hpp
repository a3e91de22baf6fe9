/// Tangents and cotangents of degrees, exact where they are simple.
inline double tandg(double x) {
  const double turn = std::fmod(std::fabs(x), 180.0), y = turn > 90 ? 180 - turn : turn;
  const double sign = (x < 0) != (turn > 90) ? -1 : 1;
  if (turn == 0 || y == 45) return turn == 0 ? 0 : sign;
  if (y == 90) return std::numeric_limits<double>::infinity();
  return sign * (y < 45 ? std::tan(y * 0.017453292519943295769)
                        : 1 / std::tan((90 - y) * 0.017453292519943295769));
}
inline double cotdg(double x) {
  const double turn = std::fmod(std::fabs(x), 180.0), y = turn > 90 ? 180 - turn : turn;
  const double sign = (x < 0) != (turn > 90) ? -1 : 1;
  if (y == 90 || y == 45) return y == 90 ? 0 : sign;
  if (turn == 0) return std::numeric_limits<double>::infinity();
  return sign * (y < 45 ? 1 / std::tan(y * 0.017453292519943295769)
                        : std::tan((90 - y) * 0.017453292519943295769));
}
