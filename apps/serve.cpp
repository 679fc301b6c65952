#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include "albert/base/printable.h"
#include "albert/serving/server.h"
#include "apps/cli/common.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using serving::Server;
using serving::ServerOptions;

struct ServeFlags {
  std::string model;
  ServerOptions server;
  int64_t request_timeout = 30, read_timeout = 10, keep_alive = 75, log_interval = 60;
  bool access_log = false;
  CommonOptions common;
};

std::atomic<Server*> serving_now = nullptr;  // a signal handler can reach nothing but a global
std::atomic<int> signals = 0;

void stop_serving(int signal) {
  if (signals++ > 0) _exit(128 + signal);
  if (Server* server = serving_now) server->stop();
}

// While it lives, SIGTERM and SIGINT end the server cleanly, and a second one at once.
class StopsOnSignals {
 public:
  explicit StopsOnSignals(Server& server) {
    signals = 0;
    serving_now = &server;
    struct sigaction action {};
    action.sa_handler = stop_serving;
    action.sa_flags = SA_RESTART;
    for (const int signal : {SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
  }
  ~StopsOnSignals() {
    for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, SIG_DFL);
    serving_now = nullptr;
  }
};

// Calls `tick` every `seconds` until it is destroyed.
class Ticker {
 public:
  Ticker(int64_t seconds, std::function<void()> tick) {
    if (seconds <= 0) return;
    thread_ = std::thread([this, seconds, tick = std::move(tick)] {
      std::unique_lock lock(mutex_);
      while (!ended_.wait_for(lock, std::chrono::seconds(seconds), [this] { return over_; }))
        tick();
    });
  }
  ~Ticker() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

// As many connections as the system lets this process have; each is a file descriptor.
int64_t connections_allowed(int64_t wanted) {
  constexpr int64_t kOthers = 64;  // files of the program itself
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(wanted + kOthers));
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::max<int64_t>(1, std::min(wanted, static_cast<int64_t>(limit.rlim_cur) - kOthers));
}

ServerOptions options_of(const ServeFlags& flags, std::ostream& err, std::mutex& err_mutex) {
  ServerOptions options = flags.server;
  options.request_timeout = std::chrono::seconds(flags.request_timeout);
  options.read_timeout = std::chrono::seconds(flags.read_timeout);
  options.keep_alive = std::chrono::seconds(flags.keep_alive);
  options.max_connections = connections_allowed(options.max_connections);
  if (const char* key = std::getenv("ALBERT_API_KEY"); key && options.api_key.empty())
    options.api_key = key;
  if (flags.access_log)
    options.access_log = [&err, &err_mutex](const std::string& line) {
      const std::lock_guard lock(err_mutex);
      err << line << std::endl;
    };
  return options;
}

bool is_local(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void greet(const Server& server, const ServerOptions& options, std::ostream& err) {
  for (const std::string& warning : server.warnings())
    err << "albert: warning: " << warning << "\n";
  if (options.api_key.empty() && !is_local(options.host))
    err << "albert: warning: every machine that reaches " << printable(options.host)
        << " may use this server; --api_key asks for a key\n";
  err << "albert: endpoints: " << joined(server.paths()) << std::endl;
}

std::string url_of(const Server& server, const std::string& host) {
  const std::string name = host.find(':') == host.npos ? host : "[" + host + "]";
  return "http://" + name + ":" + std::to_string(server.port());
}

int run(const ServeFlags& flags, std::ostream& out, std::ostream& err) {
  std::mutex err_mutex;
  const bool quiet = flags.common.quiet;
  const ServerOptions options = options_of(flags, err, err_mutex);
  Server server(flags.model, flags.common.model(err), options);
  const StopsOnSignals stops(server);
  if (!quiet) greet(server, options, err);
  out << "albert: serving " << printable(flags.model) << " at " << url_of(server, options.host)
      << std::endl;
  {
    const Ticker ticker(quiet ? 0 : flags.log_interval, [&] {
      const std::lock_guard lock(err_mutex);
      err << "albert: " << server.summary() << std::endl;
    });
    server.run();
  }
  if (!quiet) err << "albert: stopped; everything that was received is answered" << std::endl;
  return 0;
}

void declare_limits(Command& command, ServeFlags& flags) {
  ServerOptions& server = flags.server;
  command.option("max_batch_tokens", server.max_batch_tokens,
                 "tokens of all clients that are computed at once");
  command.option("max_queued_tokens", server.max_queued_tokens, "tokens that may wait; then 429");
  command.option("max_concurrent_requests", server.max_concurrent_requests,
                 "requests that wait or are computed; then 429");
  command.option("max_client_batch_size", server.max_client_batch_size,
                 "texts of one request; then 413");
  command.option("payload_limit", server.payload_limit, "bytes of a body; then 413");
  command.option("max_connections", server.max_connections, "open connections; then 503");
  command.boolean("auto_truncate", server.auto_truncate,
                  "cut texts that are too long without being asked to; else 413");
  command.option("request_timeout", flags.request_timeout,
                 "seconds from a request to its answer; then 504");
  command.option("read_timeout", flags.read_timeout,
                 "seconds that a client may take to send a request; then 408");
  command.option("keep_alive", flags.keep_alive, "seconds that an idle connection stays open");
  for (const char* name : {"request_timeout", "read_timeout", "keep_alive"}) command.limit(name, 1);
}

}  // namespace

Runner declare_serve(Command& command) {
  const auto flags = std::make_shared<ServeFlags>();
  command.required("model", flags->model, "fine-tuned folder");
  command.option("host", flags->server.host, "address or name to listen at; 0.0.0.0: all");
  command.option("port", flags->server.port, "0: one that is free");
  command.option("api_key", flags->server.api_key,
                 "what clients must send as Authorization: Bearer KEY; or ALBERT_API_KEY in the "
                 "environment, where other users do not see it");
  command.option("served_model", flags->server.served_model,
                 "the model's name in answers; without it the folder's");
  declare_limits(command, *flags);
  command.boolean("access_log", flags->access_log, "a JSON line for every request");
  command.option("log_interval", flags->log_interval, "seconds between summaries; 0: none");
  command.alias("model", {"model_name_or_path", "model_id"});
  command.alias("host", {"hostname"});
  command.alias("served_model", {"served_model_name"});
  add_weights(command, flags->common.weights);
  add_prefix(command, flags->common.prefix);
  add_common(command, flags->common);
  return [flags](std::ostream& out, std::ostream& err) { return run(*flags, out, err); };
}

}  // namespace albert::apps
