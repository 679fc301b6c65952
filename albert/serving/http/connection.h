#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "albert/serving/http/framing.h"

namespace albert::serving {

// A file descriptor that is closed once.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return value_; }

 private:
  int value_;
};

// One client: it sends a request, waits for the answer, takes it, and sends the next.
struct Connection {
  enum class State : uint8_t { kReading, kServing, kWriting };

  Connection(Descriptor descriptor, const FramingLimits& limits)
      : socket(std::move(descriptor)), framing(limits) {}
  bool is_idle() const { return state == State::kReading && input.empty(); }

  Descriptor socket;
  State state = State::kReading;
  std::chrono::steady_clock::time_point deadline;  // of this state
  Framing framing;
  std::string input;   // of the request, and what follows it
  std::string output;  // of the response; `written` bytes of it are sent
  size_t written = 0;
  bool closes = false;   // behind the response
  bool lingers = false;  // the response is sent, what the client still sends is dropped
  uint32_t events = 0;   // that epoll watches
  std::shared_ptr<std::atomic<bool>> gone;  // of a request that is served: its client has left
};

// A socket that listens. `host`: an address or a name. Error(kIo) "HOST:PORT: cannot listen: why".
Descriptor listening_socket(const std::string& host, int port);
int port_of(const Descriptor& socket);

}  // namespace albert::serving
