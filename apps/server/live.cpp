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

/// Null where memory has ended: this picture is left out.
std::shared_ptr<LivePicture> to_live(SourceFrame& read, std::chrono::steady_clock::duration spent) try {
  auto picture = std::make_shared<LivePicture>();
  picture->read_ns = nanoseconds(spent);
  picture->name = std::move(read.name);
  picture->picture = std::move(read.picture);
  return picture;
} catch (const std::bad_alloc&) {
  return nullptr;
}

}  // namespace

const std::string& LivePicture::jpeg() const {
  std::call_once(encoded_, [this] {
    const auto begin = std::chrono::steady_clock::now();
    const auto file = encode_picture(picture.view(), FileFormat::kJpeg, kJpegQuality);
    if (file.ok()) jpeg_.assign(reinterpret_cast<const char*>(file->data()), file->size());
    encode_ns_ = nanoseconds(std::chrono::steady_clock::now() - begin);
  });
  return jpeg_;
}

LiveFeed::LiveFeed(EngineRoom& room, std::unique_ptr<FrameSource> source, RetryWaits waits)
    : room_(room),
      source_(std::move(source)),
      description_(source_->description()),
      waits_(waits),
      tracks_(room.models().size()) {
  room_.set_idle_work([this](std::vector<Model*>& models) { run(models); });
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

/// Of all who look at the model; empty: all of its tasks; none where nobody does. Needs the lock.
std::optional<std::vector<std::string>> LiveFeed::wanted_tasks(std::size_t model) const {
  std::optional<std::vector<std::string>> tasks;
  for (const auto& [name, viewer] : viewers_) {
    if (viewer.wish.model != model) continue;
    if (viewer.wish.tasks.empty()) return std::vector<std::string>();
    if (!tasks) tasks.emplace();
    for (const std::string& task : viewer.wish.tasks) {
      if (std::find(tasks->begin(), tasks->end(), task) == tasks->end()) tasks->push_back(task);
    }
  }
  return tasks;
}

LiveFeed::Next LiveFeed::next(const std::string& viewer, const Wish& wish, std::uint64_t after,
                              std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  watched(Clock::now());
  if (viewers_.size() >= kMaxViewers && !viewers_.contains(viewer)) return {};
  Viewer& asking = viewers_[viewer];
  asking.seen = Clock::now();
  if (asking.wish != wish) {
    asking.wish = wish;
    asking.asked_after = begun_;
  }
  const std::uint64_t asked_after = asking.asked_after;
  changed_.notify_all();
  const Track& track = tracks_[wish.model];
  const auto is_new = [&] { return track.newest && track.newest->id > after; };
  changed_.wait_for(lock, wait, [&] { return stopping_ || !fault_.ok() || !track.fault.ok() || is_new(); });
  if (const auto found = viewers_.find(viewer); found != viewers_.end()) found->second.seen = Clock::now();
  return {is_new() ? track.newest : nullptr, asked_after};
}

/// Needs the lock.
void LiveFeed::note_fault(Status fault) {
  fault_ = std::move(fault);
  ++faults_;
  damaged_ = source_->num_damaged();
  changed_.notify_all();
}

/// Lets the time pass, and then some until somebody looks: nobody misses what nobody looks at.
void LiveFeed::wait_to_retry(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds wait) {
  const Clock::time_point end = Clock::now() + wait;
  while (!stopping_ && (Clock::now() < end || !watched(Clock::now()))) {
    changed_.wait_until(lock, std::max(end, Clock::now() + std::chrono::milliseconds(50)),
                        [this] { return stopping_; });
  }
}

/// The next picture, of a source that is opened anew first where it is not open.
Result<SourceFrame> LiveFeed::read_source(bool open) try {
  if (const Status opened = open ? Status() : source_->reopen(); !opened.ok()) return opened;
  return source_->next();
} catch (const std::bad_alloc&) {
  return Status(StatusCode::kTooLarge, "not enough memory for a frame of the source");
}

/// The reader's thread: pictures in their time, the newest into `waiting_`.
void LiveFeed::read() {
  bool running = false;
  bool open = true;
  std::chrono::milliseconds retry = waits_.first;
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
    Result<SourceFrame> read = read_source(open);
    const Clock::time_point end = Clock::now();
    lock.lock();
    open = read.ok();
    if (!open) {
      if (stopping_) return;
      note_fault(read.status());
      wait_to_retry(lock, retry);
      retry = std::min(2 * retry, waits_.longest);
      running = false;
      continue;
    }
    std::shared_ptr<LivePicture> picture = to_live(*read, end - begin);
    if (picture == nullptr) continue;
    retry = waits_.first;
    fault_ = Status();
    damaged_ = source_->num_damaged();
    const auto due = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(read->seconds));
    if (!running) start = Clock::now() - due;
    running = true;
    if (changed_.wait_until(lock, start + due, [this] { return stopping_; })) return;
    // A source that is slower than its own time stamps starts over from here.
    if (Clock::now() - (start + due) > std::chrono::seconds(1)) start = Clock::now() - due;
    if (waiting_) ++dropped_;
    waiting_ = std::move(picture);
    lock.unlock();
    room_.wake();
    lock.lock();
  }
}

