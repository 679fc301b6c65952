#pragma once
// A client of HTTP that shows what a server sends, byte by byte where a test wants that.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace albert::testing {

struct HttpAnswer {
  int status = 0;  // 0: the connection ended without an answer
  std::string head, body;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  bool has(const std::string& header) const { return head.find(header) != std::string::npos; }
  std::string error() const { return json().value("error", ""); }
  std::string error_type() const { return json().value("error_type", ""); }
};

class HttpClient {
 public:
  explicit HttpClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~HttpClient() { close(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // False once the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  HttpAnswer receive(int timeout_ms = 20'000) {
    HttpAnswer answer;
    size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!fill(timeout_ms)) return answer;
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(answer.head.find(' ') + 1, 3));
    if (answer.status == 100) return answer;
    const size_t at = answer.head.find("Content-Length: ");
    const size_t size = at == std::string::npos ? 0 : std::stoul(answer.head.substr(at + 16));
    while (buffer_.size() < size)
      if (!fill(timeout_ms)) return {};
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }
  // Whether the server ends the connection within this time.
  bool ends(int timeout_ms = 10'000) {
    while (fill(timeout_ms)) {
    }
    return ended_;
  }

  HttpAnswer get(const std::string& path, const std::string& headers = "") {
    send("GET " + path + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n");
    return receive();
  }
  HttpAnswer post(const std::string& path, const std::string& body,
                  const std::string& headers = "Content-Type: application/json\r\n") {
    send(post_bytes(path, body, headers));
    return receive();
  }
  static std::string post_bytes(const std::string& path, const std::string& body,
                                const std::string& headers = "") {
    return "POST " + path + " HTTP/1.1\r\nHost: test\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  bool fill(int timeout_ms) {
    pollfd waits{socket_, POLLIN, 0};
    if (poll(&waits, 1, timeout_ms) <= 0) return false;
    char bytes[65536];
    const ssize_t n = recv(socket_, bytes, sizeof bytes, 0);
    ended_ = n <= 0;
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  int socket_;
  bool connected_ = false, ended_ = false;
  std::string buffer_;
};

}  // namespace albert::testing
