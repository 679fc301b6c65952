#include "albert/heads/formats/convert.h"

#include "albert/base/atomic_file.h"
#include "albert/base/atomic_folder.h"
#include "albert/heads/formats/readme.h"
#include "albert/tokenizer/tokenizer.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

void check_empty(const fs::path& to) {
  std::error_code ignored;
  if (fs::exists(to, ignored) && !(fs::is_directory(to, ignored) && fs::is_empty(to, ignored)))
    fail(ErrorCode::kUsage, to.string(),
         ": found it there and not empty, wanted a new or empty folder");
}

// A folder without a tokenizer gives a note.
void write_tokenizer(const fs::path& from, const fs::path& to, std::vector<std::string>& notes) {
  try {
    Tokenizer::from_pretrained(from)->save_pretrained(to);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kMissingInput) throw;
    notes.emplace_back(e.what());
  }
}

}  // namespace

Conversion convert_model(const fs::path& from, const fs::path& to, const std::string& format,
                         const ConversionOptions& options) {
  const ModelFormat& writer = model_format(format);
  check_empty(to);
  const fs::path& tokenizer = options.tokenizer.empty() ? from : options.tokenizer;
  ModelChoice choice = options.choice;
  if (options.resize_to_tokenizer)
    choice.pieces = Tokenizer::from_pretrained(tokenizer)->vocab_size();
  Conversion done;
  const ModelToWrite model = open_model(from, choice, done.notes);
  AtomicFolder folder(to);
  writer.write(model, folder.temporary(), done.notes);
  model.weights->check_unchanged();
  write_tokenizer(tokenizer, folder.temporary(), done.notes);
  write_file_atomically(folder.temporary() / "README.md", model_readme(from, model));
  done.architecture = model.architecture();
  done.parameters = model.parameters();
  done.fresh = model.fresh;
  done.is_resized = model.is_resized;
  if (options.check) options.check(folder.temporary(), done);
  folder.publish();
  return done;
}

}  // namespace albert
