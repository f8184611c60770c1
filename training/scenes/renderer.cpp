#include "scenes/renderer.h"

#include <span>

#include "scenes/noise.h"
#include "scenes/shading.h"

namespace edgemoe::scenes {
namespace {

/// Uniform numbers of a pixel's samples: a hash, shifted so that the samples of a pixel spread evenly (the additive
/// recurrence of the plastic number).
struct PixelRandom {
  float x, y;
  PixelRandom(std::uint32_t seed, int pixel, int sample) {
    x = fraction(hash01(seed, pixel, 1) + 0.7548777F * to_float(sample));
    y = fraction(hash01(seed, pixel, 2) + 0.5698403F * to_float(sample));
  }
};

class Renderer {
 public:
  Renderer(const Scene& scene, const RayTracer& tracer, const Camera& camera, const RenderSettings& settings)
      : scene_(scene), tracer_(tracer), camera_(camera), settings_(settings), shader_(scene, tracer) {}

  View run() {
    const auto count = static_cast<std::size_t>(camera_.width * camera_.height);
    view_.width = camera_.width;
    view_.height = camera_.height;
    view_.radiance.resize(count);
    view_.labels.resize(count);
    view_.depth.resize(count);
    view_.normals.resize(count);
    centers_.resize(count);
    openness_.assign(count, 1.0F);
    for (int y = 0; y < camera_.height; ++y) trace_centers(y);
    smooth_openness();
    for (int y = 0; y < camera_.height; ++y) collect_light(y);
    return std::move(view_);
  }

 private:
  std::size_t index(int x, int y) const { return static_cast<std::size_t>(y * camera_.width + x); }
  Vec3 eye() const { return camera_.frame.origin; }

  Vec3 center_ray(int x, int y) const { return camera_.ray(to_float(x) + 0.5F, to_float(y) + 0.5F); }

  void trace_centers(int y) {
    std::vector<Vec3> rays;
    for (int x = 0; x < camera_.width; ++x) rays.push_back(center_ray(x, y));
    tracer_.closest(eye(), rays, std::span(centers_).subspan(index(0, y), rays.size()));
    for (int x = 0; x < camera_.width; ++x) record_truth(index(x, y), rays[static_cast<std::size_t>(x)]);
  }

  void record_truth(std::size_t i, Vec3 ray) {
    const Hit& hit = centers_[i];
    if (!hit.found) {
      view_.labels[i] = scene_.sky_label;
      return;
    }
    const SurfacePoint p = shader_.point(hit, eye(), ray);
    view_.labels[i] = p.material->label;
    view_.depth[i] = hit.distance;
    view_.normals[i] = camera_.to_camera(p.normal);
    float open = 0;
    for (int k = 0; k < settings_.occlusion_rays; ++k) {
      const PixelRandom random(settings_.seed + 77, static_cast<int>(i), k);
      open += shader_.openness(p, hit.distance * length(ray), random.x, random.y);
    }
    openness_[i] = open / to_float(settings_.occlusion_rays);
  }

  /// Mean over neighbours that lie on about the same surface: few rays a pixel then do.
  void smooth_openness() {
    constexpr int kReach = 3;
    std::vector<float> smoothed(openness_.size());
    for (int y = 0; y < camera_.height; ++y) {
      for (int x = 0; x < camera_.width; ++x) {
        const std::size_t i = index(x, y);
        if (!centers_[i].found) continue;
        float sum = 0;
        float weights = 0;
        for (int v = std::max(0, y - kReach); v <= std::min(camera_.height - 1, y + kReach); ++v) {
          for (int u = std::max(0, x - kReach); u <= std::min(camera_.width - 1, x + kReach); ++u) {
            const std::size_t j = index(u, v);
            if (!centers_[j].found || dot(view_.normals[i], view_.normals[j]) < 0.8F) continue;
            if (std::fabs(view_.depth[i] - view_.depth[j]) > 0.06F * view_.depth[i] + 0.02F) continue;
            sum += openness_[j];
            weights += 1;
          }
        }
        smoothed[i] = sum / weights;
      }
    }
    openness_ = std::move(smoothed);
  }

  Vec3 light_of(const Hit& hit, Vec3 ray, std::size_t pixel, int sample) const {
    if (!hit.found) return shader_.background(ray);
    const SurfacePoint p = shader_.point(hit, eye(), ray);
    const PixelRandom random(settings_.seed + 99, static_cast<int>(pixel), sample);
    Shader::Sample s;
    s.direction = ray;
    s.distance = hit.distance * length(ray);
    s.footprint = camera_.pixel_size();
    s.openness = centers_[pixel].found ? openness_[pixel] : 1.0F;
    s.a = random.x;
    s.b = random.y;
    return shader_.shade(p, s);
  }

  void collect_light(int y) {
    const auto extra = static_cast<std::size_t>(settings_.extra_samples);
    std::vector<Vec3> rays;  // [width, extra_samples]
    for (int x = 0; x < camera_.width; ++x) {
      for (int k = 1; k <= settings_.extra_samples; ++k) {
        const PixelRandom place(settings_.seed + 55, static_cast<int>(index(x, y)), k);
        rays.push_back(camera_.ray(to_float(x) + place.x, to_float(y) + place.y));
      }
    }
    std::vector<Hit> hits(rays.size());
    tracer_.closest(eye(), rays, hits);
    // One very bright point must not outweigh the rest of its pixel: sensors saturate too.
    const auto limited = [](Vec3 c) { return Vec3{std::min(c.x, 6.0F), std::min(c.y, 6.0F), std::min(c.z, 6.0F)}; };
    for (int x = 0; x < camera_.width; ++x) {
      const std::size_t i = index(x, y);
      Vec3 sum = limited(light_of(centers_[i], center_ray(x, y), i, 0));
      for (std::size_t k = 0; k < extra; ++k) {
        const std::size_t ray = static_cast<std::size_t>(x) * extra + k;
        sum += limited(light_of(hits[ray], rays[ray], i, static_cast<int>(k) + 1));
      }
      view_.radiance[i] = sum * (1 / to_float(settings_.extra_samples + 1));
    }
  }

  const Scene& scene_;
  const RayTracer& tracer_;
  const Camera& camera_;
  const RenderSettings& settings_;
  Shader shader_;
  View view_;
  std::vector<Hit> centers_;
  std::vector<float> openness_;
};

}  // namespace

View render(const Scene& scene, const RayTracer& tracer, const Camera& camera, const RenderSettings& settings) {
  return Renderer(scene, tracer, camera, settings).run();
}

}  // namespace edgemoe::scenes
