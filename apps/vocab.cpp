#include <memory>
#include <ostream>

#include "albert/base/error.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/tokenizer/vocabulary_trainer.h"
#include "albert/trainer/data/documents.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct VocabFlags {
  std::vector<std::string> input;
  std::string output_dir, on_bad_input = "fail";
  VocabularyOptions options;
  bool overwrite = false, quiet = false;
};

// Iterates over the lines of all files, one after the other.
class LinesOf {
 public:
  LinesOf(const std::vector<std::string>& files, const DocumentOptions& options)
      : files_(files), options_(options) {}
  bool next(std::string& line) {
    while (at_ == document_.size()) {
      at_ = 0;
      document_.clear();
      if (!reader_) {
        if (file_ == files_.size()) return false;
        reader_ = std::make_unique<DocumentReader>(files_[file_++], options_);
      }
      if (!reader_->next(document_)) reader_.reset();
    }
    line = document_[at_++];
    return true;
  }

 private:
  const std::vector<std::string>& files_;
  DocumentOptions options_;
  std::unique_ptr<DocumentReader> reader_;
  Document document_;
  size_t file_ = 0, at_ = 0;
};

int run(const VocabFlags& flags, std::ostream& out) {
  const std::filesystem::path folder = flags.output_dir;
  std::error_code error;
  if (std::filesystem::exists(folder / "spiece.model", error) && !flags.overwrite)
    fail(ErrorCode::kUsage, flags.output_dir,
         " already has a vocabulary; choose another --output_dir, or --overwrite_output_dir");
  std::filesystem::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, flags.output_dir, ": cannot make the folder: ", error.message());
  LinesOf lines(flags.input, {.skip_bad_lines = flags.on_bad_input == "skip"});
  const std::string model =
      train_vocabulary([&](std::string& line) { return lines.next(line); }, flags.options);
  const auto tokenizer =
      Tokenizer::from_sentence_model("spiece.model", model, flags.options.preprocessing);
  tokenizer->save_pretrained(folder);
  if (!flags.quiet)
    out << flags.output_dir << ": " << tokenizer->vocab_size()
        << " pieces; next: albert prepare --tokenizer " << flags.output_dir
        << " --input .. --output_dir ..\n";
  return 0;
}

}  // namespace

Runner declare_vocab(Command& command) {
  const auto flags = std::make_shared<VocabFlags>();
  command.files("input", flags->input, "text files, plain or compressed");
  command.required("output_dir", flags->output_dir,
                   "folder for spiece.model, tokenizer.json and their settings");
  command.option("vocab_size", flags->options.vocab_size, "pieces");
  command.option("character_coverage", flags->options.character_coverage,
                 "share of characters that get a piece");
  command.option("input_sentence_size", flags->options.input_sentence_size,
                 "lines to draw from the text");
  command.option("seed", flags->options.seed, "of the drawing");
  command.boolean("do_lower_case", flags->options.preprocessing.do_lower_case, "lower the text");
  command.boolean("keep_accents", flags->options.preprocessing.keep_accents, "keep accents");
  command.choice("on_bad_input", flags->on_bad_input, {"fail", "skip"},
                 "what lines that are not UTF-8 do");
  command.boolean("overwrite_output_dir", flags->overwrite, "replace the vocabulary that is there");
  command.boolean("quiet", flags->quiet, "print errors only");
  return [flags](std::ostream& out, std::ostream&) { return run(*flags, out); };
}

}  // namespace albert::apps
