// From a request to the route that answers it: who may ask, what is counted, which headers every answer carries.
#ifndef EDGEMOE_SERVER_SERVICE_H_
#define EDGEMOE_SERVER_SERVICE_H_

#include <memory>
#include <string>
#include <string_view>

#include "server/context.h"
#include "server/http.h"

namespace edgemoe::server {

/// Whether `host` is a name or address of this machine alone: "localhost", 127.…, "::1".
bool is_loopback(std::string_view host);

class Service final : public HttpHandler {
 public:
  /// `loopback`: only requests that name a loopback host are answered, so that no page of another site can reach the
  /// service under a name of its own.
  Service(Context& context, bool loopback) : context_(context), loopback_(loopback) {}

  std::unique_ptr<HttpResponse> refuse(const HttpRequest& head) override;
  HttpResponse handle(const HttpRequest& request) override;
  HttpResponse fault(int status, std::string_view message) override;
  void count(Refusal refusal) override;

 private:
  HttpResponse route(const HttpRequest& request, std::string_view& name);
  bool allowed(const HttpRequest& request) const;

  Context& context_;
  const bool loopback_;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_SERVICE_H_
