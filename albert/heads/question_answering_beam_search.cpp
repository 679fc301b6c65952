#include "albert/heads/question_answering_beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "albert/engine/ops/pairs.h"
#include "albert/engine/ops/pooling.h"
#include "albert/heads/needed_rows.h"

namespace albert {
namespace {

constexpr double kHalf = 0.5;  // the weight of every term of the loss

// The packed rows of tokens at which an answer may begin or end, and of [CLS].
std::vector<int32_t> answer_rows(const PackedBatch& batch) {
  const auto* types = batch.token_type_ids().as<int32_t>();
  std::vector<int32_t> rows;
  const std::vector<int32_t> first = batch.first_rows();
  for (size_t b = 0; b < first.size(); ++b) {
    rows.push_back(first[b]);
    for (int32_t row = first[b] + 1; row + 1 < batch.offsets()[b + 1]; ++row)
      if (types[row] == 1) rows.push_back(row);
  }
  return rows;
}

// The log of the soft-max of logits[begin], .., in f64.
std::vector<double> log_softmax(const double* logits, size_t n) {
  const double most = *std::max_element(logits, logits + n);
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::exp(logits[i] - most);
  std::vector<double> logs;
  for (size_t i = 0; i < n; ++i) logs.push_back(logits[i] - most - std::log(sum));
  return logs;
}

// The places of the `count` largest, or of all where there are fewer; of equal ones the first
// first.
std::vector<size_t> largest(const std::vector<double>& values, int64_t count) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t kept = std::min(order.size(), static_cast<size_t>(count));
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
      [&](size_t a, size_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(kept);
  return order;
}

// The arrays of a BeamSearchOutput, one sequence after the other.
class Beams {
 public:
  Beams(int64_t sequences, const BeamSize& beam)
      : beam_(beam),
        sequences_(sequences),
        starts_(sequences * beam.starts),
        ends_(sequences * beam.starts * beam.ends) {}

  void set_start(int64_t b, size_t k, double log_prob, int64_t column) {
    starts_.set(place(b, k), log_prob, column);
  }
  void set_end(int64_t b, size_t k, size_t e, double log_prob, int64_t column) {
    ends_.set(place(b, k) * static_cast<size_t>(beam_.ends) + e, log_prob, column);
  }
  void move_to(BeamSearchOutput& out, DType dtype) const {
    const std::vector<int64_t> starts{sequences_, beam_.starts},
        ends{sequences_, beam_.starts, beam_.ends};
    out.start_top_log_probs = HostTensor::of<double>(starts, starts_.log_probs).to(dtype);
    out.start_top_index = HostTensor::of<int64_t>(starts, starts_.columns);
    out.end_top_log_probs = HostTensor::of<double>(ends, ends_.log_probs).to(dtype);
    out.end_top_index = HostTensor::of<int64_t>(ends, ends_.columns);
  }

 private:
  struct Entries {
    explicit Entries(int64_t n)
        : log_probs(static_cast<size_t>(n), -std::numeric_limits<double>::infinity()),
          columns(static_cast<size_t>(n)) {}
    void set(size_t at, double log_prob, int64_t column) {
      log_probs[at] = log_prob;
      columns[at] = column;
    }
    std::vector<double> log_probs;
    std::vector<int64_t> columns;
  };
  size_t place(int64_t b, size_t k) const { return static_cast<size_t>(b * beam_.starts) + k; }

  BeamSize beam_;
  int64_t sequences_;
  Entries starts_, ends_;
};

}  // namespace

// What one step computes on: the rows that may be an answer's, one sequence after the other.
struct AlbertForQuestionAnsweringBeamSearch::Step {
  Step(PackedBatch packed, bool every_row)
      : batch(std::move(packed)),
        selection(select_rows(batch, answer_rows(batch))),
        needed(every_row ? NeededRows::all(batch) : NeededRows::only(batch, selection.rows)),
        all(every_row) {
    const auto& cu = selection.cu_seqlens;
    for (size_t b = 0; b + 1 < cu.size(); ++b)
      owners.resize(static_cast<size_t>(cu[b + 1]), static_cast<int32_t>(b));
    sequences.resize(static_cast<size_t>(batch.batch_size()));
    std::iota(sequences.begin(), sequences.end(), 0);
    first.assign(cu.begin(), cu.begin() + batch.batch_size());
  }

