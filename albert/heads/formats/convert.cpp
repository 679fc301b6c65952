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
                         const ModelChoice& choice,
                         const std::function<void(const fs::path&)>& check) {
  const ModelFormat& writer = model_format(format);
  check_empty(to);
  Conversion done;
  const ModelToWrite model = open_model(from, choice, done.notes);
  AtomicFolder folder(to);
  writer.write(model, folder.temporary(), done.notes);
  model.weights->check_unchanged();
  write_tokenizer(from, folder.temporary(), done.notes);
  write_file_atomically(folder.temporary() / "README.md", model_readme(from, model));
  if (check) check(folder.temporary());
  folder.publish();
  done.architecture = model.architecture();
  done.parameters = model.parameters();
  return done;
}

}  // namespace albert
