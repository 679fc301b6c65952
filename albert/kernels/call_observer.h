#pragma once
// Lets others see every kernel call: operand checks, step signatures, cost models. C++17.
#include <type_traits>

#include "albert/kernels/tensor.h"

namespace albert::kernels {

// Is shown each call just before it runs, also in dry runs: the name, then operands and attributes
// in order.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void call(const char* kernel) = 0;
  virtual void operand(const Tensor& tensor) = 0;  // empty if the call omits it
  virtual void attribute(uint64_t bits) = 0;       // a number's own bits, or an enumerator's value
};

inline void describe(CallObserver& observer, const Tensor& tensor) { observer.operand(tensor); }

// A struct of attributes has its own describe(), declared next to it.
template <class T>
std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>> describe(CallObserver& observer,
                                                                        T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  observer.attribute(bits);
}

template <class... Arguments>
void observe_all(CallObserver& observer, const Arguments&... arguments) {
  (describe(observer, arguments), ...);
}

template <class... Arguments>
void observe(CallObserver* observer, const char* kernel, const Arguments&... arguments) {
  if (!observer) return;
  observer->call(kernel);
  observe_all(*observer, arguments...);
}

}  // namespace albert::kernels
