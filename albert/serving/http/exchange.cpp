#include "albert/serving/http/exchange.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

// A connection in memory. Newer versions of the library ask it more than Debian 12's, so what those
// declare is here too.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view input) : input_(input) {}
  std::string take_output() { return std::move(output_); }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  bool wait_readable() const { return true; }
  bool wait_writable() const { return true; }
  bool is_peer_alive() const { return true; }
  time_t duration() const { return 0; }
  ssize_t read(char* to, size_t size) override {
    const size_t n = std::min(size, input_.size());
    std::memcpy(to, input_.data(), n);
    input_.remove_prefix(n);
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, size_t size) override {
    output_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view input_;
  std::string output_;
};

void set(httplib::Response& to, Response&& from) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name.c_str(), value);
  to.set_content(std::move(from.body), from.content_type.c_str());
}

}  // namespace

// The library's server without its sockets. It waits with select(), which no setting makes hold
// more than 1024 connections, and gives each of them a thread.
class Exchange::Library : private httplib::Server {
 public:
  Library(Exchange::Handler handler, std::chrono::seconds keep_alive)
      : handler_(std::move(handler)) {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (request.method == "POST") return HandlerResponse::Unhandled;  // its body is read first
      set(response, handled(request));
      return HandlerResponse::Handled;
    });
    Post("/", [this](const httplib::Request& request, httplib::Response& response) {
      set(response, handled(request));
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty())
        set(response, error_response(response.status, "Validation", "the request cannot be read"));
    });
    set_keep_alive_max_count(kManyRequests);
    set_keep_alive_timeout(keep_alive.count());
  }

  Result answer(std::string_view request, const Ticket& ticket, bool close) {
    MemoryStream stream(request);
    ticket_ = &ticket;
    bool closed = close;
    const bool written = process(*this, stream, close, closed, [this](httplib::Request& r) {
      // Every path is the one route: the library would match it by a regular expression.
      path_ = std::exchange(r.path, "/");
      r.ranges.clear();
      r.headers.erase("Accept-Encoding");  // compressing costs more than a local network
      r.headers.erase("Expect");           // the front has answered it
      content_type_ = r.get_header_value("Content-Type");
      if (r.method == "POST") replace_header(r, "Content-Type", "application/json");
    });
    return {stream.take_output(), closed || !written};
  }

 private:
  static constexpr size_t kManyRequests = 1'000'000;

  static void replace_header(httplib::Request& request, const char* name, const char* value) {
    request.headers.erase(name);
    request.set_header(name, value);
  }

  // Of Debian 12's version, and of those that want to know the addresses.
  template <class Server, class Setup>
  static bool process(Server& server, httplib::Stream& stream, bool close, bool& closed,
                      const Setup& setup) {
    if constexpr (requires { server.process_request(stream, close, closed, setup); })
      return server.process_request(stream, close, closed, setup);
    else
      return server.process_request(stream, "", 0, "", 0, close, closed, setup);
  }

  Response handled(const httplib::Request& from) {
    Request request;
    request.method = from.method == "HEAD" ? "GET" : from.method;
    request.path = path_;
    request.content_type = content_type_;
    request.authorization = from.get_header_value("Authorization");
    request.body = from.body;
    request.ticket = *ticket_;
    return handler_(request);
  }

  Exchange::Handler handler_;
  const Ticket* ticket_ = nullptr;
  std::string path_, content_type_;
};

Exchange::Exchange(Handler handler, std::chrono::seconds keep_alive)
    : library_(std::make_unique<Library>(std::move(handler), keep_alive)) {}
Exchange::~Exchange() = default;

Exchange::Result Exchange::answer(std::string_view request, const Ticket& ticket, bool close) {
  return library_->answer(request, ticket, close);
}

Response error_response(int status, const std::string& type, const std::string& what) {
  Response response;
  response.status = status;
  // What clients sent may be quoted, and need not be UTF-8.
  response.body = nlohmann::ordered_json({{"error", what}, {"error_type", type}})
                      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

std::string closing_bytes(const Response& response) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " Refused\r\n";
  for (const auto& [name, value] : response.headers) bytes += name + ": " + value + "\r\n";
  return bytes + "Content-Type: " + response.content_type +
         "\r\nContent-Length: " + std::to_string(response.body.size()) +
         "\r\nConnection: close\r\n\r\n" + response.body;
}

}  // namespace albert::serving
