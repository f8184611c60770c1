// hls_case MODEL DESIGN TASK OUT: a case for the C simulation of hw/hls (hw/hls/vitis), from a model file, or from a
// configuration (.json) with seeded weights; the picture is seeded noise.
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "engine/hls_case_testing.h"
#include "hls/design_points.h"
#include "hls/vitis/case_file.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kSeed = 1;

HlsCase case_of(const std::string& model) {
  const std::string ending = ".json";
  if (model.size() > ending.size() && model.substr(model.size() - ending.size()) == ending) {
    return HlsCase::seeded(config_of(model), kSeed);
  }
  const auto file = ModelFile::open(model);
  if (!file.ok()) throw std::runtime_error(std::string(file.status().message()));
  return HlsCase(*file, kSeed);
}

int task_of(const ModelConfig& config, const std::string& name) {
  const auto kind = task_from_name(name);
  const auto index = kind ? config.task_index(*kind) : std::nullopt;
  if (!index) throw std::runtime_error("no task " + name + " in this model; it has " + config.task_list());
  return *index;
}

template <typename Design>
hls::CaseFile make_case(const HlsCase& network, const std::string& design, int task) {
  const hls::NetworkImage<Design> image(network.layers());
  hls::CaseFile content;
  content.design = design;
  content.gate = Design::kGates == 1 ? 0 : task;
  content.picture = network.picture();
  for (const hls::NetworkBeat<Design>& beat : image.beats()) {
    content.network.insert(content.network.end(), beat.byte, beat.byte + Design::kBeatBytes);
  }
  content.expected = network.expected(task);
  return content;
}

void run(const std::string& model, const std::string& design, const std::string& task, const std::string& out) {
  const HlsCase network = case_of(model);
  const int index = task_of(network.config(), task);
  if (design == "TinyDesign") {
    hls::write_case(out, make_case<hls::TinyDesign>(network, design, index));
  } else if (design == "StreetDesign") {
    hls::write_case(out, make_case<hls::StreetDesign>(network, design, index));
  } else if (design == "CityscapesDesign") {
    hls::write_case(out, make_case<hls::CityscapesDesign>(network, design, index));
  } else {
    throw std::runtime_error("no design " + design + "; there are TinyDesign, StreetDesign, CityscapesDesign");
  }
}

}  // namespace
}  // namespace edgemoe

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s MODEL.safetensors|CONFIG.json DESIGN TASK OUT.case\n", argv[0]);
    return 2;
  }
  try {
    edgemoe::run(argv[1], argv[2], argv[3], argv[4]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
