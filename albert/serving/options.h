#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace albert::serving {

// What a server allows. The names and most defaults are those of text-embeddings-inference.
struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;                // 0: one that is free
  std::string api_key = {};       // clients send "Authorization: Bearer KEY"; empty: none is asked
  std::string served_model = {};  // the name in answers; empty: the folder's

  int64_t max_batch_tokens = 2048;        // of all clients, computed at once
  int64_t max_queued_tokens = 131072;     // that wait; more is answered 429
  int64_t max_concurrent_requests = 512;  // that are read, wait or are computed; more: 429
  int64_t max_client_batch_size = 32;     // texts of one request; more: 413
  int64_t payload_limit = 2'000'000;      // bytes of a body; more: 413
  int64_t max_connections = 4096;
  int64_t max_buffered_bytes = int64_t{256} << 20;  // of requests that are being received
  bool auto_truncate = false;                       // longer texts are cut without "truncate": true

  std::chrono::milliseconds request_timeout{30'000};  // from the last byte in to the answer: 504
  std::chrono::milliseconds read_timeout{10'000};   // from a request's first byte to its last: 408
  std::chrono::milliseconds write_timeout{30'000};  // for a client to take its answer
  std::chrono::milliseconds keep_alive{75'000};     // of a connection without a request

  // Called with a line for each request where it is set, from any thread.
  std::function<void(const std::string& line)> access_log = {};
};

}  // namespace albert::serving
