// Vehicles: cars, vans, lorries, buses, bicycles and motorcycles.
#ifndef EDGEMOE_SCENES_VEHICLE_H_
#define EDGEMOE_SCENES_VEHICLE_H_

#include "scenes/dice.h"
#include "scenes/mesh_builder.h"
#include "scenes/scene.h"

namespace edgemoe::scenes {

/// Draws a vehicle: measures, colours, state.
VehiclePaint draw_vehicle(VehicleBody body, Dice& dice);
/// A body with the frequencies of a street.
VehicleBody draw_body(Dice& dice);

/// The vehicle at `frame` (middle of its footprint on the ground, facing forward).
void add_vehicle(Scene& scene, const Frame& frame, const VehiclePaint& paint);

enum class Rider { kNone, kSeated };
/// A bicycle or motorcycle; stands on the origin, facing forward, with or without its rider (a person).
void add_two_wheeler(Scene& scene, const Frame& frame, Rider rider, float phase, Dice dice);

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_VEHICLE_H_
