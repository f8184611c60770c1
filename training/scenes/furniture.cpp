#include "scenes/furniture.h"

#include <array>

namespace edgemoe::scenes {
namespace {

Material wooden(Label label, Vec3 color, Dice& dice) {
  Material m;
  m.pattern = Pattern::kPlanks;
  m.label = label;
  m.base = dice.vary(color, 0.2F, 0.06F);
  m.second = m.base * 0.55F;
  m.scale = dice.uniform(0.12F, 0.5F);
  m.contrast = 0.5F;
  m.gloss = dice.chance(0.4F) ? 0.04F : 0.0F;
  m.seed = dice.seed32();
  return m;
}

Material fabric(Label label, Vec3 color, Dice& dice) {
  Material m;
  m.pattern = Pattern::kCloth;
  m.label = label;
  m.base = dice.vary(color, 0.25F, 0.1F);
  m.second = dice.vary(Vec3{0.4F, 0.38F, 0.34F}, 0.5F, 0.2F);
  m.contrast = dice.chance(0.3F) ? dice.uniform(0.55F, 1.0F) : 0.1F;
  m.scale = dice.uniform(0.08F, 0.3F);
  m.seed = dice.seed32();
  return m;
}

Material plain(Label label, Vec3 color, float gloss, Dice& dice) {
  Material m;
  m.label = label;
  m.base = color;
  m.second = color * 0.7F;
  m.gloss = gloss;
  m.seed = dice.seed32();
  return m;
}

Vec3 any_color(Dice& dice) {
  const float blue = dice.uniform(0.1F, 0.85F);
  const float green = dice.uniform(0.1F, 0.85F);
  const float red = dice.uniform(0.1F, 0.9F);
  return display_color(red, green, blue);
}

void add_legs(MeshBuilder& builder, float half_x, float half_z, float height, float thickness) {
  for (const float x : {-half_x, half_x}) {
    for (const float z : {-half_z, half_z}) {
      builder.box({x - thickness, 0, z - thickness}, {x + thickness, height, z + thickness});
    }
  }
}

Frame on(const Frame& frame, Vec3 place, float turn) { return frame.compose(Frame::upright(place, turn)); }

}  // namespace

RoomStyle draw_room_style(Dice& dice) {
  static const std::array<Vec3, 6> kWoods = {display_color(0.62F, 0.45F, 0.3F), display_color(0.42F, 0.28F, 0.18F),
                                             display_color(0.75F, 0.6F, 0.42F), display_color(0.25F, 0.17F, 0.12F),
                                             display_color(0.85F, 0.83F, 0.8F), display_color(0.55F, 0.4F, 0.33F)};
  return {dice.pick(kWoods), any_color(dice) * 0.5F + Vec3{0.25F, 0.25F, 0.25F}, any_color(dice), any_color(dice)};
}

void add_bed(Scene& scene, const Frame& frame, const RoomStyle& style, float width, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const float half = 0.5F * width;
  const float length = dice.uniform(1.95F, 2.15F);
  const float top = dice.uniform(0.42F, 0.6F);
  builder.set_material(scene.add(wooden(room::kBed, style.wood, dice)));
  builder.box({-half, 0.1F, 0.05F}, {half, top - 0.15F, length});
  builder.box({-half, 0.05F, 0}, {half, top + dice.uniform(0.3F, 0.7F), 0.06F});
  builder.set_material(scene.add(plain(room::kBed, {0.65F, 0.64F, 0.61F}, 0, dice)));
  builder.bevelled_box({-half + 0.03F, top - 0.2F, 0.06F}, {half - 0.03F, top, length - 0.03F}, 0.05F);
  builder.set_material(scene.add(fabric(room::kBed, style.fabric, dice)));  // blanket
  builder.bevelled_box({-half, top - 0.14F, dice.uniform(0.55F, 0.9F)}, {half, top + 0.06F, length}, 0.05F);
  builder.set_material(scene.add(fabric(room::kBed, {0.6F, 0.59F, 0.57F}, dice)));
  const int pillows = width > 1.3F ? 2 : 1;
  for (int i = 0; i < pillows; ++i) {
    const float x = pillows == 1 ? 0.0F : (to_float(i) - 0.5F) * half;
    builder.ellipsoid({x, top + 0.06F, 0.32F}, {0.34F, 0.09F, 0.2F}, 10, 6);
  }
}

void add_sofa(Scene& scene, const Frame& frame, const RoomStyle& style, float width, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(scene.add(fabric(room::kSeat, style.fabric, dice)));
  const float half = 0.5F * width;
  const float depth = dice.uniform(0.8F, 1.0F);
  builder.bevelled_box({-half, 0.08F, 0}, {half, 0.4F, depth}, 0.04F);
  builder.bevelled_box({-half, 0.3F, 0}, {half, dice.uniform(0.75F, 0.95F), 0.25F}, 0.07F);
  for (const float side : {-half, half - 0.18F})
    builder.bevelled_box({side, 0.08F, 0}, {side + 0.18F, 0.62F, depth}, 0.06F);
  const int cushions = std::max(1, static_cast<int>(width / 0.7F));
  for (int i = 0; i < cushions; ++i) {
    const float w = (width - 0.4F) / to_float(cushions);
    const float x = -half + 0.2F + w * to_float(i);
    builder.bevelled_box({x + 0.01F, 0.38F, 0.2F}, {x + w - 0.01F, 0.5F, depth}, 0.05F);
  }
  builder.set_material(scene.add(fabric(room::kSeat, style.accent, dice)));
  for (int i = dice.integer(0, 2); i > 0; --i) {
    builder.ellipsoid({dice.uniform(-0.7F, 0.7F) * half, 0.66F, 0.33F}, {0.2F, 0.18F, 0.09F}, 8, 6);
  }
}

void add_chair(Scene& scene, const Frame& frame, const RoomStyle& style, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const bool soft = dice.chance(0.4F);
  builder.set_material(
      scene.add(soft ? fabric(room::kSeat, style.accent, dice) : wooden(room::kSeat, style.wood, dice)));
  const float half = dice.uniform(0.2F, 0.25F);
  builder.bevelled_box({-half, 0.42F, -half}, {half, 0.47F, half}, 0.015F);
  const float top = dice.uniform(0.8F, 1.0F);
  if (soft) {
    builder.bevelled_box({-half, 0.45F, -half}, {half, top, -half + 0.06F}, 0.02F);
  } else {
    for (const float x : {-half, half - 0.04F}) builder.box({x, 0.42F, -half}, {x + 0.04F, top, -half + 0.04F});
    for (const float y : {0.6F, top - 0.1F}) builder.box({-half, y, -half}, {half, y + 0.08F, -half + 0.03F});
  }
  if (dice.chance(0.2F)) {
    builder.tube({0, 0.05F, 0}, {0, 0.44F, 0}, 0.03F, 0.03F, 6);
    builder.disc({0, 0.05F, 0}, {0, 1, 0}, 0.26F, 10);
  } else {
    add_legs(builder, half - 0.03F, half - 0.03F, 0.43F, 0.02F);
  }
}

void add_small_object(Scene& scene, const Frame& frame, float size, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const float s = size;
  const Vec3 color = any_color(dice);
  builder.set_material(scene.add(plain(room::kObject, color, dice.chance(0.3F) ? 0.06F : 0.0F, dice)));
  switch (dice.integer(0, 6)) {
    case 0:  // plant
      builder.tube({0, 0, 0}, {0, 0.35F * s, 0}, 0.18F * s, 0.24F * s, 9);
      {
        Material leaves = plain(room::kObject, dice.vary({0.05F, 0.11F, 0.03F}, 0.4F, 0.2F), 0, dice);
        leaves.pattern = Pattern::kFoliage;
        leaves.second = leaves.base * 1.8F;
        builder.set_material(scene.add(leaves));
      }
      for (int i = 0; i < 26; ++i) {
        const Vec3 out = normalize({dice.uniform(-1, 1), dice.uniform(0.2F, 1.4F), dice.uniform(-1, 1)});
        const Vec3 tip = Vec3{0, 0.35F * s, 0} + out * (s * dice.uniform(0.4F, 0.75F));
        const Vec3 side = normalize(cross(out, {0, 1, 0.1F})) * (0.07F * s);
        const Vec3 middle = mix(Vec3{0, 0.33F * s, 0}, tip, 0.6F);
        builder.triangle(Vec3{0, 0.33F * s, 0}, middle + side, tip);
        builder.triangle(Vec3{0, 0.33F * s, 0}, tip, middle - side);
      }
      return;
    case 1:  // lamp
      builder.tube({0, 0, 0}, {0, 0.7F * s, 0}, 0.04F * s, 0.03F * s, 6);
      builder.tube({0, 0.6F * s, 0}, {0, s, 0}, 0.3F * s, 0.18F * s, 12);
      return;
    case 2:  // box
      builder.bevelled_box({-0.4F * s, 0, -0.3F * s}, {0.4F * s, 0.6F * s, 0.3F * s}, 0.02F * s);
      return;
    case 3:
      builder.ellipsoid({0, 0.35F * s, 0}, {0.35F * s, 0.35F * s, 0.35F * s}, 12, 8);
      return;
    case 4:  // bottle
      builder.capsule({0, 0.15F * s, 0}, {0, 0.6F * s, 0}, 0.15F * s, 0.14F * s, 9);
      builder.tube({0, 0.7F * s, 0}, {0, s, 0}, 0.05F * s, 0.05F * s, 7);
      return;
    case 5:  // books
      for (int i = 0; i < 4; ++i) {
        builder.set_material(scene.add(plain(room::kObject, any_color(dice), 0, dice)));
        builder.box({-0.4F * s, 0.1F * s * to_float(i), -0.28F * s},
                    {0.4F * s - 0.05F * s * to_float(i % 3), 0.1F * s * to_float(i + 1), 0.28F * s});
      }
      return;
    default: {  // screen
      Material glass = plain(room::kObject, {0.01F, 0.01F, 0.012F}, 0.06F, dice);
      builder.set_material(scene.add(glass));
      builder.box({-0.8F * s, 0.15F * s, -0.03F}, {0.8F * s, s, 0.03F});
      builder.box({-0.25F * s, 0, -0.1F * s}, {0.25F * s, 0.15F * s, 0.1F * s});
      return;
    }
  }
}

void add_table(Scene& scene, const Frame& frame, const RoomStyle& style, Vec3 size, float clutter, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  builder.set_material(scene.add(dice.chance(0.7F) ? wooden(room::kTable, style.wood, dice)
                                                   : plain(room::kTable, style.paint, 0.04F, dice)));
  const float hx = 0.5F * size.x;
  const float hz = 0.5F * size.z;
  if (dice.chance(0.2F)) {  // round
    builder.disc({0, size.y, 0}, {0, 1, 0}, hz, 20);
    builder.tube({0, size.y - 0.04F, 0}, {0, size.y, 0}, hz, hz, 20);
    builder.tube({0, 0, 0}, {0, size.y, 0}, 0.05F, 0.05F, 8);
    builder.disc({0, 0.02F, 0}, {0, 1, 0}, 0.3F, 12);
  } else {
    builder.bevelled_box({-hx, size.y - 0.045F, -hz}, {hx, size.y, hz}, 0.008F);
    add_legs(builder, hx - 0.05F, hz - 0.05F, size.y - 0.04F, 0.03F);
  }
  const int things = static_cast<int>(clutter * dice.uniform(0, 7));
  for (int i = 0; i < things; ++i) {
    const Vec3 place = {dice.uniform(-0.65F, 0.65F) * hz, size.y, dice.uniform(-0.65F, 0.65F) * hz};
    const Dice looks = dice.split();
    const float thing = dice.uniform(0.12F, 0.4F);
    const float turn = dice.uniform(0, 2 * kPi);
    add_small_object(scene, on(frame, place, turn), thing, looks);
  }
}

void add_cabinet(Scene& scene, const Frame& frame, const RoomStyle& style, Vec3 size, float clutter, Dice dice) {
  MeshBuilder builder(scene.mesh, frame);
  const std::uint16_t body = scene.add(dice.chance(0.6F) ? wooden(room::kCabinet, style.wood, dice)
                                                         : plain(room::kCabinet, style.paint, 0.03F, dice));
  builder.set_material(body);
  const float h = 0.5F * size.x;
  const bool shelves = size.y > 1.1F && dice.chance(0.5F);
  if (!shelves) {
    builder.box({-h, 0.04F, 0}, {h, size.y, size.z});
    const int columns = std::max(1, static_cast<int>(size.x / 0.55F));
    const int rows = size.y > 1.2F ? dice.integer(1, 2) : dice.integer(2, 4);
    const std::uint16_t knob = scene.add(plain(room::kCabinet, {0.1F, 0.1F, 0.1F}, 0.1F, dice));
    for (int c = 0; c < columns; ++c) {
      for (int r = 0; r < rows; ++r) {
        const float x0 = -h + size.x * to_float(c) / to_float(columns) + 0.012F;
        const float y0 = 0.06F + (size.y - 0.06F) * to_float(r) / to_float(rows) + 0.01F;
        const float x1 = x0 + size.x / to_float(columns) - 0.024F;
        const float y1 = y0 + (size.y - 0.06F) / to_float(rows) - 0.02F;
        builder.set_material(body);
        builder.box({x0, y0, size.z}, {x1, y1, size.z + 0.018F});
        builder.set_material(knob);
        builder.box({0.5F * (x0 + x1) - 0.05F, 0.5F * (y0 + y1), size.z + 0.018F},
                    {0.5F * (x0 + x1) + 0.05F, 0.5F * (y0 + y1) + 0.02F, size.z + 0.035F});
      }
    }
    for (int i = static_cast<int>(clutter * dice.uniform(0, 3)); i > 0 && size.y < 1.6F; --i) {
      const Dice looks = dice.split();
      const float thing = dice.uniform(0.2F, 0.5F);
      const float turn = dice.uniform(0, 6);
      const float x = dice.uniform(-0.7F, 0.7F) * h;
      add_small_object(scene, on(frame, {x, size.y, 0.5F * size.z}, turn), thing, looks);
    }
    return;
  }
  for (const float x : {-h, h - 0.025F}) builder.box({x, 0, 0}, {x + 0.025F, size.y, size.z});
  builder.box({-h, 0, 0}, {h, size.y, 0.012F});
  const int rows = std::max(2, static_cast<int>(size.y / 0.36F));
  Material books;
  books.pattern = Pattern::kPoster;
  books.label = room::kObject;
  books.base = {0.25F, 0.2F, 0.16F};
  books.contrast = 0.8F;
  books.scale = 0.035F;
  books.seed = dice.seed32();
  const std::uint16_t books_id = scene.add(books);
  for (int r = 0; r <= rows; ++r) {
    const float y = (size.y - 0.025F) * to_float(r) / to_float(rows);
    builder.set_material(body);
    builder.box({-h, y, 0}, {h, y + 0.025F, size.z});
    if (r == rows || !dice.chance(0.35F + 0.6F * clutter)) continue;
    const float full = h * dice.uniform(-0.3F, 0.95F);
    builder.set_material(books_id);
    builder.box({-h + 0.03F, y + 0.025F, 0.02F},
                {full, y + 0.025F + dice.uniform(0.18F, 0.27F), size.z - dice.uniform(0.03F, 0.12F)});
  }
}

}  // namespace edgemoe::scenes
