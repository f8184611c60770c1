#include "scenes/mesh_builder.h"

#include <array>
#include <vector>

namespace edgemoe::scenes {

std::uint32_t MeshBuilder::vertex(Vec3 position, Vec3 normal, Vec3 texture) {
  mesh_->vertices.push_back({frame_.point(position), frame_.direction(normal), texture});
  return static_cast<std::uint32_t>(mesh_->vertices.size() - 1);
}

void MeshBuilder::triangle(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  mesh_->triangles.push_back({a, b, c});
  mesh_->materials.push_back(material_);
}

void MeshBuilder::triangle(Vec3 a, Vec3 b, Vec3 c) {
  const Vec3 normal = normalize(cross(b - a, c - a));
  const std::uint32_t ic = vertex(c, normal, c);
  const std::uint32_t ib = vertex(b, normal, b);
  const std::uint32_t ia = vertex(a, normal, a);
  triangle(ia, ib, ic);
}

void MeshBuilder::quad(Vec3 a, Vec3 b, Vec3 c, Vec3 d) {
  const Vec3 normal = normalize(cross(b - a, d - a));
  const std::uint32_t ia = vertex(a, normal, a);
  const std::uint32_t ib = vertex(b, normal, b);
  const std::uint32_t ic = vertex(c, normal, c);
  const std::uint32_t id = vertex(d, normal, d);
  triangle(ia, ib, ic);
  triangle(ia, ic, id);
}

void MeshBuilder::wall(Vec3 a, Vec3 b, Vec3 c, Vec3 d, Vec3 origin) {
  const Vec3 normal = normalize(cross(b - a, d - a));
  const Vec3 along = normalize(b - a);
  const Vec3 upward = normalize(cross(normal, along));
  const auto corner = [&](Vec3 p) {
    return vertex(p, normal, origin + Vec3{dot(p - a, along), dot(p - a, upward), 0});
  };
  const std::uint32_t ia = corner(a);
  const std::uint32_t ib = corner(b);
  const std::uint32_t ic = corner(c);
  const std::uint32_t id = corner(d);
  triangle(ia, ib, ic);
  triangle(ia, ic, id);
}

void MeshBuilder::box(Vec3 l, Vec3 h) {
  quad({l.x, l.y, l.z}, {h.x, l.y, l.z}, {h.x, h.y, l.z}, {l.x, h.y, l.z});
  quad({l.x, l.y, h.z}, {h.x, l.y, h.z}, {h.x, h.y, h.z}, {l.x, h.y, h.z});
  quad({l.x, l.y, l.z}, {l.x, l.y, h.z}, {l.x, h.y, h.z}, {l.x, h.y, l.z});
  quad({h.x, l.y, l.z}, {h.x, l.y, h.z}, {h.x, h.y, h.z}, {h.x, h.y, l.z});
  quad({l.x, h.y, l.z}, {h.x, h.y, l.z}, {h.x, h.y, h.z}, {l.x, h.y, h.z});
  quad({l.x, l.y, l.z}, {h.x, l.y, l.z}, {h.x, l.y, h.z}, {l.x, l.y, h.z});
}

void MeshBuilder::bevelled_box(Vec3 low, Vec3 high, float bevel) {
  // Rings from bottom to top, each a rectangle with cut corners (8 points).
  const std::array<float, 4> heights = {low.y, low.y + bevel, high.y - bevel, high.y};
  const std::array<float, 4> insets = {bevel, 0, 0, bevel};
  std::vector<Vec3> points;
  for (std::size_t r = 0; r < 4; ++r) {
    const float x0 = low.x + insets[r];
    const float x1 = high.x - insets[r];
    const float z0 = low.z + insets[r];
    const float z1 = high.z - insets[r];
    const float y = heights[r];
    const float b = bevel;
    for (const Vec3 p : {Vec3{x0 + b, y, z0}, Vec3{x1 - b, y, z0}, Vec3{x1, y, z0 + b}, Vec3{x1, y, z1 - b},
                         Vec3{x1 - b, y, z1}, Vec3{x0 + b, y, z1}, Vec3{x0, y, z1 - b}, Vec3{x0, y, z0 + b}}) {
      points.push_back(p);
    }
  }
  // Flat faces between the rings; the bevel itself is narrow enough to be flat too.
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t j = (i + 1) % 8;
      quad(points[r * 8 + i], points[r * 8 + j], points[(r + 1) * 8 + j], points[(r + 1) * 8 + i]);
    }
  }
  for (const std::size_t base : {std::size_t{0}, std::size_t{24}}) {
    for (std::size_t i = 1; i + 1 < 8; ++i) triangle(points[base], points[base + i], points[base + i + 1]);
  }
}

void MeshBuilder::ellipsoid(Vec3 center, Vec3 radii, int segments, int rings) {
  const auto base = static_cast<std::uint32_t>(mesh_->vertices.size());
  for (int r = 0; r <= rings; ++r) {
    const float theta = kPi * to_float(r) / to_float(rings);
    for (int s = 0; s < segments; ++s) {
      const float phi = 2 * kPi * to_float(s) / to_float(segments);
      const Vec3 unit = {std::sin(theta) * std::cos(phi), std::cos(theta), std::sin(theta) * std::sin(phi)};
      const Vec3 normal = normalize({unit.x / radii.x, unit.y / radii.y, unit.z / radii.z});
      vertex(center + unit * radii, normal, center + unit * radii);
    }
  }
  const auto at = [&](int r, int s) { return base + static_cast<std::uint32_t>(r * segments + s % segments); };
  for (int r = 0; r < rings; ++r) {
    for (int s = 0; s < segments; ++s) {
      if (r > 0) triangle(at(r, s), at(r, s + 1), at(r + 1, s));
      if (r + 1 < rings) triangle(at(r, s + 1), at(r + 1, s + 1), at(r + 1, s));
    }
  }
}

