// Shapes as triangles, placed by a frame and covered with a material.
#ifndef EDGEMOE_SCENES_MESH_BUILDER_H_
#define EDGEMOE_SCENES_MESH_BUILDER_H_

#include <cstdint>
#include <span>

#include "scenes/scene.h"
#include "scenes/vec.h"

namespace edgemoe::scenes {

/// Adds shapes to a mesh. All coordinates are the frame's; texture coordinates are these too unless given. Normals need
/// no side: the renderer turns them to the viewer.
class MeshBuilder {
 public:
  MeshBuilder(Mesh& mesh, const Frame& frame) : mesh_(&mesh), frame_(frame) {}

  void set_material(std::uint16_t material) { material_ = material; }
  void set_frame(const Frame& frame) { frame_ = frame; }
  const Frame& frame() const { return frame_; }

  /// Vertices by themselves, for shapes that share them; index of the vertex.
  std::uint32_t vertex(Vec3 position, Vec3 normal, Vec3 texture);
  void triangle(std::uint32_t a, std::uint32_t b, std::uint32_t c);

  /// A flat triangle and a flat quad a-b-c-d, corner by corner.
  void triangle(Vec3 a, Vec3 b, Vec3 c);
  void quad(Vec3 a, Vec3 b, Vec3 c, Vec3 d);
  /// A quad whose texture runs from `origin`: x along a→b, y along a→d, in metres.
  void wall(Vec3 a, Vec3 b, Vec3 c, Vec3 d, Vec3 origin = {});
  void box(Vec3 low, Vec3 high);
  /// A box whose edges are bevelled by `bevel`, with smooth normals there.
  void bevelled_box(Vec3 low, Vec3 high, float bevel);
  void ellipsoid(Vec3 center, Vec3 radii, int segments, int rings);
  /// A tapered limb with round ends.
  void capsule(Vec3 a, Vec3 b, float radius_a, float radius_b, int segments);
  /// A tapered tube without ends.
  void tube(Vec3 a, Vec3 b, float radius_a, float radius_b, int segments);
  void disc(Vec3 center, Vec3 normal, float radius, int segments);
  /// A ring of tube `thickness` (wheels).
  void ring(Vec3 center, Vec3 axis, float radius, float thickness, int segments);

  /// A smooth skin over a grid of points [rows, columns]; the last column joins the first.
  void skin(std::span<const Vec3> points, int rows, int columns);

 private:
  Mesh* mesh_;
  Frame frame_;
  std::uint16_t material_ = 0;
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_MESH_BUILDER_H_
