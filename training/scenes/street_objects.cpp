// Who and what is on the street: vehicles, people, posts, trees, none in another's place.
#include <cmath>

#include "scenes/person.h"
#include "scenes/street_plan.h"
#include "scenes/vehicle.h"

namespace edgemoe::scenes {
namespace {

/// Rectangles of street coordinates that are taken.
class Occupancy {
 public:
  /// Takes the rectangle, or returns false when it meets another.
  bool take(float x, float s, float half_x, float half_s) {
    for (const Taken& t : taken_) {
      if (std::fabs(x - t.x) < half_x + t.half_x && std::fabs(s - t.s) < half_s + t.half_s) return false;
    }
    taken_.push_back({x, s, half_x, half_s});
    return true;
  }

 private:
  struct Taken {
    float x, s, half_x, half_s;
  };
  std::vector<Taken> taken_;
};

class Placer {
 public:
  Placer(StreetPlan& plan, const StreetRanges& ranges, const StreetRequest& request, Dice& dice)
      : plan_(plan), ranges_(ranges), request_(request), dice_(dice) {}

  void place_all() {
    place_posts();
    place_trees();
    place_parked();
    place_moving();
    place_two_wheelers();
    place_people();
    place_clutter();
  }

 private:
  bool drive() const { return request_.drive_length > 0; }
  float hundreds() const { return (plan_.extent.high - plan_.extent.low) / 100; }
  float any_s() { return dice_.uniform(plan_.extent.low, plan_.extent.high); }
  /// Near the camera as often as far away: halves of the people stand where they are seen.
  float near_s() {
    if (drive() || dice_.chance(0.35F)) return any_s();
    return dice_.uniform(-6, dice_.chance(0.5F) ? 22.0F : 55.0F);
  }
  bool on_side_street(float sign, float s, float margin) const {
    for (const Interval& street : plan_.side(sign).side_streets) {
      if (s > street.low - margin && s < street.high + margin) return true;
    }
    return false;
  }
  PlacedObject object(ObjectKind kind, float x, float s) {
    PlacedObject o;
    o.kind = kind;
    o.x = x;
    o.s = s;
    o.y = std::fabs(x) > plan_.kerb_x(x) ? plan_.kerb : 0.0F;
    o.seed = dice_.split().seed32();
    return o;
  }
  void post(ObjectKind kind, float sign, float s, float turn, float size) {
    const float inset = plan_.side(sign).verge > 0.5F ? 0.4F : 0.35F;
    const float x = sign * (plan_.kerb_x(sign) + inset);
    if (on_side_street(sign, s, 0.4F) || !occupancy_.take(x, s, 0.25F, 0.25F)) return;
    PlacedObject o = object(kind, x, s);
    o.turn = turn;
    o.size = size;
    o.reach = size;
    plan_.objects.push_back(o);
  }

  void place_posts() {
    const float spacing = dice_.in(ranges_.lamp_spacing);
    const float height = dice_.uniform(4, 9.5F);
    const bool both = dice_.chance(0.5F);
    float sign = dice_.sign();
    for (float s = plan_.extent.low + dice_.uniform(0, spacing); s < plan_.extent.high; s += spacing) {
      post(ObjectKind::kLampPost, sign, s, -sign * 0.5F * kPi, height);  // the arm reaches over the road
      if (both) post(ObjectKind::kLampPost, -sign, s, sign * 0.5F * kPi, height);
      if (dice_.chance(0.3F)) sign = -sign;
    }
    if (!plan_.pedestrian_zone) {
      for (const float s : plan_.crossings) {
        const bool lights = dice_.chance(0.45F);
        for (const float side : {-1.0F, 1.0F}) {
          if (lights) post(ObjectKind::kTrafficLight, side, s - 1.5F, side == plan_.traffic_side ? 0 : kPi, 5);
        }
      }
    }
    const int signs = static_cast<int>(dice_.in(ranges_.signs) * hundreds());
    for (int i = 0; i < signs; ++i) {
      const float side = dice_.sign();
      const float turn = side == plan_.traffic_side || dice_.chance(0.35F) ? 0.0F : kPi;
      const float askew = dice_.uniform(-0.15F, 0.15F);
      const float s = drive() ? any_s() : dice_.uniform(2, dice_.chance(0.6F) ? 40.0F : 140.0F);
      post(ObjectKind::kSignPost, side, s, turn + askew, 4);
    }
    if (plan_.density < 0.6F && dice_.chance(0.35F)) {
      const float side = dice_.sign();
      for (float s = plan_.extent.low; s < plan_.extent.high; s += 34) post(ObjectKind::kMast, side, s, 0, 9);
    }
    if (dice_.chance(0.25F)) {
      const float side = dice_.sign();
      const float from = near_s();
      for (int i = 0; i < 12; ++i) post(ObjectKind::kBollard, side, from + 1.8F * to_float(i), 0, 1);
    }
  }

