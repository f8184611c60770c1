#include "server/engine_room.h"

#include <fmt/core.h>

#include <algorithm>
#include <new>
#include <system_error>

namespace edgemoe::server {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRequestsPerIdleWork = 2;  // when both wait: live frames get every third turn

/// The number type that all of them compute in, as a setting names it; empty where they differ.
std::string common_type(const std::vector<Model>& models) {
  const std::string first = models.front().info().number_type;
  const bool same =
      std::all_of(models.begin(), models.end(), [&](const Model& model) { return model.info().number_type == first; });
  if (!same) return "";
  return first == "float32" ? "float" : first;
}

}  // namespace

Result<std::unique_ptr<EngineRoom>> EngineRoom::open(const Options& options) {
  std::unique_ptr<EngineRoom> room(new EngineRoom(options));
  if (Status status = room->load(options.setting); !status.ok()) return status;
  try {
    room->thread_ = std::thread([engine = room.get()] { engine->work(); });
  } catch (const std::system_error& error) {
    return Status(StatusCode::kIo, fmt::format("cannot start the engine's thread: {}", error.what()));
  }
  return room;
}

EngineRoom::~EngineRoom() { shutdown(); }

/// Fills models_ and infos_ for the setting. Not while the engine's thread runs something else.
Status EngineRoom::load(const EngineSetting& setting) {
  std::string type = setting.number_type.empty() ? type_of_files_.value_or("") : setting.number_type;
  const bool known = setting.num_threads == loaded_threads_ && loaded_.contains(type);
  if (!known) {
    std::vector<Model> fresh;
    for (const ServedModel& served : options_.models) {
      Result<Model> model =
          Model::load(served.path, {.num_threads = setting.num_threads, .number_type = setting.number_type});
      if (!model.ok()) return model.status();
      fresh.push_back(std::move(model).value());
    }
    if (setting.num_threads != loaded_threads_) loaded_.clear();
    loaded_threads_ = setting.num_threads;
    if (setting.number_type.empty()) type_of_files_ = type = common_type(fresh);
    loaded_[type] = std::move(fresh);
  }
  models_.clear();
  std::vector<ModelInfo> infos;
  for (Model& model : loaded_[type]) {
    models_.push_back(&model);
    infos.push_back(model.info());
  }
  const std::lock_guard lock(mutex_);
  infos_ = std::move(infos);
  setting_ = setting;
  return {};
}

std::size_t EngineRoom::find(std::string_view name) const {
  const auto found = std::find_if(options_.models.begin(), options_.models.end(),
                                  [&](const ServedModel& model) { return model.name == name; });
  return static_cast<std::size_t>(found - options_.models.begin());
}

std::vector<ModelInfo> EngineRoom::infos() const {
  const std::lock_guard lock(mutex_);
  return infos_;
}

EngineSetting EngineRoom::setting() const {
  const std::lock_guard lock(mutex_);
  return setting_;
}

std::size_t EngineRoom::num_pending() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size() + num_running_;
}

bool EngineRoom::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void EngineRoom::wake() {
  {
    const std::lock_guard lock(mutex_);
    idle_ready_ = idle_work_ != nullptr;
  }
  changed_.notify_all();
}

void EngineRoom::set_idle_work(IdleWork work) {
  const std::lock_guard lock(mutex_);
  idle_work_ = std::move(work);
}

template <typename T>
Answer<T> EngineRoom::in_turn(std::function<Result<T>()> work) {
  const Clock::time_point since = Clock::now();
  auto job = std::make_shared<Job>();
  auto done = std::make_shared<std::promise<Answer<T>>>();
  std::future<Answer<T>> answer = done->get_future();
  job->run = [work = std::move(work), done, since] {
    Answer<T> result;
    result.waited_ns = std::chrono::nanoseconds(Clock::now() - since).count();
    try {
      result.result = work();
    } catch (const std::bad_alloc&) {
      result.result = Status(StatusCode::kTooLarge, "not enough memory");
    }
    done->set_value(std::move(result));
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return {.turn = Turn::kStopping};
    if (jobs_.size() >= options_.max_waiting) return {.turn = Turn::kBusy};
    jobs_.push_back(job);
  }
  changed_.notify_all();
  if (answer.wait_for(options_.max_wait) != std::future_status::ready) {
    const std::lock_guard lock(mutex_);
    if (!job->started) {
      std::erase(jobs_, job);
      return {.turn = Turn::kTimedOut};
    }
  }
  return answer.get();
}

Answer<std::vector<RunReport>> EngineRoom::run(const Work& work) {
  return in_turn<std::vector<RunReport>>([this, &work]() -> Result<std::vector<RunReport>> {
    std::vector<RunReport> reports;
    for (const PictureView& picture : work.pictures) {
      Result<RunReport> report = models_[work.model]->run_with_report(picture, work.options);
      if (!report.ok()) return report.status();
      reports.push_back(std::move(report).value());
    }
    return reports;
  });
}

Answer<EngineSetting> EngineRoom::change(const EngineSetting& setting) {
  return in_turn<EngineSetting>([this, setting]() -> Result<EngineSetting> {
    if (Status status = load(setting); !status.ok()) return status;
    return setting;
  });
}

void EngineRoom::work() {
  int requests_in_a_row = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    // Idle work is asked for without the lock: it looks into places that others hold while they call in here.
    if (idle_ready_ && (jobs_.empty() || requests_in_a_row >= kRequestsPerIdleWork) && !stopping_) {
      const IdleWork idle = idle_work_;
      requests_in_a_row = 0;
      idle_ready_ = false;
      lock.unlock();
      try {
        idle(models_);
      } catch (const std::bad_alloc&) {
        // Whose work it is has lost it; this thread serves all others too.
      }
      lock.lock();
      continue;
    }
    if (jobs_.empty()) {
      if (stopping_) return;
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty() || idle_ready_; });
      continue;
    }
    const std::shared_ptr<Job> job = jobs_.front();
    jobs_.pop_front();
    job->started = true;
    ++num_running_;
    ++requests_in_a_row;
    lock.unlock();
    job->run();
    lock.lock();
    --num_running_;
  }
}

void EngineRoom::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    idle_ready_ = false;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace edgemoe::server
