// edgemoe serve: the live page and the service over HTTP.
#include <fmt/core.h>

#include <memory>

#include "base/status.h"
#include "cli/clips.h"
#include "cli/command.h"

#ifdef EDGEMOE_WITH_SERVER
#include <sys/poll.h>

#include "base/stop_signal.h"
#include "server/server.h"
#endif

namespace edgemoe::cli {
namespace {

struct ServeArguments {
  std::vector<std::string> models = {kDefaultModel};
  std::string source;
  std::string host = "127.0.0.1";
  std::string type;
  int port = 8080;
  int threads = 0;
  double fps = 10;
  std::size_t max_body_mb = 64;
  double max_megapixels = 9;
  std::size_t queue = 16;
  int connections = 64;
  double timeout = 30;
  bool allow_settings = false;
};

#ifdef EDGEMOE_WITH_SERVER

/// "NAME=FILE" or a model as everywhere.
Result<server::ModelSource> parse_model(const std::string& text) {
  server::ModelSource model;
  const std::size_t equals = text.find('=');
  model.path = text.substr(equals == std::string::npos ? 0 : equals + 1);
  if (equals != std::string::npos) model.name = text.substr(0, equals);
  EDGEMOE_RETURN_IF_ERROR(find_model(model.path));
  return model;
}

Result<server::ServerOptions> server_options(const ServeArguments& arguments) {
  server::ServerOptions options;
  for (const std::string& text : arguments.models) {
    EDGEMOE_ASSIGN_OR_RETURN(server::ModelSource model, parse_model(text));
    options.models.push_back(std::move(model));
  }
  std::string source = arguments.source;
  find_clip(source);
  options.source = source;
  options.pictures_per_second = arguments.fps;
  options.host = arguments.host;
  options.port = arguments.port;
  options.number_type = arguments.type;
  options.num_threads = arguments.threads;
  options.max_body_bytes = arguments.max_body_mb * 1024 * 1024;
  options.max_pixels = static_cast<std::size_t>(arguments.max_megapixels * 1e6);
  options.max_waiting = arguments.queue;
  options.max_connections = arguments.connections;
  options.max_wait_seconds = arguments.timeout;
  options.settings_allowed = arguments.allow_settings;
  options.version = EDGEMOE_VERSION;
  return options;
}

ExitCode serve(const ServeArguments& arguments) {
  const StopSignal stop;
  Result<server::ServerOptions> options = server_options(arguments);
  if (!options.ok()) return fail(options.status());
  options->stopped = [&stop] { return stop.requested(); };
  Result<std::unique_ptr<server::Server>> started = server::Server::start(*options);
  if (!started.ok() && stop.requested()) stop.end_process();
  if (!started.ok()) return fail(started.status());
  server::Server& server = **started;
  const std::string address = server.address();
  fmt::print("page       {}\n", server.address());
  fmt::print("source     {}\n",
             server.source_description().empty()
                 ? "none (--source drive, VIDEO, camera, picture or folder); drop a picture on the page"
                 : for_terminal(server.source_description()));
  fmt::print("service    {}v2 (Open Inference Protocol), {}v1/maps, {}metrics\n", server.address(), server.address(),
             server.address());
  fmt::print("Ctrl-C ends it when every accepted request is answered.\n");
  std::fflush(stdout);
  bool source_fails = false;
  while (!stop.requested() && server.listening()) {
    pollfd entry = {stop.descriptor(), POLLIN, 0};
    ::poll(&entry, 1, 1000);
    const std::string fault = server.source_fault();
    if (source_fails != fault.empty()) continue;
    source_fails = !fault.empty();
    print_note(source_fails ? fmt::format("the live source fails and is tried again, the service goes on: {}", fault)
                            : "the live source is back");
  }
  const bool deaf = !server.listening();
  print_note("stopping: answering what was accepted");
  server.shutdown();
  if (deaf) return fail(io_error("{}: the system takes no more connections; start again", address));
  return kDone;
}

#else

ExitCode serve(const ServeArguments& /*arguments*/) {
  return fail(
      unsupported("this edgemoe was built without the service: cpp-httplib was missing. Install "
                  "libcpp-httplib-dev, configure and build again"));
}

#endif

}  // namespace

Command add_serve_command(CLI::App& tool) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* app = tool.add_subcommand("serve", "A live page of a camera, video or pictures, and an inference service");
  app->add_option("--model", arguments->models,
                  "Model file or name, or NAME=FILE; several are served beside each other")
      ->capture_default_str();
  app->add_option(
      "--source", arguments->source,
      "Live source: a video, a camera (/dev/video0), a picture or a folder of them; drive: a clip that comes "
      "with edgemoe");
  app->add_option("--fps", arguments->fps, "Pictures a second of a source of pictures")
      ->check(number_in(0.01, 1000.0))
      ->capture_default_str();
  app->add_option("--host", arguments->host, "Address to listen on; 0.0.0.0 lets other machines in")
      ->capture_default_str();
  app->add_option("--port", arguments->port, "Port; 0: any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app->add_option("--type", arguments->type, "Arithmetic: float, int8 or reference (default: as the model's file)")
      ->check(CLI::IsMember({"float", "int8", "reference"}));
  app->add_option("--threads", arguments->threads, "Threads of the engine; 0: all available")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app->add_option("--max-body", arguments->max_body_mb, "Largest body of a request, MiB")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app->add_option("--max-megapixels", arguments->max_megapixels, "Pixels of one request's pictures, millions")
      ->check(number_in(0.01, 100.0))
      ->capture_default_str();
  app->add_option("--queue", arguments->queue, "Requests that may wait for the engine; more are answered 429")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app->add_option("--connections", arguments->connections, "Connections served at a time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app->add_option("--timeout", arguments->timeout, "Seconds that a request may wait for the engine")
      ->check(number_in(0.1, 3600.0))
      ->capture_default_str();
  app->add_flag("--allow-settings", arguments->allow_settings,
                "Let the page change number type and threads though --host lets other machines in");
  app->footer(
      "Examples:\n"
      "  edgemoe serve --source drive                       # a clip that comes with edgemoe\n"
      "  edgemoe serve --model edgemoe-street --source photos/ --fps 12 --type int8\n"
      "  curl --data-binary @street.jpg 'http://127.0.0.1:8080/v1/maps?tasks=depth&format=png' -o depth.png");
  return {app, [arguments] { return serve(*arguments); }};
}

}  // namespace edgemoe::cli
