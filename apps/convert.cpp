#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <ostream>

#include "albert/heads/formats/convert.h"
#include "albert/heads/registry.h"
#include "apps/cli/common.h"
#include "apps/commands.h"
#include "apps/forward_heads.h"

namespace albert::apps {
namespace {

namespace fs = std::filesystem;

struct ConvertFlags {
  std::string from, to, format, dtype, head, prefix, tokenizer;
  bool verify = false, resize_to_tokenizer = false, quiet = false;
};

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const ModelFormat& format : model_formats()) names.emplace_back(format.name);
  return names;
}

std::optional<DType> dtype_named(const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (name == "bf16") return DType::kBF16;
  return name == "f16" ? DType::kF16 : DType::kF32;
}

// Fixed ids of two sequences, the second with padding, for any head.
TensorFile fixed_inputs(const AlbertConfig& config, bool has_choices) {
  constexpr int64_t kSequences = 2, kTokens = 24, kPadding = 7, kStep = 7919, kStart = 13;
  const int64_t length = std::min(kTokens, config.max_position_embeddings),
                padding = std::min(kPadding, length - 1);
  std::vector<int64_t> ids, mask, types;
  for (int64_t i = 0; i < kSequences * length; ++i) {
    const bool is_real = i < kSequences * length - padding;
    ids.push_back(is_real ? (kStart + i * kStep) % config.vocab_size : 0);
    mask.push_back(is_real ? 1 : 0);
    types.push_back(is_real && config.type_vocab_size > 1 ? i % 2 : 0);
  }
  const std::vector<int64_t> shape = has_choices ? std::vector<int64_t>{1, kSequences, length}
                                                 : std::vector<int64_t>{kSequences, length};
  TensorFile inputs;
  inputs.tensors["in.input_ids"] = HostTensor::of<int64_t>(shape, ids);
  inputs.tensors["in.attention_mask"] = HostTensor::of<int64_t>(shape, mask);
  inputs.tensors["in.token_type_ids"] = HostTensor::of<int64_t>(shape, types);
  return inputs;
}

struct Difference {
  double largest = 0, magnitude = 0;  // of all outputs
  std::string output;                 // where it is largest
};

Difference difference_of(const TensorFile& a, const TensorFile& b) {
  Difference found;
  for (const auto& [name, tensor] : a.tensors) {
    const HostTensor x = tensor.to(DType::kF64), y = b.tensors.at(name).to(DType::kF64);
    for (int64_t i = 0; i < x.size(); ++i) {
      const double value = x.at<double>(i), apart = std::fabs(value - y.at<double>(i));
      found.magnitude = std::max(found.magnitude, std::fabs(value));
      if (apart <= found.largest && !found.output.empty()) continue;
      found.largest = apart;
      found.output = name;
      if (std::isnan(apart)) return found;
    }
  }
  return found;
}

// Runs the head of both folders on the same ids, or the model under it where the head or its words
// are not those of before. Without another type of floats nothing may differ.
void verify(const ConvertFlags& flags, const fs::path& written, const Conversion& done,
            std::ostream& out) {
  const AlbertConfig config = AlbertConfig::from_folder(flags.from);
  const bool is_other = !done.fresh.empty() || done.is_resized;
  const std::string head = is_other ? "AlbertModel" : done.architecture;
  const TensorFile inputs = fixed_inputs(config, head == "AlbertForMultipleChoice");
  HeadRequest request{.model = flags.from, .options = {}};
  request.options.prefix = flags.prefix;
  std::vector<std::string> ignored;
  TensorFile before = run_head(head, request, inputs, &ignored);
  request.model = written;
  request.options.prefix = "";
  const TensorFile after = run_head(head, request, inputs, &ignored);
  if (is_other)  // a head may have no pooler
    std::erase_if(before.tensors,
                  [&](const auto& output) { return !after.tensors.contains(output.first); });
  const Difference found = difference_of(before, after);
  if (std::isnan(found.largest) || (flags.dtype.empty() && found.largest > 0))
    fail(ErrorCode::kBadData, flags.to, ": found a difference of ", found.largest, " in ",
         found.output, ", wanted none: nothing was written");
  out << "verified: the largest difference is " << found.largest << ", in " << found.output
      << ", of outputs up to " << found.magnitude
      << (is_other ? ", of the model without its head" : "") << "\n";
}

int run(const ConvertFlags& flags, std::ostream& out, std::ostream& err) {
  if (flags.format.empty()) fail(ErrorCode::kUsage, "convert needs --to; see convert --help");
  if (flags.verify && !model_format(flags.format).is_read)
    fail(ErrorCode::kUsage, "--verify: found --to ", flags.format,
         ", which this program writes and does not run, wanted another format");
  ConversionOptions options{{flags.head, flags.prefix, dtype_named(flags.dtype)},
                            flags.tokenizer,
                            flags.resize_to_tokenizer};
  if (flags.verify)
    options.check = [&](const fs::path& written, const Conversion& done) {
      verify(flags, written, done, out);
    };
  const Conversion done = convert_model(flags.from, flags.to, flags.format, options);
  if (flags.quiet) return 0;
  for (const auto& note : done.notes) err << "albert: note: " << note << "\n";
  out << flags.to << ": " << done.architecture << ", " << done.parameters << " parameters\n";
  return 0;
}

}  // namespace

Runner declare_convert(Command& command) {
  const auto flags = std::make_shared<ConvertFlags>();
  command.positional("IN", flags->from, "model folder in any format that is read");
  command.positional("OUT", flags->to, "folder to write, new or empty");
  std::string about;
  for (const ModelFormat& format : model_formats())
    about += (about.empty() ? "" : "; ") + std::string(format.name) + ": " + format.about;
  command.choice("to", flags->format, format_names(), about + " (required)");
  command.choice("dtype", flags->dtype, {"f32", "f16", "bf16"},
                 "of the floats that are written; without it they stay as they are");
  command.choice(
      "head", flags->head, head_names(),
      "instead of the one that the folder has; what it lacks begins at random, and is named");
  command.option("tokenizer", flags->tokenizer, "folder of another tokenizer than IN's");
  command.boolean("resize_to_tokenizer", flags->resize_to_tokenizer,
                  "add word embeddings, the mean of the others, for pieces that have none");
  add_prefix(command, flags->prefix);
  command.boolean("verify", flags->verify,
                  "run both models on the same ids and print the largest difference");
  command.boolean("quiet", flags->quiet, "print errors only");
  return [flags](std::ostream& out, std::ostream& err) { return run(*flags, out, err); };
}

}  // namespace albert::apps
