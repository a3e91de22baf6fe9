// Bundle adjustment with exported Jacobians: Levenberg's method on all cameras and points, of whose
// equations those of the points are eliminated first (the Schur complement).
#include <Eigen/Cholesky>
#include <cstdio>
#include <fstream>
#include <residual.hpp>
#include <residual_jacobian.hpp>
#include <vector>

constexpr int kCameras = 5, kPoints = 30, kSteps = 8;
constexpr double kDamping = 1e-6;

using Camera = Eigen::Matrix<double, 6, 1>;
using Point = Eigen::Vector3d;
using OfCamera = Eigen::Matrix<double, 2, 6, Eigen::RowMajor>;
using OfPoint = Eigen::Matrix<double, 2, 3, Eigen::RowMajor>;

struct Scene {
  std::vector<Camera> cameras = std::vector<Camera>(kCameras);
  std::vector<Point> points = std::vector<Point>(kPoints);
  std::vector<Eigen::Vector2d> seen = std::vector<Eigen::Vector2d>(kCameras * kPoints);
};

/// The numbers of scene.txt, in their order.
Scene read(const char* path) {
  Scene scene;
  std::ifstream file(path);
  const auto fill = [&file](auto& several) {
    for (auto& x : several) {
      for (Eigen::Index i = 0; i < x.size(); ++i) file >> x(i);
    }
  };
  fill(scene.cameras);
  fill(scene.points);
  fill(scene.seen);
  if (!file) std::fprintf(stderr, "%s is not a scene\n", path);
  return scene;
}

/// The normal equations, in blocks: of cameras, of points, and of one with the other.
struct Equations {
  double cost = 0;
  Eigen::Matrix<double, 6, 6> u[kCameras];
  Eigen::Matrix3d v[kPoints];
  Eigen::Matrix<double, 6, 3> w[kCameras][kPoints];
  Camera gu[kCameras];
  Point gv[kPoints];
};

Equations equations(const Scene& scene) {
  Equations e;
  for (auto& u : e.u) u.setZero();
  for (auto& v : e.v) v.setZero();
  for (auto& g : e.gu) g.setZero();
  for (auto& g : e.gv) g.setZero();
  for (int i = 0; i < kCameras; ++i) {
    for (int k = 0; k < kPoints; ++k) {
      const double *c = scene.cameras[i].data(), *p = scene.points[k].data();
      const double* seen = scene.seen[i * kPoints + k].data();
      Eigen::Vector2d r;
      OfCamera jc;
      OfPoint jp;
      bibun_generated::residual(c, p, seen, r.data());
      bibun_generated::residual_jacobian(c, p, seen, jc.data(), jp.data());
      e.cost += r.squaredNorm();
      e.u[i] += jc.transpose() * jc;
      e.v[k] += jp.transpose() * jp;
      e.w[i][k] = jc.transpose() * jp;
      e.gu[i] += jc.transpose() * r;
      e.gv[k] += jp.transpose() * r;
    }
  }
  return e;
}

void damp(Equations& e) {
  for (auto& u : e.u) u.diagonal() *= 1 + kDamping;
  for (auto& v : e.v) v.diagonal() *= 1 + kDamping;
}

/// One step: points are eliminated, cameras solved for, and points found from these.
void step(Scene& scene, const Equations& e) {
  Eigen::MatrixXd s = Eigen::MatrixXd::Zero(6 * kCameras, 6 * kCameras);
  Eigen::VectorXd g(6 * kCameras);
  for (int i = 0; i < kCameras; ++i) {
    s.block<6, 6>(6 * i, 6 * i) = e.u[i];
    g.segment<6>(6 * i) = e.gu[i];
  }
  std::vector<Eigen::LDLT<Eigen::Matrix3d>> factors;
  for (int k = 0; k < kPoints; ++k) {
    factors.emplace_back(e.v[k]);
    for (int i = 0; i < kCameras; ++i) {
      const Eigen::Matrix<double, 6, 3> wv =
          factors[k].solve(e.w[i][k].transpose()).transpose();
      g.segment<6>(6 * i) -= wv * e.gv[k];
      for (int j = 0; j < kCameras; ++j) {
        s.block<6, 6>(6 * i, 6 * j) -= wv * e.w[j][k].transpose();
      }
    }
  }
  const Eigen::VectorXd d = s.ldlt().solve(g);
  for (int k = 0; k < kPoints; ++k) {
    Point right = e.gv[k];
    for (int i = 0; i < kCameras; ++i) {
      right -= e.w[i][k].transpose() * d.segment<6>(6 * i);
    }
    scene.points[k] -= factors[k].solve(right);
  }
  for (int i = 0; i < kCameras; ++i) scene.cameras[i] -= d.segment<6>(6 * i);
}

int main(int count, char** arguments) {
  Scene scene = read(count > 1 ? arguments[1] : "scene.txt");
  for (int k = 0; k < kSteps; ++k) {
    Equations e = equations(scene);
    std::printf("%.17g\n", e.cost);
    damp(e);
    step(scene, e);
  }
}
