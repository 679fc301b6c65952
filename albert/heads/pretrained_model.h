#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "albert/engine/deferred.h"
#include "albert/engine/model/backbone.h"
#include "albert/engine/session.h"
#include "albert/engine/weights/safetensors.h"
#include "albert/engine/weights/weight_source.h"
#include "albert/heads/needed_rows.h"

namespace albert {

// How a model is made.
struct ModelOptions {
  Precision precision = Precision::kF32;
  WeightFormat weights = WeightFormat::kFull;  // kInt8: f32, the CPU and inference only
  bool trainable = false;                      // keep gradients
  bool allow_missing = false;  // tensors of the head and its pooler that the folder lacks start at
                               // random, named in LoadReport::missing; false: they are refused
  uint64_t seed = 42;          // of random starts
  std::string prefix = {};     // of the model's tensors, where a file holds several models
  // The device and how it computes. On Device::kMeta nothing is allocated or computed: forward()
  // only plans its memory.
  kernels::BackendOptions backend = {};
};

// The differences that from_pretrained found between the folder and the head; each entry names a
// tensor and its shape.
struct LoadReport {
  std::vector<std::string> missing;     // of the head or its pooler, started at random
  std::vector<std::string> unexpected;  // in the folder, not used by this head
  std::vector<std::string> warnings;    // from config.json
};

// How a loss weighs its terms: torch.nn.CrossEntropyLoss(weight, label_smoothing).
struct LossOptions {
  std::vector<float> class_weights = {};  // [num_labels] or empty
  double label_smoothing = 0;             // in [0, 1]
  // Above 0: R-Drop (Liang et al. 2021). The batch holds every sequence twice, its second half
  // being the first again, which other dropout sees; alpha times their mean divergence is added.
  double rdrop_alpha = 0;
  // The divisors of the means, one for each term of the loss as the head's count() gives them;
  // empty: this batch's own. A step over several micro-batches or ranks gives each of them the sums
  // of all counts, so that losses and gradients simply add. A count of 0 makes the loss NaN, as
  // torch's mean of nothing is.
  std::vector<double> counts = {};
};

// The options of one call to forward() or start().
struct ForwardOptions {
  bool output_hidden_states = false;  // or'ed with the config's
  bool output_attentions = false;
  // False: the loss alone. Heads on tokens then compute only labelled rows in the last layer and
  // after it.
  bool logits = true;
  // Adds d loss / d parameter to the gradients; needs ModelOptions::trainable and labels.
  bool backward = false;
  Keep keep = Keep::kActivations;  // on a GPU with room kBatchedWeightGradients: see choose_keep
  // [1] on the device, Optimizer::loss_scale(): multiplies every gradient; empty: 1
  Tensor loss_scale = {};
  DropoutState dropout = {};  // inactive: evaluation, as after transformers' from_pretrained
  LossOptions loss = {};
};

// The fields that every output has under transformers' names; empty unless asked for. Padded
// shapes with zeros at padding, S being the longest sequence; f32, or f64 in f64.
struct ModelOutput {
  std::optional<double> loss;
  std::vector<HostTensor> hidden_states;  // L * K + 1 of [B, S, H], as transformers 5 counts them
  std::vector<HostTensor> attentions;     // L * K of [B, heads, S, S]
  HostTensor inputs_embeds_gradient;      // [B, S, E], after backward from inputs_embeds
};

// The Keep of a training step over `tokens` on a GPU of `gpu_memory` bytes: kBatchedWeightGradients
// if they take at most a quarter of it. Free memory does not count, so that a GPU gives the same
// bits as long as the step fits.
Keep choose_keep(const AlbertConfig& config, Precision precision, int64_t tokens,
                 int64_t gpu_memory);

// The state that all heads share: config, parameters, session, files.
class AlbertPreTrainedModel {
 public:
  const AlbertConfig& config() const { return config_; }
  ParameterStore& parameters() { return *store_; }
  const ParameterStore& parameters() const { return *store_; }
  Session& session();
  kernels::Backend& backend() const;  // of the session; Error(kInternal) before there is one
  Precision precision() const { return options_.precision; }
  WeightFormat weight_format() const { return options_.weights; }
  const LoadReport& load_report() const { return report_; }

  // Values or gradients by transformers' names, f32 (f64 in f64). Error(kUsage) for weights in
  // int8, whose values are gone.
  TensorFile state_dict() const;
  TensorFile gradients() const;
  void zero_grads() { store_->zero_grads(); }
  // To be called after writing into parameters().
  void sync_compute_copies() { store_->sync_compute_copies(session().stream()); }

  // config.json and model.safetensors as transformers writes them, through temporary names.
  // Error(kIo).
  void save_pretrained(const std::filesystem::path& folder) const;
  // Copies what save_pretrained() writes into the host's memory. The function that it gives writes
  // that, on any thread, whatever becomes of the model.
  std::function<void(const std::filesystem::path& folder)> copy_to_save() const;

  // Makes the parameters: from a folder or any other source of tensors, read one at a time, or at
  // random. Error(kMismatch) naming missing and mis-shaped tensors with both shapes: those of
  // embeddings and encoder may never be missing, those of the head where ModelOptions allow it;
  // kMissingInput; kBadData; kIo.
  void load(const std::filesystem::path& folder, const ModelOptions& options);
  void load(const WeightSource& weights, const ModelOptions& options);
  void initialize(const ModelOptions& options);

 protected:
  void add_warnings(const std::vector<std::string>& warnings);

