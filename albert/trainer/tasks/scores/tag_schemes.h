#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace albert {

// A label for every word of every sentence: "B-PER", "I-PER", "O", ..
using TagSequences = std::vector<std::vector<std::string>>;

// How labels of words say where entities begin and end, under seqeval's names.
enum class TagScheme : uint8_t { kIob1, kIob2, kIoe1, kIoe2, kIobes, kBilou };

std::string name_of(TagScheme scheme);
std::vector<std::string> tag_scheme_names();
std::optional<TagScheme> tag_scheme_named(std::string_view name);

// Whether a label has the form that all schemes share: O, or one of B, I, E, S, L and U, a hyphen
// and a type.
bool is_entity_tag(std::string_view tag);

// Where a sentence breaks a scheme.
struct TagProblem {
  size_t word = 0;   // the number of its word in the sentence
  std::string what;  // "found I-PER behind O, wanted .."
};
std::optional<TagProblem> first_problem(const std::vector<std::string>& tags, TagScheme scheme);

// The scheme of these sentences: the first of IOB2, IOB1, IOBES, BILOU, IOE2 and IOE1 that none of
// them breaks, else that which the fewest break.
TagScheme detected_scheme(const TagSequences& sentences);

}  // namespace albert
