#pragma once
// Not installed.
#include <filesystem>

#include "albert/heads/formats/model_to_write.h"

namespace albert {

// README.md of a model: what it is, its parameters (shared ones once), and the numbers of
// eval_results.json where the folder that it comes from has them. Markdown with the metadata that
// model hubs read.
std::string model_readme(const std::filesystem::path& from, const ModelToWrite& model);

}  // namespace albert
