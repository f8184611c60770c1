// The one thread that owns the models, and the bounded line of those who want something from it.
#ifndef EDGEMOE_SERVER_ENGINE_ROOM_H_
#define EDGEMOE_SERVER_ENGINE_ROOM_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edgemoe/edgemoe.h"

namespace edgemoe::server {

/// How the engines compute; one setting for all models.
struct EngineSetting {
  std::string number_type;  // "float", "int8", "reference"; empty: what each model's file holds
  int num_threads = 0;      // 0: all that the process may run on

  bool operator==(const EngineSetting&) const = default;
};

struct ServedModel {
  std::string name;  // in addresses: letters, digits, '.', '_', '-'
  std::filesystem::path path;
};

/// Why there is no answer, or that there is one.
enum class Turn {
  kDone,      // `result` holds what the engine said
  kBusy,      // the line is full: try again later
  kStopping,  // the service ends
  kTimedOut,  // its turn did not come in time; nothing was computed
};

template <typename T>
struct Answer {
  Turn turn = Turn::kDone;
  Result<T> result = Status(StatusCode::kInternal, "no answer");
  std::int64_t waited_ns = 0;  // in line
};

/// Pictures of one request, run one after the other.
struct Work {
  std::size_t model = 0;
  std::vector<PictureView> pictures;  // that the caller keeps
  RunOptions options;
};

class EngineRoom {
 public:
  struct Options {
    std::vector<ServedModel> models;
    EngineSetting setting;
    std::size_t max_waiting = 16;  // requests in line
    std::chrono::milliseconds max_wait{30'000};
  };

  /// Loads every model. Errors as Model::load.
  static Result<std::unique_ptr<EngineRoom>> open(const Options& options);
  ~EngineRoom();
  EngineRoom(const EngineRoom&) = delete;
  EngineRoom& operator=(const EngineRoom&) = delete;

  const std::vector<ServedModel>& models() const { return options_.models; }
  /// Index of the model of this name; models().size() for none.
  std::size_t find(std::string_view name) const;
  /// As the models are loaded now.
  std::vector<ModelInfo> infos() const;
  EngineSetting setting() const;

  /// Waits for its turn and for the result. What has been taken into the line is always answered.
  Answer<std::vector<RunReport>> run(const Work& work);
  /// Loads all models anew and exchanges them between two runs; they stay as they are where that fails. What was loaded
  /// for another number type and the same threads is kept, so that to switch back is nothing.
  Answer<EngineSetting> change(const EngineSetting& setting);

  /// Work on the engine's thread that is done when nobody waits, and after every few requests when many do.
  using IdleWork = std::function<void(std::vector<Model*>& models)>;
  /// Before the first wake(); what it refers to must live until shutdown() has returned.
  void set_idle_work(IdleWork work);
  /// Has the idle work done once.
  void wake();

  /// Requests in line or at work.
  std::size_t num_pending() const;
  bool stopping() const;
  /// From here on nothing is taken; returns when all that was taken is answered.
  void shutdown();

 private:
  struct Job {
    std::function<void()> run;
    bool started = false;
  };
  explicit EngineRoom(Options options) : options_(std::move(options)) {}

  Status load(const EngineSetting& setting);
  template <typename T>
  Answer<T> in_turn(std::function<Result<T>()> work);
  void work();

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::size_t num_running_ = 0;
  IdleWork idle_work_;
  bool idle_ready_ = false;  // somebody said so since the last look
  bool stopping_ = false;
  EngineSetting setting_;
  std::vector<ModelInfo> infos_;
  // Of the engine's thread alone: loaded models by number type, "" where their files hold several; of which the files
  // themselves are, once that is known; those in use.
  std::map<std::string, std::vector<Model>> loaded_;
  std::optional<std::string> type_of_files_;
  int loaded_threads_ = -1;
  std::vector<Model*> models_;
  std::thread thread_;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_ENGINE_ROOM_H_
