#pragma once
#include <cstdint>
#include <vector>

namespace albert {

struct PretrainingExample {
  std::vector<int32_t> input_ids, token_type_ids;
  std::vector<int32_t> masked_positions, masked_labels;
  int32_t sentence_order_label = 0;  // 0 in order; 1 swapped, or the second from another document
  std::vector<int32_t> ngrams;       // words of each masked n-gram
  bool random_document = false;
};

// An endless, shuffled stream of examples. Example p is a pure function of p and the stream's
// settings, in whatever order and from whatever thread it is asked for.
class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  virtual PretrainingExample example(int64_t position) const = 0;
  virtual int64_t size_of_pass(int64_t pass) const = 0;  // examples
};

}  // namespace albert
