#pragma once
#include <filesystem>
#include <string>

namespace albert::apps {

// Packs the submission files of all tasks of GLUE into submission.zip of their folder, as its site
// takes them, where each of them is there. Gives a line for people; empty where one is missing.
std::string pack_submission(const std::filesystem::path& folder);

}  // namespace albert::apps
