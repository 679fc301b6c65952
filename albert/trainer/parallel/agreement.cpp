#include "albert/trainer/parallel/agreement.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "albert/base/error.h"

namespace albert {
namespace {

// The leader's text, on every rank.
std::string from_leader(Communicator& ranks, const std::string& own) {
  std::string text(static_cast<size_t>(ranks.from_leader(static_cast<double>(own.size()))), 0);
  std::vector<ConstBytes> to(static_cast<size_t>(ranks.size()));
  std::vector<Bytes> from(to.size());
  if (ranks.leads())
    std::fill(to.begin() + 1, to.end(), std::as_bytes(std::span(own)));
  else
    from[0] = std::as_writable_bytes(std::span(text));
  ranks.exchange(to, from);
  return ranks.leads() ? own : text;
}

// Names and values hold no zeros.
std::string joined(const NamedValues& values) {
  std::string text;
  for (const auto& [name, value] : values) text += name + '\0' + value + '\0';
  return text;
}

NamedValues parted(const std::string& text) {
  NamedValues values;
  for (size_t at = 0; at < text.size();) {
    const std::string name = text.c_str() + at;
    at += name.size() + 1;
    values.emplace_back(name, text.c_str() + at);
    at += values.back().second.size() + 1;
  }
  return values;
}

const std::string* value_of(const NamedValues& values, const std::string& name) {
  const auto at =
      std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
  return at == values.end() ? nullptr : &at->second;
}

}  // namespace

void check_same_values(Communicator& ranks, const NamedValues& own) {
  const NamedValues wanted = parted(from_leader(ranks, joined(own)));
  const auto check = [&](const std::string& name) {
    const std::string *found = value_of(own, name), *right = value_of(wanted, name);
    if (found && right && *found == *right) return;
    fail(ErrorCode::kMismatch, "rank ", ranks.rank(), ": found ", name, " ",
         found ? *found : "not there", ", wanted that of rank 0, ", right ? *right : "not there",
         "; start every rank with the same program, options and files");
  };
  for (const auto& [name, value] : wanted) check(name);
  for (const auto& [name, value] : own) check(name);
}

std::vector<int> ranks_that_differ(Communicator& ranks, const std::string& checksum) {
  std::vector<std::string> all(static_cast<size_t>(ranks.size()), std::string(checksum.size(), 0));
  std::vector<ConstBytes> to(all.size(), std::as_bytes(std::span(checksum)));
  std::vector<Bytes> from;
  for (std::string& other : all) from.push_back(std::as_writable_bytes(std::span(other)));
  ranks.exchange(to, from);
  all[static_cast<size_t>(ranks.rank())] = checksum;
  std::map<std::string, size_t> counts;
  for (const std::string& one : all) ++counts[one];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  const bool is_majority = 2 * most->second > all.size();
  std::vector<int> differing;
  for (int rank = 0; rank < ranks.size(); ++rank)
    if (!is_majority || all[static_cast<size_t>(rank)] != most->first) differing.push_back(rank);
  return differing;
}

}  // namespace albert
