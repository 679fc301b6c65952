#include "albert/trainer/loop/metrics.h"

#include "albert/base/error.h"

namespace albert {

void Metrics::set(const std::string& name, double value) {
  for (auto& [key, old] : values_)
    if (key == name) {
      old = value;
      return;
    }
  values_.emplace_back(name, value);
}

void Metrics::add(const Metrics& other) {
  for (const auto& [name, value] : other.values_) set(name, find(name).value_or(0) + value);
}

std::optional<double> Metrics::find(const std::string& name) const {
  for (const auto& [key, value] : values_)
    if (key == name) return value;
  return std::nullopt;
}

double Metrics::at(const std::string& name) const {
  const auto value = find(name);
  ALBERT_CHECK(value, "no metric ", name);
  return *value;
}

Metrics Metrics::with_prefix(const std::string& prefix) const {
  Metrics result;
  for (const auto& [name, value] : values_) result.set(prefix + name, value);
  return result;
}

Deferred<Metrics> sum_of(std::vector<Deferred<Metrics>> parts) {
  return Deferred<Metrics>([parts = std::move(parts)] {
    Metrics sum;
    for (const auto& part : parts) sum.add(part.get());
    return sum;
  });
}

}  // namespace albert
