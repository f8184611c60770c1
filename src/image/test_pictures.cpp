#include "image/test_pictures.h"

#include <cstdio>
#include <cstdlib>
// jpeglib.h needs the above
#include <jpeglib.h>
#include <png.h>

#include <algorithm>

#include "base/check.h"

namespace edgemoe::test {
namespace {

std::vector<std::byte> to_bytes(const unsigned char* data, std::size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  return {begin, begin + size};
}

/// One row as the encoder wants it.
std::vector<std::uint8_t> jpeg_row(const Image& scene, std::size_t y, const JpegOptions& options) {
  std::vector<std::uint8_t> row;
  const bool cmyk = options.color == JpegColor::kCmyk || options.color == JpegColor::kYcck;
  for (std::size_t x = 0; x < scene.width; ++x) {
    const std::uint8_t* pixel = scene.samples8.data() + (y * scene.width + x) * 3;
    if (options.color == JpegColor::kGrey) {
      row.push_back(pixel[0]);
      continue;
    }
    for (std::size_t c = 0; c < 3; ++c) {
      // Ink = 255 − light; Adobe stores 255 − ink.
      const bool as_light = !cmyk || options.adobe_marker;
      row.push_back(as_light ? pixel[c] : static_cast<std::uint8_t>(255 - pixel[c]));
    }
    if (cmyk) row.push_back(options.adobe_marker ? 255 : 0);
  }
  return row;
}

void set_jpeg_color(jpeg_compress_struct& info, JpegColor color) {
  switch (color) {
    case JpegColor::kGrey:
      info.input_components = 1;
      info.in_color_space = JCS_GRAYSCALE;
      break;
    case JpegColor::kYcc:
    case JpegColor::kRgb:
      info.input_components = 3;
      info.in_color_space = JCS_RGB;
      break;
    case JpegColor::kCmyk:
    case JpegColor::kYcck:
      info.input_components = 4;
      info.in_color_space = JCS_CMYK;
      break;
  }
  jpeg_set_defaults(&info);
  if (color == JpegColor::kRgb) jpeg_set_colorspace(&info, JCS_RGB);
  if (color == JpegColor::kYcck) jpeg_set_colorspace(&info, JCS_YCCK);
  jpeg_set_quality(&info, 100, TRUE);
  for (int c = 0; c < info.num_components; ++c) {
    info.comp_info[c].h_samp_factor = 1;
    info.comp_info[c].v_samp_factor = 1;
  }
}

int png_color_type(PngColor color) {
  switch (color) {
    case PngColor::kGrey:
      return PNG_COLOR_TYPE_GRAY;
    case PngColor::kGreyAlpha:
      return PNG_COLOR_TYPE_GRAY_ALPHA;
    case PngColor::kRgb:
      return PNG_COLOR_TYPE_RGB;
    case PngColor::kRgba:
      return PNG_COLOR_TYPE_RGB_ALPHA;
    case PngColor::kPalette:
      return PNG_COLOR_TYPE_PALETTE;
  }
  return PNG_COLOR_TYPE_RGB;
}

/// Row y with one sample in 8 bits each, before packing or widening.
std::vector<std::uint8_t> png_row(const Image& scene, std::size_t y, const PngOptions& options) {
  std::vector<std::uint8_t> row;
  const auto alpha = static_cast<std::uint8_t>(y * 255 / scene.height);
  for (std::size_t x = 0; x < scene.width; ++x) {
    const std::uint8_t* pixel = scene.samples8.data() + (y * scene.width + x) * 3;
    const bool color = options.color == PngColor::kRgb || options.color == PngColor::kRgba;
    row.insert(row.end(), pixel, pixel + (color ? 3 : 1));
    if (options.color == PngColor::kRgba || options.color == PngColor::kGreyAlpha) row.push_back(alpha);
  }
  if (options.bits == 16) {
    std::vector<std::uint8_t> wide;
    for (const std::uint8_t sample : row) wide.insert(wide.end(), 2, sample);  // sample · 257
    return wide;
  }
  if (options.bits == 8) return row;
  const auto bits = static_cast<std::size_t>(options.bits);
  std::vector<std::uint8_t> packed((row.size() * bits + 7) / 8);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const unsigned value = static_cast<unsigned>(row[i]) >> (8 - bits);
    packed[i * bits / 8] = static_cast<std::uint8_t>(packed[i * bits / 8] | value << (8 - bits - i * bits % 8));
  }
  return packed;
}

void on_png_write(png_structp png, png_bytep data, std::size_t size) {
  auto* out = static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
  const std::vector<std::byte> bytes = to_bytes(data, size);
  out->insert(out->end(), bytes.begin(), bytes.end());
}

void set_png_chunks(png_structp png, png_infop info, const PngOptions& options) {
  std::vector<png_color> palette(std::size_t{1} << std::min(options.bits, 8));
  std::vector<png_byte> alpha(palette.size(), 77);
  for (std::size_t i = 0; i < palette.size(); ++i) {
    palette[i] = {static_cast<png_byte>(i), static_cast<png_byte>(255 - i), static_cast<png_byte>(i / 2)};
  }
  if (options.color == PngColor::kPalette) {
    png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  }
  if (options.transparent_color) {
    png_color_16 color = {};
    color.red = color.green = color.blue = color.gray = 1;
    const bool indexed = options.color == PngColor::kPalette;
    png_set_tRNS(png, info, indexed ? alpha.data() : nullptr, indexed ? static_cast<int>(alpha.size()) : 1, &color);
  }
  if (!options.exif.empty()) {
    std::vector<std::uint8_t> exif = options.exif;
    png_set_eXIf_1(png, info, static_cast<png_uint_32>(exif.size()), exif.data());
  }
  if (!options.icc_profile.empty()) {
    png_set_iCCP(png, info, "test", PNG_COMPRESSION_TYPE_BASE, options.icc_profile.data(),
                 static_cast<png_uint_32>(options.icc_profile.size()));
  }
}

}  // namespace

