#include "server/server.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "server/context.h"
#include "server/service.h"

namespace edgemoe::server {
namespace {

constexpr std::size_t kMaxName = 64;

/// Letters, digits, '.', '_' and '-' need no escape in an address, a metric or a page.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name != "stats" &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

Result<std::vector<ServedModel>> name_models(const std::vector<ModelSource>& sources) {
  std::vector<ServedModel> models;
  std::set<std::string> names;
  for (const ModelSource& source : sources) {
    const std::string name = source.name.empty() ? source.path.stem().string() : source.name;
    if (!is_name(name)) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("{}: give the model a name of at most {} letters, digits, '.', '_', '-' (NAME=FILE); "
                                "\"stats\" is taken",
                                source.path.string(), kMaxName));
    }
    if (!names.insert(name).second) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("two models would be called \"{}\": give one another name (NAME=FILE)", name));
    }
    models.push_back({name, source.path});
  }
  if (models.empty()) return Status(StatusCode::kInvalidArgument, "there is no model to serve");
  return models;
}

/// Room for several of the largest requests.
std::size_t memory_bound(const ServerOptions& options) {
  if (options.max_memory_bytes > 0) return options.max_memory_bytes;
  // A pixel takes 14 bytes at most while it is decoded: a JPEG of four inks in several scans.
  const std::size_t largest_picture = 16 * options.max_pixels + options.max_body_bytes;
  return std::max(8 * options.max_body_bytes, 2 * largest_picture);
}

}  // namespace

// Members are destroyed from the last to the first: what others refer to stands before them.
struct Server::Implementation {
  std::string host;
  std::atomic<bool> stopping = false;
  Metrics metrics;
  std::unique_ptr<EngineRoom> room;
  std::unique_ptr<LiveFeed> feed;
  std::unique_ptr<Context> context;
  std::unique_ptr<Service> service;
  std::unique_ptr<HttpListener> listener;
};

Server::Server(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Server::~Server() { shutdown(); }

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options) {
  auto parts = std::make_unique<Implementation>();
  Result<std::vector<ServedModel>> models = name_models(options.models);
  if (!models.ok()) return models.status();
  std::unique_ptr<FrameSource> source;
  if (!options.source.empty()) {
    Result<std::unique_ptr<FrameSource>> opened =
        open_source(options.source, options.pictures_per_second, options.stopped);
    if (!opened.ok()) return opened.status();
    source = std::move(opened).value();
  }
  Result<std::unique_ptr<EngineRoom>> room = EngineRoom::open(
      {.models = std::move(models).value(),
       .setting = {options.number_type, options.num_threads},
       .max_waiting = options.max_waiting,
       .max_wait = std::chrono::milliseconds(static_cast<std::int64_t>(options.max_wait_seconds * 1e3))});
  if (!room.ok()) return room.status();
  parts->host = options.host;
  parts->room = std::move(room).value();
  if (source != nullptr) parts->feed = std::make_unique<LiveFeed>(*parts->room, std::move(source));
  const bool loopback = is_loopback(options.host);
  parts->context.reset(new Context{.room = *parts->room,
                                   .feed = parts->feed.get(),
                                   .metrics = parts->metrics,
                                   .version = options.version,
                                   .max_pixels = options.max_pixels,
                                   .settings_allowed = loopback || options.settings_allowed,
                                   .stopping = parts->stopping});
  parts->service = std::make_unique<Service>(*parts->context, loopback);
  Result<std::unique_ptr<HttpListener>> listener = listen_http(options.host, options.port,
                                                               {.max_body_bytes = options.max_body_bytes,
                                                                .max_bodies_bytes = memory_bound(options),
                                                                .max_connections = options.max_connections,
                                                                .max_waiting = options.max_connections},
                                                               *parts->service);
  if (!listener.ok()) {
    parts->room->shutdown();
    return listener.status();
  }
  parts->listener = std::move(listener).value();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

int Server::port() const { return implementation_->listener->port(); }

std::string Server::address() const {
  const std::string& host = implementation_->host;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/", v6 ? "[" : "", host, v6 ? "]" : "", port());
}

bool Server::listening() const { return implementation_->listener->listening(); }

std::string Server::source_description() const {
  return implementation_->feed == nullptr ? std::string() : implementation_->feed->description();
}

std::string Server::source_fault() const {
  return implementation_->feed == nullptr ? std::string() : implementation_->feed->statistics().fault.message();
}

void Server::shutdown() {
  Implementation& parts = *implementation_;
  parts.stopping = true;
  if (parts.feed != nullptr) parts.feed->stop();
  parts.listener->shutdown();
  parts.room->shutdown();
}

}  // namespace edgemoe::server
