#include "apps/cli/embedding_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <ostream>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/base/text_reader.h"
#include "albert/engine/weights/npy.h"
#include "apps/cli/line_file.h"

namespace albert::apps {
namespace {

// The shortest text that gives this float back.
void append(std::string& text, float value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

class NpyFile final : public EmbeddingFile {
 public:
  NpyFile(const std::string& output, int64_t dimension)
      : file_(output, dimension), dimension_(dimension) {}

  void write(std::span<const ReadLine> lines, const HostTensor& embeddings) override {
    if (static_cast<int64_t>(lines.size()) == embeddings.dim(0)) return file_.write(embeddings);
    HostTensor rows(DType::kF32, {static_cast<int64_t>(lines.size()), dimension_});
    float* to = rows.data<float>();
    int64_t next = 0;
    for (const ReadLine& line : lines) {
      if (line.problem.empty())
        std::copy_n(embeddings.data<float>() + dimension_ * next++, dimension_, to);
      else
        std::fill_n(to, dimension_, std::numeric_limits<float>::quiet_NaN());
      to += dimension_;
    }
    file_.write(rows);
  }
  void publish() override { file_.publish(); }

 private:
  NpyWriter file_;
  int64_t dimension_;
};

// A line of text for each line.
class TextFile final : public EmbeddingFile {
 public:
  TextFile(const std::string& output, bool is_json, int64_t dimension, std::ostream& out)
      : is_json_(is_json), dimension_(dimension), file_(output, out) {}

  void write(std::span<const ReadLine> lines, const HostTensor& embeddings) override {
    std::string text;
    int64_t next = 0;
    for (const ReadLine& line : lines) {
      if (line.problem.empty())
        add(text, embeddings.row<float>(next++));
      else
        text += is_json_ ? json_of_problem(line) : none();
      text += '\n';
    }
    file_.write(text);
  }
  void publish() override { file_.publish(); }

 private:
  void add(std::string& text, std::span<const float> row) const {
    if (is_json_) text += "{\"embedding\":[";
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += is_json_ ? ',' : '\t';
      append(text, row[i]);
    }
    if (is_json_) text += "]}";
  }
  std::string none() const {
    std::string text = "nan";
    for (int64_t i = 1; i < dimension_; ++i) text += "\tnan";
    return text;
  }

  bool is_json_;
  int64_t dimension_;
  LineFile file_;
};

std::string format_of(const std::string& output, const std::string& format) {
  if (!format.empty()) return format;
  if (output.empty() || is_json_lines(output)) return "jsonl";
  for (const char* name : {"npy", "tsv"})
    if (output.ends_with(std::string(".") + name)) return name;
  fail(ErrorCode::kUsage, "--output ", printable(output),
       ": found no format in its name, wanted .npy, .jsonl or .tsv, or --format");
}

}  // namespace

std::unique_ptr<EmbeddingFile> open_embedding_file(const std::string& output,
                                                   const std::string& format, int64_t dimension,
                                                   std::ostream& out) {
  const std::string chosen = format_of(output, format);
  if (chosen != "npy") return std::make_unique<TextFile>(output, chosen == "jsonl", dimension, out);
  if (output.empty())
    fail(ErrorCode::kUsage,
         "--format npy: found no --output, wanted a file: its first bytes say "
         "how many rows follow");
  return std::make_unique<NpyFile>(output, dimension);
}

}  // namespace albert::apps
