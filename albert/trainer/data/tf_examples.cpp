#include "albert/trainer/data/tf_examples.h"

#include <algorithm>
#include <map>
#include <span>

#include "albert/base/error.h"
#include "albert/base/protobuf.h"

namespace albert {
namespace {

using protobuf::bytes_field;
using Numbers = std::vector<int64_t>;

// Feature of tensorflow/core/example/feature.proto: bytes_list 1, float_list 2, int64_list 3.
constexpr uint64_t kFloats = 2, kIntegers = 3;

std::string integers(const Numbers& values) {
  std::string packed;
  for (const int64_t v : values) packed += protobuf::varint(static_cast<uint64_t>(v));
  return bytes_field(kIntegers, bytes_field(1, packed));
}

std::string floats(size_t ones, size_t all) {
  constexpr uint32_t kOne = 0x3f800000;
  std::string packed;
  for (size_t i = 0; i < all; ++i) packed += protobuf::fixed32(i < ones ? kOne : 0);
  return bytes_field(kFloats, bytes_field(1, packed));
}

Numbers filled_up(const std::vector<int32_t>& values, int64_t size, const char* option) {
  if (static_cast<int64_t>(values.size()) > size)
    fail(ErrorCode::kUsage, "--", option, " ", size, ": found an example of ", values.size());
  Numbers all(values.begin(), values.end());
  all.resize(static_cast<size_t>(size));
  return all;
}

// 1 where a piece starts a word, before anything was masked.
Numbers token_boundary(const PretrainingExample& example, const MaskingVocabulary& vocabulary,
                       int64_t size) {
  std::vector<int32_t> ids = example.input_ids;
  for (size_t i = 0; i < example.masked_positions.size(); ++i)
    ids[static_cast<size_t>(example.masked_positions[i])] = example.masked_labels[i];
  Numbers boundary(static_cast<size_t>(size));
  for (size_t i = 0; i < ids.size(); ++i)
    boundary[i] = ids[i] == vocabulary.cls || ids[i] == vocabulary.sep ||
                          vocabulary.starts_word[static_cast<size_t>(ids[i])]
                      ? 1
                      : 0;
  return boundary;
}

// Features by name; each list is of integers, or of floats that are 0 or 1.
class Features {
 public:
  Features(const std::string& place, std::string_view record) : place_(place) {
    protobuf::Field features, entry;
    for (protobuf::Reader example(place, record); example.next(features);)
      for (protobuf::Reader map(place, features.bytes); map.next(entry);) add(entry.bytes);
  }

  const Numbers& at(const std::string& name, size_t size) const {
    const Numbers& values = at(name);
    if (values.size() != size)
      fail(ErrorCode::kBadData, place_, ": ", name, ": found ", values.size(), " numbers, wanted ",
           size);
    return values;
  }
  const Numbers& at(const std::string& name) const {
    const auto found = lists_.find(name);
    if (found == lists_.end())
      fail(ErrorCode::kBadData, place_, ": found no feature ", name,
           ", wanted those of create_pretraining_data.py");
    return found->second;
  }

 private:
  void add(std::string_view entry) {
    protobuf::Field field;
    std::string name;
    std::string_view feature;
    for (protobuf::Reader reader(place_, entry); reader.next(field);) {
      if (field.number == 1) name = field.bytes;
      if (field.number == 2) feature = field.bytes;
    }
    for (protobuf::Reader reader(place_, feature); reader.next(field);)
      if (field.number == kIntegers || field.number == kFloats)
        add_list(lists_[name], field.number, field.bytes);
  }

  // Packed, as all writers of today have it, or a field for each number.
  void add_list(Numbers& values, uint64_t kind, std::string_view list) {
    protobuf::Field field;
    for (protobuf::Reader reader(place_, list); reader.next(field);) {
      if (field.bytes.empty() && kind == kIntegers) {
        values.push_back(static_cast<int64_t>(field.value));
        continue;
      }
      for (protobuf::Reader packed(place_, field.bytes); !packed.at_end();)
        values.push_back(kind == kIntegers ? static_cast<int64_t>(packed.varint())
                                           : static_cast<int64_t>(packed.f32()));
    }
  }

