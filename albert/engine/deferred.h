#pragma once
#include <functional>
#include <utility>

namespace albert {

// The result of queued work. get() blocks until it is there; call it at most once.
template <class T>
class Deferred {
 public:
  explicit Deferred(std::function<T()> get) : get_(std::move(get)) {}
  T get() const { return get_(); }

 private:
  std::function<T()> get_;
};

}  // namespace albert
