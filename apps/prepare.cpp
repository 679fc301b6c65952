#include "albert/trainer/data/prepare.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <ostream>

#include "albert/trainer/loop/progress.h"
#include "apps/commands.h"
#include "apps/pretrain_data.h"

namespace albert::apps {
namespace {

struct PrepareFlags {
  std::vector<std::string> input;
  std::string tokenizer, output_dir, on_bad_input = "fail", preprocessing = "huggingface";
  std::string drop_duplicates = "none";
  PrepareOptions options;
  std::vector<std::string> to_tfrecord;
  int64_t dupe_factor = 40;
  uint64_t seed = 12345;
  PairOptions pairs;
  MaskingOptions masking;
  bool quiet = false;
};

// Static examples of the shards that were made, for programs that read Google's records.
void write_records(const PrepareFlags& flags, const Tokenizer& tokenizer, std::ostream& out) {
  const Corpus corpus(flags.output_dir, "train", tokenizer);
  const PretrainingSamples samples(corpus, tokenizer, flags.pairs, flags.masking, flags.seed);
  const int64_t records = write_tf_examples(
      samples, flags.dupe_factor, {flags.to_tfrecord.begin(), flags.to_tfrecord.end()},
      {flags.pairs.max_seq_length, flags.masking.max_predictions_per_seq},
      MaskingVocabulary(tokenizer));
  if (!flags.quiet)
    out << flags.to_tfrecord.front() << ": " << records << " examples in "
        << flags.to_tfrecord.size() << (flags.to_tfrecord.size() == 1 ? " file" : " files")
        << " of records\n";
}

void print(const PrepareFlags& flags, const PrepareResult& result, double seconds,
           std::ostream& out) {
  out << flags.output_dir << ": " << result.documents << " documents, " << result.sentences
      << " sentences, " << result.tokens << " tokens in " << result.shards << " shards ("
      << result.validation_documents << " documents, " << result.validation_tokens
      << " tokens held out), " << short_number(static_cast<double>(result.tokens) / seconds)
      << " tokens/s\n";
  if (result.dropped_documents + result.dropped_sentences > 0)
    out << "left out as duplicates: " << result.dropped_documents << " documents, "
        << result.dropped_sentences << " sentences of others\n";
  out << result.statistics.text();
}

int run(PrepareFlags& flags, std::ostream& out, std::ostream& err) {
  const bool google = flags.preprocessing == "google";
  TokenizerOverrides overrides;
  if (google) overrides.preprocessing = Preprocessing::kGoogle;
  flags.options.documents.joins_files = google;
  const auto tokenizer = Tokenizer::from_pretrained(flags.tokenizer, overrides);
  flags.options.inputs.assign(flags.input.begin(), flags.input.end());
  flags.options.output_dir = flags.output_dir;
  flags.options.documents.skip_bad_lines = flags.on_bad_input == "skip";
  flags.options.drop_duplicates = flags.drop_duplicates == "documents" ? DropDuplicates::kDocuments
                                  : flags.drop_duplicates == "sentences"
                                      ? DropDuplicates::kSentences
                                      : DropDuplicates::kNone;
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const bool terminal = !flags.quiet && isatty(STDERR_FILENO) != 0;
  const PrepareResult result = prepare(flags.options, *tokenizer, [&](const PrepareProgress& at) {
    if (!terminal) return;
    const double share =
        static_cast<double>(at.bytes) / static_cast<double>(std::max<uint64_t>(1, at.total_bytes));
    err << "\r\033[K" << static_cast<int>(100 * share) << "%  "
        << short_number(static_cast<double>(at.tokens)) << " tokens  "
        << short_number(static_cast<double>(at.tokens) / elapsed()) << " tokens/s" << std::flush;
  });
  if (terminal) err << "\r\033[K";
  if (result.skipped_lines > 0)
    err << "albert: note: " << result.skipped_lines << " bad lines were left out\n";
  if (!flags.quiet) print(flags, result, elapsed(), out);
  if (!flags.to_tfrecord.empty()) write_records(flags, *tokenizer, out);
  return 0;
}

}  // namespace

Runner declare_prepare(Command& command) {
  const auto flags = std::make_shared<PrepareFlags>();
  PrepareOptions& o = flags->options;
  command.files("input", flags->input,
                "text files (.txt, .jsonl; also .gz, .zst, .xz): one sentence a line, blank lines "
                "between documents");
  command.required("tokenizer", flags->tokenizer, "folder or file of the vocabulary");
  command.required("output_dir", flags->output_dir, "folder for shards and manifest.json");
  command.option("validation_split", o.validation_split, "share of the documents that is held out");
  command.boolean("split_sentences", o.documents.split_sentences,
                  "cut lines that hold several sentences");
  command.option("text_key", o.documents.text_key, "of .jsonl files");
  command.option("shard_tokens", o.shard_tokens, "tokens a shard");
  command.choice("on_bad_input", flags->on_bad_input, {"fail", "skip"},
                 "how to treat lines that are not UTF-8");
  command.choice("preprocessing", flags->preprocessing, {"huggingface", "google"},
                 "google: as create_pretraining_data.py, `` and '' are not joined to one mark, and "
                 "the end of a file ends no document");
  command.choice("drop_duplicates", flags->drop_duplicates, {"none", "documents", "sentences"},
                 "leave out what was there before, whatever its case, blanks and punctuation");
  command.option("threads", o.threads, "threads; 0: every core");
  command.boolean("overwrite_output_dir", o.overwrite, "replace the shards that are there");
  command.texts("to_tfrecord", flags->to_tfrecord, "FILE",
                "write examples as create_pretraining_data.py does, in turn to each file");
  command.option("dupe_factor", flags->dupe_factor, "passes of --to_tfrecord, each masked anew");
  command.option("random_seed", flags->seed, "of --to_tfrecord");
  add_example_options(command, flags->pairs, flags->masking);
  command.alias("to_tfrecord", {"output_file"});
  command.limit("dupe_factor", 1, 100000);
  command.limit("validation_split", 0, 1);
  command.limit("shard_tokens", 1);
  command.limit("threads", 0, 4096);
  command.boolean("quiet", flags->quiet, "print errors only");
  return [flags](std::ostream& out, std::ostream& err) { return run(*flags, out, err); };
}

}  // namespace albert::apps
