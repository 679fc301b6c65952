#pragma once
#include <vector>

#include "apps/bench/phases.h"

namespace albert::bench {

// Bytes of options.source.file per second through its tokenizer, up to 8 MiB of it. One row is for
// the first pass of a new tokenizer, as over new text; one for passes that follow, in which every
// word is remembered.
std::vector<Row> tokenization(const BenchOptions& options);

}  // namespace albert::bench
