#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "albert/trainer/tasks/choice/examples.h"

namespace albert {

// Examples as they are read, checked.
class ChoiceCollection {
 public:
  ChoiceCollection(const ChoiceSelection& selection, DeclaredChoices& declared)
      : selection_(selection), declared_(declared) {}

  bool full() const {
    return selection_.most > 0 && static_cast<int64_t>(examples_.size()) >= selection_.most;
  }
  const ChoiceSelection& selection() const { return selection_; }
  bool takes(const std::string& level) const {
    return selection_.level == "both" || selection_.level == level;
  }
  // Takes an example of a level that is asked for. Error(kBadData) where it lacks its label or has
  // another number of options than those before.
  void add(ChoiceExample example);
  // Refuses an id that another one has: Error(kBadData).
  void add_id(const std::string& place, const std::string& id);
  std::vector<ChoiceExample> take() { return std::move(examples_); }

 private:
  const ChoiceSelection& selection_;
  DeclaredChoices& declared_;
  std::vector<ChoiceExample> examples_;
  std::unordered_map<std::string, std::string> ids_;  // and the places where they are
};

// The right option by its number or letter. Error(kBadData) naming the place.
int64_t choice_label(const std::string& place, const std::string& text, size_t choices);

// The questions of RACE in a file with an object a line. `level` is its folder's, or empty.
void read_race_file(const std::filesystem::path& path, const std::string& level,
                    ChoiceCollection& collection);
// Those of one object, which stands at `line` of the file.
void read_race_article(const std::string& file, int64_t line, const std::string& text,
                       const std::string& level, ChoiceCollection& collection);

// RACE's level in an id such as "high19088.txt"; else empty.
std::string level_of_id(const std::string& id);

}  // namespace albert
