#include "server/live.h"

#include <algorithm>
#include <new>
#include <utility>

namespace edgemoe::server {
namespace {

constexpr std::chrono::seconds kViewerStays(3);  // after its last question
constexpr std::chrono::seconds kRateOver(3);
constexpr std::size_t kHistory = 256;
constexpr int kJpegQuality = 80;

std::int64_t nanoseconds(std::chrono::steady_clock::duration time) { return std::chrono::nanoseconds(time).count(); }

}  // namespace

const std::string& LiveFrame::jpeg() const {
  std::call_once(encoded_, [this] {
    const auto begin = std::chrono::steady_clock::now();
    const auto file = encode_picture(picture.view(), FileFormat::kJpeg, kJpegQuality);
    if (file.ok()) jpeg_.assign(reinterpret_cast<const char*>(file->data()), file->size());
    encode_ns_ = nanoseconds(std::chrono::steady_clock::now() - begin);
  });
  return jpeg_;
}

LiveFeed::LiveFeed(EngineRoom& room, std::size_t model, std::unique_ptr<FrameSource> source)
    : room_(room), model_(model), source_(std::move(source)), description_(source_->description()) {
  room_.set_idle_work([this](std::vector<Model*>& models) { run(*models[model_]); });
  thread_ = std::thread([this] { read(); });
}

LiveFeed::~LiveFeed() {
  stop();
  thread_.join();
}

void LiveFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  source_->interrupt();
  changed_.notify_all();
}

/// Whether there is a viewer; forgets those that have gone. Needs the lock.
bool LiveFeed::watched(Clock::time_point now) {
  std::erase_if(viewers_, [&](const auto& viewer) { return now - viewer.second.seen > kViewerStays; });
  return !viewers_.empty();
}

std::vector<std::string> LiveFeed::wanted_tasks() const {
  std::vector<std::string> tasks;
  for (const auto& [name, viewer] : viewers_) {
    if (viewer.tasks.empty()) return {};
    for (const std::string& task : viewer.tasks) {
      if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) tasks.push_back(task);
    }
  }
  return tasks;
}

LiveFeed::Next LiveFeed::next(const std::string& viewer, const std::vector<std::string>& tasks, std::uint64_t after,
                              std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  watched(Clock::now());
  if (viewers_.size() >= kMaxViewers && !viewers_.contains(viewer)) return {};
  Viewer& asking = viewers_[viewer];
  asking.seen = Clock::now();
  if (asking.tasks != tasks) {
    asking.tasks = tasks;
    asking.asked_after = begun_;
  }
  const std::uint64_t asked_after = asking.asked_after;
  changed_.notify_all();
  changed_.wait_for(lock, wait, [&] { return stopping_ || !fault_.empty() || (newest_ && newest_->id > after); });
  if (const auto found = viewers_.find(viewer); found != viewers_.end()) found->second.seen = Clock::now();
  return {newest_ && newest_->id > after ? newest_ : nullptr, asked_after};
}

/// The reader's thread: pictures in their time, the newest into `waiting_`.
void LiveFeed::read() {
  bool running = false;
  Clock::time_point start = Clock::now();  // of the row's second 0, while it runs
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!watched(Clock::now())) {
      changed_.wait_for(lock, std::chrono::seconds(1));
      running = false;
      continue;
    }
    lock.unlock();
    const Clock::time_point begin = Clock::now();
    Result<SourceFrame> read = source_->next();
    const Clock::time_point end = Clock::now();
    lock.lock();
    if (!read.ok()) {
      fault_ = read.status().message();
      changed_.notify_all();
      return;
    }
    auto frame = std::make_shared<LiveFrame>();
    frame->read_ns = nanoseconds(end - begin);
    frame->name = std::move(read->name);
    frame->picture = std::move(read->picture);
    const auto due = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(read->seconds));
    if (!running) start = Clock::now() - due;
    running = true;
    if (changed_.wait_until(lock, start + due, [this] { return stopping_; })) return;
    // A source that is slower than its own time stamps starts over from here.
    if (Clock::now() - (start + due) > std::chrono::seconds(1)) start = Clock::now() - due;
    if (waiting_) ++dropped_;
    waiting_ = std::move(frame);
    lock.unlock();
    room_.wake();
    lock.lock();
  }
}

/// On the engine's thread.
void LiveFeed::run(Model& model) {
  std::shared_ptr<LiveFrame> frame;
  RunOptions options{.max_map_side = kMaxMapSide, .routing = true};
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_ || stopping_ || viewers_.empty()) return;
    frame = std::move(waiting_);
    frame->id = ++begun_;
    options.tasks = wanted_tasks();
  }
  const Clock::time_point begin = Clock::now();
  Result<RunReport> report = model.run_with_report(frame->picture.view(), options);
  const Clock::time_point end = Clock::now();
  const std::lock_guard lock(mutex_);
  if (!report.ok()) {
    fault_ = report.status().message();
  } else {
    frame->run_ns = nanoseconds(end - begin);
    frame->report = std::move(report).value();
    ++shown_;
    if (history_.size() < kHistory) history_.emplace_back();
    history_[(shown_ - 1) % kHistory] = {end, frame->run_ns};
    newest_ = std::move(frame);
  }
  changed_.notify_all();
}

LiveStatistics LiveFeed::statistics() const {
  const Clock::time_point now = Clock::now();
  std::vector<std::int64_t> times;
  LiveStatistics statistics;
  std::size_t recent = 0;
  Clock::time_point first = now;
  {
    const std::lock_guard lock(mutex_);
    statistics.shown = shown_;
    statistics.dropped = dropped_;
    statistics.viewers = viewers_.size();
    statistics.fault = fault_;
    for (const auto& [when, run_ns] : history_) {
      times.push_back(run_ns);
      if (now - when > kRateOver) continue;
      ++recent;
      first = std::min(first, when);
    }
  }
  const double seconds = std::chrono::duration<double>(now - first).count();
  if (recent > 1 && seconds > 0) statistics.frames_per_second = static_cast<double>(recent) / seconds;
  std::sort(times.begin(), times.end());
  const double shares[] = {0.5, 0.9, 0.99};
  for (std::size_t i = 0; i < 3 && !times.empty(); ++i) {
    const auto rank = static_cast<std::size_t>(shares[i] * static_cast<double>(times.size() - 1) + 0.5);
    statistics.run_ms[i] = static_cast<double>(times[rank]) * 1e-6;
  }
  return statistics;
}

}  // namespace edgemoe::server
