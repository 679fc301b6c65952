#include "albert/serving/http/connection.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "albert/base/error.h"

namespace albert::serving {
namespace {

constexpr int kBacklog = 1024;

int socket_of(const addrinfo& address) {
  return socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool try_listen(const Descriptor& socket, const addrinfo& address) {
  const int on = 1;
  return socket.get() >= 0 &&
         setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
         bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 &&
         listen(socket.get(), kBacklog) == 0;
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) close(value_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

Descriptor listening_socket(const std::string& host, int port) {
  const std::string place = host + ":" + std::to_string(port) + ": cannot listen: ";
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) fail(ErrorCode::kIo, place, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  int why = 0;
  for (const addrinfo* address = found; address; address = address->ai_next) {
    Descriptor socket(socket_of(*address));
    if (try_listen(socket, *address)) return socket;
    why = errno;
  }
  fail(ErrorCode::kIo, place, std::strerror(why));
}

int port_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace albert::serving
