#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <memory>
#include <ostream>
#include <sstream>

#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/corpus.h"
#include "albert/trainer/loop/progress.h"
#include "apps/cli/program.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

namespace fs = std::filesystem;

struct DemoFlags {
  std::string output_dir = "albert-demo", data, text;
  int64_t steps = 2000;
  int threads = 0;
};

constexpr const char* kOpinions[] = {
    "the second volume is a joy from first to last .",
    "i must say that the plot is tiresome and nothing more .",
    "the captain's speech is not dull beyond words ; i loved it ."};

// The folder data/demo of the installation that this program belongs to, else of the source tree
// that it was built from.
fs::path bundled_data() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = program.parent_path().parent_path() / "share" / "albert" / "demo";
  const fs::path data =
      !error && fs::exists(installed, error) ? installed : fs::path(ALBERT_SOURCE_DATA) / "demo";
  const fs::path near = fs::proximate(data, error);
  return error || near.empty() || *near.begin() == ".." ? data : near;  // as a user would type it
}

// Runs the commands that a user would type, and shows them.
class Demo {
 public:
  Demo(const DemoFlags& flags, std::ostream& out, std::ostream& err)
      : flags_(flags), out_(out), err_(err) {}

  int run() {
    const fs::path folder = flags_.output_dir,
                   data = flags_.data.empty() ? bundled_data() : fs::path(flags_.data);
    const std::string text = flags_.text.empty() ? (data / "books.txt.xz").string() : flags_.text;
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_empty(folder, error))
      fail(
          ErrorCode::kUsage, flags_.output_dir,
          ": found files in it, wanted an empty folder; remove it, or choose another --output_dir");
    vocabulary_ = (folder / "vocab").string();
    shards_ = (folder / "shards").string();
    pretrained_ = (folder / "pretrained").string();
    finetuned_ = (folder / "sentiment").string();
    step({"vocab", "--input", text, "--vocab_size", "8000", "--output_dir", vocabulary_});
    step({"prepare", "--input", text, "--tokenizer", vocabulary_, "--output_dir", shards_,
          "--split_sentences", "--validation_split", "0.05"});
    step(pretraining());
    step(finetuning(data));
    predict();
    return summary();
  }

 private:
  std::vector<std::string> pretraining() const {
    return {"pretrain",
            "--data_dir",
            shards_,
            "--output_dir",
            pretrained_,
            "--num_hidden_layers",
            "2",
            "--hidden_size",
            "128",
            "--num_attention_heads",
            "4",
            "--intermediate_size",
            "512",
            "--initializer_range",
            "0.05",
            "--hidden_dropout_prob",
            "0",
            "--attention_probs_dropout_prob",
            "0",
            "--max_seq_length",
            "64",
            "--train_batch_size",
            "16",
            "--optim",
            "adamw",
            "--learning_rate",
            "5e-4",
            "--warmup_steps",
            "60",
            "--max_steps",
            std::to_string(flags_.steps),
            "--eval_steps",
            std::to_string(std::max<int64_t>(1, flags_.steps / 6)),
            "--eval_examples",
            "256",
            "--logging_steps",
            "25",
            "--threads",
            std::to_string(flags_.threads)};
  }
  std::vector<std::string> finetuning(const fs::path& data) const {
    return {"finetune",
            "--task",
            "sst2",
            "--data_dir",
            data.string(),
            "--model_name_or_path",
            pretrained_,
            "--output_dir",
            finetuned_,
            "--num_train_epochs",
            "3",
            "--train_batch_size",
            "32",
            "--learning_rate",
            "5e-4",
            "--logging_steps",
            "25",
            "--threads",
            std::to_string(flags_.threads)};
  }

  void step(const std::vector<std::string>& arguments) {
    out_ << "\n$ albert";
    for (const auto& argument : arguments) out_ << " " << argument;
    out_ << std::endl;
    const auto start = std::chrono::steady_clock::now();
    std::ostringstream errors;
    const int code = run_program(arguments, out_, isatty(STDERR_FILENO) != 0 ? err_ : errors);
    if (code != 0)
      fail(static_cast<ErrorCode>(code), "the demo stopped in albert ", arguments.front(), "; ",
           errors.str());
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    times_.emplace_back(arguments.front(), seconds);
  }

  void predict() {
    const std::string input = (fs::path(flags_.output_dir) / "opinions.txt").string();
    std::ofstream file(input);
    for (const char* opinion : kOpinions) file << opinion << "\n";
    file.close();
    step({"predict", "--model", finetuned_, "--input", input});
  }

  // The last number under `key` in the metrics of a run.
  static double last(const std::string& run, const std::string& key) {
    std::istringstream lines(read_text_file(fs::path(run) / "metrics.jsonl", 1 << 30));
    double value = std::nan("");
    for (std::string line; std::getline(lines, line);) {
      const auto record = parse_json("metrics.jsonl", line);
      if (record.is_object() && record.contains(key) && record[key].is_number())
        value = record[key].get<double>();
    }
    return value;
  }

  // The entropy of the training text's ids, in nats: the loss of a model that knows how frequent
  // each piece is and nothing else.
  double unigram_entropy() const {
    const auto tokenizer = Tokenizer::from_pretrained(vocabulary_);
    const Corpus corpus(shards_, "train", *tokenizer);
    std::vector<double> counts(static_cast<size_t>(tokenizer->vocab_size()));
    std::vector<int32_t> ids;
    for (int64_t d = 0; d < corpus.documents(); ++d)
      for (int64_t s = 0; s < corpus.sentences_of(d); ++s) corpus.append(d, s, ids);
    for (const int32_t id : ids) ++counts[static_cast<size_t>(id)];
    double entropy = 0;
    for (const double count : counts) {
      const double p = count / static_cast<double>(ids.size());
      if (p > 0) entropy -= p * std::log(p);
    }
    return entropy;
  }

  void row(const std::string& name, double value, const std::string& note) const {
    out_ << "  " << std::left << std::setw(34) << name << std::right << std::setw(9) << std::fixed
         << std::setprecision(3) << value << "  " << note << "\n";
  }

  int summary() const {
    const double entropy = unigram_entropy(), mlm = last(pretrained_, "eval_mlm_loss");
    out_ << "\nwhat came of it\n";
    row("held-out MLM loss", mlm, "nats a token; must be below the next line");
    row("unigram entropy of the text", entropy, "what guessing by frequency gets");
    row("held-out MLM accuracy", last(pretrained_, "eval_mlm_accuracy"), "");
    row("held-out SOP accuracy", last(pretrained_, "eval_sop_accuracy"), "0.5 is chance");
    row("sentiment accuracy", last(finetuned_, "eval_accuracy"), "on 400 opinions not trained on");
    double total = 0;
    for (const auto& [name, seconds] : times_) {
      row("albert " + name, seconds, "seconds");
      total += seconds;
    }
    row("altogether", total, "seconds");
    out_ << "\ncurves: " << pretrained_ << "/report.html and " << finetuned_ << "/report.html\n";
    if (mlm < entropy) return 0;
    fail(ErrorCode::kInternal, "the demo checks itself: held-out MLM loss ", mlm,
         " is not below the unigram entropy ", entropy);
  }

  const DemoFlags& flags_;
  std::ostream &out_, &err_;
  std::string vocabulary_, shards_, pretrained_, finetuned_;
  std::vector<std::pair<std::string, double>> times_;
};

}  // namespace

Runner declare_demo(Command& command) {
  const auto flags = std::make_shared<DemoFlags>();
  command.option("output_dir", flags->output_dir, "folder for everything the demo makes");
  command.option("text", flags->text, "your own text (a few MB), instead of the bundled books");
  command.option("data", flags->data,
                 "folder with books.txt.xz, train.tsv and dev.tsv, if not the bundled one");
  command.option("steps", flags->steps, "of pre-training");
  command.option("threads", flags->threads, "threads; 0: every core");
  return [flags](std::ostream& out, std::ostream& err) { return Demo(*flags, out, err).run(); };
}

}  // namespace albert::apps