  std::string place_;
  std::map<std::string, Numbers> lists_;
};

// The ones at the beginning of a mask, behind which there are zeros alone.
size_t ones_of(const std::string& place, const char* name, const Numbers& mask) {
  const auto end = std::find_if(mask.begin(), mask.end(), [](int64_t v) { return v != 1; });
  if (!std::all_of(end, mask.end(), [](int64_t v) { return v == 0; }))
    fail(ErrorCode::kBadData, place, ": ", name, ": wanted ones and then zeros");
  return static_cast<size_t>(end - mask.begin());
}

std::vector<int32_t> first_of(const std::string& place, const char* name, const Numbers& values,
                              size_t count, int64_t below) {
  std::vector<int32_t> taken;
  for (size_t i = 0; i < count; ++i) {
    if (values[i] < 0 || values[i] >= below)
      fail(ErrorCode::kBadData, place, ": ", name, ": found ", values[i], ", wanted 0 to ",
           below - 1);
    taken.push_back(static_cast<int32_t>(values[i]));
  }
  return taken;
}

}  // namespace

std::string tf_example_of(const PretrainingExample& example, const TfExampleSizes& sizes,
                          const MaskingVocabulary& vocabulary) {
  const int64_t length = sizes.max_seq_length, predictions = sizes.max_predictions_per_seq;
  const std::vector<int32_t> mask(example.input_ids.size(), 1);
  const auto tokens = [&](const auto& v) {
    return integers(filled_up(v, length, "max_seq_length"));
  };
  const auto masked = [&](const auto& v) {
    return integers(filled_up(v, predictions, "max_predictions_per_seq"));
  };
  const std::map<std::string, std::string> features{
      {"input_ids", tokens(example.input_ids)},
      {"input_mask", tokens(mask)},
      {"segment_ids", tokens(example.token_type_ids)},
      {"token_boundary", integers(token_boundary(example, vocabulary, length))},
      {"masked_lm_positions", masked(example.masked_positions)},
      {"masked_lm_ids", masked(example.masked_labels)},
      {"masked_lm_weights",
       floats(example.masked_positions.size(), static_cast<size_t>(predictions))},
      {"next_sentence_labels", integers({example.sentence_order_label})}};
  std::string map;
  for (const auto& [name, feature] : features)
    map += bytes_field(1, bytes_field(1, name) + bytes_field(2, feature));
  return bytes_field(1, map);
}

PretrainingExample example_in(const std::string& place, std::string_view record, int64_t vocab_size,
                              TfExampleSizes* sizes) {
  const Features features(place, record);
  const Numbers& ids = features.at("input_ids");
  const Numbers& positions = features.at("masked_lm_positions");
  const size_t length = ids.size(), slots = positions.size();
  const size_t tokens = ones_of(place, "input_mask", features.at("input_mask", length));
  const size_t masked =
      ones_of(place, "masked_lm_weights", features.at("masked_lm_weights", slots));
  PretrainingExample made;
  made.input_ids = first_of(place, "input_ids", ids, tokens, vocab_size);
  made.token_type_ids =
      first_of(place, "segment_ids", features.at("segment_ids", length), tokens, 2);
  made.masked_positions =
      first_of(place, "masked_lm_positions", positions, masked, static_cast<int64_t>(tokens));
  made.masked_labels =
      first_of(place, "masked_lm_ids", features.at("masked_lm_ids", slots), masked, vocab_size);
  made.sentence_order_label =
      first_of(place, "next_sentence_labels", features.at("next_sentence_labels", 1), 1, 2)[0];
  if (tokens == 0) fail(ErrorCode::kBadData, place, ": input_mask: found no tokens");
  if (sizes != nullptr) *sizes = {static_cast<int64_t>(length), static_cast<int64_t>(slots)};
  return made;
}

}  // namespace albert
