#include "albert/serving/http/front.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "albert/base/error.h"
#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

constexpr uint64_t kListener = 0, kWake = 1;
constexpr std::chrono::milliseconds kTick{200}, kLinger{2000};
// Clients that were about to send a request when the server was stopped still hear of it.
constexpr std::chrono::milliseconds kGrace{250};

FramingLimits limits_of(const ServerOptions& options) {
  FramingLimits limits;
  limits.body_bytes = static_cast<size_t>(options.payload_limit);
  return limits;
}

Response shutting_down() { return error_response(503, "Unhealthy", "the server is shutting down"); }

}  // namespace

Front::Front(const ServerOptions& options, Exchange::Handler handler, Metrics& metrics)
    : options_(options),
      limits_(limits_of(options)),
      metrics_(metrics),
      listener_(listening_socket(options.host, options.port)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      port_(port_of(listener_)),
      handler_(std::move(handler)),
      workers_(std::make_unique<WorkerPool>(static_cast<size_t>(options.max_concurrent_requests))) {
  if (epoll_.get() < 0 || wake_.get() < 0)
    fail(ErrorCode::kIo, "cannot watch sockets: ", std::strerror(errno));
  epoll_event event{EPOLLIN, {.u64 = kListener}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event);
  event.data.u64 = kWake;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
}

Front::~Front() = default;

void Front::stop() {
  stopping_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Front::run() {
  while (!is_done()) {
    if (stopping_ && !drained_from_) drained_from_ = Clock::now() + kGrace;
    handle_events();
    take_answers();
    check_deadlines();
    for (const uint64_t id : gone_)
      if (connections_.erase(id) > 0) --metrics_.connections;
    gone_.clear();
  }
  refuse_the_rest();
}

bool Front::is_done() const {
  if (!drained_from_ || in_flight_ > 0 || Clock::now() < *drained_from_) return false;
  for (const auto& [id, connection] : connections_)
    if (connection.state == Connection::State::kWriting && !connection.lingers) return false;
  return true;
}

void Front::handle_events() {
  std::array<epoll_event, 256> events;
  const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                           static_cast<int>(kTick.count()));
  for (int i = 0; i < n; ++i) {
    const uint64_t id = events[static_cast<size_t>(i)].data.u64;
    if (id == kListener) {
      accept_clients();
    } else if (id == kWake) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof count);
    } else {
      handle(id, events[static_cast<size_t>(i)].events);
    }
  }
}

void Front::enter(Connection& connection, Connection::State state, std::chrono::milliseconds time) {
  connection.state = state;
  connection.deadline = Clock::now() + time;
}

void Front::accept_clients() {
  while (true) {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno != EMFILE && errno != ENFILE) return;
      if (make_room()) continue;
      return listen(false);  // the client waits in the backlog until a connection has ended
    }
    if (static_cast<int64_t>(connections_.size() - gone_.size()) >= options_.max_connections &&
        !make_room()) {
      const std::string bytes =
          closing_bytes(error_response(503, "Overloaded", "the server has too many connections"));
      [[maybe_unused]] const ssize_t sent =
          ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ++metrics_.refused_connections;
      continue;
    }
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const uint64_t id = next_id_++;
    Connection& connection = connections_.try_emplace(id, std::move(socket), limits_).first->second;
    ++metrics_.connections;
    enter(connection, Connection::State::kReading, options_.read_timeout);
    connection.events = EPOLLIN | EPOLLRDHUP;
    epoll_event event{connection.events, {.u64 = id}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event);
  }
}

void Front::listen(bool on) {
  if (listening_ == on) return;
  listening_ = on;
  epoll_event event{on ? EPOLLIN : 0U, {.u64 = kListener}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &event);
}