std::shared_ptr<const LivePicture> LiveFeed::take_picture() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || viewers_.empty()) return nullptr;
  return std::exchange(waiting_, nullptr);
}

/// On the engine's thread: the newest picture through each model that somebody looks at.
void LiveFeed::run(const std::vector<Model*>& models) {
  const std::shared_ptr<const LivePicture> picture = take_picture();
  for (std::size_t i = 0; picture && i < models.size(); ++i) {
    try {
      run_model(*models[i], i, picture);
    } catch (const std::bad_alloc&) {
      const std::lock_guard lock(mutex_);
      tracks_[i].fault = Status(StatusCode::kTooLarge, "not enough memory");
      changed_.notify_all();
    }
  }
}

void LiveFeed::run_model(Model& model, std::size_t index, const std::shared_ptr<const LivePicture>& picture) {
  RunOptions options{.max_map_side = kMaxMapSide, .routing = true};
  auto frame = std::make_shared<LiveFrame>();
  {
    const std::lock_guard lock(mutex_);
    std::optional<std::vector<std::string>> tasks = wanted_tasks(index);
    if (stopping_ || !tasks) return;
    options.tasks = *std::move(tasks);
    frame->id = ++begun_;
  }
  frame->source = picture;
  const Clock::time_point begin = Clock::now();
  Result<RunReport> report = model.run_with_report(picture->picture.view(), options);
  const Clock::time_point end = Clock::now();
  const std::lock_guard lock(mutex_);
  Track& track = tracks_[index];
  track.fault = report.status();
  if (report.ok()) {
    frame->run_ns = nanoseconds(end - begin);
    frame->report = std::move(report).value();
    ++track.shown;
    if (track.history.size() < kHistory) track.history.emplace_back();
    track.history[(track.shown - 1) % kHistory] = {end, frame->run_ns};
    track.newest = std::move(frame);
  }
  changed_.notify_all();
}

LiveStatistics LiveFeed::statistics(std::size_t model) const {
  const Clock::time_point now = Clock::now();
  std::vector<std::int64_t> times;
  LiveStatistics statistics;
  std::size_t recent = 0;
  Clock::time_point first = now;
  {
    const std::lock_guard lock(mutex_);
    for (const Track& track : tracks_) statistics.shown += track.shown;
    statistics.dropped = dropped_;
    statistics.damaged = damaged_;
    statistics.faults = faults_;
    statistics.viewers = viewers_.size();
    const Track& track = tracks_[model];
    statistics.fault = fault_.ok() ? track.fault : fault_;
    for (const auto& [when, run_ns] : track.history) {
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
