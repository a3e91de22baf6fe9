// Training a classifier of handwritten digits where no Python is: a step of Adam, with the gradient
// in it, is an exported header. Parameters and the state of Adam are arrays that it changes.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <scores.hpp>
#include <step.hpp>
#include <string>
#include <vector>

constexpr int kPixels = 64, kHidden = 32, kDigits = 10, kBatch = 64, kEpochs = 12, kTrained = 1408;

struct Pictures {
  std::vector<double> pixels;
  std::vector<std::int64_t> digits;
};

Pictures read(const std::string& path) {
  Pictures found;
  std::ifstream file(path, std::ios::binary);
  unsigned char row[kPixels + 1];
  while (file.read(reinterpret_cast<char*>(row), sizeof row)) {
    for (int i = 0; i < kPixels; ++i) found.pixels.push_back(row[i] / 16.0);
    found.digits.push_back(row[kPixels]);
  }
  return found;
}

/// Arrays of the size of each parameter.
struct Parameters {
  std::vector<double> b = std::vector<double>(kHidden);
  std::vector<double> out = std::vector<double>(kHidden * kDigits);
  std::vector<double> w = std::vector<double>(kPixels * kHidden);
};

Parameters begin(const std::string& path) {
  Parameters p;
  std::ifstream file(path, std::ios::binary);
  for (auto* x : {&p.w, &p.b, &p.out}) {
    file.read(reinterpret_cast<char*>(x->data()), static_cast<long>(x->size() * sizeof(double)));
  }
  return p;
}

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : ".";
  const Pictures all = read(folder + "/digits.bin");
  Parameters p = begin(folder + "/start.bin"), mean, square;
  std::int64_t steps = 0;
  bibun_generated::step_workspace workspace;
  double loss = 0;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    for (int k = 0; k < kTrained; k += kBatch) {
      loss = bibun_generated::step(p.b.data(), p.out.data(), p.w.data(), &steps, mean.b.data(),
                                   mean.out.data(), mean.w.data(), square.b.data(),
                                   square.out.data(), square.w.data(), &all.pixels[k * kPixels],
                                   &all.digits[k], workspace);
    }
  }
  const int others = static_cast<int>(all.digits.size()) - kTrained;
  std::vector<double> y(others * kDigits);
  bibun_generated::scores_batch(others, p.b.data(), p.out.data(), p.w.data(),
                                &all.pixels[kTrained * kPixels], y.data());
  int right = 0;
  for (int k = 0; k < others; ++k) {
    const auto first = y.begin() + k * kDigits;
    right += std::max_element(first, first + kDigits) - first == all.digits[kTrained + k];
  }
  std::printf("%.17g %d %d\n", loss, right, others);
}
