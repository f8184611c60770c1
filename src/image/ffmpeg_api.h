// FFmpeg's functions, taken from its libraries when video is first asked for. Linked in, these libraries and the two
// hundred that they link in turn would add 60 ms and 40 MiB to every start of a program that sees no video.
#ifndef EDGEMOE_IMAGE_FFMPEG_API_H_
#define EDGEMOE_IMAGE_FFMPEG_API_H_

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/cpu.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#ifdef EDGEMOE_HAVE_AVDEVICE
#include <libavdevice/avdevice.h>
#endif
}

#include "base/status.h"

// F(name) for each function that is used of a library.
#define EDGEMOE_AVUTIL_FUNCTIONS(F) \
  F(av_cpu_count)                   \
  F(av_d2q)                         \
  F(av_dict_free)                   \
  F(av_dict_set)                    \
  F(av_dict_set_int)                \
  F(av_frame_alloc)                 \
  F(av_frame_free)                  \
  F(av_frame_get_buffer)            \
  F(av_frame_get_side_data)         \
  F(av_frame_make_writable)         \
  F(av_frame_unref)                 \
  F(av_free)                        \
  F(av_freep)                       \
  F(av_get_pix_fmt_name)            \
  F(av_log_set_callback)            \
  F(av_malloc)                      \
  F(av_rescale_q)                   \
  F(av_strdup)                      \
  F(av_strerror)
#define EDGEMOE_SWSCALE_FUNCTIONS(F) \
  F(sws_freeContext)                 \
  F(sws_getCachedContext)            \
  F(sws_getCoefficients)             \
  F(sws_scale)                       \
  F(sws_setColorspaceDetails)
#define EDGEMOE_AVCODEC_FUNCTIONS(F) \
  F(av_packet_alloc)                 \
  F(av_packet_free)                  \
  F(av_packet_rescale_ts)            \
  F(av_packet_unref)                 \
  F(avcodec_alloc_context3)          \
  F(avcodec_find_encoder_by_name)    \
  F(avcodec_free_context)            \
  F(avcodec_get_class)               \
  F(avcodec_get_name)                \
  F(avcodec_open2)                   \
  F(avcodec_parameters_from_context) \
  F(avcodec_parameters_to_context)   \
  F(avcodec_receive_frame)           \
  F(avcodec_receive_packet)          \
  F(avcodec_send_frame)              \
  F(avcodec_send_packet)
#define EDGEMOE_AVFORMAT_FUNCTIONS(F) \
  F(av_find_best_stream)              \
  F(av_find_input_format)             \
  F(av_guess_frame_rate)              \
  F(av_guess_sample_aspect_ratio)     \
  F(av_interleaved_write_frame)       \
  F(av_read_frame)                    \
  F(av_stream_get_side_data)          \
  F(av_write_trailer)                 \
  F(avformat_alloc_context)           \
  F(avformat_alloc_output_context2)   \
  F(avformat_close_input)             \
  F(avformat_find_stream_info)        \
  F(avformat_free_context)            \
  F(avformat_new_stream)              \
  F(avformat_open_input)              \
  F(avformat_write_header)            \
  F(avio_alloc_context)               \
  F(avio_context_free)                \
  F(avio_feof)                        \
  F(avio_flush)
#ifdef EDGEMOE_HAVE_AVDEVICE
#define EDGEMOE_AVDEVICE_FUNCTIONS(F) F(avdevice_register_all)
#else
#define EDGEMOE_AVDEVICE_FUNCTIONS(F)
#endif

namespace edgemoe::ffmpeg {

/// Each function under its own name, with the type that the headers declare.
struct Api {
#define EDGEMOE_MEMBER(name) decltype(&::name) name = nullptr;
  EDGEMOE_AVUTIL_FUNCTIONS(EDGEMOE_MEMBER)
  EDGEMOE_SWSCALE_FUNCTIONS(EDGEMOE_MEMBER)
  EDGEMOE_AVCODEC_FUNCTIONS(EDGEMOE_MEMBER)
  EDGEMOE_AVFORMAT_FUNCTIONS(EDGEMOE_MEMBER)
  EDGEMOE_AVDEVICE_FUNCTIONS(EDGEMOE_MEMBER)
#undef EDGEMOE_MEMBER
};

/// Opens the libraries of the major versions that the headers are of, once; they stay open. kUnsupported, with what to
/// install, where one is not there or lacks a function.
Status load();

/// load() was ok.
const Api& api();

}  // namespace edgemoe::ffmpeg

#endif  // EDGEMOE_IMAGE_FFMPEG_API_H_
