// What code under __SYNTHESIS__ sees of Vitis HLS, as its C simulation behaves: streams without bounds, processes one
// after the other, and a read from an empty stream ends the program.
#ifndef EDGEMOE_TESTS_HLS_SYNTHESIS_HLS_STREAM_H_
#define EDGEMOE_TESTS_HLS_SYNTHESIS_HLS_STREAM_H_

#include <cstdio>
#include <cstdlib>
#include <deque>

namespace hls {

template <typename T, int kDepth>
class stream {
 public:
  explicit stream(const char* name) : name_(name) {}
  ~stream() {
    if (!values_.empty()) stop("is not read to its end");
  }
  void write(const T& value) { values_.push_back(value); }
  T read() {
    if (values_.empty()) stop("is read while empty");
    const T value = values_.front();
    values_.pop_front();
    return value;
  }

 private:
  void stop(const char* what) const {
    std::fprintf(stderr, "stream %s %s\n", name_, what);
    std::abort();
  }

  const char* const name_;
  std::deque<T> values_;
};

}  // namespace hls

#endif  // EDGEMOE_TESTS_HLS_SYNTHESIS_HLS_STREAM_H_
