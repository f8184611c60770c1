// Between the public types and the library's own.
#ifndef EDGEMOE_API_CONVERT_H_
#define EDGEMOE_API_CONVERT_H_

#include "base/status.h"
#include "edgemoe/edgemoe.h"
#include "image/image.h"
#include "model/config.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// What a std::bad_alloc becomes.
Status out_of_memory();

/// Copies a borrowed picture, channels in the order red, green, blue. kInvalidArgument, kTooLarge.
Result<Image> to_image(const PictureView& view);
/// Takes over the samples of 8 bits; those of 16 are copied.
Picture to_picture(Image image);

/// kInvalidArgument where the sizes do not agree, kTooLarge.
Result<TaskMap> to_task_map(const Map& map);
Map to_map(TaskMap map, const TaskConfig& task);

}  // namespace edgemoe

#endif  // EDGEMOE_API_CONVERT_H_
