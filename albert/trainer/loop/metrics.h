#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "albert/engine/deferred.h"

namespace albert {

// Named numbers in the order they are shown.
class Metrics {
 public:
  Metrics() = default;
  Metrics(std::initializer_list<std::pair<std::string, double>> values) : values_(values) {}

  void set(const std::string& name, double value);
  void add(const Metrics& other);                             // sums by name
  std::optional<double> find(const std::string& name) const;  // none where it is not there
  double at(const std::string& name) const;  // Error(kInternal) where it is not there
  Metrics with_prefix(const std::string& prefix) const;
  const std::vector<std::pair<std::string, double>>& values() const { return values_; }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

// The sum of what several steps give.
Deferred<Metrics> sum_of(std::vector<Deferred<Metrics>> parts);

}  // namespace albert
