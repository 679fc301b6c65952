#pragma once
#include <iosfwd>
#include <string>

#include "albert/inference/text_embedder.h"
#include "albert/trainer/tasks/records.h"
#include "apps/cli/command.h"
#include "apps/cli/common.h"

namespace albert::apps {

// The options of every command that embeds texts.
struct EmbeddingFlags {
  std::string model, pooling;
  int64_t layer = -1, dimensions = 0, max_seq_length = 512, batch_tokens = 4096;
  bool normalize = false;
  CommonOptions common;

  // Reads the model, and tells on `err` what is odd about it.
  TextEmbedder open(const Command& command, std::ostream& err) const;
};
void add_embedding(Command& command, EmbeddingFlags& flags);

// A line's text, or the field of a record; or its "input_ids", which are taken as they are, with
// their "token_type_ids". Error(kBadData).
EmbedderInput input_of(const Record& record, const std::string& column,
                       const TextEmbedder& embedder, std::optional<std::string_view> prompt);

// Texts are files' lines, objects or rows. `column` is a table's, where there is one.
RecordFormat format_of_texts(const std::string& input);

}  // namespace albert::apps
