// Taps: named intermediate values that every engine publishes under the same names, so that engines, dumps and golden
// files can be compared. docs/taps.md lists names and shapes.
#ifndef EDGEMOE_MODEL_TAPS_H_
#define EDGEMOE_MODEL_TAPS_H_

#include <string>
#include <string_view>

#include "base/tensor.h"

namespace edgemoe {

/// Receives taps while a network runs. Values are valid only during the call.
class TapSink {
 public:
  virtual ~TapSink() = default;
  /// `scope` is a task's name, or "shared" for values that serve every task asked for; `tap` is e.g.
  /// "block3.router.logits". float32 values or int32 indices.
  virtual void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) = 0;
  /// True where the routers' indices and weights are all that it wants: an engine may then leave the rest unmade.
  virtual bool routers_only() const { return false; }
};

inline constexpr std::string_view kSharedScope = "shared";

// Names. A token tap is [num_tokens, embed_dim].
inline constexpr std::string_view kTapInput = "input";                 // [3, height, width], after mean and deviation
inline constexpr std::string_view kTapPatchEmbed = "patch_embed";      // class token and position embedding added
std::string block_tap(int block, std::string_view what);               // "block3.<what>" with what one of:
inline constexpr std::string_view kTapNorm1 = "norm1";                 // tokens
inline constexpr std::string_view kTapQkv = "attn.qkv";                // [num_tokens, 3·embed_dim]: q, k, v
inline constexpr std::string_view kTapAttention = "attn.heads";        // tokens, heads side by side, before projection
inline constexpr std::string_view kTapAttentionOut = "attn.out";       // tokens after projection, before the residual
inline constexpr std::string_view kTapNorm2 = "norm2";                 // tokens
inline constexpr std::string_view kTapRouterLogits = "router.logits";  // [num_tokens, experts of the group]
inline constexpr std::string_view kTapRouterIndices = "router.indices";  // [num_tokens, top_k] int32, by falling logit
inline constexpr std::string_view kTapRouterWeights = "router.weights";  // [num_tokens, top_k], same order
inline constexpr std::string_view kTapMlpOut = "mlp.out";                // tokens: MLP or weighted sum of experts
inline constexpr std::string_view kTapBlockOut = "out";                  // tokens after the second residual
std::string head_tap(std::string_view what);                             // "head.<what>" with what one of:
inline constexpr std::string_view kTapHeadNorm = "norm";      // [grid tokens, embed_dim], class token dropped
inline constexpr std::string_view kTapHeadLogits = "logits";  // [outputs, height, width] at the input size

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_TAPS_H_
