#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace albert {

struct SquadAnswer {
  std::string text;
  int64_t start = 0;  // its first code point in the context
};

// A question of a SQuAD file, with the paragraph that it is asked about.
struct SquadQuestion {
  std::string place;  // "dev.json: data[0].paragraphs[1].qas[2]"
  std::string id, question;
  std::shared_ptr<const std::string> context;
  bool labelled = false;  // the file says what is right, be it that there is no answer
  std::vector<SquadAnswer> answers = {};
};

// Scores need the texts of answers alone; what trains on answers needs to find them.
enum class AnswerStarts : uint8_t { kChecked, kIgnored };

// The questions of a file in the format of SQuAD v1.1 or v2.0, also compressed, in its order; at
// most `most` of them where it is above 0. Error(kBadData) with the place for what is missing,
// empty, there twice or no JSON, and for an answer that is not where answer_start says;
// kMissingInput, kIo.
std::vector<SquadQuestion> read_squad(const std::filesystem::path& path, AnswerStarts starts,
                                      int64_t most = 0);

// Refuses a question that has no answer, which v1.1 does not know: Error(kBadData).
void require_answers(const std::vector<SquadQuestion>& questions);

}  // namespace albert
