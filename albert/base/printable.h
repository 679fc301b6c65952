#pragma once
// Names and texts from untrusted files, made fit for one line of an error message; lists of names.
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

// Control characters become \xNN. At most `max_bytes` of the text are kept, cut between UTF-8
// characters and followed by "...".
std::string printable(std::string_view text, size_t max_bytes = 100);

// printable() between double quotes.
std::string in_quotes(std::string_view text);

// {"a", "b", "c"} as "a, b, c". `names` is any range of strings.
template <class Names>
std::string joined(const Names& names, std::string_view separator = ", ") {
  std::string list;
  for (const auto& name : names) {
    if (!list.empty()) list += separator;
    list += name;
  }
  return list;
}
inline std::string joined(std::initializer_list<std::string_view> names) {
  return joined<std::initializer_list<std::string_view>>(names);
}

// joined() of the first `most` names, "a, b and 3 more" where there are more: one readable line.
std::string joined_first(const std::vector<std::string>& names, size_t most);

// {"a", "b", "c"} as "one of a, b, c", and a single name as itself: for ".., wanted one of a, b".
template <class Names>
std::string one_of(const Names& names) {
  return (std::size(names) > 1 ? "one of " : "") + joined(names);
}
inline std::string one_of(std::initializer_list<std::string_view> names) {
  return one_of<std::initializer_list<std::string_view>>(names);
}

}  // namespace albert
