// What a conversion found in a checkpoint and did with it.
#ifndef EDGEMOE_CHECKPOINT_REPORT_H_
#define EDGEMOE_CHECKPOINT_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace edgemoe {

struct ConvertReport {
  struct Input {
    std::string path;
    std::string format;  // "PyTorch zip", "rank directory", …
    std::size_t tensors = 0;
  };
  struct Renamed {
    std::string from;
    std::string to;
  };
  /// Present in the checkpoint, not needed, and it is known why.
  struct Ignored {
    std::string name;
    std::string reason;
  };
  /// A width that the weights decided.
  struct Width {
    std::string key;     // as in the configuration, "moe.expert_dim"
    int configured = 0;  // 0: the configuration left it open
    int found = 0;
  };
  struct Resampled {
    std::string name;
    int from_height = 0;
    int from_width = 0;
    int to_height = 0;
    int to_width = 0;
  };

  std::string model;   // name of the configuration
  std::string output;  // empty: nothing was written
  std::vector<Input> inputs;
  std::size_t expected = 0;  // tensors of the network
  std::size_t matched = 0;
  std::uint64_t parameters = 0;                 // elements of the matched tensors, as written
  std::string checksum;                         // of the weights as float32, see kChecksumSeed
  std::map<std::string, std::size_t> stripped;  // wrapper or prefix → tensors it was taken from
  std::map<std::string, std::size_t> types;     // element type → matched tensors that are stored in it
  std::vector<Renamed> renamed;
  std::vector<std::string> transposed;
  std::vector<Resampled> resampled;
  std::vector<Width> widths;
  std::vector<Ignored> ignored;
  std::vector<std::string> left_over;  // unknown: neither needed nor known to be of no use
  std::vector<std::string> missing;    // needed and not there; a model is written only when this is empty
  std::vector<std::string> notes;      // sentences for the user

  /// A page of plain text, lists cut after a few names.
  std::string to_text() const;
  /// Everything, as one JSON object.
  std::string to_json() const;
};

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_REPORT_H_