  void place_trees() {
    const float trees = dice_.in(ranges_.trees);
    const float per_hundred = dice_.chance(0.75F) ? trees : 0.0F;
    const int count = static_cast<int>(per_hundred * hundreds());
    const float usual = dice_.uniform(5, 13);
    for (int i = 0; i < count; ++i) {
      const float sign = dice_.sign();
      const bool verge = plan_.side(sign).verge > 0;
      if (!verge && plan_.side(sign).pavement < 2.2F) continue;
      const float x = sign * (plan_.kerb_x(sign) + (verge ? 0.5F * plan_.side(sign).verge : 0.6F));
      const float s = any_s();
      if (on_side_street(sign, s, 2) || !occupancy_.take(x, s, 0.4F, 2.5F)) continue;
      PlacedObject tree = object(ObjectKind::kTree, x, s);
      tree.size = usual * dice_.uniform(0.75F, 1.25F);
      tree.reach = 6;
      plan_.objects.push_back(tree);
    }
    const int bushes = static_cast<int>(dice_.in(ranges_.bushes) * hundreds() * (1 - 0.7F * plan_.density));
    for (int i = 0; i < bushes; ++i) {
      const float sign = dice_.sign();
      if (plan_.side(sign).verge < 1.0F) continue;
      const float x = sign * (plan_.kerb_x(sign) + 0.5F * plan_.side(sign).verge);
      const float s = any_s();
      if (on_side_street(sign, s, 2) || !occupancy_.take(x, s, 0.5F, 0.8F)) continue;
      PlacedObject bush = object(ObjectKind::kBush, x, s);
      bush.size = dice_.uniform(0.4F, 1.0F);
      bush.reach = 2;
      plan_.objects.push_back(bush);
    }
  }

  void vehicle(float x, float s, float turn, float speed, float half_width, VehicleBody body) {
    PlacedObject o = object(ObjectKind::kVehicle, x, s);
    o.body = body;
    Dice looks(o.seed);
    const VehiclePaint paint = draw_vehicle(body, looks);
    const float half = 0.5F * paint.length + 0.3F;
    // The camera's own place stays free, and no bonnet fills the picture.
    if (std::fabs(s) < half + 3 && std::fabs(x - camera_lane()) < 0.5F * paint.width + 1.2F && speed != 0) return;
    if (!occupancy_.take(x, s, half_width, half)) return;
    o.y = 0;
    o.turn = turn;
    o.speed = speed;
    o.reach = half;
    plan_.objects.push_back(o);
  }
  float camera_lane() const { return plan_.traffic_side * (plan_.lanes == 1 ? 0.0F : 0.5F * plan_.lane_width); }

  void place_parked() {
    if (plan_.pedestrian_zone) return;
    for (const float sign : {-1.0F, 1.0F}) {
      const float parking = plan_.side(sign).parking;
      const float share = dice_.in(ranges_.parked);
      // Without a parking lane cars stand with two wheels on the pavement, or not at all.
      if (parking <= 0 && !dice_.chance(0.3F)) continue;
      const float x = sign * (plan_.kerb_x(sign) - (parking > 0 ? 0.5F * parking : 0.75F));
      for (float s = plan_.extent.low; s < plan_.extent.high; s += 5.8F) {
        if (!dice_.chance(share) || on_side_street(sign, s, 4)) continue;
        const float along = sign == plan_.traffic_side || dice_.chance(0.2F) ? 0.0F : kPi;
        const VehicleBody body = dice_.chance(0.88F) ? VehicleBody::kCar : VehicleBody::kVan;
        const float askew = dice_.uniform(-0.03F, 0.03F);
        const float ahead = dice_.uniform(-0.4F, 0.4F);
        const float aside = dice_.uniform(-0.12F, 0.12F);
        vehicle(x + aside, s + ahead, along + askew, 0, 0.95F, body);
      }
    }
    // Lots and side streets.
    for (const float sign : {-1.0F, 1.0F}) {
      for (const Interval& street : plan_.side(sign).side_streets) {
        if (!dice_.chance(0.6F)) continue;
        const float x = sign * (plan_.front_x(sign) + dice_.uniform(1, 14));
        const float turn = dice_.sign() * 0.5F * kPi;
        const float s = 0.5F * (street.low + street.high) + dice_.sign() * 1.4F;
        vehicle(x, s, turn, 0, 2.2F, VehicleBody::kCar);
        if (!plan_.objects.empty() && plan_.objects.back().kind == ObjectKind::kVehicle) plan_.objects.back().y = 0;
      }
    }
  }