  AlbertPreTrainedModel(AlbertConfig config, std::string architecture);

  struct Upstream {
    Var y;
    HostView dy = {};  // empty: 1, y is a loss
  };
  // Runs `program` (and backward from what it returns, when asked) on this model's session.
  // OutOfMemory names the batch that would fit.
  void run(const ForwardOptions& options, const PackedBatch& batch,
           const std::function<std::vector<Upstream>(Tape&)>& program);
  EncoderCall encoder_call(const ForwardOptions& options, const PackedBatch& batch,
                           const RowViews& rows) const;
  // Checks and packs the inputs; inputs_embeds are converted to the compute type. Error(kBadData)
  // for Sequences of other `choices` than this head takes.
  PackedBatch pack(BatchInputs inputs, int64_t choices = 1) const;

  // loss.counts, or `own` where they are empty. Error(kUsage) for another number of them, or for a
  // negative one.
  std::vector<double> counts_of(const LossOptions& loss, std::vector<double> own) const;
  // Error(kUsage) in heads whose loss has none: for class weights or label smoothing, for R-Drop,
  // for any of them.
  void check_unweighted(const LossOptions& loss) const;
  void check_one_pass(const LossOptions& loss) const;
  void check_plain(const LossOptions& loss) const;
  // The terms of a loss as upstreams; `losses` become their values.
  static std::vector<Upstream> summed(const std::vector<Var>& terms, std::vector<Tensor>& losses);

  // True if the last layer must compute all rows: for logits, hidden states or attentions.
  bool wants_every_row(const ForwardOptions& options) const;
  // The rows a head on the pooled output reads: first tokens alone, or all where states are wanted
  // too.
  NeededRows pooled_rows(const ForwardOptions& options, const PackedBatch& batch) const;
  // Dropout before a classifier; `row_ids` as in albert/kernels/dropout.h. `fallback` where
  // classifier_dropout_prob is null.
  ops::Dropout classifier_dropout(const ForwardOptions& options, HostView row_ids,
                                  double fallback = 0) const;

  // Copies out what the step left on the arena: at once, or without waiting for it.
  HostTensor to_host(Tensor t) const;
  Deferred<HostTensor> start_to_host(Tensor t) const;
  std::vector<Deferred<HostTensor>> start_to_host(const std::vector<Tensor>& tensors) const;
  static double value_of(const HostTensor& scalar) { return scalar.to(DType::kF64).at<double>(0); }
  // The fields all outputs have, loss being the sum of `losses`.
  Deferred<ModelOutput> start_output(const PackedBatch& batch, const BackboneOutput& backbone,
                                     const std::vector<Tensor>& losses) const;

  ParameterStore& store() { return *store_; }
  AlbertConfig config_;

 private:
  void materialize(const ModelOptions& options);
  Keep keep(const ForwardOptions& options, const PackedBatch& batch) const;
  bool wants_hidden_states(const ForwardOptions& o) const {
    return o.output_hidden_states || config_.output_hidden_states;
  }
  bool wants_attentions(const ForwardOptions& o) const {
    return o.output_attentions || config_.output_attentions;
  }
  void draw_values(const std::function<bool(const Parameter&)>& wanted);  // empty: all

  std::string architecture_;
  ModelOptions options_;
  // The step with kBatchedWeightGradients did not fit, though choose_keep() said so: others use the
  // GPU too.
  bool no_room_ = false;
  LoadReport report_;
  std::unique_ptr<Session> session_;  // before the store, whose memory it holds
  std::unique_ptr<ParameterStore> store_ = std::make_unique<ParameterStore>();
};

// The part of the interface that all heads have. Each head adds two functions:
//   Deferred<Output> start(BatchInputs, const Labels&, const ForwardOptions&)
// queues the step and does not wait for a GPU, so that more may be queued before the result is
// read.
//   std::vector<double> count(BatchInputs, const Labels&, const LossOptions& = {}) const
// returns the divisor of the mean of each term of the loss: see LossOptions::counts.
template <class Head, class Labels, class Output>
class PreTrained : public AlbertPreTrainedModel {
 public:
  using LabelsType = Labels;
  using OutputType = Output;

  // A model folder of transformers, or of Google's with weights in a format that is read. Errors as
  // of AlbertConfig::from_folder, open_weights and load.
  static Head from_pretrained(const std::filesystem::path& folder,
                              const ModelOptions& options = {}) {
    std::vector<std::string> warnings;
    const AlbertConfig config = AlbertConfig::from_folder(folder, &warnings);
    const auto weights = open_weights(folder, options.prefix);
    Head head = Head::fitting(config, *weights);
    head.load(*weights, options);
    head.add_warnings(warnings);
    return head;
  }
  // The head, its parameters not yet made, as these weights have it.
  static Head fitting(const AlbertConfig& config, const WeightSource& /*weights*/) {
    return Head(config);
  }
  static Head from_config(const AlbertConfig& config, const ModelOptions& options = {}) {
    Head head(config);
    head.initialize(options);
    return head;
  }

  // Computes the outputs, with labels the loss, and with options.backward the gradients.
  // Error(kBadData) for inputs or labels that do not fit the model, naming the place; OutOfMemory.
  Output forward(BatchInputs inputs, const Labels& labels = {},
                 const ForwardOptions& options = {}) {
    return static_cast<Head&>(*this).start(inputs, labels, options).get();
  }

 protected:
  using AlbertPreTrainedModel::AlbertPreTrainedModel;
};

}  // namespace albert
