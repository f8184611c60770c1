#include <dlfcn.h>

#include <array>
#include <string>

#include "base/energy_meter.h"

namespace edgemoe {
namespace {

// What of nvml.h is used: its numbers and signatures are the driver's binary interface.
using NvmlReturn = int;
using NvmlDevice = void*;
constexpr NvmlReturn kSuccess = 0;
constexpr NvmlReturn kNotSupported = 3;

/// The library, open and initialised; shared by its counters.
class Nvml {
 public:
  static Result<std::shared_ptr<Nvml>> load(const std::string& library) {
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      return not_found("no NVIDIA driver: {}", ::dlerror());
    }
    std::shared_ptr<Nvml> nvml(new Nvml(handle));
    const bool complete = nvml->find(nvml->init_, "nvmlInit_v2") && nvml->find(nvml->shutdown_, "nvmlShutdown") &&
                          nvml->find(nvml->count_, "nvmlDeviceGetCount_v2") &&
                          nvml->find(nvml->by_index_, "nvmlDeviceGetHandleByIndex_v2") &&
                          nvml->find(nvml->device_name_, "nvmlDeviceGetName") &&
                          nvml->find(nvml->energy_, "nvmlDeviceGetTotalEnergyConsumption");
    if (!complete) return Status(StatusCode::kUnsupported, library + ": too old to count energy (NVML of driver 390)");
    if (const NvmlReturn code = nvml->init_(); code != kSuccess) {
      return not_found("NVML cannot start (code {}): is the NVIDIA driver loaded?", code);
    }
    nvml->initialised_ = true;
    return nvml;
  }

  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml() {
    if (initialised_) shutdown_();
    ::dlclose(handle_);
  }

  Result<unsigned> count() const {
    unsigned devices = 0;
    const NvmlReturn code = count_(&devices);
    if (code != kSuccess) return io_error("NVML cannot count GPUs (code {})", code);
    return devices;
  }
  Result<NvmlDevice> device(unsigned index) const {
    NvmlDevice device = nullptr;
    const NvmlReturn code = by_index_(index, &device);
    if (code != kSuccess) return io_error("NVML cannot open GPU {} (code {})", index, code);
    return device;
  }
  std::string name(NvmlDevice device) const {
    std::array<char, 128> text = {};
    if (device_name_(device, text.data(), static_cast<unsigned>(text.size() - 1)) != kSuccess) return "GPU";
    return text.data();
  }
  /// Millijoules since the driver was loaded.
  Result<std::uint64_t> energy(NvmlDevice device) const {
    unsigned long long millijoules = 0;
    const NvmlReturn code = energy_(device, &millijoules);
    if (code == kNotSupported) return Status(StatusCode::kUnsupported, "this GPU does not count its energy");
    if (code != kSuccess) return io_error("NVML cannot read a GPU's energy (code {})", code);
    return std::uint64_t{millijoules};
  }

 private:
  explicit Nvml(void* handle) : handle_(handle) {}
  template <typename Function>
  bool find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    return function != nullptr;
  }

  void* handle_;
  bool initialised_ = false;
  NvmlReturn (*init_)() = nullptr;
  NvmlReturn (*shutdown_)() = nullptr;
  NvmlReturn (*count_)(unsigned*) = nullptr;
  NvmlReturn (*by_index_)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*device_name_)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*energy_)(NvmlDevice, unsigned long long*) = nullptr;
};

class NvmlCounter final : public EnergyCounter {
 public:
  NvmlCounter(std::shared_ptr<Nvml> nvml, NvmlDevice device, std::uint64_t first)
      : nvml_(std::move(nvml)), device_(device), name_(nvml_->name(device)), first_(first) {}

  const std::string& name() const override { return name_; }
  const char* source() const override { return "NVML"; }
  Result<double> read_joules() override {
    EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t now, nvml_->energy(device_));
    return static_cast<double>(now - first_) * 1e-3;
  }

 private:
  const std::shared_ptr<Nvml> nvml_;
  const NvmlDevice device_;
  const std::string name_;
  const std::uint64_t first_;
};

}  // namespace

Result<EnergyCounters> open_nvml(const std::string& library) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::shared_ptr<Nvml> nvml, Nvml::load(library));
  EDGEMOE_ASSIGN_OR_RETURN(const unsigned devices, nvml->count());
  if (devices == 0) return not_found("the NVIDIA driver finds no GPU");
  EnergyCounters counters;
  for (unsigned index = 0; index < devices; ++index) {
    EDGEMOE_ASSIGN_OR_RETURN(NvmlDevice device, nvml->device(index));
    EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t first, nvml->energy(device));
    counters.push_back(std::make_unique<NvmlCounter>(nvml, device, first));
  }
  return counters;
}

}  // namespace edgemoe
