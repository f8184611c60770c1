// Folders of ground truth for the tests, which go away with the object.
#ifndef EDGEMOE_EVAL_TEST_FOLDER_H_
#define EDGEMOE_EVAL_TEST_FOLDER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/testing.h"
#include "image/png_writer.h"

namespace edgemoe {

/// All files of these tests have 3 × 2 pixels (width × height) unless they say otherwise.
class TestFolder {
 public:
  const std::filesystem::path& path() const { return folder_; }

  void text(std::string_view name, std::string_view content) const {
    EXPECT_TRUE(write_file(place(name), content).ok());
  }
  void grey8(std::string_view name, const std::vector<std::uint8_t>& samples, std::size_t width = 3) const {
    png(name, {.width = width, .height = samples.size() / width, .grey8 = samples});
  }
  void grey16(std::string_view name, const std::vector<std::uint16_t>& samples, std::size_t width = 3) const {
    png(name, {.width = width, .height = samples.size() / width, .grey16 = samples});
  }
  void rgb8(std::string_view name, const std::vector<std::uint8_t>& samples, std::size_t width = 3) const {
    png(name, {.width = width, .height = samples.size() / width / 3, .rgb8 = samples});
  }
  /// A picture of `height` rows whose samples are all `value`.
  void picture(std::string_view name, std::uint8_t value = 7, std::size_t width = 3, std::size_t height = 2) const {
    rgb8(name, std::vector<std::uint8_t>(width * height * 3, value), width);
  }
  /// A .npy file of version 1.0; `shape` as Python writes it: "(2, 3)".
  template <typename T>
  void npy(std::string_view name, std::string_view descr, std::string_view shape, const std::vector<T>& values) const {
    std::string bytes = "\x93NUMPY\x01";
    std::string header =
        "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': " + std::string(shape) + ", }";
    header.append(117 - header.size(), ' ');
    header += '\n';
    bytes += '\0';
    bytes += static_cast<char>(header.size());
    bytes += '\0';
    bytes += header;
    const std::size_t start = bytes.size();
    bytes.resize(start + values.size() * sizeof(T));
    std::memcpy(bytes.data() + start, values.data(), values.size() * sizeof(T));
    text(name, bytes);
  }

 private:
  std::filesystem::path place(std::string_view name) const {
    std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    return path;
  }
  void png(std::string_view name, const PngSource& source) const {
    const Status written = write_png(place(name), source);
    EXPECT_TRUE(written.ok()) << written.message();
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_TEST_FOLDER_H_