Image make_scene(std::size_t width, std::size_t height) {
  Image scene = make_image(width, height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      std::uint8_t* pixel = scene.samples8.data() + (y * width + x) * 3;
      pixel[0] = static_cast<std::uint8_t>(30 + x * 200 / width);
      pixel[1] = static_cast<std::uint8_t>(20 + y * 200 / height);
      pixel[2] = 3 * x < width && 3 * y < height ? 220 : 40;
    }
  }
  return scene;
}

std::vector<std::byte> encode_jpeg(const Image& scene, const JpegOptions& options) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(scene.width);
  info.image_height = static_cast<JDIMENSION>(scene.height);
  set_jpeg_color(info, options.color);
  const bool cmyk = options.color == JpegColor::kCmyk || options.color == JpegColor::kYcck;
  if (cmyk) info.write_Adobe_marker = options.adobe_marker ? TRUE : FALSE;
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (!options.app1.empty()) {
    jpeg_write_marker(&info, JPEG_APP0 + 1, options.app1.data(), static_cast<unsigned>(options.app1.size()));
  }
  if (!options.icc_profile.empty()) {
    jpeg_write_icc_profile(&info, options.icc_profile.data(), static_cast<unsigned>(options.icc_profile.size()));
  }
  for (std::size_t y = 0; y < scene.height; ++y) {
    std::vector<std::uint8_t> row = jpeg_row(scene, y, options);
    JSAMPROW rows[1] = {row.data()};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::vector<std::byte> bytes = to_bytes(buffer, size);
  std::free(buffer);
  return bytes;
}

std::vector<std::byte> encode_test_png(const Image& scene, const PngOptions& options) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  std::vector<std::byte> bytes;
  png_set_write_fn(png, &bytes, on_png_write, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(scene.width), static_cast<png_uint_32>(scene.height), options.bits,
               png_color_type(options.color), options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  set_png_chunks(png, info, options);
  png_write_info(png, info);
  const int num_passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < num_passes; ++pass) {
    for (std::size_t y = 0; y < scene.height; ++y) png_write_row(png, png_row(scene, y, options).data());
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::vector<std::uint8_t> tiff_with_orientation(std::uint16_t orientation, ByteOrder order) {
  std::vector<std::uint8_t> out;
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) {
      const int shift = order == ByteOrder::kLittle ? 8 * i : 8 * (size - 1 - i);
      out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  };
  const std::uint8_t mark = order == ByteOrder::kLittle ? 'I' : 'M';
  out = {mark, mark};
  put(42, 2);
  put(8, 4);       // where IFD 0 starts
  put(1, 2);       // entries
  put(0x0112, 2);  // Orientation
  put(3, 2);       // SHORT
  put(1, 4);       // count
  put(orientation, 2);
  put(0, 2);  // padding of the value's field
  put(0, 4);  // no further IFD
  return out;
}

std::vector<std::uint8_t> app1_with_orientation(std::uint16_t orientation, ByteOrder order) {
  std::vector<std::uint8_t> out = {'E', 'x', 'i', 'f', 0, 0};
  const std::vector<std::uint8_t> tiff = tiff_with_orientation(orientation, order);
  out.insert(out.end(), tiff.begin(), tiff.end());
  return out;
}

}  // namespace edgemoe::test