  void place_moving() {
    if (plan_.pedestrian_zone) return;
    const int count = static_cast<int>(dice_.in(ranges_.moving) * hundreds() + 0.5F);
    const float speed = drive() ? request_.drive_speed : 9.0F;
    for (int i = 0; i < count; ++i) {
      const int lane = dice_.integer(0, plan_.lanes - 1);
      const float x = (to_float(lane) + 0.5F) * plan_.lane_width - 0.5F * plan_.lane_width * to_float(plan_.lanes);
      const bool with = plan_.lanes == 1 || (x > 0) == (plan_.traffic_side > 0);
      float s = drive() || dice_.chance(0.4F) ? any_s() : dice_.uniform(6, 60);
      // All of a lane drive at one speed. Oncoming traffic of a drive starts further out, so that it meets the camera.
      if (drive()) s = with ? dice_.uniform(12, 90) : dice_.uniform(20, 2 * request_.drive_length + 120);
      const VehicleBody body = draw_body(dice_);
      const float aside = dice_.uniform(-0.25F, 0.25F);
      vehicle(x + aside, s, with ? 0.0F : kPi, with ? speed : -speed, 1.35F, body);
    }
  }

  void place_two_wheelers() {
    const int count = static_cast<int>(dice_.in(ranges_.two_wheelers) * hundreds() * 0.6F + 0.5F);
    for (int i = 0; i < count; ++i) {
      const float sign = dice_.sign();
      const bool ridden = dice_.chance(0.55F);
      const float s = near_s();
      if (on_side_street(sign, s, 1)) continue;
      const float x = ridden ? sign * (plan_.half_width - 0.6F) : sign * (plan_.pavement_end(sign) - 0.5F);
      if (std::fabs(s) < 3 || !occupancy_.take(x, s, 0.35F, 1.0F)) continue;
      PlacedObject o = object(ObjectKind::kTwoWheeler, x, s);
      const bool with = sign == plan_.traffic_side;
      o.variant = ridden ? 1 : 0;
      o.turn = (with ? 0.0F : kPi) + (ridden ? 0.0F : dice_.uniform(-0.8F, 0.8F));
      o.speed = ridden ? (with ? 4.5F : -4.5F) : 0.0F;
      plan_.objects.push_back(o);
    }
  }

  void person(float x, float s, float turn, float speed, Pose pose) {
    if (std::fabs(s) < 1.6F && !drive()) return;
    if (!occupancy_.take(x, s, 0.28F, 0.28F)) return;
    PlacedObject o = object(ObjectKind::kPerson, x, s);
    o.turn = turn;
    o.speed = speed;
    o.variant = static_cast<int>(pose);
    plan_.objects.push_back(o);
  }

  void place_people() {
    const int groups =
        static_cast<int>(dice_.in(ranges_.people) * (drive() ? hundreds() : 1.2F) * (0.4F + 0.8F * plan_.density));
    for (int i = 0; i < groups; ++i) {
      const float s = near_s();
      const float roll = dice_.uniform();
      const float sign = dice_.sign();
      if (on_side_street(sign, s, 0.5F) && drive()) continue;
      if (roll < 0.14F && !drive() && !plan_.pedestrian_zone) {  // across the road
        const float x = dice_.uniform(-plan_.half_width, plan_.half_width);
        const float at = plan_.crossings.empty() ? s : plan_.crossings.front() + dice_.uniform(-1.5F, 1.5F);
        if (at > 4) person(x, at, dice_.sign() * 0.5F * kPi, 0, Pose::kWalk);
        continue;
      }
      float low = plan_.pavement_x(sign) + 0.75F;
      float high = plan_.pavement_end(sign) - 0.3F;
      if (plan_.pedestrian_zone) low = -plan_.half_width;
      if (high <= low) low = high = 0.5F * (plan_.pavement_x(sign) + plan_.pavement_end(sign));
      const int members = roll > 0.75F ? dice_.integer(2, 4) : 1;
      const bool walks = dice_.chance(0.65F);
      const float along = dice_.sign();
      for (int m = 0; m < members; ++m) {
        const float x = sign * dice_.uniform(low, high);
        const float at = s + dice_.uniform(-0.9F, 0.9F) * to_float(members - 1);
        const float turn = walks ? (along > 0 ? 0.0F : kPi) + dice_.uniform(-0.3F, 0.3F) : dice_.uniform(0, 2 * kPi);
        person(x, at, turn, walks ? along * 1.3F : 0.0F, walks ? Pose::kWalk : Pose::kStand);
      }
    }
  }

  void place_clutter() {
    const int count = dice_.integer(0, static_cast<int>(4 * hundreds()));
    for (int i = 0; i < count; ++i) {
      const float sign = dice_.sign();
      const float s = near_s();
      const float x = sign * (plan_.pavement_end(sign) - 0.3F);
      if (std::fabs(s) < 1.5F || on_side_street(sign, s, 1) || !occupancy_.take(x, s, 0.4F, 0.8F)) continue;
      PlacedObject o = object(ObjectKind::kClutter, x, s);
      o.turn = sign * 0.5F * kPi + kPi;
      plan_.objects.push_back(o);
    }
  }

  StreetPlan& plan_;
  const StreetRanges& ranges_;
  const StreetRequest& request_;
  Dice& dice_;
  Occupancy occupancy_;
};

}  // namespace

void plan_objects(StreetPlan& plan, const StreetRanges& ranges, const StreetRequest& request, Dice dice) {
  Placer(plan, ranges, request, dice).place_all();
}

}  // namespace edgemoe::scenes