void MeshBuilder::capsule(Vec3 a, Vec3 b, float radius_a, float radius_b, int segments) {
  Vec3 t;
  Vec3 n;
  const Vec3 axis = normalize(b - a);
  tangents(axis, t, n);
  // Two rings round off each end.
  constexpr std::array<float, 6> kAngles = {-kPi / 2, -kPi / 4, 0, 0, kPi / 4, kPi / 2};
  const auto base = static_cast<std::uint32_t>(mesh_->vertices.size());
  for (std::size_t r = 0; r < kAngles.size(); ++r) {
    const bool first = r < 3;
    const float radius = first ? radius_a : radius_b;
    const Vec3 center = (first ? a : b) + axis * (radius * std::sin(kAngles[r]));
    for (int s = 0; s < segments; ++s) {
      const float phi = 2 * kPi * to_float(s) / to_float(segments);
      const Vec3 side = t * std::cos(phi) + n * std::sin(phi);
      const Vec3 normal = side * std::cos(kAngles[r]) + axis * std::sin(kAngles[r]);
      const Vec3 p = center + side * (radius * std::cos(kAngles[r]));
      vertex(p, normal, p);
    }
  }
  const auto at = [&](int r, int s) { return base + static_cast<std::uint32_t>(r * segments + s % segments); };
  for (int r = 0; r + 1 < 6; ++r) {
    for (int s = 0; s < segments; ++s) {
      if (r > 0) triangle(at(r, s), at(r, s + 1), at(r + 1, s));
      if (r < 4) triangle(at(r, s + 1), at(r + 1, s + 1), at(r + 1, s));
    }
  }
}

void MeshBuilder::tube(Vec3 a, Vec3 b, float radius_a, float radius_b, int segments) {
  Vec3 t;
  Vec3 n;
  tangents(normalize(b - a), t, n);
  const auto base = static_cast<std::uint32_t>(mesh_->vertices.size());
  for (int s = 0; s < segments; ++s) {
    const float phi = 2 * kPi * to_float(s) / to_float(segments);
    const Vec3 side = t * std::cos(phi) + n * std::sin(phi);
    vertex(a + side * radius_a, side, a + side * radius_a);
    vertex(b + side * radius_b, side, b + side * radius_b);
  }
  for (int s = 0; s < segments; ++s) {
    const std::uint32_t i = base + static_cast<std::uint32_t>(2 * s);
    const std::uint32_t j = base + static_cast<std::uint32_t>(2 * ((s + 1) % segments));
    triangle(i, j, i + 1);
    triangle(j, j + 1, i + 1);
  }
}

void MeshBuilder::disc(Vec3 center, Vec3 normal, float radius, int segments) {
  Vec3 t;
  Vec3 n;
  tangents(normalize(normal), t, n);
  const std::uint32_t middle = vertex(center, normalize(normal), center);
  for (int s = 0; s < segments; ++s) {
    const float phi = 2 * kPi * to_float(s) / to_float(segments);
    const Vec3 p = center + (t * std::cos(phi) + n * std::sin(phi)) * radius;
    vertex(p, normalize(normal), p);
  }
  for (int s = 0; s < segments; ++s) {
    triangle(middle, middle + 1 + static_cast<std::uint32_t>(s),
             middle + 1 + static_cast<std::uint32_t>((s + 1) % segments));
  }
}

void MeshBuilder::ring(Vec3 center, Vec3 axis, float radius, float thickness, int segments) {
  Vec3 t;
  Vec3 n;
  tangents(normalize(axis), t, n);
  constexpr int kAround = 5;
  std::vector<Vec3> points;
  for (int s = 0; s <= segments; ++s) {
    const float phi = 2 * kPi * to_float(s) / to_float(segments);
    const Vec3 out = t * std::cos(phi) + n * std::sin(phi);
    for (int k = 0; k < kAround; ++k) {
      const float psi = 2 * kPi * to_float(k) / to_float(kAround);
      points.push_back(center + out * (radius + thickness * std::cos(psi)) + axis * (thickness * std::sin(psi)));
    }
  }
  skin(points, segments + 1, kAround);
}

void MeshBuilder::skin(std::span<const Vec3> points, int rows, int columns) {
  const auto index = [&](int r, int c) { return static_cast<std::size_t>(r * columns + (c + columns) % columns); };
  const auto base = static_cast<std::uint32_t>(mesh_->vertices.size());
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      const Vec3 down = points[index(std::min(r + 1, rows - 1), c)] - points[index(std::max(r - 1, 0), c)];
      const Vec3 across = points[index(r, c + 1)] - points[index(r, c - 1)];
      vertex(points[index(r, c)], normalize(cross(down, across)), points[index(r, c)]);
    }
  }
  for (int r = 0; r + 1 < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      const auto a = base + static_cast<std::uint32_t>(index(r, c));
      const auto b = base + static_cast<std::uint32_t>(index(r, c + 1));
      const auto d = base + static_cast<std::uint32_t>(index(r + 1, c));
      const auto e = base + static_cast<std::uint32_t>(index(r + 1, c + 1));
      triangle(a, b, d);
      triangle(b, e, d);
    }
  }
}

}  // namespace edgemoe::scenes