// Ends the connection that is idle for longest; false where none is.
bool Front::make_room() {
  auto idlest = connections_.end();
  for (auto it = connections_.begin(); it != connections_.end(); ++it)
    if (it->second.is_idle() && it->second.socket.get() >= 0 &&
        (idlest == connections_.end() || it->second.deadline < idlest->second.deadline))
      idlest = it;
  if (idlest == connections_.end()) return false;
  close(idlest->first);
  return true;
}

void Front::watch(uint64_t id, Connection& connection, uint32_t events) {
  if (connection.events == events || connection.socket.get() < 0) return;
  connection.events = events;
  epoll_event event{events, {.u64 = id}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
}

void Front::close(uint64_t id) {
  Connection& connection = connections_.at(id);
  if (connection.socket.get() < 0) return;
  buffered_ -= static_cast<int64_t>(connection.input.size());
  connection.input.clear();
  if (connection.gone) *connection.gone = true;
  connection.socket = Descriptor();
  gone_.push_back(id);
}

void Front::handle(uint64_t id, uint32_t events) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.socket.get() < 0) return;
  Connection& connection = found->second;
  using State = Connection::State;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return close(id);
  if (connection.state == State::kServing) {
    // As nginx takes it: who closes its side does not wait for the answer.
    if ((events & EPOLLRDHUP) != 0) close(id);
    return;
  }
  if (connection.lingers) return drop_input(id, connection);
  if (connection.state == State::kWriting) return write_some(id, connection);
  read_some(id, connection);
}

void Front::read_some(uint64_t id, Connection& connection) {
  std::array<char, 65536> bytes;
  const ssize_t n = recv(connection.socket.get(), bytes.data(), bytes.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return close(id);
  if (connection.input.empty()) enter(connection, connection.state, options_.read_timeout);
  connection.input.append(bytes.data(), static_cast<size_t>(n));
  buffered_ += n;
  if (buffered_ > options_.max_buffered_bytes)
    return refuse(id, connection,
                  error_response(503, "Overloaded", "the server is receiving too many bytes"));
  advance(id, connection);
}

// What was sent behind a refused request is read and dropped: closing on it would take the answer
// away from the client (RFC 9112 9.6).
void Front::drop_input(uint64_t id, Connection& connection) {
  std::array<char, 65536> bytes;
  const ssize_t n = recv(connection.socket.get(), bytes.data(), bytes.size(), 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) close(id);
}

// Goes on with what was received.
void Front::advance(uint64_t id, Connection& connection) {
  try {
    const size_t size = connection.framing.complete_size(connection.input);
    if (size > 0) return serve(id, connection, size);
    if (connection.framing.take_continue()) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      [[maybe_unused]] const ssize_t sent =
          ::send(connection.socket.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
    }
  } catch (const HttpError& e) {
    refuse(id, connection, error_response(e.status(), e.type(), e.what()));
  }
}

void Front::serve(uint64_t id, Connection& connection, size_t size) {
  if (stopping_) return refuse(id, connection, shutting_down());
  std::string bytes = connection.input.substr(0, size);
  connection.input.erase(0, size);
  connection.framing = Framing(limits_);
  buffered_ -= static_cast<int64_t>(size);
  if (in_flight_ >= options_.max_concurrent_requests)
    return send(id, connection,
                closing_bytes(error_response(429, "Overloaded", "too many requests at once")),
                true);
  enter(connection, Connection::State::kServing, options_.request_timeout);
  connection.gone = std::make_shared<std::atomic<bool>>(false);
  const Ticket ticket{connection.deadline, connection.gone};
  watch(id, connection, EPOLLRDHUP);
  ++in_flight_;
  ++metrics_.requests_in_flight;
  workers_->add([this, id, ticket, bytes = std::move(bytes)] {
    std::unique_lock lock(answers_mutex_);
    if (exchanges_.empty())
      exchanges_.push_back(std::make_unique<Exchange>(
          handler_, std::chrono::duration_cast<std::chrono::seconds>(options_.keep_alive)));
    std::unique_ptr<Exchange> exchange = std::move(exchanges_.back());
    exchanges_.pop_back();
    lock.unlock();
    Exchange::Result result = exchange->answer(bytes, ticket, stopping_);
    lock.lock();
    exchanges_.push_back(std::move(exchange));
    answers_.push_back({id, std::move(result)});
    lock.unlock();
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
  });
}

void Front::take_answers() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(answers_mutex_);
    answers.swap(answers_);
  }
  for (Answer& answer : answers) {
    --in_flight_;
    --metrics_.requests_in_flight;
    const auto found = connections_.find(answer.connection);
    if (found == connections_.end() || found->second.socket.get() < 0) continue;
    Exchange::Result& result = answer.result;
    found->second.gone.reset();
    if (result.bytes.empty())
      refuse(answer.connection, found->second,
             error_response(400, "Validation", "the request cannot be read"));
    else
      send(answer.connection, found->second, std::move(result.bytes), result.closes);
  }
}

