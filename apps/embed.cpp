#include <memory>
#include <ostream>

#include "apps/cli/embedding_file.h"
#include "apps/cli/embedding_flags.h"
#include "apps/cli/record_windows.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct EmbedFlags {
  std::string input, output, format, text_column = "text", prompt, prompt_name, save_to;
  int64_t batch_size = 32;
  EmbeddingFlags embedding;
};

std::optional<std::string_view> prompt_of(const EmbedFlags& flags, const Command& command,
                                          const TextEmbedder& embedder) {
  if (command.is_set("prompt")) return flags.prompt;
  if (command.is_set("prompt_name")) return embedder.prompt_named(flags.prompt_name);
  return std::nullopt;
}

// How many lines are read before they are embedded: of a file many, so that batches hold texts of
// like length; of a pipe few, since who waits at its other end wants answers.
size_t window_of(const EmbedFlags& flags) {
  constexpr int64_t kBatches = 32;
  return static_cast<size_t>(flags.batch_size * (is_standard_input(flags.input) ? 1 : kBatches));
}

int64_t embed_all(const EmbedFlags& flags, std::optional<std::string_view> prompt,
                  TextEmbedder& embedder, EmbeddingFile& file) {
  const auto reader = open_input(flags.input);
  RecordReader records(*reader, format_of_texts(flags.input), BlankLines::kKept);
  records.require_column(flags.text_column, "text_column");
  std::vector<EmbedderInput> texts;
  return for_windows(
      *reader, records, window_of(flags),
      [&](const Record& record) {
        texts.push_back(input_of(record, flags.text_column, embedder, prompt));
      },
      [&](std::span<const ReadLine> lines) {
        file.write(lines, embedder.embed(texts));
        texts.clear();
      });
}

int run(const EmbedFlags& flags, const Command& command, std::ostream& out, std::ostream& err) {
  if (flags.batch_size < 1)
    fail(ErrorCode::kUsage, "--batch_size ", flags.batch_size, ": wanted 1 or more");
  TextEmbedder embedder = flags.embedding.open(command, err);
  const auto prompt = prompt_of(flags, command, embedder);
  if (!flags.save_to.empty()) {
    embedder.save_pretrained(flags.save_to);
    if (!flags.embedding.common.quiet)
      out << flags.save_to << ": a folder of sentence-transformers, " << embedder.dimension()
          << " dimensions\n";
    if (flags.input.empty()) return 0;
  }
  const auto file = open_embedding_file(flags.output, flags.format, embedder.dimension(), out);
  const int64_t bad = embed_all(flags, prompt, embedder, *file);
  file->publish();
  return exit_code_of(bad, err);
}

}  // namespace

Runner declare_embed(Command& command) {
  const auto flags = std::make_shared<EmbedFlags>();
  add_embedding(command, flags->embedding);
  command.option("input", flags->input,
                 "one text a line, JSONL, or a .tsv or .csv whose header names its columns; "
                 "without it, or as -, the standard input");
  command.option("output", flags->output,
                 "file of embeddings, a row for each text; without it the standard output");
  command.choice("format", flags->format, {"npy", "jsonl", "tsv"},
                 "of the output; without it as its name ends, else jsonl");
  command.option("text_column", flags->text_column, "the text's column or field");
  command.option("prompt", flags->prompt, "what stands before every text");
  command.option("prompt_name", flags->prompt_name,
                 "the folder's prompt of this name; without it the folder's default");
  command.option("batch_size", flags->batch_size,
                 "texts of the standard input that are read before they are answered");
  command.option("save_to", flags->save_to,
                 "write the model as a folder of sentence-transformers, as these options have it");
  add_weights(command, flags->embedding.common.weights);
  add_prefix(command, flags->embedding.common.prefix);
  add_common(command, flags->embedding.common);
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run(*flags, command, out, err);
  };
}

}  // namespace albert::apps
