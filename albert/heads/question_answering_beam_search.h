#pragma once
#include "albert/heads/question_answering.h"

namespace albert {

// How many starts are tried, and how many ends for each of them.
struct BeamSize {
  int64_t starts = 5, ends = 5;
};

// Columns of the padded input, and the logs of their probabilities: the likeliest first. Where a
// sequence has fewer tokens that may be an answer's, the rest are column 0 and minus infinity.
struct BeamSearchOutput : ModelOutput {
  HostTensor start_top_log_probs, start_top_index;  // [B, starts]; index i64
  HostTensor end_top_log_probs, end_top_index;      // [B, starts, ends], given the start; index i64
  HostTensor cls_logits;                            // [B], above 0: the question has no answer
};

// Google's head for SQuAD 2.0 (docs/albert.md 2.6), whose tensors transformers gives these names in
// XLNetForQuestionAnswering: scores every token as start, every token as end of an answer with a
// given start, and whether there is an answer. An answer begins and ends at a token of type 1, but
// not at the sequence's last, which is [SEP]; or at the first, [CLS], which means that there is
// none. Labels are columns of such tokens. The loss is the mean of the two cross-entropies, over
// those tokens, and half the binary cross-entropy of having no answer.
class AlbertForQuestionAnsweringBeamSearch
    : public PreTrained<AlbertForQuestionAnsweringBeamSearch, QuestionAnsweringLabels,
                        BeamSearchOutput> {
 public:
  explicit AlbertForQuestionAnsweringBeamSearch(const AlbertConfig& config);

  // Of what forward() gives from now on. Error(kUsage) for sizes below 1.
  void set_beam(const BeamSize& beam);

  Deferred<BeamSearchOutput> start(BatchInputs inputs, const QuestionAnsweringLabels& labels,
                                   const ForwardOptions& options);
  // {sequences}
  std::vector<double> count(BatchInputs inputs, const QuestionAnsweringLabels& labels,
                            const LossOptions& loss = {}) const;

 private:
  // A layer on concat(a, b), and what of its weight belongs to a and to b, as ops::linear_rows()
  // wants it.
  struct PairLayer {
    PairLayer(ParameterStore& store, const std::string& prefix, int64_t hidden);
    Parameter &weight, &bias;
    std::vector<int32_t> first, second;
  };
  struct Step;
  Var end_logits(Tape& t, const Step& step, Var own, Var starts, const Placement& at) const;
  Var class_logits(Tape& t, const Step& step, Var states, Var start_logits,
                   const ForwardOptions& options) const;
  static void fill(BeamSearchOutput& out, const Step& step, const BeamSize& beam,
                   const HostTensor& start, const HostTensor& top, const HostTensor& end);
  std::vector<Upstream> program(Tape& t, Step& step, const ForwardOptions& options) const;
  void search(Tape& t, Step& step, Var states, Var start_logits, Var own) const;
  std::vector<Upstream> losses(Tape& t, Step& step, Var states, Var start_logits, Var own,
                               Var class_logit) const;

  Backbone backbone_;
  Parameter &start_weight_, &start_bias_;
  PairLayer end_pair_;
  Parameter &end_gamma_, &end_beta_, &end_weight_, &end_bias_;
  PairLayer class_pair_;
  Parameter& class_weight_;
  std::vector<int32_t> class_row_{0};  // the only one of class_weight_
  BeamSize beam_;
};

}  // namespace albert
