#pragma once
#include <iosfwd>
#include <memory>
#include <span>
#include <string>

#include "albert/engine/host_tensor.h"
#include "apps/cli/record_windows.h"

namespace albert::apps {

// Where embeddings go, a line of the input each, in its order.
class EmbeddingFile {
 public:
  virtual ~EmbeddingFile() = default;
  // `embeddings` [good lines, dimension] f32
  virtual void write(std::span<const ReadLine> lines, const HostTensor& embeddings) = 0;
  virtual void publish() = 0;
};

// Of a format npy, jsonl or tsv; empty: as the name of `output` ends, jsonl without one. Without
// an `output` they go to `out` as they come. Of a line that could not be read a .npy file and a
// .tsv file have numbers that are none (nan). Error(kUsage) for npy without a file, and for a name
// that says no format; Error(kIo).
std::unique_ptr<EmbeddingFile> open_embedding_file(const std::string& output,
                                                   const std::string& format, int64_t dimension,
                                                   std::ostream& out);

}  // namespace albert::apps
