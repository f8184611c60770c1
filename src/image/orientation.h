// EXIF orientation: what a file says, and turning a picture upright.
#ifndef EDGEMOE_IMAGE_ORIENTATION_H_
#define EDGEMOE_IMAGE_ORIENTATION_H_

#include <cstdint>
#include <span>

#include "base/sink.h"
#include "image/image.h"

namespace edgemoe {

/// The orientation (1–8) in a TIFF block as EXIF keeps it; 1 when there is none. Blocks that cannot be read and values
/// outside 1–8 count as 1 and are told to `note`: a broken tag never stops a picture.
int exif_orientation(std::span<const std::uint8_t> tiff, const NoteSink& note);

/// Turns a picture stored under `orientation` (1–8, EXIF 2.3 table 4.6.4 A) upright; 5–8 exchange width and height.
void make_upright(Image& image, int orientation);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_ORIENTATION_H_