void Front::refuse(uint64_t id, Connection& connection, const Response& response) {
  metrics_.count_request("other", response.status, {});
  buffered_ -= static_cast<int64_t>(connection.input.size());
  connection.input.clear();
  send(id, connection, closing_bytes(response), true);
}

void Front::send(uint64_t id, Connection& connection, std::string bytes, bool closes) {
  connection.output = std::move(bytes);
  connection.written = 0;
  connection.closes = closes;
  enter(connection, Connection::State::kWriting, options_.write_timeout);
  write_some(id, connection);
}

void Front::write_some(uint64_t id, Connection& connection) {
  while (connection.written < connection.output.size()) {
    const ssize_t n = ::send(connection.socket.get(), connection.output.data() + connection.written,
                             connection.output.size() - connection.written, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return watch(id, connection, EPOLLOUT);
    if (n < 0) return close(id);
    connection.written += static_cast<size_t>(n);
  }
  end_response(id, connection);
}

void Front::end_response(uint64_t id, Connection& connection) {
  connection.output = {};
  if (connection.closes) {
    shutdown(connection.socket.get(), SHUT_WR);
    connection.lingers = true;
    connection.deadline = Clock::now() + kLinger;
    return watch(id, connection, EPOLLIN | EPOLLRDHUP);
  }
  const bool more = !connection.input.empty();
  enter(connection, Connection::State::kReading,
        more ? options_.read_timeout : options_.keep_alive);
  watch(id, connection, EPOLLIN | EPOLLRDHUP);
  if (more) advance(id, connection);
}

void Front::check_deadlines() {
  const auto now = Clock::now();
  if (now < next_check_) return;
  next_check_ = now + kTick;
  listen(true);
  for (auto& [id, connection] : connections_)
    if (connection.socket.get() >= 0 && connection.deadline <= now) expire(id, connection);
}

void Front::expire(uint64_t id, Connection& connection) {
  switch (connection.state) {
    case Connection::State::kServing: return;  // the queue keeps this deadline
    case Connection::State::kWriting: return close(id);
    case Connection::State::kReading:
      if (connection.is_idle()) return close(id);
      ++metrics_.timed_out_reads;
      refuse(id, connection,
             error_response(408, "Validation",
                            "the request did not arrive within " +
                                std::to_string(options_.read_timeout.count()) + " ms"));
  }
}

// Clients that are in the middle of a request, or in the backlog, are told.
void Front::refuse_the_rest() {
  accept_clients();
  const std::string bytes = closing_bytes(shutting_down());
  for (auto& [id, connection] : connections_) {
    if (connection.socket.get() < 0 || connection.lingers) continue;
    std::array<char, 4096> some;
    const ssize_t n = recv(connection.socket.get(), some.data(), some.size(), 0);
    if (n > 0 || !connection.input.empty()) {
      [[maybe_unused]] const ssize_t sent =
          ::send(connection.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      shutdown(connection.socket.get(), SHUT_WR);
    }
  }
  connections_.clear();
  metrics_.connections = 0;
  listener_ = Descriptor();
}

}  // namespace albert::serving
