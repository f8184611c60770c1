// A case for the C simulation: a picture, a network and the tokens that must come out, in one file.
//
//   "edgemoe-hls-case 1\n"  "<design>\n"  u32 gate  u32 bytes of the picture, of the network, of the tokens
//   then the three, little-endian
#ifndef EDGEMOE_HLS_VITIS_CASE_FILE_H_
#define EDGEMOE_HLS_VITIS_CASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace edgemoe {
namespace hls {

struct CaseFile {
  std::string design;
  int gate = 0;
  std::vector<std::uint8_t> picture;   // [height, width, 3]
  std::vector<std::uint8_t> network;   // hls/network_image.h
  std::vector<std::int32_t> expected;  // [tokens, embed_dim]
};

constexpr const char* kCaseMagic = "edgemoe-hls-case 1";

inline void put_number(std::vector<char>& out, std::uint32_t number) {
  for (int b = 0; b < 4; ++b) out.push_back(static_cast<char>(number >> (8 * b) & 255));
}

/// Throws std::runtime_error with what went wrong. A file of that name is replaced when the new one is whole.
inline void write_case(const std::string& path, const CaseFile& content) {
  const std::string head = std::string(kCaseMagic) + "\n" + content.design + "\n";
  std::vector<char> bytes(head.begin(), head.end());
  put_number(bytes, static_cast<std::uint32_t>(content.gate));
  put_number(bytes, static_cast<std::uint32_t>(content.picture.size()));
  put_number(bytes, static_cast<std::uint32_t>(content.network.size()));
  put_number(bytes, static_cast<std::uint32_t>(4 * content.expected.size()));
  for (const std::uint8_t byte : content.picture) bytes.push_back(static_cast<char>(byte));
  for (const std::uint8_t byte : content.network) bytes.push_back(static_cast<char>(byte));
  for (const std::int32_t value : content.expected) put_number(bytes, static_cast<std::uint32_t>(value));
  const std::string unfinished = path + ".part";
  std::ofstream file(unfinished, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    std::remove(unfinished.c_str());
    throw std::runtime_error("cannot write " + path + "; is there such a folder, and room?");
  }
}

class CaseReader {
 public:
  explicit CaseReader(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    if (!file_) throw std::runtime_error("cannot open " + path + "; give a case file, hw/hls/vitis/tiny.case say");
    file_.seekg(0, std::ios::end);
    left_ = static_cast<std::uint64_t>(file_.tellg());
    file_.seekg(0);
  }

  CaseFile read() {
    CaseFile content;
    const std::string magic = line();
    if (magic != kCaseMagic) fault(std::string("expected \"") + kCaseMagic + "\" in its first line");
    content.design = line();
    content.gate = static_cast<int>(number());
    const std::uint32_t picture = number();
    const std::uint32_t network = number();
    const std::uint32_t expected = number();
    if (std::uint64_t{picture} + network + expected != left_ || expected % 4 != 0) {
      fault("its head promises " + std::to_string(std::uint64_t{picture} + network + expected) + " bytes, it has " +
            std::to_string(left_));
    }
    content.picture = array(picture);
    content.network = array(network);
    for (std::uint32_t i = 0; i < expected; i += 4) content.expected.push_back(static_cast<std::int32_t>(number()));
    return content;
  }

 private:
  [[noreturn]] void fault(const std::string& what) const {
    throw std::runtime_error(path_ + " is no case file: " + what + "; make it again with hls_case");
  }
  std::uint8_t byte() {
    if (left_ == 0) fault("it ends early");
    --left_;
    return static_cast<std::uint8_t>(file_.get());
  }
  std::string line() {
    std::string text;
    for (char c = static_cast<char>(byte()); c != '\n'; c = static_cast<char>(byte())) {
      text.push_back(c);
      if (text.size() > 100) fault("a line of its head is too long");
    }
    return text;
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (int b = 0; b < 4; ++b) value |= std::uint32_t{byte()} << (8 * b);
    return value;
  }
  std::vector<std::uint8_t> array(std::uint32_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& value : bytes) value = byte();
    return bytes;
  }

  const std::string path_;
  std::ifstream file_;
  std::uint64_t left_ = 0;  // bytes not yet read
};

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_VITIS_CASE_FILE_H_