  // Labels to places among the selected rows.
  void label(const QuestionAnsweringLabels& labels) {
    labelled = true;
    starts = places_of(labels.start_positions, "start_positions");
    ends = places_of(labels.end_positions, "end_positions");
    for (size_t b = 0; b < static_cast<size_t>(batch.batch_size()); ++b) {
      impossible.push_back(starts[b] == 0 ? 1 : 0);
      start_rows.push_back(selection.cu_seqlens[b] + starts[b]);
    }
    // Of a last sequence that only fills a bucket.
    start_rows.resize(starts.size(), static_cast<int32_t>(selection.rows.size() - 1));
  }
  int64_t rows() const { return static_cast<int64_t>(selection.rows.size()); }

  const PackedBatch batch;
  const RowSelection selection;
  const NeededRows needed;
  const bool all;  // the encoder gives all rows, not the selected ones
  std::vector<int32_t> owners, sequences, first;  // [R], [B], [B]: a row's sequence; 0..B-1; [CLS]
  bool labelled = false;
  // [sequences + filling]: inside the sequence, -1 for none; and as selected rows
  std::vector<int32_t> starts, ends, start_rows;
  std::vector<float> impossible;  // [B]
  std::vector<double> scale;      // [1]: of every term
  // What the step leaves on the arena.
  std::optional<BackboneOutput> result;
  Tensor start_logits, end_logits, top, class_logits;
  std::vector<Tensor> losses;

