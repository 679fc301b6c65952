#include "albert/heads/formats/onnx_heads.h"

#include <array>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr const char* kPrefix = "albert.";
constexpr const char *kBatch = "batch_size", *kLength = "sequence_length",
                     *kChoices = "num_choices";

OnnxBatch inputs(OnnxBuilder& b, const OnnxBuilder::Sizes& sizes) {
  const OnnxBatch batch{"input_ids", "attention_mask", "token_type_ids"};
  for (const auto& name : {batch.input_ids, batch.attention_mask, batch.token_type_ids})
    b.input(name, sizes);
  return batch;
}

void model(OnnxBuilder& b, const OnnxBatch& batch) {
  const int64_t hidden = b.config().hidden_size;
  const std::string states = add_encoder(b, "", batch);
  const bool has_pooler = b.has("pooler.weight");
  const std::string pooled = has_pooler ? add_pooler(b, "", states) : "";
  b.output("last_hidden_state", states, {kBatch, kLength, hidden});
  if (has_pooler) b.output("pooler_output", pooled, {kBatch, hidden});
}

// The scores of words [B, S, V] of hidden states.
std::string words(OnnxBuilder& b, const std::string& states) {
  b.enter("predictions");
  const std::string transformed =
      b.activation(b.linear(states, "predictions.dense"), b.config().activation());
  const std::string normed = b.layer_norm(transformed, "predictions.LayerNorm");
  if (!b.config().tie_word_embeddings) return b.linear(normed, "predictions.decoder");
  const std::string table = b.parameter("albert.embeddings.word_embeddings.weight"),
                    decoder = b.node("Transpose", {table}, {{"perm", std::vector<int64_t>{1, 0}}});
  return b.node("Add", {b.node("MatMul", {normed, decoder}), b.parameter("predictions.bias")});
}

void masked_lm(OnnxBuilder& b, const OnnxBatch& batch) {
  b.output("logits", words(b, add_encoder(b, kPrefix, batch)),
           {kBatch, kLength, b.config().vocab_size});
}

void pretraining(OnnxBuilder& b, const OnnxBatch& batch) {
  const std::string states = add_encoder(b, kPrefix, batch),
                    pooled = add_pooler(b, kPrefix, states);
  b.output("prediction_logits", words(b, states), {kBatch, kLength, b.config().vocab_size});
  b.enter("sop_classifier");
  b.output("sop_logits", b.linear(pooled, "sop_classifier.classifier"), {kBatch, int64_t{2}});
}

void sequence_classification(OnnxBuilder& b, const OnnxBatch& batch) {
  const std::string pooled = add_pooler(b, kPrefix, add_encoder(b, kPrefix, batch));
  b.enter("classifier");
  b.output("logits", b.linear(pooled, "classifier"), {kBatch, b.config().num_labels()});
}

void token_classification(OnnxBuilder& b, const OnnxBatch& batch) {
  const std::string states = add_encoder(b, kPrefix, batch);
  b.enter("classifier");
  b.output("logits", b.linear(states, "classifier"), {kBatch, kLength, b.config().num_labels()});
}

void question_answering(OnnxBuilder& b, const OnnxBatch& batch) {
  const std::string states = add_encoder(b, kPrefix, batch);
  b.enter("qa_outputs");
  const std::string ends = b.linear(states, "qa_outputs");
  for (const int64_t which : {0, 1})
    b.output(which == 0 ? "start_logits" : "end_logits",
             b.node("Gather", {ends, b.integer(which)}, {{"axis", 2}}), {kBatch, kLength});
}

// Inputs are [B, C, S]: the options of a question are sequences of their own.
void multiple_choice(OnnxBuilder& b, const OnnxBatch& batch) {
  b.enter("choices");
  const std::string length = b.node("Shape", {batch.input_ids}, {{"start", 2}}),
                    flat = b.node("Concat", {b.integers({-1}), length}, {{"axis", 0}});
  const auto flattened = [&](const std::string& x) { return b.node("Reshape", {x, flat}); };
  const OnnxBatch sequences{flattened(batch.input_ids), flattened(batch.attention_mask),
                            flattened(batch.token_type_ids)};
  const std::string pooled = add_pooler(b, kPrefix, add_encoder(b, kPrefix, sequences));
  b.enter("classifier");
  const std::string scores = b.linear(pooled, "classifier"),
                    shape = b.node("Shape", {batch.input_ids}, {{"start", 0}, {"end", 2}});
  b.output("logits", b.node("Reshape", {scores, shape}), {kBatch, kChoices});
}

void beam_search(OnnxBuilder& b, const OnnxBatch& batch) {
  add_beam_search(b, batch, add_encoder(b, kPrefix, batch));
}

struct HeadGraph {
  std::string_view architecture;
  void (*add)(OnnxBuilder& builder, const OnnxBatch& batch);
};
constexpr std::array<HeadGraph, 8> kHeads{
    {{"AlbertModel", model},
     {"AlbertForPreTraining", pretraining},
     {"AlbertForMaskedLM", masked_lm},
     {"AlbertForSequenceClassification", sequence_classification},
     {"AlbertForMultipleChoice", multiple_choice},
     {"AlbertForTokenClassification", token_classification},
     {"AlbertForQuestionAnswering", question_answering},
     {"AlbertForQuestionAnsweringBeamSearch", beam_search}}};

}  // namespace

void build_onnx(OnnxBuilder& builder, const std::string& architecture) {
  for (const HeadGraph& head : kHeads) {
    if (head.architecture != architecture) continue;
    const bool has_choices = architecture == "AlbertForMultipleChoice";
    return head.add(builder, has_choices ? inputs(builder, {kBatch, kChoices, kLength})
                                         : inputs(builder, {kBatch, kLength}));
  }
  fail(ErrorCode::kMismatch, "ONNX: found architecture ", architecture,
       ", which has no graph there, wanted another format");
}

}  // namespace albert
