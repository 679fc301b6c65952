#include "albert/heads/registry.h"

#include <string>

namespace albert {
namespace {

std::vector<std::string> all_of(std::string_view HeadName::*field) {
  std::vector<std::string> names;
  for (const HeadName& head : kHeadNames) names.emplace_back(head.*field);
  return names;
}

}  // namespace

std::vector<std::string> head_names() { return all_of(&HeadName::name); }
std::vector<std::string> architectures() { return all_of(&HeadName::architecture); }

const HeadName& head_named(std::string_view name) {
  for (const HeadName& head : kHeadNames)
    if (name == head.name || name == head.architecture) return head;
  std::string known;
  for (const auto& architecture : architectures())
    known += (known.empty() ? "" : ", ") + architecture;
  fail(ErrorCode::kBadData, "unknown architecture ", name, ", wanted one of ", known);
}

}  // namespace albert
