// Google's head for SQuAD 2.0: AlbertForQuestionAnsweringBeamSearch as nodes.
#include <cmath>

#include "albert/heads/formats/onnx_heads.h"
#include "albert/heads/question_answering_beam_search.h"

namespace albert {
namespace {

// Where an answer may begin or end, bool [B, S]: [CLS], and tokens of type 1 before the last.
std::string answer_tokens(OnnxBuilder& b, const OnnxBatch& batch) {
  b.enter("answer_tokens");
  const std::string one = b.integer(1), along = b.integers({1});
  const std::string real = b.node("Equal", {batch.attention_mask, one}),
                    count = b.node("CumSum", {batch.attention_mask, one}),
                    total = b.node("ReduceSum", {batch.attention_mask, along}, {{"keepdims", 1}});
  const std::string first = b.node("Equal", {count, one}),
                    inside = b.node("And", {b.node("Less", {count, total}),
                                            b.node("Equal", {batch.token_type_ids, one})});
  return b.node("And", {real, b.node("Or", {first, inside})});
}

struct Likeliest {
  std::string log_probs, columns, missing;  // `missing`: there are fewer tokens, bool
};

// The `count` likeliest of logs of probabilities [.., S]. What is missing is minus infinity, 0.
Likeliest likeliest(OnnxBuilder& b, const std::string& logs, size_t rank, int64_t count) {
  std::vector<int64_t> more(2 * rank, 0);
  more.back() = count;
  const std::string filled = b.node("Pad", {logs, b.integers(more), b.number(-INFINITY)});
  const auto [values, columns] =
      b.node_of_two("TopK", {filled, b.integers({count})}, {{"axis", -1}});
  const std::string missing = b.node("Less", {values, b.number(lowest_of(b.dtype()))});
  return {values, b.node("Where", {missing, b.integer(0), columns}), missing};
}

// What dense_0 of a layer on concat(first, second) makes of one of them.
std::string half_of_pair(OnnxBuilder& b, const std::string& x, const std::string& layer,
                         bool second) {
  const int64_t hidden = b.config().hidden_size, begin = second ? hidden : 0;
  const std::string half = b.node("Slice", {b.kernel(layer + ".weight"), b.integers({begin}),
                                            b.integers({begin + hidden}), b.integers({0})});
  return b.node("MatMul", {x, half});
}

// x [.., 1] -> [..]
std::string without_last(OnnxBuilder& b, const std::string& x) {
  return b.node("Squeeze", {x, b.integers({-1})});
}

// The logs of the probabilities of ends [B, starts, S], given the columns of starts.
std::string end_logs(OnnxBuilder& b, const std::string& states, const std::string& allowed,
                     const Likeliest& starts) {
  const std::string columns = b.node("Unsqueeze", {starts.columns, b.integers({-1})}),
                    given = b.node("GatherND", {states, columns}, {{"batch_dims", 1}});
  const std::string own = b.node("Unsqueeze", {half_of_pair(b, states, "end_logits.dense_0", false),
                                               b.integers({1})}),
                    added = b.node("Unsqueeze", {half_of_pair(b, given, "end_logits.dense_0", true),
                                                 b.integers({2})});
  const std::string sum = b.node("Add", {b.node("Add", {own, added}),
                                         b.parameter("end_logits.dense_0.bias")}),
                    normed = b.layer_norm(b.node("Tanh", {sum}), "end_logits.LayerNorm"),
                    logits = without_last(b, b.linear(normed, "end_logits.dense_1"));
  const std::string places = b.node("Unsqueeze", {allowed, b.integers({1})}),
                    masked = b.node("Where", {places, logits, b.number(-INFINITY)}),
                    logs = b.node("LogSoftmax", {masked}, {{"axis", -1}}),
                    missing = b.node("Unsqueeze", {starts.missing, b.integers({-1})});
  return b.node("Where", {missing, b.number(-INFINITY), logs});
}

// [B]: the logit of having no answer.
std::string class_logits(OnnxBuilder& b, const std::string& states,
                         const std::string& start_logits) {
  const std::string shares = b.node("Softmax", {start_logits}, {{"axis", -1}}),
                    wide = b.node("Unsqueeze", {shares, b.integers({1})}),
                    pooled = b.node("Squeeze", {b.node("MatMul", {wide, states}), b.integers({1})}),
                    cls = b.node("Gather", {states, b.integer(0)}, {{"axis", 1}});
  const std::string sum = b.node("Add", {half_of_pair(b, pooled, "answer_class.dense_0", false),
                                         half_of_pair(b, cls, "answer_class.dense_0", true)});
  const std::string hidden =
      b.node("Tanh", {b.node("Add", {sum, b.parameter("answer_class.dense_0.bias")})});
  return without_last(b, b.node("MatMul", {hidden, b.kernel("answer_class.dense_1.weight")}));
}

}  // namespace

void add_beam_search(OnnxBuilder& b, const OnnxBatch& batch, const std::string& hidden_states) {
  const BeamSize beam;
  const std::string allowed = answer_tokens(b, batch);
  b.enter("start_logits");
  const std::string logits = without_last(b, b.linear(hidden_states, "start_logits.dense")),
                    masked = b.node("Where", {allowed, logits, b.number(-INFINITY)});
  const Likeliest starts =
      likeliest(b, b.node("LogSoftmax", {masked}, {{"axis", -1}}), 2, beam.starts);
  b.enter("end_logits");
  const Likeliest ends = likeliest(b, end_logs(b, hidden_states, allowed, starts), 3, beam.ends);
  b.enter("answer_class");
  const std::string class_logit = class_logits(b, hidden_states, masked);
  const OnnxBuilder::Sizes of_starts{"batch_size", beam.starts},
      of_ends{"batch_size", beam.starts, beam.ends};
  b.output("start_top_log_probs", starts.log_probs, of_starts);
  b.output("start_top_index", starts.columns, of_starts, DType::kI64);
  b.output("end_top_log_probs", ends.log_probs, of_ends);
  b.output("end_top_index", ends.columns, of_ends, DType::kI64);
  b.output("cls_logits", class_logit, {"batch_size"});
}

}  // namespace albert
