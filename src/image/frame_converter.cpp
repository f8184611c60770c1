#include "image/frame_converter.h"

#include <algorithm>
#include <cstring>

namespace edgemoe {
namespace {

constexpr int kAlignment = 64;
constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;

/// libswscale's number of a frame's matrix; what players assume where nothing is said.
int matrix_of(const AVFrame& frame) {
  if (frame.colorspace != AVCOL_SPC_UNSPECIFIED && frame.colorspace != AVCOL_SPC_RGB) return frame.colorspace;
  return frame.width >= 1280 || frame.height > 576 ? SWS_CS_ITU709 : SWS_CS_ITU601;
}

bool is_full_range(const AVFrame& frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ411P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ444P:
      return true;
    default:
      return frame.color_range == AVCOL_RANGE_JPEG;
  }
}

/// The rows' memory of an RGB24 frame of this size, kept where it fits.
bool fit_rgb(AVFrame& frame, int width, int height) {
  if (frame.width == width && frame.height == height && frame.data[0] != nullptr) return true;
  ffmpeg::api().av_frame_unref(&frame);
  frame.format = AV_PIX_FMT_RGB24;
  frame.width = width;
  frame.height = height;
  return ffmpeg::api().av_frame_get_buffer(&frame, kAlignment) >= 0;
}

const char* format_name(int format) {
  const char* name = ffmpeg::api().av_get_pix_fmt_name(static_cast<AVPixelFormat>(format));
  return name == nullptr ? "unknown" : name;
}

}  // namespace

/// One of the two frames is RGB.
Status FrameConverter::prepare(const AVFrame& from, const AVFrame& to) {
  const bool decodes = to.format == AV_PIX_FMT_RGB24;
  const AVFrame& yuv = decodes ? from : to;
  const int matrix = matrix_of(yuv);
  const int range = is_full_range(yuv) ? 1 : 0;
  // The context is a new one where any of these changes, perhaps at the old address.
  const Key key = {from.width, from.height, from.format, to.width, to.height, to.format, matrix, range};
  SwsContext* scaler = ffmpeg::api().sws_getCachedContext(
      scaler_.release(), from.width, from.height, static_cast<AVPixelFormat>(from.format), to.width, to.height,
      static_cast<AVPixelFormat>(to.format), kFlags, nullptr, nullptr, nullptr);
  scaler_.reset(scaler);
  if (scaler == nullptr) {
    key_ = {};
    return unsupported("frames of {}x{} in the pixel format {} cannot be converted", yuv.width, yuv.height,
                       format_name(yuv.format));
  }
  if (key != key_) {
    const int* coefficients = ffmpeg::api().sws_getCoefficients(matrix);
    const int* rgb = ffmpeg::api().sws_getCoefficients(SWS_CS_DEFAULT);
    // RGB itself and grey have no matrix: that this fails for them is no fault.
    ffmpeg::api().sws_setColorspaceDetails(scaler, decodes ? coefficients : rgb, decodes ? range : 1,
                                           decodes ? rgb : coefficients, decodes ? 1 : range, 0, 1 << 16, 1 << 16);
    key_ = key;
  }
  return {};
}

Status FrameConverter::to_rgb(const AVFrame& frame, Image& image) {
  if (rgb_ == nullptr || !fit_rgb(*rgb_, frame.width, frame.height)) return too_large("not enough memory for a frame");
  EDGEMOE_RETURN_IF_ERROR(prepare(frame, *rgb_));
  if (ffmpeg::api().sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, rgb_->data, rgb_->linesize) <=
      0) {
    return unsupported("a frame in the pixel format {} cannot be converted", format_name(frame.format));
  }
  image.width = static_cast<std::size_t>(frame.width);
  image.height = static_cast<std::size_t>(frame.height);
  image.bits = 8;
  image.samples16.clear();
  const std::size_t row = image.width * 3;
  image.samples8.resize(row * image.height);
  for (std::size_t y = 0; y < image.height; ++y) {
    std::memcpy(image.samples8.data() + y * row, rgb_->data[0] + static_cast<std::ptrdiff_t>(y) * rgb_->linesize[0],
                row);
  }
  return {};
}

Status FrameConverter::from_rgb(const Image& image, AVFrame& frame) {
  const auto width = static_cast<int>(image.width);
  const auto height = static_cast<int>(image.height);
  if (image.bits != 8) return invalid_argument("a video's picture has 8 bits a sample, found {}", image.bits);
  // An odd width or height grows by its last column or row, so that no pixel moves.
  const int grown_width = width + (frame.width == width + 1 ? 1 : 0);
  const int grown_height = height + (frame.height == height + 1 ? 1 : 0);
  if (rgb_ == nullptr || !fit_rgb(*rgb_, grown_width, grown_height)) return too_large("not enough memory for a frame");
  const std::size_t row = image.width * 3;
  for (int y = 0; y < grown_height; ++y) {
    const std::uint8_t* from = image.samples8.data() + static_cast<std::size_t>(std::min(y, height - 1)) * row;
    std::uint8_t* to = rgb_->data[0] + static_cast<std::ptrdiff_t>(y) * rgb_->linesize[0];
    std::memcpy(to, from, row);
    if (grown_width > width) std::memcpy(to + row, from + row - 3, 3);
  }
  EDGEMOE_RETURN_IF_ERROR(prepare(*rgb_, frame));
  if (ffmpeg::api().sws_scale(scaler_.get(), rgb_->data, rgb_->linesize, 0, grown_height, frame.data, frame.linesize) <=
      0) {
    return unsupported("a picture cannot be converted to {}", format_name(frame.format));
  }
  return {};
}

}  // namespace edgemoe
