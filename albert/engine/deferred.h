#pragma once
#include <functional>
#include <utility>

namespace albert {

// What queued work will have given. get() waits for it and is called once, or never.
template <class T>
class Deferred {
 public:
  explicit Deferred(std::function<T()> get) : get_(std::move(get)) {}
  T get() const { return get_(); }

 private:
  std::function<T()> get_;
};

}  // namespace albert
