#pragma once
#include "albert/tokenizer/pipeline/word_model.h"

namespace albert {

// The cut whose scores have the highest sum (Kudo 2018, arXiv:1804.10959), in double as the
// `tokenizers` library adds them. `scores` are one a piece. encode() throws Error(kBadData) for a
// character without a piece where there is no `unknown`.
std::unique_ptr<const WordModel> make_unigram_model(PieceTable table, std::vector<double> scores,
                                                    std::optional<int32_t> unknown,
                                                    bool byte_fallback);

}  // namespace albert
