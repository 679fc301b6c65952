#pragma once
#include <map>

#include "albert/trainer/tasks/scores/tag_schemes.h"

namespace albert {

// Entities of one type, or of all. Quotients 0 / 0 are 0, as in seqeval and conlleval.
struct EntityCounts {
  int64_t both = 0, predicted = 0, right = 0;

  void add(const EntityCounts& other);
  double precision() const;
  double recall() const;
  double f1() const;
};

struct EntityScores {
  std::map<std::string, EntityCounts> types;  // what is right or predicted, by type
  int64_t tags = 0, right_tags = 0;           // words, and those whose label is right

  EntityCounts all() const;  // seqeval's micro average, conlleval's overall numbers
  double accuracy() const;
  // seqeval's averages of F1 over types: plain (NaN without any), and weighted by how many are
  // right.
  double macro_f1() const;
  double weighted_f1() const;
};

// Labels as conlleval.pl (version of 2004-01-26) counts chunks in them, of whatever form they are.
// Predictions have as many words as what is right, in all functions here.
EntityScores conlleval_scores(const TagSequences& predicted, const TagSequences& right);
// As seqeval 1.2.2 does without a mode, its default, which is also evaluate's.
EntityScores seqeval_scores(const TagSequences& predicted, const TagSequences& right);
// As seqeval does under mode="strict". Error(kBadData) for a label whose prefix the scheme has not.
EntityScores strict_seqeval_scores(const TagSequences& predicted, const TagSequences& right,
                                   TagScheme scheme);

// What conlleval.pl prints of its scores.
std::string conlleval_report(const EntityScores& scores);

}  // namespace albert
