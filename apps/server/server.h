// The service: models behind HTTP, and the live page.
#ifndef EDGEMOE_SERVER_SERVER_H_
#define EDGEMOE_SERVER_SERVER_H_

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edgemoe/status.h"

namespace edgemoe::server {

struct ModelSource {
  std::string name;  // in addresses; empty: the file's name without its extension
  std::filesystem::path path;
};

struct ServerOptions {
  std::vector<ModelSource> models;  // at least one; the first is what the page begins with
  std::filesystem::path source;     // picture, folder, video or camera; empty: none
  double pictures_per_second = 10;  // of a source of pictures; > 0
  std::string host = "127.0.0.1";
  int port = 8080;          // 0: any that is free
  std::string number_type;  // "float", "int8", "reference"; empty: what each model's file holds
  int num_threads = 0;      // of the engine; 0: all that the process may run on
  std::size_t max_body_bytes = 64 * 1024 * 1024;
  std::size_t max_memory_bytes = 0;    // of all requests' bodies, pictures and answers; 0: 8 bodies or 2 pictures
  std::size_t max_pixels = 9'000'000;  // of one request's pictures; a frame of 4K has 8.3 million
  std::size_t max_waiting = 16;        // requests in line for the engine
  int max_connections = 64;
  double max_wait_seconds = 30;   // in line
  bool settings_allowed = false;  // the page changes number type and threads though others than this machine reach it
  std::string version = "0";
  std::function<bool()> stopped = {};  // asked while a source is waited for, a named pipe's writer; true: start() fails
};

class Server {
 public:
  /// Loads the models, opens the source and listens. kInvalidArgument for names that are no names or there twice, else
  /// as Model::load and the source.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  /// "http://127.0.0.1:8080/"
  std::string address() const;
  /// Of the live source; empty without one.
  std::string source_description() const;
  /// Why no live frame comes, for who started the server; empty while they come. It is tried again and again.
  std::string source_fault() const;

  /// False once no connection is taken any more though nobody has asked to stop: there is nothing left but to end.
  bool listening() const;

  /// Takes no new request, answers all that were accepted, and returns.
  void shutdown();

 private:
  struct Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_SERVER_H_