 private:
  std::vector<int32_t> places_of(const HostTensor& given, const char* name) const {
    if (is_float(given.dtype()) || given.size() != batch.batch_size())
      fail(ErrorCode::kBadData, name, " is ", given.shape_string(), ' ', name_of(given.dtype()),
           ", wanted ", batch.batch_size(), " integers");
    const HostTensor columns = given.to(DType::kI64);
    std::vector<int32_t> places(static_cast<size_t>(batch.sequences()), -1);
    for (int64_t b = 0; b < batch.batch_size(); ++b) {
      const auto at = static_cast<size_t>(b);
      const auto row = batch.row_of(b, columns.at<int64_t>(b));
      const auto begin = selection.rows.begin() + selection.cu_seqlens[at],
                 end = selection.rows.begin() + selection.cu_seqlens[at + 1];
      const auto found = row ? std::find(begin, end, *row) : end;
      if (found == end)
        fail(ErrorCode::kBadData, name, "[", b, "] is ", columns.at<int64_t>(b),
             ", wanted [CLS] at 0 or a token of type 1 before the last");
      places[at] = static_cast<int32_t>(found - begin);
    }
    return places;
  }
};

AlbertForQuestionAnsweringBeamSearch::PairLayer::PairLayer(ParameterStore& store,
                                                           const std::string& prefix,
                                                           int64_t hidden)
    : weight(add_weight(store, prefix + ".weight", {hidden, 2 * hidden}, false)),
      bias(add_bias(store, prefix + ".bias", hidden)) {
  for (int32_t row = 0; row < hidden; ++row) {
    first.push_back(2 * row);
    second.push_back(2 * row + 1);
  }
}

AlbertForQuestionAnsweringBeamSearch::AlbertForQuestionAnsweringBeamSearch(
    const AlbertConfig& config)
    : PreTrained(config, "AlbertForQuestionAnsweringBeamSearch"),
      backbone_(store(), "albert.", config_, Backbone::Pooling::kNone),
      start_weight_(
          add_weight(store(), "start_logits.dense.weight", {1, config_.hidden_size}, false)),
      start_bias_(add_bias(store(), "start_logits.dense.bias", 1)),
      end_pair_(store(), "end_logits.dense_0", config_.hidden_size),
      end_gamma_(add_gamma(store(), "end_logits.LayerNorm.weight", config_.hidden_size)),
      end_beta_(add_bias(store(), "end_logits.LayerNorm.bias", config_.hidden_size)),
      end_weight_(
          add_weight(store(), "end_logits.dense_1.weight", {1, config_.hidden_size}, false)),
      end_bias_(add_bias(store(), "end_logits.dense_1.bias", 1)),
      class_pair_(store(), "answer_class.dense_0", config_.hidden_size),
      class_weight_(
          add_weight(store(), "answer_class.dense_1.weight", {1, config_.hidden_size}, false)) {}

void AlbertForQuestionAnsweringBeamSearch::set_beam(const BeamSize& beam) {
  if (beam.starts < 1 || beam.ends < 1)
    fail(ErrorCode::kUsage, beam.starts < 1 ? "start_n_top " : "end_n_top ",
         beam.starts < 1 ? beam.starts : beam.ends, ": wanted 1 or more");
  beam_ = beam;
}

std::vector<double> AlbertForQuestionAnsweringBeamSearch::count(
    BatchInputs inputs, const QuestionAnsweringLabels& labels, const LossOptions& loss) const {
  check_plain(loss);
  Step step(pack(inputs), true);
  step.label(labels);
  return {static_cast<double>(step.batch.batch_size())};
}

// The end given a start for each sequence: `own` is what dense_0 makes of each row, `starts` are
// the hidden states of the starts.
Var AlbertForQuestionAnsweringBeamSearch::end_logits(Tape& t, const Step& step, Var own, Var starts,
                                                     const Placement& at) const {
  const Var added = ops::linear_rows(t, starts, end_pair_.weight, HostView::of(end_pair_.second));
  const Var wide = ops::add_rows_activation(t, own, added, HostView::of(step.owners),
                                            end_pair_.bias, kernels::Activation::kTanh);
  const Var normed =
      ops::layer_norm(t, wide, nullptr, {end_gamma_, end_beta_, config_.layer_norm_eps}, {});
  return ops::linear(t, normed, {end_weight_, end_bias_}, at);
}

Var AlbertForQuestionAnsweringBeamSearch::class_logits(Tape& t, const Step& step, Var states,
                                                       Var start_logits,
                                                       const ForwardOptions& options) const {
  const HostView sequences = HostView::of(step.sequences);
  const Var pooled = ops::gather_rows(
      t, ops::softmax_pool(t, states, start_logits, HostView::of(step.selection.cu_seqlens)),
      sequences);
  const Var cls = ops::gather_rows(t, states, HostView::of(step.first));
  const Var wide = ops::add_rows_activation(
      t, ops::linear_rows(t, pooled, class_pair_.weight, HostView::of(class_pair_.first)),
      ops::linear_rows(t, cls, class_pair_.weight, HostView::of(class_pair_.second)), sequences,
      class_pair_.bias, kernels::Activation::kTanh);
  const Var dropped = ops::dropout(t, wide, classifier_dropout(options, step.batch.sequence_ids()));
  return ops::linear_rows(t, dropped, class_weight_, HostView::of(class_row_));
}

// The likeliest starts and, given each, the likeliest ends: `start` [R, 1] and `end` [starts * R,
// 1] are logits, `top` [starts, sequences] the selected rows of the starts.
void AlbertForQuestionAnsweringBeamSearch::fill(BeamSearchOutput& out, const Step& step,
                                                const BeamSize& beam, const HostTensor& start,
                                                const HostTensor& top, const HostTensor& end) {
  const HostTensor start_logits = start.to(DType::kF64), end_logits = end.to(DType::kF64);
  Beams beams(step.batch.batch_size(), beam);
  const auto& cu = step.selection.cu_seqlens;
  const auto column = [&](int64_t row) {
    return step.batch.column_of(step.selection.rows[static_cast<size_t>(row)]);
  };
  for (int64_t b = 0; b < step.batch.batch_size(); ++b) {
    const int64_t begin = cu[static_cast<size_t>(b)], n = cu[static_cast<size_t>(b) + 1] - begin;
    const auto logs = log_softmax(start_logits.data<double>() + begin, static_cast<size_t>(n));
    for (int64_t k = 0; k < std::min(n, beam.starts); ++k) {
      const int64_t row = top.at<int32_t>(k * step.batch.sequences() + b);
      const auto at = static_cast<size_t>(k);
      beams.set_start(b, at, logs[static_cast<size_t>(row - begin)], column(row));
      const auto ends =
          log_softmax(end_logits.data<double>() + k * step.rows() + begin, static_cast<size_t>(n));
      const std::vector<size_t> likeliest = largest(ends, beam.ends);
      for (size_t e = 0; e < likeliest.size(); ++e)
        beams.set_end(b, at, e, ends[likeliest[e]],
                      column(begin + static_cast<int64_t>(likeliest[e])));
    }
  }
  beams.move_to(out, start.dtype());
}

// Ends for the likeliest starts.
void AlbertForQuestionAnsweringBeamSearch::search(Tape& t, Step& step, Var states, Var start_logits,
                                                  Var own) const {
  const int64_t rows = step.rows();
  step.start_logits = ops::widen(t, start_logits.value());
  step.top =
      ops::top_rows(t, start_logits.value(), HostView::of(step.selection.cu_seqlens), beam_.starts);
  const Tensor ends = t.save({beam_.starts * rows, 1}, start_logits.dtype());
  for (int64_t k = 0; k < beam_.starts; ++k) {
    const Arena::Mark mark(t.arena());
    const Tensor starts =
        ops::rows_at(t, states.value(), step.top.rows(k, 1).reshaped({step.top.shape[1]}));
    end_logits(t, step, own, t.constant(starts), {ends.rows(k * rows, rows)});
  }
  step.end_logits = ops::widen(t, ends);
}

std::vector<AlbertPreTrainedModel::Upstream> AlbertForQuestionAnsweringBeamSearch::losses(
    Tape& t, Step& step, Var states, Var start_logits, Var own, Var class_logit) const {
  const HostView cu_seqlens = HostView::of(step.selection.cu_seqlens),
                 scale = HostView::of(step.scale);
  const auto positions = [&](const std::vector<int32_t>& places) {
    return HostView::of(places).reshaped({step.batch.sequences(), 1});
  };
  const Var gold = ops::gather_rows(t, states, HostView::of(step.start_rows));
  const std::vector<Var> terms{
      ops::span_cross_entropy(t, start_logits, cu_seqlens, positions(step.starts), scale),
      ops::span_cross_entropy(t, end_logits(t, step, own, gold, {}), cu_seqlens,
                              positions(step.ends), scale),
      ops::binary_cross_entropy(t, class_logit,
                                HostView::of(step.impossible).reshaped(class_logit.shape()), {},
                                step.scale[0])};
  return summed(terms, step.losses);
}

std::vector<AlbertPreTrainedModel::Upstream> AlbertForQuestionAnsweringBeamSearch::program(
    Tape& t, Step& step, const ForwardOptions& options) const {
  step.result =
      backbone_(t, step.batch, encoder_call(options, step.batch, step.needed.views()), {});
  Var states = step.result->encoder.last_hidden_state;
  if (step.all) states = ops::gather_rows(t, states, HostView::of(step.selection.rows));
  const Var start_logits = ops::linear(t, states, {start_weight_, start_bias_});
  const Var own = ops::linear_rows(t, states, end_pair_.weight, HostView::of(end_pair_.first));
  const Var class_logit = class_logits(t, step, states, start_logits, options);
  step.class_logits = class_logit.value();
  if (options.logits) search(t, step, states, start_logits, own);
  return step.labelled ? losses(t, step, states, start_logits, own, class_logit)
                       : std::vector<Upstream>{};
}

Deferred<BeamSearchOutput> AlbertForQuestionAnsweringBeamSearch::start(
    BatchInputs inputs, const QuestionAnsweringLabels& labels, const ForwardOptions& options) {
  check_plain(options.loss);
  ForwardOptions states_only = options;
  states_only.logits = false;  // they are of the selected rows alone
  const auto step = std::make_shared<Step>(pack(inputs), wants_every_row(states_only));
  if (!labels.start_positions.empty() && !labels.end_positions.empty()) step->label(labels);
  const double sequences = static_cast<double>(step->batch.batch_size());
  step->scale = {kHalf / counts_of(options.loss, {sequences})[0]};
  run(options, step->batch, [&](Tape& t) { return program(t, *step, options); });

  const auto common = start_output(step->batch, *step->result, step->losses);
  const auto cls = start_to_host(step->class_logits);
  std::vector<Deferred<HostTensor>> found;
  if (options.logits)
    found = start_to_host(std::vector{step->start_logits, step->top, step->end_logits});
  return Deferred<BeamSearchOutput>([=, beam = beam_] {
    BeamSearchOutput out{common.get(), {}, {}, {}, {}, {}};
    out.cls_logits = cls.get().reshaped({step->batch.batch_size()});
    if (!found.empty()) fill(out, *step, beam, found[0].get(), found[1].get(), found[2].get());
    return out;
  });
}

}  // namespace albert
