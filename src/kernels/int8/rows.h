// One element at a time: what every table's rare cases share, and the portable table consists of.
#ifndef EDGEMOE_KERNELS_INT8_ROWS_H_
#define EDGEMOE_KERNELS_INT8_ROWS_H_

#include "kernels/int8/int8_kernels.h"

namespace edgemoe::int8::plain {

std::int32_t narrow(const NarrowArgs& args);
HiddenResult hidden(const HiddenArgs& args);
/// One of the rows.
void norm_row(const NormArgs& args, std::size_t r);
void norm(const NormArgs& args);
std::int32_t largest(const std::int16_t* row, std::size_t count);
void wide(const WideArgs& args);
void add(std::int32_t* sum, const std::int32_t* part, std::size_t count);
std::uint32_t softmax(const SoftmaxArgs& args);
void router(const RouterArgs& args);

}  // namespace edgemoe::int8::plain

#endif  // EDGEMOE_KERNELS_INT8_ROWS_H_
