#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "albert/engine/deferred.h"

namespace albert {

// Named numbers, in the order in which they are shown.
class Metrics {
 public:
  Metrics() = default;
  Metrics(std::initializer_list<std::pair<std::string, double>> values) : values_(values) {}

  void set(const std::string& name, double value);
  void add(const Metrics& other);  // adds up the numbers of equal names
  std::optional<double> find(const std::string& name) const;
  double at(const std::string& name) const;  // Error(kInternal) if there is none
  Metrics with_prefix(const std::string& prefix) const;
  const std::vector<std::pair<std::string, double>>& values() const { return values_; }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

// The sum of the results of several steps.
Deferred<Metrics> sum_of(std::vector<Deferred<Metrics>> parts);

}  // namespace albert
