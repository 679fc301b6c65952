#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "albert/serving/http/connection.h"
#include "albert/serving/http/exchange.h"
#include "albert/serving/http/worker_pool.h"
#include "albert/serving/metrics.h"
#include "albert/serving/options.h"

namespace albert::serving {

// The sockets of a server, on one thread, by epoll: it collects whole requests, has them answered
// by worker threads, and sends the answers. A client that is slow to send or to take costs a buffer
// and no thread.
class Front {
 public:
  // Listens from here on. Error(kIo) where it cannot.
  Front(const ServerOptions& options, Exchange::Handler handler, Metrics& metrics);
  ~Front();

  int port() const { return port_; }
  // Serves until stop(). Then what was received is answered, new requests are refused with 503,
  // and it returns once every answer is sent, or its client too slow.
  void run();
  // From any thread and from a signal handler.
  void stop();

 private:
  using Connections = std::unordered_map<uint64_t, Connection>;
  struct Answer {
    uint64_t connection = 0;
    Exchange::Result result;
  };

  bool is_done() const;
  void handle_events();
  void accept_clients();
  void listen(bool on);
  bool make_room();
  void handle(uint64_t id, uint32_t events);
  void read_some(uint64_t id, Connection& connection);
  void drop_input(uint64_t id, Connection& connection);
  void advance(uint64_t id, Connection& connection);
  void serve(uint64_t id, Connection& connection, size_t size);
  void refuse(uint64_t id, Connection& connection, const Response& response);
  void send(uint64_t id, Connection& connection, std::string bytes, bool closes);
  void write_some(uint64_t id, Connection& connection);
  void end_response(uint64_t id, Connection& connection);
  void take_answers();
  void check_deadlines();
  void expire(uint64_t id, Connection& connection);
  void watch(uint64_t id, Connection& connection, uint32_t events);
  void close(uint64_t id);
  void refuse_the_rest();
  void enter(Connection& connection, Connection::State state, std::chrono::milliseconds time);

  const ServerOptions options_;
  const FramingLimits limits_;
  Metrics& metrics_;
  Descriptor listener_, epoll_, wake_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  bool listening_ = true;
  std::optional<std::chrono::steady_clock::time_point> drained_from_;  // may end from then on
  Connections connections_;
  std::vector<uint64_t> gone_;
  uint64_t next_id_ = 2;  // 0 and 1 are the listener's and wake's
  int64_t buffered_ = 0;  // bytes of input of all connections
  int64_t in_flight_ = 0;
  std::chrono::steady_clock::time_point next_check_;

  std::mutex answers_mutex_;
  std::vector<Answer> answers_;
  // Of threads that are idle: each request is answered by one that no other uses.
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  Exchange::Handler handler_;
  std::unique_ptr<WorkerPool> workers_;  // last: its threads use the rest
};

}  // namespace albert::serving
