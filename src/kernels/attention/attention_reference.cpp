#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/attention/attention.h"

namespace edgemoe {
namespace {

/// One query of one head: q, k and v point at the head's columns, k and v at the sequence's first row.
void attend(const AttentionArgs& args, const float* q, const float* k, const float* v, float* out) {
  std::vector<double> scores(args.num_tokens);
  for (std::size_t t = 0; t < args.num_tokens; ++t) {
    double sum = 0;
    for (std::size_t d = 0; d < args.head_dim; ++d) {
      sum += static_cast<double>(q[d]) * static_cast<double>(k[t * args.qkv.stride + d]);
    }
    scores[t] = sum * static_cast<double>(args.scale);
  }
  const double maximum = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (double& score : scores) total += score = std::exp(score - maximum);
  for (std::size_t d = 0; d < args.head_dim; ++d) {
    double sum = 0;
    for (std::size_t t = 0; t < args.num_tokens; ++t) {
      sum += scores[t] * static_cast<double>(v[t * args.qkv.stride + d]);
    }
    out[d] = static_cast<float>(sum / total);
  }
}

}  // namespace

void attention_reference(const AttentionArgs& args) {
  const std::size_t width = args.num_heads * args.head_dim;
  for (std::size_t sequence = 0; sequence < args.num_sequences; ++sequence) {
    const std::size_t first = sequence * args.num_tokens;
    for (std::size_t row = first; row < first + args.num_tokens; ++row) {
      for (std::size_t head = 0; head < args.num_heads; ++head) {
        const std::size_t col = head * args.head_dim;
        const float* keys = args.qkv.row(first) + width + col;
        attend(args, args.qkv.row(row) + col, keys, keys + width, args.out.row(row) + col);
      }
    }
  }
}

}  // namespace edgemoe
